--[[ lanes: ready entries in order.

A lane is a branch with one own priority or the inherited one; all its entries have the same base priority, which is the
lane's attribute: changing it is one write a lane. What is ready in it stands in rungs. Ordered by eligible time all of a lane
is one (`-`), since what became eligible earlier has aged more; ordered by creation time it is one for each step of the
fairness window in which entries became eligible, or `-` where nothing ages. Text of fixed width is what orders: `time |
arrival | from`, the time being the eligible or the creation time.

A rung's first has a tail in the heads of the lane's node: `rank | time | arrival | from | lane | segment`. The rank is the
priority plus the steps of the window until the entry became eligible, which stays true while time passes; or 0 once its
effective priority is 1, from when on time alone counts.

lane-names   zset  branch \n own priority or '' \n lane
lanes        hash  lane -> priority | fifo (0 or 1) | window | node | own priority or '' | branch
lane-counts  hash  lane -> entries that name it, in whatever place; the last one takes the lane with it
ready        zset  lane | rung | time | arrival | from | segment           (score 0)
rungs        hash  lane | rung -> its tail
ageing       zset  lane | rung -> ms at which its first has the effective priority 1
priorities   hash  branch -> priority that is inherited below it
priorities-begun  hash  branch -> '', while not all lanes follow the priority that was set
fifo         hash  branch -> 1 or 0
fairness     hash  branch -> window, ms; 0 is off
fifo-begun, fairness-begun  hash  branch -> '', while not all is filed as was set

COST    Filing and taking: O(log N), N = ready entries, whatever the number of lanes and priorities; beside throttles.lua.
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
    local priority, fifo, window, node, own, branch = string.match(text, '^(%d+)|(%d)|(%d+)|(%d+)|(%d*)|(.*)$')
    lane = {
      id = id, priority = priority, isFifo = fifo == '1', window = window, node = node, own = own, branch = branch,
    }
    laneCache[id] = lane
  end
  return lane
end

local function laneName(lane)
  return lane.branch .. '\n' .. lane.own .. '\n' .. lane.id
end

local function saveLane(lane)
  redis.call('HSET', key('lanes'), lane.id, table.concat({
    lane.priority, lane.isFifo and '1' or '0', lane.window, lane.node, lane.own, lane.branch,
  }, '|'))
end

-- The lane of a branch and an own priority ('' inherits), made if need be; `laneUsed` counts its entries.
local function laneOf(branch, own)
  local prefix = branch .. '\n' .. own .. '\n'
  local name = redis.call('ZRANGEBYLEX', key('lane-names'), '[' .. prefix, '(' .. prefix .. ':', 'LIMIT', 0, 1)[1]
  if name then return laneAt(string.sub(name, #prefix + 1)) end
  local lane = {
    id = whole(redis.call('HINCRBY', KEYS[2], 'lanes', 1)),
    priority = own ~= '' and own or inherited('priorities', branch) or defaultPriority,
    isFifo = inherited('fifo', branch) == '1',
    window = inherited('fairness', branch) or '0',
    node = setting.nodes > 0 and throttles().nodeFor(branch) or root,
    own = own,
    branch = branch,
  }
  laneCache[lane.id] = lane
  saveLane(lane)
  redis.call('ZADD', key('lane-names'), 0, laneName(lane))
  return lane
end

local function laneUsed(id)
  redis.call('HINCRBY', key('lane-counts'), id, 1)
end

-- Told at the end of a call, so that a lane that is emptied and used again lives on.
local emptied = {}

local function laneLeft(id)
  if redis.call('HINCRBY', key('lane-counts'), id, -1) <= 0 then emptied[id] = true end
end

local function dropEmptiedLanes()
  for id in pairs(emptied) do
    if tonumber(redis.call('HGET', key('lane-counts'), id)) <= 0 then
      redis.call('ZREM', key('lane-names'), laneName(laneAt(id)))
      redis.call('HDEL', key('lanes'), id)
      redis.call('HDEL', key('lane-counts'), id)
    end
  end
end

-- Time, arrival and from, and behind them the segment, of what is first in a rung.
local function firstOf(lane, rung)
  local prefix = lane.id .. '|' .. rung
  local first =
    redis.call('ZRANGEBYLEX', key('ready'), '[' .. prefix .. '|', '(' .. prefix .. '}', 'LIMIT', 0, 1)[1]
  return first and string.sub(first, #prefix + 2)
end

local placeLength = 16 + 1 + 16 + 1 + 5

local function tailOf(lane, rung, first)
  local rank = tonumber(lane.priority)
  if lane.window ~= '0' then
    local window = tonumber(lane.window)
    rank = rank + (tonumber(rung) or math.floor(tonumber(string.sub(first, 1, 16)) / window))
    if (rank - 1) * window <= agedMs then rank = 0 end
  end
  return pad16(rank) .. '|' .. string.sub(first, 1, placeLength) .. '|' .. lane.id .. string.sub(first, placeLength + 1)
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

-- The rungs of a lane that hold something. O(R log N), R = rungs.
local function rungsOf(lane)
  local rungs = {}
  local after = '[' .. lane.id .. '|'
  while true do
    local member = redis.call('ZRANGEBYLEX', key('ready'), after, '(' .. lane.id .. '}', 'LIMIT', 0, 1)[1]
    if not member then return rungs end
    local rung = string.match(member, '^%d+|([^|]+)|')
    rungs[#rungs + 1] = rung
    after = '[' .. lane.id .. '|' .. rung .. '}'
  end
end

-- Change attributes of a lane, and what follows from them for its heads.
local function changeLane(lane, change)
  local rungs = rungsOf(lane)
  for _, rung in ipairs(rungs) do setHead(lane, rung, false) end
  change()
  saveLane(lane)
  for _, rung in ipairs(rungs) do setHead(lane, rung, tailOf(lane, rung, firstOf(lane, rung))) end
end

-- How an entry is filed: `e` or `c`, by eligible or by creation time, and its rung.
local function filingOf(lane, entry)
  if not lane.isFifo then return 'e-' end
  if lane.window == '0' then return 'c-' end
  return 'c' .. whole(math.floor(tonumber(entry.eligible) / tonumber(lane.window)))
end

-- Its member among the ready, without lane and rung.
local function readyPlace(entry, filed)
  local time = string.sub(filed, 1, 1) == 'c' and entry.created or entry.eligible
  return time .. '|' .. entry.arrival .. '|' .. pad5(entry.from) .. '|' .. entry.segment
end

local function file(entry)
  local lane = laneAt(entry.lane)
  local filed = filingOf(lane, entry)
  local rung, place = string.sub(filed, 2), readyPlace(entry, filed)
  redis.call('ZADD', key('ready'), 0, lane.id .. '|' .. rung .. '|' .. place)
  local head = headOf(lane, rung)
  if not head or string.sub(place, 1, placeLength) < string.sub(head, 18, 17 + placeLength) then
    setHead(lane, rung, tailOf(lane, rung, place))
  end
  entry.place = 'r' .. filed
end

local function unfile(entry)
  local lane = laneAt(entry.lane)
  local filed = string.sub(entry.place, 2)
  local rung, place = string.sub(filed, 2), readyPlace(entry, filed)
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
    local lane = laneAt(id)
    setHead(lane, rung, tailOf(lane, rung, firstOf(lane, rung)))
  end
  return #due < most
end
