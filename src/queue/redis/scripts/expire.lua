--[[ expire: put what claims hold whose lease has ended back in, marked as redelivered.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] most            entries at most

RETURNS  {members, more}; more is 1 when there may be others: call again
COST     O(S log N), S = entries put back, N = entries.
WHY      A claim that is put back in part in one call is a smaller claim until the next: still claimed, still ended.
]]
if isLost() then return lost end
local left = tonumber(ARGV[3])
local members = 0
local ended = redis.call('ZRANGEBYSCORE', key('leases'), '-inf', '(' .. whole(nowMs()), 'LIMIT', 0, left)
for _, id in ipairs(ended) do
  if left == 0 then break end
  local claim = claimAt(id)
  for _, entry in ipairs(heldBy(claim, left)) do
    unhold(entry, claim)
    entry.redelivered = '1'
    ready(entry)
    members = members + countOf(entry)
    left = left - 1
  end
end
finish()
return { members, left == 0 and 1 or 0 }
