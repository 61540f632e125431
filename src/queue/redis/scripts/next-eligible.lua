--[[ next-eligible: when the next delayed entry becomes eligible.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] most            delayed entries made ready at most

RETURNS  {in, ms from now}, {none}, or {more}: more has become ready than one call makes so, call again
COST     O(S log N), S = entries made ready, N = entries.
]]
if isLost() then return lost end
local now = nowMs()
local isAll = promote(now, tonumber(ARGV[3]))
finish()
if not isAll then return { 'more' } end
local first = redis.call('ZRANGE', key('delayed'), 0, 0, 'WITHSCORES')[2]
if not first then return { 'none' } end
return { 'in', tonumber(first) - now }
