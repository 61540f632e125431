--[[ set-fifo: whether a branch and what is below it is ordered by creation or by eligible time.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] fifo            1, 0, or '' to take it away
ARGV[5] call            number of these calls, '' at first
ARGV[6] lane            lane-names member the last one ended with, '' at first
ARGV[7] after           ready member it ended with in that lane, '' when the lane is done
ARGV[8] most            lanes and ready entries looked at, at most

RETURNS  {call, lane, after} to go on from, or {} when all is filed the new way, or another sets it by now: see `refilePage` in
         parts/entries.lua, and parts/begun.lua
COST     O(S log N), S = lanes looked at and entries of those filed otherwise, N = ready entries.
]]
if isLost() then return lost end
local branch, call = ARGV[3], ARGV[5]
if isOvertaken('fifo', branch, call) then return {} end
if call == '' then
  if ARGV[4] == '' then redis.call('HDEL', key('fifo'), branch) else redis.call('HSET', key('fifo'), branch, ARGV[4]) end
end
local at = refilePage(branch, ARGV[6], ARGV[7], tonumber(ARGV[8]), function(lane)
  return { isFifo = inherited('fifo', lane.branch) == '1' }
end)
finish()
return begunAt('fifo', branch, call, at)
