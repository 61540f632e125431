--[[ set-fifo: whether a branch and what is below it is ordered by creation or by eligible time.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] fifo            1, 0, or '' to take it away
ARGV[5] lane            lane-names member the last call ended with, '' at first
ARGV[6] after           ready member it ended with in that lane, '' when the lane is done
ARGV[7] most            lanes and ready entries looked at, at most

RETURNS  {lane, after} to go on from, or {} when all is filed the new way: see `refileBelow` in parts/entries.lua
COST     O(S log N), S = lanes looked at and entries of those filed otherwise, N = ready entries; and of a lane's rungs.
]]
if isLost() then return lost end
if ARGV[4] == '' then
  redis.call('HDEL', key('fifo'), ARGV[3])
else
  redis.call('HSET', key('fifo'), ARGV[3], ARGV[4])
end
local progress = refileBelow('fifo', ARGV[3], ARGV[5], ARGV[6], tonumber(ARGV[7]), function(lane)
  return { isFifo = inherited('fifo', lane.branch) == '1' }
end)
finish()
return progress
