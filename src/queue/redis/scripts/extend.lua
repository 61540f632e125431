--[[ extend: let leases, and the store's hold on the epoch, last until `leaseMs` from now, or as long as they do already.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] leaseMs
ARGV[4...]              claims; 1,000 at most

RETURNS  {claim, ...}: those that do not exist any more
COST     O(C log L), C = claims named, L = claims there are.
]]
if isLost() then return lost end
local untilMs = nowMs() + tonumber(ARGV[3])
ownUntil(untilMs)
local gone = {}
for at = 4, #ARGV do
  if redis.call('ZSCORE', key('leases'), ARGV[at]) then lease(ARGV[at], untilMs) else gone[#gone + 1] = ARGV[at] end
end
return gone
