--[[ counts: members by place, and claimed ones by engine.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] most            delayed entries made ready at most

RETURNS  {counts, ready, delayed, claimed, engine, members, ...}, or {more}: more has become ready than one call makes so,
         call again
COST     O(S log N + E), S = entries made ready, N = entries, E = engines.
]]
if isLost() then return lost end
local isAll = promote(nowMs(), tonumber(ARGV[3]))
finish()
if not isAll then return { 'more' } end
local answer = { 'counts' }
for _, value in ipairs(redis.call('HMGET', KEYS[2], 'ready', 'delayed', 'claimed')) do
  answer[#answer + 1] = value or '0'
end
for _, value in ipairs(redis.call('HGETALL', key('running'))) do answer[#answer + 1] = value end
return answer
