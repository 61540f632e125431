--[[ inherited-priorities: what `set-inherited-priority` has set and not taken away.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua

RETURNS  {branch, priority of five digits, ...} in no order; the priority is '0' where not all lanes follow
COST     O(B), B = branches with a priority: some thousand, as a configuration is bounded
]]
if isLost() then return lost end
local answer = redis.call('HGETALL', key('priorities'))
-- What is named twice counts as it is named last.
for _, branch in ipairs(redis.call('HKEYS', key('priorities-begun'))) do
  answer[#answer + 1] = branch
  answer[#answer + 1] = '0'
end
return answer
