--[[ set-fairness: the fairness window of a branch and what is below it.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] window          ms, 0 for off, or '' to take it away
ARGV[5] lane            lane-names member the last call ended with, '' at first
ARGV[6] after           ready member it ended with in that lane, '' when the lane is done
ARGV[7] most            lanes and ready entries looked at, at most

RETURNS  {lane, after} to go on from, or {} when all is filed the new way: see `refileBelow` in parts/entries.lua
COST     O(S log N), S = lanes looked at and entries of those filed otherwise, N = ready entries; and of a lane's rungs.
WHY      A window that was set once is asked for by every claim of the epoch: what nodes show is kept by window.
]]
if isLost() then return lost end
if ARGV[4] == '' then
  redis.call('HDEL', key('fairness'), ARGV[3])
else
  redis.call('HSET', key('fairness'), ARGV[3], ARGV[4])
  local isKnown = false
  for _, window in ipairs(setting.windows) do isKnown = isKnown or window == ARGV[4] end
  if not isKnown then
    redis.call('HSET', KEYS[1], 'windows', (redis.call('HGET', KEYS[1], 'windows') or '') .. ARGV[4] .. ' ')
    table.insert(setting.windows, ARGV[4])
  end
end
local progress = refileBelow('fairness', ARGV[3], ARGV[5], ARGV[6], tonumber(ARGV[7]), function(lane)
  return { window = inherited('fairness', lane.branch) or '0' }
end)
finish()
return progress
