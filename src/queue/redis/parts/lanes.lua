--[[ lanes: waiting entries in order.

A lane is a branch with one own priority or the inherited one, and one key or none; all its entries have the same base priority,
which is the lane's attribute: changing it is one write a lane. What is ready in it stands in rungs. Ordered by eligible time all
of a lane is one (`-`), since what became eligible earlier has aged more; ordered by creation time it is one for each step of
the fairness window in which entries became eligible, or `-` where nothing ages. Text of fixed width is what orders: `time |
arrival | from`, the time being the eligible or the creation time. What waits of a lane in the line of a key under strict rules
is a rung of that line, ready and delayed alike (`l` and the key; the time is that of creation); what is delayed of any
other lane with a key is one (`d`, eligible time): so all that waits with a key is found by its lane.

A rung's first has a tail in the heads of the lane's node: `rank | time | arrival | from | lane | segment`. The rank is the
priority plus the steps of the window until the entry became eligible, which stays true while time passes; or 0 once its
effective priority is 1, from when on time alone counts. A line shows one head of all its lanes: see keys.lua.

lane-names   zset  branch \n own priority or '' \n key or '' \n lane
lanes        hash  lane -> priority | fifo (0 or 1) | window | node | in line (0 or 1) | mixed (1: some may be filed as the
                   lane was before) | own priority or '' | branch \n key or ''
lane-counts  hash  lane -> entries that name it, in whatever place; the last one takes the lane with it
ready        zset  lane | rung | time | arrival | from | segment           (score 0)
rungs        hash  lane | rung -> its tail
ageing       zset  lane | rung -> ms at which its first has the effective priority 1
priorities   hash  branch -> priority that is inherited below it
fifo         hash  branch -> 1 or 0
fairness     hash  branch -> window, ms; 0 is off

COST    Filing and taking: O(log N), N = waiting entries, whatever the number of lanes and priorities; beside throttles.lua.
]]
local defaultPriority = '10'
local laneCache, rungCache = {}, {}
-- What is 1 by then gets the rank 0; only a claim, which knows the time, sets it.
local agedMs = -1

-- The nearest value set at or above a branch. O(depth).
local function inherited(property, branch)
  local at = branch
  while at ~= '' do
    local value = redis.call('HGET', key(property), at)
    if value then return value end
    at = above(at)
  end
  return nil
end

local function laneAt(id)
  local lane = laneCache[id]
  if not lane then
    local text = redis.call('HGET', key('lanes'), id)
    local priority, fifo, window, node, inLine, mixed, own, branch, itsKey =
      string.match(text, '^(%d+)|(%d)|(%d+)|([^|]+)|(%d)|(%d)|(%d*)|(.-)\n(.*)$')
    lane = {
      id = id, priority = priority, isFifo = fifo == '1', window = window, node = node, isInLine = inLine == '1',
      isMixed = mixed == '1', own = own, branch = branch, key = itsKey,
    }
    laneCache[id] = lane
  end
  return lane
end

local function laneName(lane)
  return lane.branch .. '\n' .. lane.own .. '\n' .. lane.key .. '\n' .. lane.id
end

local function saveLane(lane)
  redis.call('HSET', key('lanes'), lane.id, table.concat({
    lane.priority, lane.isFifo and '1' or '0', lane.window, lane.node, lane.isInLine and '1' or '0',
    lane.isMixed and '1' or '0', lane.own, lane.branch .. '\n' .. lane.key,
  }, '|'))
end

-- Where a lane hangs, and whether in the line of its key.
local function hangs(branch, itsKey)
  if setting.nodes == 0 then return root, false end
  if setting.rules == 0 or itsKey == '' then return throttles().nodeFor(branch), false end
  return keys().nodeFor(branch, itsKey)
end

-- The lane of a branch, an own priority ('' inherits) and a key ('' is none), made if need be; `laneUsed` counts its entries.
local function laneOf(branch, own, itsKey)
  local prefix = branch .. '\n' .. own .. '\n' .. itsKey .. '\n'
  local name = redis.call('ZRANGEBYLEX', key('lane-names'), '[' .. prefix, '(' .. prefix .. ':', 'LIMIT', 0, 1)[1]
  if name then return laneAt(string.sub(name, #prefix + 1)) end
  local node, isInLine = hangs(branch, itsKey)
  local lane = {
    id = whole(redis.call('HINCRBY', KEYS[2], 'lanes', 1)),
    priority = own ~= '' and own or inherited('priorities', branch) or defaultPriority,
    isFifo = inherited('fifo', branch) == '1',
    window = inherited('fairness', branch) or '0',
    node = node,
    isInLine = isInLine,
    isMixed = false,
    own = own,
    branch = branch,
    key = itsKey,
  }
  laneCache[lane.id] = lane
  saveLane(lane)
  redis.call('ZADD', key('lane-names'), 0, laneName(lane))
  if keyIn(node) then keys().hung(node, 1) end
  return lane
end

-- Lanes that nothing names, dropped at the end of a call, so that one that is emptied and used again lives on.
local emptied = {}

local function laneUsed(id)
  redis.call('HINCRBY', key('lane-counts'), id, 1)
  emptied[id] = nil
end

local function laneLeft(id)
  if redis.call('HINCRBY', key('lane-counts'), id, -1) == 0 then emptied[id] = true end
end

local function dropEmptiedLanes()
  local left = {}
  for id in pairs(emptied) do
    local lane = laneAt(id)
    redis.call('ZREM', key('lane-names'), laneName(lane))
    redis.call('HDEL', key('lanes'), id)
    redis.call('HDEL', key('lane-counts'), id)
    if keyIn(lane.node) then keys().hung(lane.node, -1) end
    left[lane.node] = true
  end
  if setting.shared > 0 then shares().emptiedBelow(left) end
end

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

local function tailOf(lane, rung, first)
  return tailAt(lane, tonumber(rung) or stepOf(lane, string.sub(first, 1, 16)), first)
end

-- The tail of a rung, or false.
local function headOf(lane, rung)
  local at = lane.id .. '|' .. rung
  if rungCache[at] == nil then rungCache[at] = redis.call('HGET', key('rungs'), at) end
  return rungCache[at]
end

local function setHead(lane, rung, tail)
  local before = headOf(lane, rung)
  if before == tail then return end
  local at = lane.id .. '|' .. rung
  rungCache[at] = tail
  if tail then redis.call('HSET', key('rungs'), at, tail) else redis.call('HDEL', key('rungs'), at) end
  if lane.window ~= '0' then
    local rank = tail and tonumber(string.sub(tail, 1, 16)) or 0
    if rank > 0 then
      redis.call('ZADD', key('ageing'), whole((rank - 1) * tonumber(lane.window)), at)
    else
      redis.call('ZREM', key('ageing'), at)
    end
  end
  moveHead(lane.node, lane.window, before, tail)
end

-- The rungs of a lane that hold something ready, and the lines it is in. O(R log N), R = rungs.
local function rungsOf(lane)
  local rungs, lines = {}, {}
  local after = '[' .. lane.id .. '|'
  while true do
    local member = redis.call('ZRANGEBYLEX', key('ready'), after, '(' .. lane.id .. '}', 'LIMIT', 0, 1)[1]
    if not member then return rungs, lines end
    local rung = string.match(member, '^%d+|([^|]+)|')
    local line = string.match(rung, '^l(.+)$')
    if line then lines[#lines + 1] = line elseif rung ~= 'd' then rungs[#rungs + 1] = rung end
    after = '[' .. lane.id .. '|' .. rung .. '}'
  end
end

-- How a ready entry is filed: `e` or `c`, by eligible or by creation time, and its rung; or the line it is in.
local function filingOf(lane, entry)
  if lane.isInLine then return 'l' .. keyIn(lane.node) end
  if not lane.isFifo then return 'e-' end
  if lane.window == '0' then return 'c-' end
  return 'c' .. whole(stepOf(lane, entry.eligible))
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
  local rungs, lines = rungsOf(lane)
  for _, rung in ipairs(rungs) do setHead(lane, rung, false) end
  for _, line in ipairs(lines) do keys().takeFront(line, lane.id) end
  -- The key no longer shows what may stand above it next, as the same text.
  if keyIn(node) then keys().showFaces() end
  for name, value in pairs(attributes) do lane[name] = value end
  if filingIn(lane) ~= filing then lane.isMixed = true end
  saveLane(lane)
  for _, rung in ipairs(rungs) do setHead(lane, rung, tailOf(lane, rung, firstOf(lane, rung))) end
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

-- Give the rank 0 to what has reached priority 1, at most `most` rungs; false when more have.
local function age(now, most)
  agedMs = now
  if #setting.windows == 1 then return true end
  local due = redis.call('ZRANGEBYSCORE', key('ageing'), '-inf', whole(now), 'LIMIT', 0, most)
  for _, at in ipairs(due) do
    local id, rung = string.match(at, '^(%d+)|(.*)$')
    local lane, line = laneAt(id), string.match(rung, '^l(.+)$')
    if line then keys().lineChanged(line) else setHead(lane, rung, tailOf(lane, rung, firstOf(lane, rung))) end
  end
  return #due < most
end
