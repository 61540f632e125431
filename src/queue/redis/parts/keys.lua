--[[ keys: what is bounded and in order by the key of an instance (src/queue/key-rules.ts); what is shared: shares.lua.

A key of the rules of a branch is named by the branch's node and its text, and is there as long as lanes have it (what it has of a rate may be remembered for longer: rates.lua). Its node below the branch's is `key.node`; and
one below the node of each branch under the rules where lanes of it hang, for those have limits of their own: the same key, with
one count of what is held, so that all show what they have while the key has room, and else nothing. O(nodes of the key).

Under strict rules what waits of a key, ready and delayed, stands in a line, by creation. While the key has room, and its first is
ready, that one has a head, as a rung of its lane (`l` and the key), and the others none.

keys         hash  branch's node ~ key's text, encoded -> branch's node | members held ('' not counted: no limit) | weight | lane of the line's head or '' \n
                   key's text \n node | lanes there \n ... node | class | tail (its face there) \n ...
key-rules    hash  branch's node -> cluster wide ('' no limit) | strict (0 or 1) | weight of others ('' no shares) | rate
                   (members/perMs/burst, or '') | its number (rates.lua)
weights:B    hash  key's text -> its weight, of the branch with node B
lines        zset  key | created | arrival | from | segment            (score 0)

COST    As a throttle on the path, O(log N), and one write of the key a call; nothing for keys of which nothing is in the queue.
]]
makeKeys = function()
  local tree = throttles()
  local rulesCache, keyCache = {}, {}
  -- Keys whose faces or lines may be others; of each the nodes and windows, in turn, or `all`.
  local changed, linesChanged = {}, {}

  local function rulesAt(id)
    local rules = rulesCache[id]
    if rules then return rules end
    local text = redis.call('HGET', key('key-rules'), id) or '|0|||0'
    local clusterWide, strict, others, rate, number = string.match(text, '^(%d*)|(%d)|(%d*)|([%d/]*)|(%d+)$')
    rules = {
      limit = tonumber(clusterWide), isStrict = strict == '1', others = tonumber(others), rate = tree.rateIn(rate),
      rateNumber = tonumber(number),
    }
    if rules.rate then rules.rate.number = rules.rateNumber end
    if rules.isStrict then rules.limit = 1 end
    rulesCache[id] = rules
    return rules
  end

  -- Behind a look at the time of buckets.
  local function saveRules(id, clusterWide, strict, others, rate)
    local before = rulesAt(id)
    local isOther = rate ~= (before.rate and before.rate.text or '')
    local number = before.rateNumber + (isOther and 1 or 0)
    redis.call('HSET', key('key-rules'), id, table.concat({ clusterWide, strict, others, rate, whole(number) }, '|'))
    rulesCache[id] = nil
    if isOther then rates().changeKeys(id, before.rate, rulesAt(id).rate, number) end
  end

  -- nil: it is gone.
  local function at(id)
    local it = keyCache[id]
    if it then return it end
    local found = redis.call('HGET', key('keys'), id)
    if not found then return nil end
    local branch, slots, weight, front, text, lines =
      string.match(found, '^(%d+)|(-?%d*)|(%d+)|(%d*)\n([^\n]+)(.*)$')
    it = {
      id = id, branch = branch, slots = tonumber(slots), weight = tonumber(weight), front = front, text = text,
      lanesAt = {}, faces = {},
    }
    -- Lanes of a node, or its face of a class.
    for node, its, tail in string.gmatch(lines, '\n(%d+)|([^|\n]+)|?([^\n]*)') do
      if tail == '' then
        it.lanesAt[node] = tonumber(its)
      else
        it.faces[node .. '|' .. its] = tail
        -- What has a face in a class of shares says its finish, as far as that counts.
        if string.sub(its, -1) == '+' then
          it.finish = tonumber(string.sub(tail, 18, 33))
        elseif string.find(its, '.', 1, true) then
          it.finish = 0
        end
      end
    end
    if not rulesAt(branch).limit then it.slots = nil end
    keyCache[id] = it
    return it
  end

  -- A key may hold anything: what a member of a set might end at is written otherwise.
  local function idOf(branch, text)
    return branch .. '~' .. string.gsub(text, '[^%w_-]', function(char)
      return string.format('%%%02x', string.byte(char))
    end)
  end

  -- A key, or nil.
  local function named(branch, text)
    return at(idOf(branch, text))
  end

  local function weightOf(branch, text)
    local others = rulesAt(branch).others
    return others and tonumber(redis.call('HGET', key('weights:' .. branch), text) or others) or 1
  end

  local function keyOf(branch, text)
    local id = idOf(branch, text)
    local it = at(id)
    if it then return it end
    it = {
      id = id, branch = branch, slots = rulesAt(branch).limit and 0 or nil, weight = weightOf(branch, text), front = '',
      text = text, lanesAt = {}, faces = {},
    }
    keyCache[id] = it
    if rulesAt(branch).rate then rates().wake(id, rulesAt(branch).rate) end
    return it
  end

  -- Where a lane of a branch with a key hangs, and whether in the key's line. O(depth).
  local function nodeFor(branch, text)
    local under = tree.nodeFor(branch)
    local id = under
    while id do
      local node = tree.nodeAt(id)
      if node.hasRules then return keyOf(id, text).id .. '.' .. under, rulesAt(id).isStrict end
      id = node.parent
    end
    return under, false
  end

  -- More lanes hang at one of a key's nodes.
  local function hung(node, by)
    local id, under = string.match(node, '^(.+)%.(%d+)$')
    local it = at(id)
    it.lanesAt[under] = (it.lanesAt[under] or 0) + by
    it.isOther = true
  end

  local function limitLeft(it)
    local limit = it.slots and rulesAt(it.branch).limit
    return limit and limit - it.slots or math.huge
  end

  local function roomOf(it)
    local rate = rulesAt(it.branch).rate
    return rate and math.min(limitLeft(it), rates().tokens(it.id, rate)) or limitLeft(it)
  end

  -- What a node of a key has of a window may be another.
  local function changedAt(id, window)
    local node = tree.nodeAt(id)
    local it, under = node.key, node.parent
    local where = changed[it] or {}
    changed[it] = where
    if where == 'all' then return end
    local count = #where
    if where[count] ~= window or where[count - 1] ~= under then
      where[count + 1], where[count + 2] = under, window
    end
  end

  local function lineChanged(id)
    linesChanged[id] = true
  end

  local function facesChanged(it)
    changed[it] = 'all'
  end

  -- All that it shows may be another, its line's head too.
  local function changedWhole(it)
    facesChanged(it)
    if it.front ~= '' or next(it.lanesAt) and rulesAt(it.branch).isStrict then lineChanged(it.id) end
  end

  -- Members of a key that claims hold more, and the tokens that takes, or gives back (negative). What has no limit counts nothing.
  local function count(it, by, tokens)
    local rate = rulesAt(it.branch).rate
    if not it.slots and not rate then return end
    local room = roomOf(it)
    if it.slots then
      it.slots = it.slots + by
      it.isOther = true
    end
    if rate and tokens ~= 0 then rates().take(it.id, rate, tokens) end
    local left = rate and roomOf(it) or room - by
    if (left > 0) ~= (room > 0) then changedWhole(it) end
  end

  -- It follows the rules of its branch, which may be others.
  local function follow(it)
    it.weight = weightOf(it.branch, it.text)
    if rulesAt(it.branch).rate then rates().wake(it.id, rulesAt(it.branch).rate) end
    it.isOther = true
    changedWhole(it)
  end

  -- It has a token again, or no rate any more and the pages of that have not come to it.
  local function refilled(id)
    local it = at(id)
    local rate = it and rulesAt(it.branch).rate
    if not rate then return rates().forgo(id) end
    rates().refilled(id, rate)
    changedWhole(it)
  end

  local function isCounted(it)
    return rulesAt(it.branch).limit ~= nil
  end

  local function countAnew(it, members)
    it.slots = rulesAt(it.branch).limit and members or nil
    it.isOther = true
    changedWhole(it)
  end

  -- Give the line's first its head, if it is ready and the key has room; take it from who had it.
  local function showLine(it)
    local rung, lane, tail = 'l' .. it.id, nil, false
    local prefix = it.id .. '|'
    local first = roomOf(it) > 0
      and redis.call('ZRANGEBYLEX', key('lines'), '[' .. prefix, '(' .. it.id .. '}', 'LIMIT', 0, 1)[1]
    if first then
      local from, segment = string.match(first, '^[^|]+|%d+|%d+|(%d+)|(.*)$')
      local entry = entryAt(segment .. '|' .. from)
      if string.sub(entry.place, 1, 1) == 'r' then
        lane = laneAt(entry.lane)
        tail = tailAt(lane, stepOf(lane, entry.eligible), placeIn(lane.isFifo and 'c' or 'e', entry))
      end
    end
    if it.front ~= '' and not (lane and it.front == lane.id) then setHead(laneAt(it.front), rung, false) end
    if lane then
      if it.front == '' then isSooner = true end
      setHead(lane, rung, tail)
    end
    local front = lane and lane.id or ''
    it.isOther = it.isOther or front ~= it.front
    it.front = front
  end

  -- A lane may have no head in a line until that is shown again.
  local function takeFront(id, lane)
    local it = at(id)
    if not it then return end
    if it.front == lane then
      setHead(laneAt(lane), 'l' .. id, false)
      it.front = ''
      it.isOther = true
    end
    lineChanged(id)
  end

  local function lineUp(id, place)
    redis.call('ZADD', key('lines'), 0, id .. '|' .. place)
    lineChanged(id)
  end

  local function leaveLine(id, place, lane)
    redis.call('ZREM', key('lines'), id .. '|' .. place)
    takeFront(id, lane)
  end

  -- Have a node's parent show a tail of a class, or nothing (false); what it showed before.
  local function setFace(it, under, class, tail, faces)
    local face = under .. '|' .. class
    local before = it.faces[face] or false
    if before == tail then return before end
    replaceHead(under, '', class, before, tail)
    it.faces[face] = tail or nil
    it.isOther = true
    if under ~= root then faces[face] = { under, class } end
    return before
  end

  local function showAt(it, under, window, faces)
    local hasSome = it.lanesAt[under] > 0 and roomOf(it) > 0
    local tail = hasSome and firstTail(it.id .. '.' .. under, '', window) or false
    local class, hadFace, isShared = window, false, rulesAt(it.branch).others
    if isShared or tree.nodeAt(it.branch).isShared then
      if tail and isShared then class, tail = shares().faceOf(it, window, tail) end
      local ofShares = window .. '.' .. it.branch
      for _, each in ipairs({ window, ofShares, ofShares .. '+' }) do
        hadFace = setFace(it, under, each, each == class and tail or false, faces) or hadFace
      end
    else
      hadFace = setFace(it, under, window, tail, faces)
    end
    if tail and not hadFace then isSooner = true end
  end

  local function showFaces()
    local faces = {}
    for it, where in pairs(changed) do
      if where ~= 'all' then
        for each = 1, #where, 2 do showAt(it, where[each], where[each + 1], faces) end
      else
        for under in pairs(it.lanesAt) do
          for _, window in ipairs(setting.windows) do showAt(it, under, window, faces) end
        end
      end
    end
    changed = {}
    for _, face in pairs(faces) do tree.changedAt(face[1], face[2]) end
  end

  -- Bring lines and faces up to date, before something is asked of them; false when some are left to another call.
  local function show()
    local isAll = not sharesMade or shares().pass()
    for id in pairs(linesChanged) do
      if at(id) then showLine(at(id)) end
    end
    linesChanged = {}
    showFaces()
    if sharesMade then shares().show() end
    return isAll
  end

  local function saveKey(it)
    local lines = {
      it.branch .. '|' .. (it.slots and whole(it.slots) or '') .. '|' .. whole(it.weight) .. '|' .. it.front, it.text,
    }
    for under, lanes in pairs(it.lanesAt) do
      if lanes > 0 then lines[#lines + 1] = under .. '|' .. whole(lanes) end
    end
    if #lines == 2 and it.front == '' then
      redis.call('HDEL', key('keys'), it.id)
      if rulesAt(it.branch).rate then rates().rest(it.id, rulesAt(it.branch).rate) end
      return
    end
    for face, tail in pairs(it.faces) do lines[#lines + 1] = face .. '|' .. tail end
    redis.call('HSET', key('keys'), it.id, table.concat(lines, '\n'))
  end

  -- Written once at the end of a call.
  local function save()
    for _, it in pairs(keyCache) do
      if it.isOther then saveKey(it) end
    end
  end

  return {
    rulesAt = rulesAt, saveRules = saveRules, at = at, named = named, nodeFor = nodeFor, hung = hung, roomOf = roomOf,
    limitLeft = limitLeft, refilled = refilled,
    changedAt = changedAt, facesChanged = facesChanged, lineChanged = lineChanged, lineUp = lineUp, leaveLine = leaveLine,
    takeFront = takeFront, count = count, follow = follow, isCounted = isCounted, countAnew = countAnew,
    show = show, showFaces = showFaces, save = save,
  }
end
