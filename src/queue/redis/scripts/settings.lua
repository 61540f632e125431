--[[ settings: what is set of branches, and whether all of it is carried out.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua

RETURNS  {{branch, priority of five digits or '', fifo (1 or 0) or '', window (ms, 0 is off) or '', throttled (1 or 0), per
         engine or '', cluster wide or '', rate (members/perMs/burst) or '', 1 or 0 where a call was not carried out to its end,
         {} or rules for keys: {cluster wide or '', strict (1 or 0), weight of others or '', rate or '', key, weight, ...}}, ...} in no order
COST     O(B), B = branches of which something is set, and weights: some thousand, as a configuration is bounded
]]
if isLost() then return lost end
local byBranch, answer = {}, {}

local function of(branch)
  if not byBranch[branch] then
    byBranch[branch] = { branch, '', '', '', 0, '', '', '', 1, {} }
    answer[#answer + 1] = byBranch[branch]
  end
  return byBranch[branch]
end

for at, property in ipairs({ 'priorities', 'fifo', 'fairness' }) do
  local set = redis.call('HGETALL', key(property))
  for index = 1, #set, 2 do of(set[index])[at + 1] = set[index + 1] end
end
if setting.nodes > 0 then
  for _, name in ipairs(redis.call('ZRANGE', key('node-names'), 0, -1)) do
    local node = throttles().nodeAt(string.match(name, '(%d+)$'))
    if node.isThrottle then
      local told = of(node.branch)
      told[5] = 1
      told[8] = node.rate and node.rate.text or ''
      told[6], told[7] = node.perEngine and whole(node.perEngine) or '', node.clusterWide and whole(node.clusterWide) or ''
    end
    if node.hasRules then
      local rules = { string.match(redis.call('HGET', key('key-rules'), node.id), '^(%d*)|(%d)|(%d*)|([%d/]*)|') }
      for _, each in ipairs(redis.call('HGETALL', key('weights:' .. node.id))) do rules[#rules + 1] = each end
      of(node.branch)[10] = rules
    end
  end
end
for _, begun in ipairs({ 'priorities-begun', 'fifo-begun', 'fairness-begun', 'throttles-begun', 'keys-begun' }) do
  for _, branch in ipairs(redis.call('HKEYS', key(begun))) do of(branch)[9] = 0 end
end
return answer
