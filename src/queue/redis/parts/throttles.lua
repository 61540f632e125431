--[[ throttles: the branches that have one, as a tree under the root; the faces of its nodes; the slots that claims take.

A node is a branch with a throttle; 0 is the root, which is there without one. It holds the heads of the lanes hung at it,
and a face of each node below it: what that one shows of its heads, exactly while it has room. A node that has a limit per
engine, or has one below it, shows a face to each engine (a viewer, by number), any other one to all (viewer ''). A tail is
`rank | time | arrival | from | lane | segment`, the same all along the path: see lanes.lua. Windows are 0 (none) or ms.

heads       zset  node | viewer | window | tail                           (score 0)
faces       hash  viewer | node | window -> tail, what the node's parent has of it
nodes       hash  node -> parent | per engine | cluster wide ('' no limit) | rate (members/perMs/burst, or '') | shows by
                  engine (0; 1; 2: so does one below it) | leaves (0 or 1) | branch; and members held, of what has a limit: node |
                  '' (by all engines), node | engine
node-names  zset  branch \n node
throttles-begun  hash  branch -> '', while not all lanes hang where they should
changed     zset  nodes that show by engine -> version of their last change
views       hash  engine -> viewer | version seen | ms of its last claim

COST    A changed head: O(D log N), D = nodes on its path, N = ready entries; not of engines, nor of what is blocked. What a
        node shows to an engine is brought up to date when that engine claims.
]]
makeThrottles = function()
  local viewIdleMs = 60000
  local nodeCache, slotCache, slotChanges, faceCache, marked = {}, {}, {}, {}, {}
  local version = nil

  local function countNodes(by)
    setting.nodes = setting.nodes + by
    redis.call('HINCRBY', KEYS[1], 'nodes', by)
  end

  local function setRoot(isSet)
    setting.isRootSet = isSet
    if isSet then redis.call('HSET', KEYS[1], 'root', 1) else redis.call('HDEL', KEYS[1], 'root') end
  end

  local function countByEngine(by)
    setting.byEngine = setting.byEngine + by
    redis.call('HINCRBY', KEYS[1], 'by-engine', by)
  end

  -- Members held: the node's number, `|`, and an engine, or '' for all.
  local function slots(field)
    local value = slotCache[field]
    if not value then
      value = tonumber(redis.call('HGET', key('nodes'), field) or 0)
      slotCache[field] = value
    end
    return value + (slotChanges[field] or 0)
  end

  local function changeSlots(field, by)
    slotChanges[field] = (slotChanges[field] or 0) + by
  end

  -- Written once at the end of a call.
  local function saveSlots()
    for field, by in pairs(slotChanges) do
      if by ~= 0 and redis.call('HINCRBY', key('nodes'), field, by) == 0 and string.sub(field, -1) ~= '|' then
        redis.call('HDEL', key('nodes'), field) -- engines come and go
      end
    end
  end

  -- nil where it is none.
  local function rateIn(text)
    local members, perMs, burst = string.match(text, '^(%d+)/(%d+)/(%d+)$')
    return members and
      { text = text, members = tonumber(members), perMs = tonumber(perMs), burst = tonumber(burst) } or nil
  end

  -- @param engine whose slots are to be found with it
  local function nodeAt(id, engine)
    local node = nodeCache[id]
    if node then return node end
    local text = false
    if id ~= root or setting.isRootSet then
      local inAll, inEngine = id .. '|', id .. '|' .. (engine or '')
      local found = redis.call('HMGET', key('nodes'), id, inAll, inEngine)
      text, slotCache[inAll], slotCache[inEngine] = found[1], tonumber(found[2] or 0), tonumber(found[3] or 0)
    end
    if text then
      local parent, perEngine, clusterWide, rate, shows, leaves, branch =
        string.match(text, '^(%d*)|(%d*)|(%d*)|([%d/]*)|(%d)|(%d)|(.*)$')
      node = {
        id = id, parent = parent ~= '' and parent or nil, perEngine = tonumber(perEngine),
        clusterWide = tonumber(clusterWide), rate = rateIn(rate), byEngine = shows ~= '0', isAboveByEngine = shows == '2',
        leaves = leaves == '1', branch = branch, isSet = true,
      }
    else
      node = { id = id, byEngine = false, isAboveByEngine = false, leaves = false, branch = '/', isSet = false }
    end
    nodeCache[id] = node
    return node
  end

  local function saveNode(node)
    redis.call('HSET', key('nodes'), node.id, table.concat({
      node.parent or '', node.perEngine and whole(node.perEngine) or '', node.clusterWide and whole(node.clusterWide) or '',
      node.rate and node.rate.text or '', node.isAboveByEngine and '2' or node.byEngine and '1' or '0', node.leaves and '1' or '0', node.branch,
    }, '|'))
  end

  -- The node of a branch itself, also one that leaves.
  local function nodeNamed(branch)
    local prefix = branch .. '\n'
    local name = redis.call('ZRANGEBYLEX', key('node-names'), '[' .. prefix, '(' .. prefix .. ':', 'LIMIT', 0, 1)[1]
    return name and nodeAt(string.sub(name, #prefix + 1))
  end

  -- Where a lane of a branch hangs, or a node below it. O(depth).
  local function nodeFor(branch)
    if setting.nodes == 0 then return root end
    local at = branch
    while at ~= '' do
      local node = nodeNamed(at)
      if node and not node.leaves then return node.id end
      at = above(at)
    end
    return root
  end

  -- Of a node that has been made.
  local function keep(node)
    nodeCache[node.id] = node
  end

  -- More members that an engine may claim below a node; nil: any, as far as the limit of all engines goes.
  local function roomAt(node, engine)
    local room = node.clusterWide and node.clusterWide - slots(node.id .. '|') or math.huge
    if engine and node.perEngine then room = math.min(room, node.perEngine - slots(node.id .. '|' .. engine)) end
    if node.rate then room = math.min(room, rates().tokens(node.id, node.rate)) end
    return room
  end

  -- The same of all the path.
  local function roomFor(id, engine)
    local room = math.huge
    while id do
      local node = nodeAt(id, engine)
      room = math.min(room, roomAt(node, engine))
      id = node.parent
    end
    return room
  end

  -- Have the parent show a tail of it, or nothing (false); true when that is something else than before.
  local function setFace(node, viewing, window, tail)
    local at = viewing .. '|' .. node.id .. '|' .. window
    local before = faceCache[at]
    if before == nil then before = redis.call('HGET', key('faces'), at) end
    faceCache[at] = tail
    if before == tail then return false end
    local inParent = node.parent .. '|' .. viewing .. '|' .. window .. '|'
    if before then redis.call('ZREM', key('heads'), inParent .. before) end
    if tail then
      redis.call('HSET', key('faces'), at, tail)
      redis.call('ZADD', key('heads'), 0, inParent .. tail)
    else
      redis.call('HDEL', key('faces'), at)
    end
    return true
  end

  -- Bring a face up to date, and those above it that it changes.
  local function show(node, view, window)
    while node.parent do
      local tail = false
      if roomAt(node, view and view.engine) > 0 then
        tail = firstTail(node.id, '', window) or false
        local own = view and node.isAboveByEngine and firstTail(node.id, view.id, window)
        if own and (not tail or own < tail) then tail = own end
      end
      if not setFace(node, view and view.id or '', window, tail) then return end
      node = nodeAt(node.parent)
      if not view and node.byEngine then return node end
    end
  end

  -- A face to each engine: each sees to it when it claims, who claims now at once.
  local function mark(node, window)
    if not marked[node.id] then
      version = version or redis.call('HINCRBY', KEYS[2], 'version', 1)
      redis.call('ZADD', key('changed'), version, node.id)
      marked[node.id] = true
    end
    if viewer then show(node, viewer, window) end
  end

  -- What is first at a node, or whether it has room, may have changed.
  local function changedAt(id, window)
    if id == root then return end
    local node = nodeAt(id)
    if not node.byEngine then node = show(node, nil, window) end
    if node then mark(node, window) end
  end

  local function changedInAll(id)
    for _, window in ipairs(setting.windows) do changedAt(id, window) end
  end

  -- Show nothing, to nobody.
  local function hide(node)
    if not node.parent then return end
    local views = { '' }
    for _, text in ipairs(redis.call('HVALS', key('views'))) do table.insert(views, string.match(text, '^%d+')) end
    for _, viewing in ipairs(views) do
      for _, window in ipairs(setting.windows) do setFace(node, viewing, window, false) end
    end
  end

  -- Members below a node that an engine holds more, and the tokens that takes, or gives back (negative). What has no limit counts
  -- nothing.
  local function countAt(id, engine, by, tokens)
    while id do
      local node = nodeAt(id, engine)
      if id == root and not node.isSet then return end
      local had, hadForAll = roomAt(node, engine) > 0, roomAt(node, nil) > 0
      if node.clusterWide then changeSlots(id .. '|', by) end
      if node.perEngine then changeSlots(id .. '|' .. engine, by) end
      if node.rate and tokens ~= 0 then rates().take(id, node.rate, tokens) end
      local has, hasForAll = roomAt(node, engine) > 0, roomAt(node, nil) > 0
      if has ~= had or hasForAll ~= hadForAll then changedInAll(id) end
      -- Who gives up a slot may have too many itself: then others have room.
      if has and not had or hasForAll and not hadForAll then isSooner = true end
      id = node.parent
    end
  end

  -- What has a token again is seen again, at most `most` nodes; false when more have.
  local function refill(now, most)
    rates().look(now)
    local due = rates().due(most)
    for _, id in ipairs(due) do
      rates().refilled(id, nodeAt(id).rate)
      changedInAll(id)
    end
    return #due < most
  end

  -- Drop what is shown to engines that have not claimed for long; they begin anew.
  local function dropIdleViews(now)
    local views = redis.call('HGETALL', key('views'))
    for at = 1, #views, 2 do
      local id, lastMs = string.match(views[at + 1], '^(%d+)|%d+|(%d+)$')
      if tonumber(lastMs) < now - viewIdleMs then
        redis.call('HDEL', key('views'), views[at])
        for _, name in ipairs(redis.call('ZRANGE', key('changed'), 0, -1)) do
          for _, window in ipairs(setting.windows) do setFace(nodeAt(name), id, window, false) end
        end
      end
    end
  end

  -- An engine is about to claim: what nodes show to it is brought up to date.
  local function look(engine, now)
    if setting.byEngine == 0 then return end
    local text = redis.call('HGET', key('views'), engine)
    local id, seen = string.match(text or '', '^(%d+)|(%d+)')
    if not id then
      dropIdleViews(now)
      id, seen = whole(redis.call('HINCRBY', KEYS[2], 'viewers', 1)), '0'
    end
    viewer = { id = id, engine = engine }
    for _, changed in ipairs(redis.call('ZRANGEBYSCORE', key('changed'), '(' .. seen, '+inf')) do
      for _, window in ipairs(setting.windows) do show(nodeAt(changed), viewer, window) end
    end
  end

  -- It has seen all there is, and what it has changed itself.
  local function looked(now)
    if not viewer then return end
    local seen = version or redis.call('HGET', KEYS[2], 'version') or 0
    redis.call('HSET', key('views'), viewer.engine, viewer.id .. '|' .. whole(seen) .. '|' .. whole(now))
  end

  return {
    nodeAt = nodeAt, saveNode = saveNode, nodeNamed = nodeNamed, nodeFor = nodeFor, countNodes = countNodes,
    countByEngine = countByEngine, keep = keep, slots = slots, changeSlots = changeSlots, saveSlots = saveSlots,
    setRoot = setRoot, roomAt = roomAt, roomFor = roomFor, changedAt = changedAt, changedInAll = changedInAll,
    hide = hide, rateIn = rateIn, countAt = countAt, refill = refill, look = look, looked = looked,
  }
end
