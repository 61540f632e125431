--[[ lanes: what waiting entries have in common.

A lane is a branch with one own priority or the inherited one, and one key or none; all its entries have the same base priority,
which is the lane's attribute: changing it is one write a lane. What is ready in it stands in rungs: see rungs.lua.

lane-names   zset  branch \n own priority or '' \n key or '' \n lane
lanes        hash  lane -> priority | fifo (0 or 1) | window | node | in line (0 or 1) | mixed (0, or the number of the
                   last change since which some may be filed as the lane was before) | aged (see rungs.lua) | own priority or '' | branch \n key or ''
lane-counts  hash  lane -> entries that name it, in whatever place; the last one takes the lane with it
priorities   hash  branch -> priority that is inherited below it
fifo         hash  branch -> 1 or 0
fairness     hash  branch -> window, ms; 0 is off

COST    O(D + log L), D = depth, L = lanes.
]]
local defaultPriority = '10'
local laneCache = {}

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
    local priority, fifo, window, node, inLine, mixed, aged, own, branch, itsKey =
      string.match(text, '^(%d+)|(%d)|(%d+)|([^|]+)|(%d)|(%d+)|(%d+)|(%d*)|(.-)\n(.*)$')
    lane = {
      id = id, priority = priority, isFifo = fifo == '1', window = window, node = node, isInLine = inLine == '1',
      mixed = mixed, aged = tonumber(aged), own = own, branch = branch, key = itsKey,
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
    lane.mixed, whole(lane.aged), lane.own, lane.branch .. '\n' .. lane.key,
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
    mixed = '0',
    aged = 0,
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
    if lane.aged > 0 then redis.call('ZREM', key('ageing'), id .. '|~') end
    if keyIn(lane.node) then keys().hung(lane.node, -1) end
    left[lane.node] = true
  end
  if setting.shared > 0 then shares().emptiedBelow(left) end
end
