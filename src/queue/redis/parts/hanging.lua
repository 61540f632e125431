--[[ hanging: what is below a branch hung where it should, when the branch becomes a node of throttles.lua, or is one no more.

COST    O(S D log N), S = nodes and lanes looked at, D = nodes on a path, N = waiting entries; entries are touched in lanes that
        are filed otherwise alone. That of `heldBelow` more where what keys hold is counted anew.
]]

-- A limit per engine is set at a node, or taken away.
local function namePerEngine(node)
  local name = node.branch .. '\n' .. node.id
  if node.perEngine then
    redis.call('ZADD', key('engine-names'), 0, name)
  else
    redis.call('ZREM', key('engine-names'), name)
  end
end

-- To whom the nodes above a branch, and its own, show their faces. By name: what hangs elsewhere until `hangBelow` has come there
-- is below them all the same.
local function reconsider(branch)
  local tree, at = throttles(), branch
  while at ~= '' and at ~= '/' do
    local node = tree.nodeNamed(at)
    if node then
      local from, to = '(' .. at .. '\n\255', '(' .. at .. '\255'
      local isAbove = redis.call('ZRANGEBYLEX', key('engine-names'), from, to, 'LIMIT', 0, 1)[1] ~= nil
      local byEngine = isAbove or node.perEngine ~= nil
      if byEngine ~= node.byEngine or isAbove ~= node.isAboveByEngine then
        tree.hide(node)
        if byEngine ~= node.byEngine then countSetting('byEngine', 'by-engine', byEngine and 1 or -1) end
        node.byEngine, node.isAboveByEngine = byEngine, isAbove
        tree.saveNode(node)
        if not byEngine then redis.call('ZREM', key('changed'), node.id) end
      end
      tree.changedInAll(node.id)
    end
    at = above(at)
  end
end

-- The node of a branch, made if need be; what is below it hangs elsewhere until `hangBelow` has come there.
local function nodeOf(branch)
  local tree = throttles()
  local node = tree.nodeNamed(branch)
  if node then return node end
  local id = branch == '/' and root or whole(redis.call('HINCRBY', KEYS[2], 'node-ids', 1))
  local parent = branch ~= '/' and tree.nodeFor(branch) or nil
  countSetting('nodes', 'nodes', 1)
  node = { id = id, parent = parent, byEngine = false, isAboveByEngine = false, branch = branch, isSet = true }
  tree.keep(node)
  redis.call('ZADD', key('node-names'), 0, branch .. '\n' .. id)
  if id == root then flagSetting('isRootSet', 'root', true) end
  return node
end

local function hangNode(node, to)
  local tree, from = throttles(), node.parent
  tree.hide(node)
  node.parent = to
  tree.saveNode(node)
  tree.changedInAll(from)
  tree.changedInAll(node.id)
end

-- Hang nodes and lanes below a branch where they should, `most` at most, entries of lanes that are filed otherwise among them.
-- `where` is nodes or lanes, `name` and `after` are where the last call ended: nodes, '' and '' at first. Returns where to go on,
-- {} when all hang; and how many have been hung.
-- Keys that lanes come to or leave are counted anew, whichever setting it was that came to the lane first; so are all that follow
-- rules: what they say they hold may be of a time when they had a limit before.
-- @param rules node whose rules for keys may be others: its keys follow them; nil: none
local function hangBelow(branch, where, name, after, most, rules)
  local tree, left, hung, recount = throttles(), most, 0, {}
  if where == 'nodes' then
    local from = name == '' and '[' .. branch or '(' .. name
    local names = redis.call('ZRANGEBYLEX', key('node-names'), from, '(' .. branch .. '\255', 'LIMIT', 0, left)
    for _, each in ipairs(names) do
      local below = tree.nodeAt(string.match(each, '(%d+)$'))
      if below.branch ~= branch then
        local to = tree.nodeFor(above(below.branch))
        if below.parent ~= to then
          hangNode(below, to)
          hung = hung + 1
        end
      end
    end
    if #names == left then return { 'nodes', names[#names], '' }, hung end
    left = left - #names
    name, after = '', ''
  end
  local at = refilePage(branch, name, after, left, function(lane)
    local node, isInLine = hangs(lane.branch, lane.key)
    if node ~= lane.node then hung = hung + 1 end
    for _, each in ipairs({ lane.node, node }) do
      local it = keyIn(each) and keys().at(keyIn(each))
      if it and (lane.node ~= node or it.branch == rules) then
        keys().follow(it)
        recount[it] = true
      end
    end
    return { node = node, isInLine = isInLine }
  end)
  local held = nil
  for it in pairs(recount) do
    if keys().isCounted(it) then held = held or heldBelow() end
    keys().countAnew(it, held and held[it.id .. '|'] or 0)
  end
  return at[1] and { 'lanes', at[1], at[2] } or {}, hung
end

-- Once all hang where they should: drop a node of a branch that has nothing set. While something that was taken away has not gone
-- to its end it stays: who takes that away again finds by it what there is to clear.
local function dropIfEmpty(node)
  local tree = throttles()
  if node.isThrottle or node.hasRules or node.isShared then return end
  for _, begun in ipairs({ 'throttles-begun', 'keys-begun' }) do
    if redis.call('HEXISTS', key(begun), node.branch) == 1 then return end
  end
  tree.hide(node)
  redis.call('ZREM', key('changed'), node.id)
  redis.call('ZREM', key('node-names'), node.branch .. '\n' .. node.id)
  tree.saveSlots()
  redis.call('HDEL', key('nodes'), node.id, node.id .. '|')
  countSetting('nodes', 'nodes', -1)
  if node.byEngine then countSetting('byEngine', 'by-engine', -1) end
  if node.id == root then flagSetting('isRootSet', 'root', false) end
  if setting.nodes == 0 then redis.call('DEL', key('changed'), key('views')) end
  reconsider(above(node.branch))
end
