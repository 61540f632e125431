--[[ withdraw: take out what waits, ready or delayed; what is claimed stays claimed.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3...]              three a slice: segment, from, to; 200 slices at most

RETURNS  {segment, from, to, ...}: the parts taken out
COST     O(S log N), S = entries found, N = entries.
]]
if isLost() then return lost end
local answer = {}
for at = 3, #ARGV, 3 do
  local from, to = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  for _, entry in ipairs(overlapping(ARGV[at], from, to)) do
    if not isHeld(entry) then
      local part = carve(entry, from, to)
      unwait(part)
      forget(part)
      tell(answer, part)
    end
  end
end
finish()
return answer
