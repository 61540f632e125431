--[[ throttles: those there are, and what is claimed below them.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua

RETURNS  {{branch, per engine or '', cluster wide or '', rate or '', members, engine, members, ...}, ...}
COST     O(T E + H (log N + D)), T = throttles, E = engines that hold something, H = entries held, D = throttles on a path.
]]
if isLost() then return lost end
local answer = {}
if setting.nodes == 0 then return answer end
local engines, held = redis.call('HKEYS', key('running')), heldBelow()
for _, name in ipairs(redis.call('ZRANGE', key('node-names'), 0, -1)) do
  local node = throttles().nodeAt(string.match(name, '(%d+)$'))
  -- Others have rules for keys alone, or leave.
  if node.isThrottle then
    local told = {
      node.branch, node.perEngine and whole(node.perEngine) or '', node.clusterWide and whole(node.clusterWide) or '',
      node.rate and node.rate.text or '', held[node.id .. '|'] or 0,
    }
    for _, engine in ipairs(engines) do
      local members = held[node.id .. '|' .. engine] or 0
      if members > 0 then
        told[#told + 1] = engine
        told[#told + 1] = members
      end
    end
    answer[#answer + 1] = told
  end
end
return answer
