--[[ rungs: what is ready in a lane, in order.

Ordered by eligible time all of a lane is one rung (`-`), since what became eligible earlier has aged more; ordered by creation
time it is one for each step of the fairness window in which entries became eligible (the step, of 16 digits), or `-` where
nothing ages. Text of fixed width is what orders: `time | arrival | from`, the time being the eligible or the creation time.
What waits of a lane in the line of a key under strict rules is a rung of that line, ready and delayed alike (`l` and the key; the
time is that of creation); what is delayed of any other lane with a key is one (`d`, eligible time): so all that waits with a key
is found by its lane.

A rung's first has a tail in the heads of the lane's node: `rank | time | arrival | from | lane | segment`. The rank is the
priority plus the steps of the window until the entry became eligible, which stays true while time passes; or 0 once its
effective priority is 1, from when on time alone counts. A line shows one head of all its lanes: see keys.lua. Of steps a lane
may have any number, so they stand in a ladder: heads of their own (`L` and the lane), where the rank is the step and one, or 0. The
ladder's first alone has a head in the lane's node (`+`): another priority, window or node of the lane is a head or two.

Who has a lower priority from now on takes back the rank 0 of what has it too early: the next claims do, from the highest step.

ready        zset  lane | rung | time | arrival | from | segment           (score 0)
rungs        hash  lane | rung, or + -> its tail
ageing       zset  lane | rung -> ms at which its first has the effective priority 1; lane | + -> the same of the first step in
                   the ladder that has not; lane | ~ -> 0, while some steps may have the rank 0 too early
                   (aged of a lane: none has it from that step on)

COST    Filing and taking: O(log N), N = waiting entries, whatever the number of lanes, rungs and priorities; beside
        throttles.lua.
]]
local rungCache = {}
-- What is 1 by then gets the rank 0; only a claim, which knows the time, sets it.
local agedMs = -1
local ladder, early = '+', '~'
-- The lane whose ladder is shown once much of it has been filed anew; nil: none.
local heldLadder = nil

-- Time, arrival and from, and behind them the segment, of what is first in a rung.
local function firstOf(lane, rung)
  local prefix = lane.id .. '|' .. rung
  local first =
    redis.call('ZRANGEBYLEX', key('ready'), '[' .. prefix .. '|', '(' .. prefix .. '}', 'LIMIT', 0, 1)[1]
  return first and string.sub(first, #prefix + 2)
end

local placeLength = 16 + 1 + 16 + 1 + 5

-- The tail of what became eligible in a step of the lane's window; `first` begins with its time, arrival and from.
local function tailAt(lane, step, first)
  local rank = tonumber(lane.priority)
  if lane.window ~= '0' then
    rank = rank + step
    if (rank - 1) * tonumber(lane.window) <= agedMs then rank = 0 end
  end
  return pad16(rank) .. '|' .. string.sub(first, 1, placeLength) .. '|' .. lane.id .. string.sub(first, placeLength + 1)
end

local function stepOf(lane, ms)
  return lane.window == '0' and 0 or math.floor(tonumber(ms) / tonumber(lane.window))
end

-- The last step of a lane that has the effective priority 1 at a time.
local function lastAgedStep(lane, ms)
  return math.floor(ms / tonumber(lane.window)) + 1 - tonumber(lane.priority)
end

local function tailOf(lane, rung, first)
  local step = tonumber(rung)
  if not step then return tailAt(lane, stepOf(lane, string.sub(first, 1, 16)), first) end
  local isAged = lane.window ~= '0' and step <= lastAgedStep(lane, agedMs)
  return pad16(isAged and 0 or step + 1) .. '|' .. string.sub(first, 1, placeLength) .. '|' .. lane.id
    .. string.sub(first, placeLength + 1)
end

-- The tail of a rung, or false.
local function headOf(lane, rung)
  local at = lane.id .. '|' .. rung
  if rungCache[at] == nil then rungCache[at] = redis.call('HGET', key('rungs'), at) end
  return rungCache[at]
end

local function saveHead(lane, rung, tail)
  local at = lane.id .. '|' .. rung
  rungCache[at] = tail
  if tail then redis.call('HSET', key('rungs'), at, tail) else redis.call('HDEL', key('rungs'), at) end
end

local function rankIn(tail)
  return tonumber(string.sub(tail, 1, 16))
end

-- The effective priority of what has a rank is 1 from then on.
local function agesAt(lane, rank)
  return whole((rank - 1) * tonumber(lane.window))
end

-- A head in the lane's node.
local function setOwnHead(lane, rung, tail)
  local before = headOf(lane, rung)
  if before == tail then return end
  saveHead(lane, rung, tail)
  if lane.window ~= '0' and rung ~= ladder then
    local at = lane.id .. '|' .. rung
    local rank = tail and rankIn(tail) or 0
    if rank > 0 then
      redis.call('ZADD', key('ageing'), agesAt(lane, rank), at)
    else
      redis.call('ZREM', key('ageing'), at)
    end
  end
  moveHead(lane.node, lane.window, before, tail)
end

local function ladderOf(lane)
  return 'L' .. lane.id
end

-- Have the lane's node show what is first in the ladder.
local function showLadder(lane)
  local first = firstTail(ladderOf(lane), '', '')
  if not first then return setOwnHead(lane, ladder, false) end
  local rank = rankIn(first)
  if lane.window == '0' then
    rank = tonumber(lane.priority)
  elseif rank > 0 then
    rank = tonumber(lane.priority) + rank - 1
  end
  setOwnHead(lane, ladder, pad16(rank) .. string.sub(first, 17))
end

-- The first step in the ladder that has not the rank 0, or nil.
local function firstYoung(lane)
  local prefix = ladderOf(lane) .. '|||'
  local from, to = '[' .. prefix .. pad16(1), '(' .. ladderOf(lane) .. '||}'
  local head = redis.call('ZRANGEBYLEX', key('heads'), from, to, 'LIMIT', 0, 1)[1]
  return head and rankIn(string.sub(head, #prefix + 1)) - 1
end

-- Have the ladder looked at when its first young step ages.
local function awaitAgeing(lane)
  local step = lane.window ~= '0' and firstYoung(lane)
  if step then
    redis.call('ZADD', key('ageing'), agesAt(lane, tonumber(lane.priority) + step), lane.id .. '|' .. ladder)
  else
    redis.call('ZREM', key('ageing'), lane.id .. '|' .. ladder)
  end
end

-- A step in the ladder. @returns whether it had a rank but 0, and has one
local function setStep(lane, rung, tail)
  local before = headOf(lane, rung)
  if before ~= tail then
    saveHead(lane, rung, tail)
    replaceHead(ladderOf(lane), '', '', before, tail)
  end
  return before and rankIn(before) > 0, tail and rankIn(tail) > 0
end

local function setHead(lane, rung, tail)
  local step = tonumber(rung)
  if not step then return setOwnHead(lane, rung, tail) end
  local wasYoung, isYoung = setStep(lane, rung, tail)
  if heldLadder == lane.id then return end
  if wasYoung and not isYoung then
    awaitAgeing(lane)
  elseif isYoung and not wasYoung and lane.window ~= '0' then
    local atMs = agesAt(lane, tonumber(lane.priority) + step)
    redis.call('ZADD', key('ageing'), 'LT', atMs, lane.id .. '|' .. ladder)
  end
  showLadder(lane)
end

-- Its head goes first: what is filed elsewhere may have one of the same text.
local function holdLadder(lane)
  heldLadder = lane.id
  setOwnHead(lane, ladder, false)
end

local function showHeldLadder(lane)
  heldLadder = nil
  awaitAgeing(lane)
  showLadder(lane)
end

-- The lines a lane is in. O(L log N), L = lines.
local function linesOf(lane)
  local lines, after = {}, '[' .. lane.id .. '|l'
  while true do
    local member = redis.call('ZRANGEBYLEX', key('ready'), after, '(' .. lane.id .. '|m', 'LIMIT', 0, 1)[1]
    if not member then return lines end
    local line = string.match(member, '^%d+|l([^|]+)|')
    lines[#lines + 1] = line
    after = '[' .. lane.id .. '|l' .. line .. '}'
  end
end

-- How a ready entry is filed: `e` or `c`, by eligible or by creation time, and its rung; or the line it is in.
local function filingOf(lane, entry)
  if lane.isInLine then return 'l' .. keyIn(lane.node) end
  if not lane.isFifo then return 'e-' end
  if lane.window == '0' then return 'c-' end
  return 'c' .. pad16(stepOf(lane, entry.eligible))
end

-- The same of a delayed one; '' is nowhere but among the delayed.
local function delayedFilingOf(lane)
  if lane.isInLine then return 'l' .. keyIn(lane.node) end
  return lane.key == '' and '' or 'd'
end

-- What the filing of a lane's entries depends on.
local function filingIn(lane)
  if lane.isInLine then return 'l' .. keyIn(lane.node) end
  return lane.isFifo and lane.window or ''
end

-- Give a lane attributes, by name, and its heads what follows from them; nothing is written where it has them.
local function changeLane(lane, attributes)
  local isOther, node, filing = false, lane.node, filingIn(lane)
  for name, value in pairs(attributes) do isOther = isOther or lane[name] ~= value end
  if not isOther then return end
  local hasLadder = headOf(lane, ladder) ~= false
  setOwnHead(lane, '-', false)
  setOwnHead(lane, ladder, false)
  for _, line in ipairs(linesOf(lane)) do keys().takeFront(line, lane.id) end
  -- The key no longer shows what may stand above it next, as the same text.
  if keyIn(node) then keys().showFaces() end
  for name, value in pairs(attributes) do lane[name] = value end
  if filingIn(lane) ~= filing then lane.mixed = whole(redis.call('HINCRBY', KEYS[2], 'settings', 1)) end
  saveLane(lane)
  local first = firstOf(lane, '-')
  if first then setOwnHead(lane, '-', tailOf(lane, '-', first)) end
  if hasLadder then
    if lane.aged > 0 then redis.call('ZADD', key('ageing'), 0, lane.id .. '|' .. early) end
    awaitAgeing(lane)
    showLadder(lane)
  end
  if lane.node == node then return end
  if keyIn(lane.node) then keys().hung(lane.node, 1) end
  if keyIn(node) then keys().hung(node, -1) end
end

-- Its member among what waits, without lane and rung.
local function placeIn(filed, entry)
  local time = string.find(filed, '^[cl]') and entry.created or entry.eligible
  return time .. '|' .. entry.arrival .. '|' .. pad5(entry.from) .. '|' .. entry.segment
end

-- Have what waits of a lane be found, in a line or as delayed with a key: no head of the lane comes of it.
local function list(entry, filed)
  local place = placeIn(filed, entry)
  redis.call('ZADD', key('ready'), 0, entry.lane .. '|' .. filed .. '|' .. place)
  if filed ~= 'd' then keys().lineUp(string.sub(filed, 2), place) end
end

local function unlist(entry, filed)
  local place = placeIn(filed, entry)
  redis.call('ZREM', key('ready'), entry.lane .. '|' .. filed .. '|' .. place)
  if filed ~= 'd' then keys().leaveLine(string.sub(filed, 2), place, entry.lane) end
end

local function file(entry)
  local lane = laneAt(entry.lane)
  local filed = filingOf(lane, entry)
  entry.place = 'r' .. filed
  if lane.isInLine then return list(entry, filed) end
  local rung, place = string.sub(filed, 2), placeIn(filed, entry)
  redis.call('ZADD', key('ready'), 0, lane.id .. '|' .. rung .. '|' .. place)
  local head = headOf(lane, rung)
  if not head or string.sub(place, 1, placeLength) < string.sub(head, 18, 17 + placeLength) then
    setHead(lane, rung, tailOf(lane, rung, place))
  end
end

local function unfile(entry)
  local filed = string.sub(entry.place, 2)
  if string.sub(filed, 1, 1) == 'l' then return unlist(entry, filed) end
  local lane = laneAt(entry.lane)
  local rung, place = string.sub(filed, 2), placeIn(filed, entry)
  redis.call('ZREM', key('ready'), lane.id .. '|' .. rung .. '|' .. place)
  local head = headOf(lane, rung)
  if head and string.sub(place, 1, placeLength) == string.sub(head, 18, 17 + placeLength) then
    local first = firstOf(lane, rung)
    setHead(lane, rung, first and tailOf(lane, rung, first) or false)
  end
end

-- Take back the rank 0 of steps that have it too early, and then give it to those that have reached priority 1. Returns how many
-- more may be looked at.
local function ageLadder(lane, left)
  local last = lane.window == '0' and math.huge or math.max(-1, lastAgedStep(lane, agedMs))
  local function setAnew(step)
    setStep(lane, pad16(step), tailOf(lane, pad16(step), firstOf(lane, pad16(step))))
    left = left - 1
  end
  local agedBefore = lane.aged
  while left > 0 and lane.aged > last + 1 do
    local to, from = '(' .. lane.id .. '|' .. pad16(lane.aged), '[' .. lane.id .. '|0'
    local member = redis.call('ZREVRANGEBYLEX', key('ready'), to, from, 'LIMIT', 0, 1)[1]
    local step = member and tonumber(string.match(member, '^%d+|(%d+)|'))
    if step and step > last then setAnew(step) end
    lane.aged = math.max(step or 0, last + 1)
  end
  while left > 0 and last < math.huge do
    local step = firstYoung(lane)
    if not step or step > last then break end
    setAnew(step)
    lane.aged = math.max(lane.aged, step + 1)
  end
  if lane.aged <= last + 1 then redis.call('ZREM', key('ageing'), lane.id .. '|' .. early) end
  if lane.aged ~= agedBefore then saveLane(lane) end
  awaitAgeing(lane)
  showLadder(lane)
  return left
end

-- Give the rank 0 to what has reached priority 1, at most `most` rungs; false when more may have.
local function age(now, most)
  agedMs = now
  if #setting.windows == 1 then return true end
  local left = most
  local due = redis.call('ZRANGEBYSCORE', key('ageing'), '-inf', whole(now), 'LIMIT', 0, most)
  for _, at in ipairs(due) do
    if left <= 0 then return false end
    local id, rung = string.match(at, '^(%d+)|(.*)$')
    local lane, line = laneAt(id), string.match(rung, '^l(.+)$')
    if rung == ladder or rung == early then
      left = ageLadder(lane, left)
    else
      if line then keys().lineChanged(line) else setHead(lane, rung, tailOf(lane, rung, firstOf(lane, rung))) end
      left = left - 1
    end
  end
  return left > 0 and #due < most
end
