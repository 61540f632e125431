--[[ offer: put slices in, ready or delayed. Positions already known are left as they are (Q2).

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3...]              nine an offer (`admit` in parts/entries.lua); 100 offers at most

RETURNS  OK
COST     O(S log N), S = offers and the gaps they fill, N = entries.
WHY      An offer whose reply was lost can be made again: what stands there is known. What was claimed and settled in
         between is not, so whoever repeats it marks it as redelivered.
]]
if isLost() then return lost end
local now = nowMs()
for at = 3, #ARGV, 9 do
  admit(at, function(entry) wait(entry, now) end)
end
finish()
return redis.status_reply('OK')
