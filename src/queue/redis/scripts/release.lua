--[[ release: part of a claim goes back to where it was in order, at once, with those of the tokens it took of rates that cannot have come
again since.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] claim
ARGV[4...]              three a slice: segment, from, to; 200 slices at most

RETURNS  OK, also when the claim holds nothing of it (Q5)
COST     O(S log N), S = entries released, N = entries.
WHY      Who gives back has no room for it, or stops: told of it, it would claim the same again at once.
]]
if isLost() then return lost end
local claim = claimAt(ARGV[3])
giver = claim and claim.engine or ''
local asUnclaimed = setting.rates > 0 and claim and claim.tookAtMs and rates().giveBackOf(claim.tookAtMs)
takeFromClaim(ARGV[3], 4, asUnclaimed, ready)
finish()
return redis.status_reply('OK')
