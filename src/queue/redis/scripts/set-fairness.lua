--[[ set-fairness: the fairness window of a branch and what is below it.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] window          ms, 0 for off, or '' to take it away
ARGV[5] call            number of these calls, '' at first
ARGV[6] lane            lane-names member the last one ended with, '' at first
ARGV[7] after           ready member it ended with in that lane, '' when the lane is done
ARGV[8] most            lanes and ready entries looked at, at most

RETURNS  {call, lane, after} to go on from, or {} when all is filed the new way, or another sets it by now: see `refilePage` in
         parts/entries.lua, and parts/begun.lua
COST     O(S log N), S = lanes looked at and entries of those filed otherwise, N = ready entries. Of a window that goes
         O(P V), P = nodes that show by engine, V = engines.
WHY      What nodes show is kept by window, and each is asked for by every claim. So one goes when it is set nowhere any more:
         with the last call of all that are under way, for until then some lanes may have it.
]]
if isLost() then return lost end
local branch, window, call = ARGV[3], ARGV[4], ARGV[5]
if isOvertaken('fairness', branch, call) then return {} end
if call == '' and window == '' then
  redis.call('HDEL', key('fairness'), branch)
elseif call == '' then
  redis.call('HSET', key('fairness'), branch, window)
  local isKnown = false
  for _, each in ipairs(setting.windows) do isKnown = isKnown or each == window end
  if not isKnown then
    redis.call('HSET', KEYS[1], 'windows', (redis.call('HGET', KEYS[1], 'windows') or '') .. window .. ' ')
    table.insert(setting.windows, window)
  end
end
local at = refilePage(branch, ARGV[6], ARGV[7], tonumber(ARGV[8]), function(lane)
  return { window = inherited('fairness', lane.branch) or '0' }
end)

local function forgetWindows()
  if redis.call('EXISTS', key('fairness-begun')) == 1 then return end
  local stands, kept, told = { ['0'] = true }, {}, ''
  for _, each in ipairs(redis.call('HVALS', key('fairness'))) do stands[each] = true end
  if keysMade then keys().show() end
  for _, each in ipairs(setting.windows) do
    if not stands[each] then
      if setting.byEngine > 0 then throttles().hideWindow(each) end
    else
      table.insert(kept, each)
      if each ~= '0' then told = told .. each .. ' ' end
    end
  end
  setting.windows = kept
  if told == '' then redis.call('HDEL', KEYS[1], 'windows') else redis.call('HSET', KEYS[1], 'windows', told) end
end

local progress = begunAt('fairness', branch, call, at)
if not progress[1] then forgetWindows() end
finish()
return progress
