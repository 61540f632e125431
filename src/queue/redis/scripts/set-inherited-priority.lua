--[[ set-inherited-priority: what members without a priority of their own inherit on a branch and below it.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] priority        five digits, or '' to take it away
ARGV[5] after           lane-names member the last call ended with, '' at first
ARGV[6] most            lanes at most

RETURNS  the lane-names member to go on after, or '' when all lanes follow
WHY      Who dies between two calls leaves lanes behind that do not follow; that this is so is kept in priorities-begun.
COST     O(L (D + log N)), L = lanes, D = their depth, N = ready entries; entries are not touched. A lane has as many
         heads as rungs: see parts/lanes.lua.
]]
if isLost() then return lost end
local branch, most = ARGV[3], tonumber(ARGV[6])
if ARGV[4] == '' then
  redis.call('HDEL', key('priorities'), branch)
else
  redis.call('HSET', key('priorities'), branch, ARGV[4])
end
local from = ARGV[5] == '' and '[' .. branch or '(' .. ARGV[5]
local names = redis.call('ZRANGEBYLEX', key('lane-names'), from, '(' .. branch .. '\255', 'LIMIT', 0, most)
for _, name in ipairs(names) do
  local lane = laneAt(string.match(name, '(%d+)$'))
  if lane.own == '' then
    changeLane(lane, { priority = inherited('priorities', lane.branch) or defaultPriority })
  end
end
finish()
if #names < most then
  redis.call('HDEL', key('priorities-begun'), branch)
  return ''
end
redis.call('HSET', key('priorities-begun'), branch, '')
return names[#names]
