--[[ expire: put what claims hold whose lease has ended back in, marked as redelivered.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] most            entries at most

RETURNS  {segment, from, to, engine that held it, ...}; empty when nothing has ended, so call again until it is
COST     O(S log N), S = entries put back, N = entries.
WHY      A claim that is put back in part in one call is a smaller claim until the next: still claimed, still ended.
]]
if isLost() then return lost end
local left = tonumber(ARGV[3])
local answer = {}
local ended = redis.call('ZRANGEBYSCORE', key('leases'), '-inf', '(' .. whole(nowMs()), 'LIMIT', 0, left)
for _, id in ipairs(ended) do
  if left == 0 then break end
  local claim = claimAt(id)
  for _, entry in ipairs(heldBy(claim, left)) do
    unhold(entry, claim, false)
    entry.redelivered = '1'
    ready(entry)
    tell(answer, entry)
    answer[#answer + 1] = claim.engine
    left = left - 1
  end
end
finish()
return answer
