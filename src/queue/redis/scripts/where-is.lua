--[[ where-is: where a member is, and what keeps it there.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] segment
ARGV[4] position
ARGV[5] most            heads and entries looked at one by one, at most

RETURNS  {absent}; {delayed, ms from now}; {claimed, engine, ms left of its lease, redelivered (0 or 1)}; or
         {ready, ms since its eligible time, redelivered, effective priority, base, where that comes from (own, default, or a
         branch), window, e or c (filed by eligible or creation time), members before it, shortages}. A shortage is {kind,
         branch, limit, members running or an engine that has no room, whose key or further engines ...}, {strict, branch, key,
         members before it}, or {rate, branch, the rate as
         throttles.lua has it, ms until its next token, whose key}
COST     O(D (W log N + E) + M log N), D = throttles on the path, W = windows, E = engines that hold something, M = looked at,
         N = entries.
WHY      It reads only: what its time has come for and nobody has made ready yet is told as ready, and counted before nobody.
         Each of those not looked at counts as one.
]]
if isLost() then return lost end
local now = nowMs()
local position, left = tonumber(ARGV[4]), tonumber(ARGV[5])
local entry = overlapping(ARGV[3], position, position + 1)[1]
if not entry then return { 'absent' } end
local eligible, redelivered = tonumber(entry.eligible), tonumber(entry.redelivered)
if isHeld(entry) then
  local id = string.sub(entry.place, 7)
  local untilMs = tonumber(redis.call('ZSCORE', key('leases'), id))
  return { 'claimed', claimAt(id).engine, untilMs - now, redelivered }
end
local isDelayed = string.sub(entry.place, 1, 1) == 'd'
if isDelayed and eligible > now then return { 'delayed', eligible - now } end

local lane = laneAt(entry.lane)
local base = tonumber(lane.priority)

-- Steps of a window from then until now.
local function stepsSince(ms, window)
  return math.floor(now / window) - math.floor(ms / window)
end

local function effectiveOf(priority, window, ms)
  if window == '0' then return priority end
  return math.max(1, priority - stepsSince(ms, tonumber(window)))
end

local effective = effectiveOf(base, lane.window, eligible)

local function originOfBase()
  if lane.own ~= '' then return 'own' end
  local at = lane.branch
  while at ~= '' do
    if redis.call('HEXISTS', key('priorities'), at) == 1 then return at end
    at = above(at)
  end
  return 'default'
end

-- How it is filed, or would be; where it stands in its rung or line, and among heads behind their rank.
local filed = isDelayed and filingOf(lane, entry) or string.sub(entry.place, 2)
local isInLine = string.sub(filed, 1, 1) == 'l'
local place = placeIn(filed, entry)
local line = string.sub(placeIn(lane.isFifo and 'c' or 'e', entry), 1, placeLength)
local ofSlice = position - entry.from

-- Members of what waits in a set behind a prefix, from the first up to a time, arrival and from; nil: all.
local function membersUpTo(set, prefix, text)
  local from, to = '[' .. prefix, '(' .. prefix .. (text or '}')
  local found = redis.call('ZRANGEBYLEX', key(set), from, to, 'LIMIT', 0, math.max(0, left))
  local members = 0
  for _, member in ipairs(found) do
    local at, segment = string.match(string.sub(member, #prefix + 1), '^%d+|%d+|(%d+)|(.*)$')
    members = members + countOf(entryAt(segment .. '|' .. at))
  end
  left = left - #found
  if left > 0 then return members end
  return members + redis.call('ZLEXCOUNT', key(set), from, to) - #found
end

local inLine = isInLine and membersUpTo('lines', string.sub(filed, 2) .. '|', place) or 0

local function shortages()
  local found = {}
  if setting.nodes == 0 then return found end
  if isInLine and inLine + ofSlice > 0 then
    local it = keys().at(string.sub(filed, 2))
    found[1] = { 'strict', throttles().nodeAt(it.branch).branch, it.text, inLine + ofSlice }
  end
  local id = lane.node
  while id do
    local node = throttles().nodeAt(id)
    if node.key then
      local rules, branch = keys().rulesAt(node.key.branch), throttles().nodeAt(node.key.branch).branch
      if keys().limitLeft(node.key) <= 0 then
        found[#found + 1] = { 'clusterWide', branch, whole(rules.limit), node.key.slots, node.key.text }
      end
      local nextInMs = rules.rate and rates().emptyForMs(node.key.id, rules.rate, now)
      if nextInMs then found[#found + 1] = { 'rate', branch, rules.rate.text, nextInMs, node.key.text } end
    else
      local running = throttles().slots(id .. '|')
      if node.clusterWide and running >= node.clusterWide then
        found[#found + 1] = { 'clusterWide', node.branch, whole(node.clusterWide), running }
      end
      if node.perEngine then
        local told = { 'perEngine', node.branch, whole(node.perEngine) }
        for _, engine in ipairs(redis.call('HKEYS', key('running'))) do
          local members = throttles().slots(id .. '|' .. engine)
          if members > 0 and members >= node.perEngine then told[#told + 1] = engine end
        end
        if #told > 3 or node.perEngine == 0 then found[#found + 1] = told end
      end
      local nextInMs = node.rate and rates().emptyForMs(id, node.rate, now)
      if nextInMs then found[#found + 1] = { 'rate', node.branch, node.rate.text, nextInMs } end
    end
    id = node.parent
  end
  return found
end

local own = lane.id .. '|' .. string.sub(filed, 2)

-- Those of another rung that come before it. In one that is ordered by eligible time and ages, what comes before it by priority
-- ends at a time, and what is level with it a window later; where shares decide among the level ones none of these count.
local function membersOf(other, filing, isShared)
  local rung, window = string.sub(filing, 2), tonumber(other.window)
  local at = other.id .. '|' .. rung .. '|'
  local priority = tonumber(other.priority)
  if window == 0 or string.sub(filing, 1, 1) == 'c' then
    if window > 0 then priority = math.max(1, priority - math.floor(now / window) + tonumber(rung)) end
    -- Not yet taken back from the rank of what has reached priority 1: a claim does it.
    if priority > effective then return 0 end
    return membersUpTo('ready', at, priority == effective and line or nil)
  end
  local step = effective - priority + math.floor(now / window)
  local higher = pad16(effective > 1 and math.max(0, step * window) or 0)
  local level = pad16(math.max(0, (step + 1) * window))
  local text = line
  if isShared or text < higher then text = higher elseif text > level then text = level end
  return membersUpTo('ready', at, text)
end

-- Whether what hangs at a node is shown in another by the node of the path just below that.
local function isShownBy(id, below, node)
  if not below then return false end
  while id and id ~= node do
    if id == below then return true end
    id = throttles().nodeAt(id).parent
  end
  return false
end

-- Those of a lane's ladder that come before it, but for its own rung. @param isShared whether only what has a higher priority does
local function membersInLadder(other, isShared)
  if other.window == '0' then return 1 end
  local prefix = ladderOf(other) .. '|||'
  local rank = effective == 1 and 0 or effective + math.floor(now / tonumber(other.window)) - tonumber(other.priority) + 1
  local isSplit = not isShared and (rank > 0 or effective == 1)
  local from, to = '[' .. prefix, '(' .. prefix .. pad16(effective > 1 and math.max(1, rank) or 0) .. (isSplit and '|' .. line or '')
  local heads = redis.call('ZRANGEBYLEX', key('heads'), from, to, 'LIMIT', 0, math.max(0, left))
  left = left - #heads
  local members = 0
  for _, head in ipairs(heads) do
    local at, segment = string.match(string.sub(head, #prefix + 1), '^%d+|%d+|%d+|(%d+)|%d+|(.*)$')
    local filing = string.sub(entryAt(segment .. '|' .. at).place, 2)
    if other.id .. '|' .. string.sub(filing, 2) ~= own then members = members + membersOf(other, filing) end
  end
  if left > 0 then return members end
  return members + math.max(0, redis.call('ZLEXCOUNT', key('heads'), from, to) - #heads - 1)
end

-- Those of what a head of a lane stands for; nothing for its own.
local function membersBehind(id, at, segment, isShared)
  local filing = string.sub(entryAt(segment .. '|' .. at).place, 2)
  if string.sub(filing, 1, 1) == 'l' then return filing == filed and 0 or 1 end
  if tonumber(string.sub(filing, 2)) then return membersInLadder(laneAt(id), isShared) end
  return id .. '|' .. string.sub(filing, 2) == own and 0 or membersOf(laneAt(id), filing, isShared)
end

local before = ofSlice + inLine + (isInLine and 0 or membersUpTo('ready', own .. '|', place))
-- Whose turn it is in shares depends on what is claimed until then: only what has a higher priority is counted between what a key
-- has and the branch with weights, and of other windows up to the outermost such branch, since what of them is first there
-- competes for all. What other keys have in their shares stands in other classes, and is not counted.
local node, below, sharedUntil = lane.node, nil, nil
local outermost = nil
while setting.shared > 0 and node do
  if throttles().nodeAt(node).isShared then outermost = node end
  node = throttles().nodeAt(node).parent
end
local isApart = outermost ~= nil
node = lane.node
while node do
  for _, window in ipairs(setting.windows) do
    local isShared = sharedUntil ~= nil or (isApart and window ~= lane.window)
    local prefix = node .. '||' .. window .. '|'
    local rank = effective
    if window ~= '0' then rank = effective == 1 and 0 or effective + math.floor(now / tonumber(window)) end
    local from, to = '[' .. prefix, '(' .. prefix .. pad16(rank) .. (isShared and '' or '|' .. line)
    local heads = redis.call('ZRANGEBYLEX', key('heads'), from, to, 'LIMIT', 0, math.max(0, left))
    left = left - #heads
    for _, head in ipairs(heads) do
      local at, id, segment = string.match(string.sub(head, #prefix + 1), '^%d+|%d+|%d+|(%d+)|(%d+)|(.*)$')
      local its = laneAt(id).node
      if its == node then
        before = before + membersBehind(id, at, segment, isShared)
      elseif not isShownBy(its, below, node) then
        before = before + 1
      end
    end
    -- Its own may be among those that were not looked at.
    if left <= 0 then before = before + math.max(0, redis.call('ZLEXCOUNT', key('heads'), from, to) - #heads - 1) end
  end
  if node == sharedUntil then sharedUntil = nil end
  if node == outermost then isApart = false end
  local it = setting.nodes > 0 and throttles().nodeAt(node)
  if it and it.key and keys().rulesAt(it.key.branch).others then sharedUntil = it.key.branch end
  below, node = node, it and it.parent or nil
end

return {
  'ready', math.max(0, now - eligible), redelivered, effective, base, originOfBase(), tonumber(lane.window),
  lane.isFifo and 'c' or 'e', before, shortages(),
}
