--[[ claimed: the parts of segments that are claimed now, whoever holds them.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3...]              segments; 200 at most

RETURNS  {segment, from, to, ...}
COST     O(S log N + M), S = segments, M = entries they have, N = entries.
]]
if isLost() then return lost end
local answer = {}
for at = 3, #ARGV do
  local members = redis.call('ZRANGEBYLEX', key('entries'), '[' .. ARGV[at] .. '|', '(' .. ARGV[at] .. '}')
  for _, member in ipairs(members) do
    local entry = parsed(member)
    if isHeld(entry) then tell(answer, entry) end
  end
end
return answer
