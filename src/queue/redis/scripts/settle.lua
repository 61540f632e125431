--[[ settle: part of a claim is done; the claim ends with its last member.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] claim
ARGV[4...]              three a slice: segment, from, to; 200 slices at most

RETURNS  OK, also when the claim holds nothing of it (Q5)
COST     O(S log N), S = entries settled, N = entries.
]]
if isLost() then return lost end
takeFromClaim(ARGV[3], 4, false, forget)
finish()
return redis.status_reply('OK')
