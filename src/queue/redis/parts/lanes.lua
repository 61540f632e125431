--[[ lanes: ready entries in order, and the heads of the lanes.

A lane is a branch with one own priority or the inherited one; all its entries have the same effective priority, which is
the lane's attribute: changing it is one write a lane. A rank is `time|arrival|from`, each of fixed width, the time being
the eligible time, or the creation time on a FIFO lane. All members have score 0, so that sets are in order of text.

lane-names   zset  branch \n own priority or '' \n lane
lanes        hash  lane -> effective priority | fifo (0 or 1) | own priority or '' | branch
lane-counts  hash  lane -> entries that name it, in whatever place; the last one takes the lane with it
ready        zset  lane | rank | segment
heads        zset  effective priority | rank | lane | segment, of the first of each lane: the first of all is next (Q1)
priorities   hash  branch -> priority that is inherited below it
priorities-begun  hash  branch -> '', while not all lanes follow the priority that was set
fifo         hash  branch -> 1 or 0

COST    Filing and taking: O(log N), N = ready entries, whatever the number of lanes and priorities.
]]
local rankLength = 16 + 1 + 16 + 1 + 5
local defaultPriority = pad5(10)
local laneCache = {}

-- The nearest value set at or above a branch. O(depth).
local function inherited(property, branch)
  local at = branch
  while at ~= '' do
    local value = redis.call('HGET', key(property), at)
    if value then return value end
    at = string.match(at, '^(.*/)[^/]*/$') or ''
  end
  return nil
end

local function laneAt(id)
  local lane = laneCache[id]
  if not lane then
    local text = redis.call('HGET', key('lanes'), id)
    local priority, fifo, own, branch = string.match(text, '^(%d+)|(%d)|(%d*)|(.*)$')
    lane = { id = id, priority = priority, isFifo = fifo == '1', own = own, branch = branch }
    laneCache[id] = lane
  end
  return lane
end

local function laneName(lane)
  return lane.branch .. '\n' .. lane.own .. '\n' .. lane.id
end

local function saveLane(lane)
  local fifo = lane.isFifo and '1' or '0'
  redis.call('HSET', key('lanes'), lane.id, lane.priority .. '|' .. fifo .. '|' .. lane.own .. '|' .. lane.branch)
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

local function firstOf(lane)
  return redis.call('ZRANGEBYLEX', key('ready'), '[' .. lane.id .. '|', '(' .. lane.id .. '}', 'LIMIT', 0, 1)[1]
end

local function headOf(lane, ready)
  local rank = string.sub(ready, #lane.id + 2, #lane.id + 1 + rankLength)
  return lane.priority .. '|' .. rank .. '|' .. lane.id .. string.sub(ready, #lane.id + 2 + rankLength)
end

local function moveHead(lane, before, after)
  if before == after then return end
  if before then redis.call('ZREM', key('heads'), headOf(lane, before)) end
  if after then redis.call('ZADD', key('heads'), 0, headOf(lane, after)) end
end

local function setLanePriority(lane, priority)
  local first = firstOf(lane)
  moveHead(lane, first, nil)
  lane.priority = priority
  saveLane(lane)
  moveHead(lane, nil, first)
end

-- Where an entry stands among the ready; `filed` is 'c' or 'e': by creation or by eligible time.
local function readyMember(entry, filed)
  local time = filed == 'c' and entry.created or entry.eligible
  return entry.lane .. '|' .. time .. '|' .. entry.arrival .. '|' .. pad5(entry.from) .. '|' .. entry.segment
end

local function file(entry)
  local lane = laneAt(entry.lane)
  local filed = lane.isFifo and 'c' or 'e'
  local before = firstOf(lane)
  redis.call('ZADD', key('ready'), 0, readyMember(entry, filed))
  moveHead(lane, before, firstOf(lane))
  entry.place = 'r' .. filed
end

local function unfile(entry)
  local lane = laneAt(entry.lane)
  local before = firstOf(lane)
  redis.call('ZREM', key('ready'), readyMember(entry, string.sub(entry.place, 2)))
  moveHead(lane, before, firstOf(lane))
end
