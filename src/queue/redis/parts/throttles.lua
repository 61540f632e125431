--[[ throttles: the branches that have one, or rules for keys, as a tree under the root; the faces of its nodes; the slots that
claims take.

A node is such a branch; 0 is the root, which is there with nothing set. It holds the heads of the lanes hung at it, and a face
of each node below it: what that one shows of its heads, exactly while it has room. A node that has a limit per engine, or has
one below it, shows a face to each engine (a viewer, by number), any other one to all (viewer ''). A tail is the same all along
the path, but for what weights put into it: a branch that has some shows, as the face of a window, what is first of its shares
(shares.lua), and below it there are faces of their classes. Keys are nodes too, see there: here they are asked for their room.

heads       zset  node | viewer | class | tail                           (score 0)
faces       hash  viewer | node | class -> tail, what the node's parent has of it
nodes       hash  node -> parent | per engine | cluster wide ('' no limit) | rate (members/perMs/burst, or '') | shows by
                  engine (0; 1; 2: so does one below it) | what is set (t a throttle, k rules for keys, s with weights; '' it
                  leaves) | branch; and members held, of what has a limit: node | '' (by all engines), node | engine
node-names  zset  branch \n node
engine-names  zset  the same, of those that have a limit per engine
changed     zset  nodes that show by engine -> version of their last change
views       hash  engine -> viewer | version seen | ms of its last claim

COST    A changed head: O(D log N), D = nodes on its path, N = ready entries; not of engines, nor of what is blocked. What a
        node shows to an engine is brought up to date when that engine claims.
]]
makeThrottles = function()
  local viewIdleMs = 60000
  local nodeCache, slotCache, slotChanges, faceCache, marked = {}, {}, {}, {}, {}
  local version = nil

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

  -- Written once at the end of a call, and before a node goes.
  local function saveSlots()
    for field, by in pairs(slotChanges) do
      local value = by ~= 0 and redis.call('HINCRBY', key('nodes'), field, by)
      if value then slotCache[field] = value end
      if value == 0 and string.sub(field, -1) ~= '|' then
        redis.call('HDEL', key('nodes'), field) -- engines come and go
      end
    end
    slotChanges = {}
  end

  -- nil where it is none.
  local function rateIn(text)
    if text == '' then return nil end
    local members, perMs, burst = string.match(text, '^(%d+)/(%d+)/(%d+)$')
    return members and
      { text = text, members = tonumber(members), perMs = tonumber(perMs), burst = tonumber(burst) } or nil
  end

  -- @param engine whose slots are to be found with it
  local function nodeAt(id, engine)
    local node = nodeCache[id]
    if node then return node end
    if string.find(id, '.', 1, true) then
      local keyId, parentId = string.match(id, '^(.+)%.(%d+)$')
      node = { id = id, parent = parentId, key = keys().at(keyId), isSet = true }
      nodeCache[id] = node
      return node
    end
    local text = false
    if id ~= root or setting.isRootSet then
      local inAll, inEngine = id .. '|', id .. '|' .. (engine or '')
      local found = redis.call('HMGET', key('nodes'), id, inAll, inEngine)
      text, slotCache[inAll], slotCache[inEngine] = found[1], tonumber(found[2] or 0), tonumber(found[3] or 0)
    end
    if text then
      local parent, perEngine, clusterWide, rate, shows, holds, branch =
        string.match(text, '^(%d*)|(%d*)|(%d*)|([%d/]*)|(%d)|(%l*)|(.*)$')
      node = {
        id = id, parent = parent ~= '' and parent or nil, perEngine = tonumber(perEngine),
        clusterWide = tonumber(clusterWide), rate = rateIn(rate), byEngine = shows ~= '0', isAboveByEngine = shows == '2',
        isThrottle = string.find(holds, 't', 1, true) ~= nil, hasRules = string.find(holds, 'k', 1, true) ~= nil,
        isShared = string.find(holds, 's', 1, true) ~= nil, branch = branch, isSet = true,
      }
    else
      node = { id = id, byEngine = false, isAboveByEngine = false, branch = '/', isSet = false }
    end
    nodeCache[id] = node
    return node
  end

  local function saveNode(node)
    redis.call('HSET', key('nodes'), node.id, table.concat({
      node.parent or '', node.perEngine and whole(node.perEngine) or '', node.clusterWide and whole(node.clusterWide) or '',
      node.rate and node.rate.text or '', node.isAboveByEngine and '2' or node.byEngine and '1' or '0',
      (node.isThrottle and 't' or '') .. (node.hasRules and 'k' or '') .. (node.isShared and 's' or ''), node.branch,
    }, '|'))
  end

  -- Of a node that has been made.
  local function keep(node)
    nodeCache[node.id] = node
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
      if node and (node.isThrottle or node.hasRules) then return node.id end
      at = above(at)
    end
    return root
  end

  -- The field of its slots: those of all engines, or of one. Made once while the same engine is asked for.
  local function slotsOf(node, engine)
    if not engine then
      node.inAll = node.inAll or node.id .. '|'
      return node.inAll
    end
    if node.engine ~= engine then node.engine, node.inEngine = engine, node.id .. '|' .. engine end
    return node.inEngine
  end

  -- More members that an engine may claim below a node; nil: any, as far as the limit of all engines goes.
  local function roomAt(node, engine)
    if node.key then return keys().roomOf(node.key) end
    local room = node.clusterWide and node.clusterWide - slots(slotsOf(node)) or math.huge
    if engine and node.perEngine then room = math.min(room, node.perEngine - slots(slotsOf(node, engine))) end
    if node.rate then room = math.min(room, rates().tokens(node.id, node.rate)) end
    return room
  end

  -- The same of all the path.
  local function roomFor(id, engine)
    local room = math.huge
    while id and (id ~= root or setting.isRootSet) do
      local node = nodeAt(id, engine)
      room = math.min(room, roomAt(node, engine))
      id = node.parent
    end
    return room
  end

  -- The classes of a branch's shares, by its node.
  local function addShares(classes, windows, id)
    for _, window in ipairs(windows) do
      table.insert(classes, window .. '.' .. id)
      table.insert(classes, window .. '.' .. id .. '+')
    end
  end

  -- The classes a node has faces of: each window, and what it holds of the shares of those above.
  local function classesOf(node)
    local classes = { unpack(setting.windows) }
    local id = setting.shared > 0 and node.parent
    while id do
      local over = nodeAt(id)
      if over.isShared then addShares(classes, setting.windows, id) end
      id = over.parent
    end
    return classes
  end

  -- What is first of a class at a node, for all or for a viewer.
  local function firstSeen(node, view, class)
    local tail = firstTail(node.id, '', class)
    local own = view and (node.isAboveByEngine or node.id == root) and firstTail(node.id, view.id, class)
    return own and (not tail or own < tail) and own or tail
  end

  -- What a node shows of a class, if it has room.
  local function firstShown(node, view, class)
    if node.isShared and not string.find(class, '.', 1, true) then
      return shares().firstOf(node.id, class, function(each) return firstSeen(node, view, each) end)
    end
    return firstSeen(node, view, class)
  end

  -- Of a window, to whom claims.
  local function firstAtRoot(window)
    return firstShown(nodeAt(root), viewer, window)
  end

  -- Have the parent show a tail of it, or nothing (false); true when that is something else than before.
  local function setFace(node, viewing, class, tail)
    local at = viewing .. '|' .. node.id .. '|' .. class
    local before = faceCache[at]
    if before == nil then before = redis.call('HGET', key('faces'), at) end
    faceCache[at] = tail
    if before == tail then return false end
    replaceHead(node.parent, viewing, class, before, tail)
    if tail then redis.call('HSET', key('faces'), at, tail) else redis.call('HDEL', key('faces'), at) end
    return true
  end

  -- Bring a face up to date, and those above it that it changes.
  local function show(node, view, class)
    while node.parent do
      -- Here its shares end.
      if node.isShared and string.match(class, '%.(%d+)') == node.id then class = string.match(class, '^%d+') end
      local hasRoom = roomAt(node, view and view.engine) > 0
      if not setFace(node, view and view.id or '', class, hasRoom and firstShown(node, view, class) or false) then
        return
      end
      node = nodeAt(node.parent)
      if not view and node.byEngine then return node, class end
    end
  end

  -- A face to each engine: each sees to it when it claims, who claims now at once.
  local function mark(node, class)
    if not marked[node.id] then
      version = version or redis.call('HINCRBY', KEYS[2], 'version', 1)
      redis.call('ZADD', key('changed'), version, node.id)
      marked[node.id] = true
    end
    if viewer then show(node, viewer, class) end
  end

  -- What is first of a class at a node, or whether it has room, may have changed.
  local function changedAt(id, class)
    if id == root then return end
    local node = nodeAt(id)
    if not node.byEngine then node, class = show(node, nil, class) end
    if node then mark(node, class) end
  end

  local function changedInAll(id)
    if id == root then return end
    for _, class in ipairs(classesOf(nodeAt(id))) do changedAt(id, class) end
  end

  -- The same of a node, or a key's, and those above it.
  local function changedAbove(id)
    while id do
      local node = nodeAt(id)
      if not node.key then changedInAll(id) end
      id = node.parent
    end
  end

  -- The classes of windows it may have faces of, also of shares on no path of its while something is hung elsewhere.
  local function classesEver(node, windows)
    local classes = { unpack(windows) }
    local at = setting.shared > 0 and above(node.branch) or ''
    while at ~= '' do
      local over = nodeNamed(at)
      if over and over.isShared then addShares(classes, windows, over.id) end
      at = above(at)
    end
    return classes
  end

  local function allViews()
    local views = {}
    for _, text in ipairs(redis.call('HVALS', key('views'))) do table.insert(views, string.match(text, '^%d+')) end
    return views
  end

  local function clear(node, views, classes)
    for _, viewing in ipairs(views) do
      for _, class in ipairs(classes) do setFace(node, viewing, class, false) end
    end
  end

  -- Show nothing, to nobody.
  local function hide(node)
    if not node.parent then return end
    clear(node, { '', unpack(allViews()) }, classesEver(node, setting.windows))
  end

  -- Have no engine shown a class of a window.
  local function hideWindow(window)
    local views = allViews()
    for _, id in ipairs(redis.call('ZRANGE', key('changed'), 0, -1)) do
      clear(nodeAt(id), views, classesEver(nodeAt(id), { window }))
    end
  end

  -- Have no engine shown a class of a branch's shares, before it has none: below it, also where it hangs elsewhere by now.
  local function hideShares(over)
    local views, classes = allViews(), {}
    addShares(classes, setting.windows, over.id)
    for _, id in ipairs(redis.call('ZRANGE', key('changed'), 0, -1)) do
      if string.sub(nodeAt(id).branch, 1, #over.branch) == over.branch then clear(nodeAt(id), views, classes) end
    end
  end

  -- Members below a node that an engine holds more, and the tokens that takes, or gives back (negative). What has no limit counts
  -- nothing.
  local function countAt(id, engine, by, tokens)
    while id and (id ~= root or setting.isRootSet) do
      local node = nodeAt(id, engine)
      if node.key then
        keys().count(node.key, by, tokens)
      elseif node.clusterWide or node.perEngine or node.rate then
        local room = roomAt(node, engine)
        local roomForAll = node.perEngine and roomAt(node) or room
        if node.clusterWide then changeSlots(slotsOf(node), by) end
        if node.perEngine then changeSlots(slotsOf(node, engine), by) end
        if node.rate and tokens ~= 0 then rates().take(id, node.rate, tokens) end
        local had, hadForAll = room > 0, roomForAll > 0
        local has, hasForAll = room > by, roomForAll > by
        if node.rate then
          has = roomAt(node, engine) > 0
          hasForAll = node.perEngine and roomAt(node) > 0 or has
        end
        if has ~= had or hasForAll ~= hadForAll then changedInAll(id) end
        -- Who gives up a slot may have too many itself: then others have room.
        if has and not had or hasForAll and not hadForAll then isSooner = true end
      end
      id = node.parent
    end
  end

  -- What has a token again is seen again, at most `most` nodes and keys; false when more have. Who waits has been told when.
  local function refill(now, most)
    rates().look(now)
    rates().forget(most)
    local due = rates().due(most)
    for _, id in ipairs(due) do
      if string.find(id, '~', 1, true) then
        keys().refilled(id)
      else
        rates().refilled(id, nodeAt(id).rate)
        changedInAll(id)
      end
    end
    if keysMade then keys().show() end
    isSooner = false
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
          clear(nodeAt(name), { id }, classesEver(nodeAt(name), setting.windows))
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
      local node = nodeAt(changed)
      for _, class in ipairs(classesOf(node)) do show(node, viewer, class) end
    end
  end

  -- It has seen all there is, and what it has changed itself.
  local function looked(now)
    if not viewer then return end
    local seen = version or redis.call('HGET', KEYS[2], 'version') or 0
    redis.call('HSET', key('views'), viewer.engine, viewer.id .. '|' .. whole(seen) .. '|' .. whole(now))
  end

  return {
    nodeAt = nodeAt, saveNode = saveNode, nodeNamed = nodeNamed, nodeFor = nodeFor, keep = keep, slots = slots,
    changeSlots = changeSlots, saveSlots = saveSlots, roomAt = roomAt, roomFor = roomFor, firstAtRoot = firstAtRoot,
    changedAt = changedAt, changedInAll = changedInAll, changedAbove = changedAbove, hide = hide,
    hideShares = hideShares, hideWindow = hideWindow, rateIn = rateIn, countAt = countAt,
    refill = refill, look = look, looked = looked,
  }
end
