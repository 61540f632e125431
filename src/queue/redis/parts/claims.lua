--[[ claims: what engines hold, until when, and the end of every call that changes something.

claims   hash  claim -> members | number of the next entry | time of buckets when it took tokens (rates.lua; '' it took none) |
                 engine
leases   zset  claim -> leaseUntilMs
held     zset  claim | number | segment | from        (score 0; the number keeps the order in which it was claimed)
running  hash  engine -> members it holds

COST    Holding and giving up an entry: O(log N), N = held entries.
]]
local claimCache = {}

-- Members of a lane that an engine holds more, and the tokens that takes of each rate, or gives back (negative).
local function count(lane, engine, by, tokens)
  if setting.nodes == 0 then return end
  local node = laneAt(lane).node
  if node ~= root or setting.isRootSet then throttles().countAt(node, engine, by, tokens) end
end

local function claimAt(id)
  local claim = claimCache[id]
  if claim then return claim end
  local text = redis.call('HGET', key('claims'), id)
  if not text then return nil end
  local count, number, tookAtMs, engine = string.match(text, '^(%d+)|(%d+)|(%d*)|(.*)$')
  claim = { id = id, count = tonumber(count), number = tonumber(number), engine = engine, change = 0 }
  claim.tookAtMs = tonumber(tookAtMs)
  claimCache[id] = claim
  return claim
end

local function makeClaim(id, engine)
  local claim = { id = id, count = 0, number = 0, engine = engine, change = 0 }
  claimCache[id] = claim
  return claim
end

-- With `isNew` it takes tokens: it was not claimed before, not in another epoch either.
local function hold(entry, claim, isNew)
  local number = pad5(claim.number)
  entry.place = 'h' .. number .. claim.id
  claim.number = claim.number + 1
  claim.count = claim.count + countOf(entry)
  claim.change = claim.change + countOf(entry)
  redis.call('ZADD', key('held'), 0, claim.id .. '|' .. number .. '|' .. entryKey(entry))
  save(entry)
  count(entry.lane, claim.engine, countOf(entry), isNew and countOf(entry) or 0)
end

-- With `asUnclaimed` it gives its tokens back.
local function unhold(entry, claim, asUnclaimed)
  redis.call('ZREM', key('held'), claim.id .. '|' .. string.sub(entry.place, 2, 6) .. '|' .. entryKey(entry))
  claim.count = claim.count - countOf(entry)
  claim.change = claim.change - countOf(entry)
  count(entry.lane, claim.engine, -countOf(entry), asUnclaimed and -countOf(entry) or 0)
end

-- Entries of a claim in the order they were claimed, at most `most`.
local function heldBy(claim, most)
  local found = {}
  local members =
    redis.call('ZRANGEBYLEX', key('held'), '[' .. claim.id .. '|', '(' .. claim.id .. '}', 'LIMIT', 0, most)
  for _, member in ipairs(members) do found[#found + 1] = entryAt(string.sub(member, #claim.id + 8)) end
  return found
end

-- Members held below each node, by all and by engine, as throttles.lua names them, and of each key. O(H log N + L E D), H = entries
-- held, which is what engines have room for, L = lanes of those, E = engines, D = throttles on a path.
local function heldBelow()
  -- Not by `claimAt`: what that knows is written at the end of the call.
  local engines, byLane, members = {}, {}, {}
  local claims = redis.call('HGETALL', key('claims'))
  for at = 1, #claims, 2 do engines[claims[at]] = string.match(claims[at + 1], '^%d+|%d+|%d*|(.*)$') end
  for _, member in ipairs(redis.call('ZRANGE', key('held'), 0, -1)) do
    local id, at = string.match(member, '^([^|]*)|%d+|(.*)$')
    local found = redis.call('ZRANGEBYLEX', key('entries'), '[' .. at .. '|', '(' .. at .. '}', 'LIMIT', 0, 1)[1]
    local to, lane = string.match(found, '^(%d+)|(%d+)', #at + 2)
    local by = byLane[lane] or {}
    byLane[lane] = by
    by[engines[id]] = (by[engines[id]] or 0) + tonumber(to) - tonumber(string.sub(at, -5))
  end
  for lane, by in pairs(byLane) do
    local node = laneAt(lane).node
    while node do
      local name = keyIn(node) or node
      for engine, count in pairs(by) do
        for _, field in ipairs({ name .. '|', name .. '|' .. engine }) do
          members[field] = (members[field] or 0) + count
        end
      end
      node = throttles().nodeAt(node).parent
    end
  end
  return members
end

-- Take out of a claim what it still holds of slices (three arguments each, from `at` on) and hand each part to `put`.
-- What it does not hold, or no longer, is left alone (Q5). `asUnclaimed`: see `unhold`.
local function takeFromClaim(id, at, asUnclaimed, put)
  local claim = claimAt(id)
  if not claim then return end
  for slice = at, #ARGV, 3 do
    local from, to = tonumber(ARGV[slice + 1]), tonumber(ARGV[slice + 2])
    for _, entry in ipairs(overlapping(ARGV[slice], from, to)) do
      if isHeld(entry) and string.sub(entry.place, 7) == id then
        local part = carve(entry, from, to)
        unhold(part, claim, asUnclaimed)
        put(part)
      end
    end
  end
end

-- Add a slice to an answer.
local function tell(answer, entry)
  local size = #answer
  answer[size + 1], answer[size + 2], answer[size + 3] = entry.segment, entry.from, entry.to
end

-- Let a lease last until then, or as long as it does already.
local function lease(id, untilMs)
  redis.call('ZADD', key('leases'), 'GT', whole(untilMs), id)
end

local function saveClaim(claim)
  change.claimed = change.claimed + claim.change
  local running = redis.call('HINCRBY', key('running'), claim.engine, claim.change)
  if running == 0 then redis.call('HDEL', key('running'), claim.engine) end
  if claim.count == 0 then
    redis.call('HDEL', key('claims'), claim.id)
    redis.call('ZREM', key('leases'), claim.id)
  else
    redis.call('HSET', key('claims'), claim.id, 
      claim.count .. '|' .. claim.number .. '|' .. (claim.tookAtMs and whole(claim.tookAtMs) or '') .. '|' .. claim.engine)
  end
end

-- The end of every call that changes something: claims, counters, lanes, and whoever waits for something ready.
local function finish()
  for _, claim in pairs(claimCache) do saveClaim(claim) end
  dropEmptiedLanes()
  if keysMade then keys().show() end
  -- The last node may have gone in this very call.
  if throttlesMade then throttlesMade.saveSlots() end
  if setting.nodes > 0 then
    -- Where some of it is held back, what is ready says nothing about who waits.
    if change.ready > 0 then isSooner = true end
  end
  for name, by in pairs(change) do
    if by ~= 0 then
      local value = redis.call('HINCRBY', KEYS[2], name, by)
      if name == 'ready' and by > 0 and value == by then isSooner = true end
    end
  end
  if keysMade then keys().save() end
  if ratesMade then ratesMade.save() end
  if sharesMade then shares().save() end
  if isSooner and isOpen() then publishReady() end
end
