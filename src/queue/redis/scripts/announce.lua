--[[ announce: what an engine still holds of an earlier epoch is claimed again, under the ids it had.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] engine
ARGV[4] leaseMs  from now
ARGV[5] last     1: this is all of it, the engine has announced
ARGV[6...]       ten a slice: claim, and an offer's nine (`admit` in parts/entries.lua); 100 slices at most

RETURNS  OK
COST     O(S log N), S = slices, N = entries.
WHY      What has been offered already goes from its place into the claim; what has not is put there, so that the offer
         that comes later finds it known (Q2). What another claim holds stays there.
]]
if isLost() then return lost end
local engine, untilMs = ARGV[3], nowMs() + tonumber(ARGV[4])
for at = 6, #ARGV, 10 do
  local claim = claimAt(ARGV[at]) or makeClaim(ARGV[at], engine)
  -- Of what it holds from now on some took no tokens.
  claim.tookAtMs = nil
  admit(at + 1, function(entry) hold(entry, claim, false) end)
  local from, to = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  for _, entry in ipairs(overlapping(ARGV[at + 1], from, to)) do
    if not isHeld(entry) then
      local part = carve(entry, from, to)
      unwait(part)
      hold(part, claim, false)
    end
  end
  lease(claim.id, untilMs)
end
if ARGV[5] == '1' then redis.call('SADD', key('announced'), engine) end
finish()
return redis.status_reply('OK')
