--[[ set-inherited-priority: what members without a priority of their own inherit on a branch and below it.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] priority        five digits, or '' to take it away
ARGV[5] call            number of these calls, '' at first
ARGV[6] lane            lane-names member the last one ended with, '' at first
ARGV[7] most            lanes at most

RETURNS  {call, lane} to go on after, or {} when all lanes follow, or another sets it by now: see parts/begun.lua
COST     O(L (D + log N)), L = lanes, D = their depth, N = ready entries; neither entries nor rungs are touched.
]]
if isLost() then return lost end
local branch, call, most = ARGV[3], ARGV[5], tonumber(ARGV[7])
if isOvertaken('priorities', branch, call) then return {} end
if call == '' then
  if ARGV[4] == '' then
    redis.call('HDEL', key('priorities'), branch)
  else
    redis.call('HSET', key('priorities'), branch, ARGV[4])
  end
end
local from = ARGV[6] == '' and '[' .. branch or '(' .. ARGV[6]
local names = redis.call('ZRANGEBYLEX', key('lane-names'), from, '(' .. branch .. '\255', 'LIMIT', 0, most)
for _, name in ipairs(names) do
  local lane = laneAt(string.match(name, '(%d+)$'))
  if lane.own == '' then
    changeLane(lane, { priority = inherited('priorities', lane.branch) or defaultPriority })
  end
end
finish()
return begunAt('priorities', branch, call, #names == most and { names[#names] } or {})
