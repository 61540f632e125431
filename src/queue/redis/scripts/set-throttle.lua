--[[ set-throttle: bound what is claimed below a branch.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] set             1, or 0 to take it away
ARGV[5] per engine      members, '' for no limit
ARGV[6] cluster wide    the same
ARGV[7] rate            members/perMs/burst, '' for none
ARGV[8] after           member of node-names or lane-names the last call ended with, '' at first
ARGV[9] where           nodes or lanes: what that is; nodes at first
ARGV[10] most           nodes and lanes at most

RETURNS  {where, after} to go on from, or {} when all below the branch hangs where it should
COST     O(S D log N), S = nodes and lanes looked at, D = throttles on a path, N = ready entries; entries are not touched. Where
         a limit is new, or lanes were hung, what runs below is counted anew: O(H (log N + D)), H = entries held.
WHY      A limit that is not set is not counted for either, so that a claim writes no more than it must. A lane counts below
         a new node, and is held back by it, from when it hangs there. Who dies between two calls leaves
         lanes behind; that this is so is kept in throttles-begun. A node that goes is passed over from the first call on,
         and bounds nothing.
]]
if isLost() then return lost end
local tree = throttles()
rates().look(nowMs())
local branch, isSet, left = ARGV[3], ARGV[4] == '1', tonumber(ARGV[10])

-- To whom the nodes of a path show their faces.
local function reconsider(id)
  while id and id ~= root do
    local node = tree.nodeAt(id)
    local isAbove = false
    local names =
      redis.call('ZRANGEBYLEX', key('node-names'), '(' .. node.branch .. '\n\255', '(' .. node.branch .. '\255')
    for _, name in ipairs(names) do isAbove = isAbove or tree.nodeAt(string.match(name, '(%d+)$')).perEngine ~= nil end
    local byEngine = isAbove or node.perEngine ~= nil
    if byEngine ~= node.byEngine or isAbove ~= node.isAboveByEngine then
      tree.hide(node)
      if byEngine ~= node.byEngine then tree.countByEngine(byEngine and 1 or -1) end
      node.byEngine, node.isAboveByEngine = byEngine, isAbove
      tree.saveNode(node)
      if not byEngine then redis.call('ZREM', key('changed'), id) end
    end
    tree.changedInAll(id)
    id = node.parent
  end
end

local function hangNode(node, to)
  local from = node.parent
  tree.hide(node)
  node.parent = to
  tree.saveNode(node)
  tree.changedInAll(from)
  tree.changedInAll(node.id)
end

-- What it has limits for, by what claims hold below it.
local function countAnew(node)
  local held = heldBelow()
  local function set(field, isLimited)
    tree.changeSlots(field, (isLimited and held[field] or 0) - tree.slots(field))
  end
  set(node.id .. '|', node.clusterWide)
  for _, engine in ipairs(redis.call('HKEYS', key('running'))) do set(node.id .. '|' .. engine, node.perEngine) end
end

local node = tree.nodeNamed(branch)
if not node and not isSet then return {} end
if not node then
  local id = branch == '/' and root or whole(redis.call('HINCRBY', KEYS[2], 'node-ids', 1))
  local parent = branch ~= '/' and tree.nodeFor(branch) or nil
  tree.countNodes(1)
  node = { id = id, parent = parent, byEngine = false, isAboveByEngine = false, leaves = false, branch = branch, isSet = true }
  tree.keep(node)
  redis.call('ZADD', key('node-names'), 0, branch .. '\n' .. id)
  if id == root then tree.setRoot(true) end
end
local perEngine, clusterWide = tonumber(ARGV[5]), tonumber(ARGV[6])
local isNewLimit = (perEngine == nil) ~= (node.perEngine == nil) or (clusterWide == nil) ~= (node.clusterWide == nil)
local hung = 0
local rate = tree.rateIn(ARGV[7])
rates().change(node.id, node.rate, rate)
node.perEngine, node.clusterWide, node.rate, node.leaves = perEngine, clusterWide, rate, not isSet
tree.saveNode(node)

-- What of it is done, and where to go on.
local function done(where, after)
  if isNewLimit or hung > 0 then countAnew(node) end
  if where then redis.call('HSET', key('throttles-begun'), branch, '') end
  reconsider(node.id)
  tree.saveSlots()
  rates().save()
  return where and { where, after } or {}
end

local where, after = ARGV[9], ARGV[8]
if where == 'nodes' then
  local from = after == '' and '[' .. branch or '(' .. after
  local names = redis.call('ZRANGEBYLEX', key('node-names'), from, '(' .. branch .. '\255', 'LIMIT', 0, left)
  for _, name in ipairs(names) do
    local below = tree.nodeAt(string.match(name, '(%d+)$'))
    if below.branch ~= branch then
      local to = tree.nodeFor(above(below.branch))
      if below.parent ~= to then
        hangNode(below, to)
        hung = hung + 1
      end
    end
  end
  if #names == left then return done('nodes', names[#names]) end
  left = left - #names
  where, after = 'lanes', ''
end
local from = after == '' and '[' .. branch or '(' .. after
local names = redis.call('ZRANGEBYLEX', key('lane-names'), from, '(' .. branch .. '\255', 'LIMIT', 0, left)
for _, name in ipairs(names) do
  local lane = laneAt(string.match(name, '(%d+)$'))
  local to = tree.nodeFor(lane.branch)
  if lane.node ~= to then
    changeLane(lane, function() lane.node = to end)
    hung = hung + 1
  end
end
if #names == left then return done('lanes', names[#names]) end
redis.call('HDEL', key('throttles-begun'), branch)
local answer = done(nil, nil)
if node.leaves then
  tree.hide(node)
  redis.call('ZREM', key('changed'), node.id)
  redis.call('ZREM', key('node-names'), branch .. '\n' .. node.id)
  redis.call('HDEL', key('nodes'), node.id, node.id .. '|')
  tree.countNodes(-1)
  if node.byEngine then tree.countByEngine(-1) end
  if node.id == root then tree.setRoot(false) end
  if setting.nodes == 0 then redis.call('DEL', key('changed'), key('views')) end
  reconsider(node.parent)
end
if isOpen() then publishReady() end
return answer
