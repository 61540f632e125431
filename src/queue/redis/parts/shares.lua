--[[ shares: whose turn it is, of the keys of a branch with weights (src/queue/key-rules.ts).

Such a branch B has a virtual time V, each of its flows a finish F. A key whose F is not above V is due: its faces are in the class
`window.B`, by rank and time. One whose F is above it has them in the class `window.B+`, by rank, F and time. All else below B,
the flow without key, is in the plain class. So the first of B's shares is the first of three, which start at V, at F, and at
what that flow does. V is the start of what was claimed; keys whose F it has passed become due: each once for a claim of
its own, `overtakenMost` in a call. When nothing is left below B in the queue V and F are forgotten.

shares       hash  branch's node -> V | F of the flow without key
finishes:B   zset  key's text -> F, as far as it may be above V, also of keys that are gone

COST    A claim: O(log F), F = finishes, beside the keys that become due.
]]
makeShares = function()
  local shareUnit, finishesMax, virtualMax, overtakenMost = 100000, 65536, 2 ^ 52, 500
  local tree = throttles()
  local cache, changed = {}, {}
  local overtakenLeft = overtakenMost

  local function finishesOf(id)
    return key('finishes:' .. id)
  end

  local function at(id)
    local it = cache[id]
    if it then return it end
    local virtual, finish = string.match(redis.call('HGET', key('shares'), id) or '0|0', '^(%d+)|(%d+)$')
    -- No finish is below `least`; -1: that is not known.
    it = { virtual = tonumber(virtual), finish = tonumber(finish), least = -1, isOther = false }
    -- All finishes are to be passed, then it begins at 0 again.
    it.ends = it.virtual > virtualMax
    cache[id] = it
    return it
  end

  local function finishOf(flow)
    flow.finish = flow.finish or tonumber(redis.call('ZSCORE', finishesOf(flow.branch), flow.text) or 0)
    return flow.finish
  end

  -- The class a key shows a tail in, of those of a window, and what stands there.
  local function faceOf(flow, window, tail)
    local class = window .. '.' .. flow.branch
    if finishOf(flow) <= at(flow.branch).virtual then return class, tail end
    return class .. '+', string.sub(tail, 1, 17) .. pad16(flow.finish) .. string.sub(tail, 17)
  end

  -- What is first of a branch's shares in a window. @param first what is of a class, as somebody sees it
  local function firstOf(id, window, first)
    local it = at(id)
    local best, bestRank, bestStart, bestRest = false, nil, nil, nil
    local function compare(tail, start)
      local rank, rest = tonumber(string.sub(tail, 1, 16)), string.sub(tail, 18)
      if best and rank >= bestRank then
        if rank > bestRank or start > bestStart or (start == bestStart and rest > bestRest) then return end
      end
      best, bestRank, bestStart, bestRest = tail, rank, start, rest
    end
    local tail = first(window)
    if tail then compare(tail, math.max(it.virtual, it.finish)) end
    tail = first(window .. '.' .. id)
    if tail then compare(tail, it.virtual) end
    tail = first(window .. '.' .. id .. '+')
    if tail then
      local start = math.max(it.virtual, tonumber(string.sub(tail, 18, 33)))
      compare(string.sub(tail, 1, 17) .. string.sub(tail, 35), start)
    end
    return best
  end

  -- Members that hang at a node are claimed: the time of the shares they have part in goes on.
  local function charge(node, members)
    local flow = nil
    while node do
      local over = tree.nodeAt(node)
      if over.key then
        flow = over.key
      elseif over.isShared then
        local it, weight = at(node), nil
        local isOwn = flow and flow.branch == node
        it.virtual = math.max(it.virtual, isOwn and finishOf(flow) or it.finish)
        weight = isOwn and flow.weight or keys().rulesAt(node).others or 1
        local finish = it.virtual + math.floor(members * shareUnit / weight)
        if isOwn then
          flow.finish = finish
          redis.call('ZADD', finishesOf(node), whole(finish), flow.text)
          it.least = math.min(it.least, finish)
          keys().facesChanged(flow)
        else
          it.finish = finish
        end
        it.isOther = true
        changed[node] = true
      end
      node = over.parent
    end
  end

  -- Keys whose finish the virtual time has passed are due; false when some are left to another call.
  local function overtake(id)
    local it, name, page = at(id), finishesOf(id), 4
    while it.least < it.virtual do
      if overtakenLeft <= 0 then return false end
      local found, gone = redis.call('ZRANGE', name, 0, page - 1, 'WITHSCORES'), {}
      it.least = #found < 2 * page and math.huge or -1
      for index = 1, #found, 2 do
        if tonumber(found[index + 1]) >= it.virtual then
          it.least = tonumber(found[index + 1])
          break
        end
        gone[#gone + 1] = found[index]
      end
      for _, text in ipairs(gone) do
        local flow = keys().named(id, text)
        if flow then
          flow.finish = 0
          keys().facesChanged(flow)
        end
      end
      if #gone > 0 then redis.call('ZREM', name, unpack(gone)) end
      overtakenLeft = overtakenLeft - #gone
      page = 100
    end
    if it.ends then it.virtual, it.finish, it.least, it.ends = 0, 0, math.huge, false end
    return true
  end

  -- Have the keys that are due told, before lines and faces are shown; false when some are left to another call.
  local function pass()
    local isAll = true
    for id in pairs(changed) do isAll = overtake(id) and isAll end
    return isAll
  end

  -- Once those are shown.
  local function show()
    for id in pairs(changed) do tree.changedInAll(id) end
    changed = {}
  end

  -- What an earlier call has left.
  local function goOn()
    for id in string.gmatch(setting.overtaken, '%d+') do
      at(id).isOther = true
      changed[id] = true
    end
  end

  local function forget(id)
    redis.call('HDEL', key('shares'), id)
    redis.call('UNLINK', finishesOf(id))
    cache[id] = nil
  end

  -- Lanes below nodes are gone: were they the last below a branch with weights, its shares begin anew.
  local function emptiedBelow(nodes)
    local seen = {}
    for node in pairs(nodes) do
      while node and not seen[node] do
        seen[node] = true
        local over = tree.nodeAt(node)
        if over.isShared then
          local names =
            redis.call('ZRANGEBYLEX', key('lane-names'), '[' .. over.branch, '(' .. over.branch .. '\255', 'LIMIT', 0, 1)
          if #names == 0 then cache[node] = { virtual = 0, finish = 0, least = math.huge, isOver = true, isOther = true } end
        end
        node = over.parent
      end
    end
  end

  -- True when keys are left to be shown as due.
  local function saveOne(id, it)
    if it.isOver then return forget(id) end
    local name = finishesOf(id)
    if it.virtual > virtualMax and not it.ends then
      local last = redis.call('ZREVRANGE', name, 0, 0, 'WITHSCORES')[2]
      it.virtual = math.max(it.virtual, tonumber(last or 0)) + 1
    elseif redis.call('ZCARD', name) > finishesMax
      and redis.call('ZCOUNT', name, '(' .. whole(it.virtual), '+inf') > finishesMax then
      it.virtual = tonumber(redis.call('ZREVRANGE', name, finishesMax, finishesMax, 'WITHSCORES')[2])
    end
    redis.call('HSET', key('shares'), id, whole(it.virtual) .. '|' .. whole(it.finish))
    return it.least < it.virtual
  end

  -- Written once at the end of a call.
  local function save()
    local overtaken, told = {}, ''
    for id in string.gmatch(setting.overtaken, '%d+') do overtaken[id] = true end
    for id, it in pairs(cache) do
      if it.isOther then overtaken[id] = saveOne(id, it) or nil end
    end
    for id in pairs(overtaken) do told = told .. id .. ' ' end
    if told ~= setting.overtaken then redis.call('HSET', KEYS[1], 'overtaken', told) end
  end

  return {
    faceOf = faceOf, firstOf = firstOf, charge = charge, pass = pass, show = show, goOn = goOn, forget = forget,
    emptiedBelow = emptiedBelow, save = save,
  }
end
