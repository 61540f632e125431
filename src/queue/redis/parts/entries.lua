--[[ entries: what the queue knows of each segment, whatever the place (Q2).

entries  zset  segment | from | to | lane | eligible | created | arrival | redelivered | place      (score 0)
delayed  zset  segment | from -> eligible, ms

Entries of one segment do not overlap, and stand in order of position. A place is `r` and how it is filed (ready: see
rungs.lua), `d` (delayed) and the same if it has a key, or `h`, a number of five digits and a claim (held).

COST    O(log N + M), N = entries, M = those found.
]]
local function parsed(member)
  local segment, from, to, lane, eligible, created, arrival, redelivered, place =
    string.match(member, '^(.-)|(%d+)|(%d+)|(%d+)|(%d+)|(%d+)|(%d+)|(%d)|(.*)$')
  return {
    member = member, segment = segment, from = tonumber(from), to = tonumber(to), lane = lane,
    eligible = eligible, created = created, arrival = arrival, redelivered = redelivered, place = place,
  }
end

local function countOf(entry)
  return entry.to - entry.from
end

local function entryKey(entry)
  return entry.segment .. '|' .. pad5(entry.from)
end

-- Write what has changed of an entry.
local function save(entry)
  local member = table.concat({
    entryKey(entry), pad5(entry.to), entry.lane, entry.eligible, entry.created, entry.arrival, entry.redelivered,
    entry.place,
  }, '|')
  if member == entry.member then return end
  if entry.member then redis.call('ZREM', key('entries'), entry.member) end
  redis.call('ZADD', key('entries'), 0, member)
  entry.member = member
end

-- The entry that begins at a position; `at` is its entryKey.
local function entryAt(at)
  return parsed(redis.call('ZRANGEBYLEX', key('entries'), '[' .. at .. '|', '(' .. at .. '}', 'LIMIT', 0, 1)[1])
end

-- Entries that hold some of the positions, in order.
local function overlapping(segment, from, to)
  local found = {}
  local at = segment .. '|' .. pad5(from)
  local before =
    redis.call('ZREVRANGEBYLEX', key('entries'), '(' .. at, '[' .. segment .. '|', 'LIMIT', 0, 1)[1]
  if before then
    local entry = parsed(before)
    if entry.to > from then found[1] = entry end
  end
  local members = redis.call('ZRANGEBYLEX', key('entries'), '[' .. at, '(' .. segment .. '|' .. pad5(to))
  for _, member in ipairs(members) do found[#found + 1] = parsed(member) end
  return found
end

local function isHeld(entry)
  return string.sub(entry.place, 1, 1) == 'h'
end

-- Make what is new of an offer an entry in no place yet, and hand each to `put`. O(log N) an entry.
-- An offer is nine arguments: segment, from, to, branch, own priority or '', eligible, created, redelivered, key or ''.
local function admit(at, put)
  local segment, from, to = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local arrival = pad16(redis.call('HINCRBY', KEYS[2], 'arrivals', 1))
  local lane
  local function gap(first, last)
    lane = lane or laneOf(ARGV[at + 3], ARGV[at + 4], ARGV[at + 8])
    laneUsed(lane.id)
    put({
      segment = segment, from = first, to = last, lane = lane.id, eligible = ARGV[at + 5], created = ARGV[at + 6],
      arrival = arrival, redelivered = ARGV[at + 7], place = '',
    })
  end
  for _, known in ipairs(overlapping(segment, from, to)) do
    if from < known.from then gap(from, known.from) end
    from = known.to
  end
  if from < to then gap(from, to) end
end

local function forget(entry)
  redis.call('ZREM', key('entries'), entry.member)
  laneLeft(entry.lane)
end

local function ready(entry)
  file(entry)
  save(entry)
  change.ready = change.ready + countOf(entry)
end

local function fileDelayed(entry)
  local filed = delayedFilingOf(laneAt(entry.lane))
  if filed ~= '' then list(entry, filed) end
  entry.place = 'd' .. filed
end

local function unfileDelayed(entry)
  if entry.place ~= 'd' then unlist(entry, string.sub(entry.place, 2)) end
end

local function delay(entry)
  local first = redis.call('ZRANGE', key('delayed'), 0, 0, 'WITHSCORES')[2]
  if not first or tonumber(entry.eligible) < tonumber(first) then isSooner = true end
  redis.call('ZADD', key('delayed'), entry.eligible, entryKey(entry))
  fileDelayed(entry)
  save(entry)
  change.delayed = change.delayed + countOf(entry)
end

local function wait(entry, now)
  if tonumber(entry.eligible) <= now then ready(entry) else delay(entry) end
end

-- Out of the ready or the delayed; the caller puts it somewhere or forgets it.
local function unwait(entry)
  if string.sub(entry.place, 1, 1) == 'd' then
    redis.call('ZREM', key('delayed'), entryKey(entry))
    unfileDelayed(entry)
    change.delayed = change.delayed - countOf(entry)
  else
    unfile(entry)
    change.ready = change.ready - countOf(entry)
  end
end

-- Make ready what the time has come for (Q3), at most `most` entries; false when more is due.
local function promote(now, most)
  local due = redis.call('ZRANGEBYSCORE', key('delayed'), '-inf', whole(now), 'LIMIT', 0, most)
  for _, at in ipairs(due) do
    local entry = entryAt(at)
    unwait(entry)
    ready(entry)
  end
  return #due < most
end

-- Split an entry in two that stay where they are; returns the second. No counter changes.
local function split(entry, at)
  local rest = {
    segment = entry.segment, from = at, to = entry.to, lane = entry.lane, eligible = entry.eligible,
    created = entry.created, arrival = entry.arrival, redelivered = entry.redelivered, place = entry.place,
  }
  entry.to = at
  save(entry)
  laneUsed(rest.lane)
  local where = string.sub(rest.place, 1, 1)
  if where == 'r' then
    file(rest)
  elseif where == 'd' then
    redis.call('ZADD', key('delayed'), rest.eligible, entryKey(rest))
    fileDelayed(rest)
  else
    local number, claim = string.match(rest.place, '^h(%d%d%d%d%d)(.*)$')
    redis.call('ZADD', key('held'), 0, claim .. '|' .. number .. '|' .. entryKey(rest))
  end
  save(rest)
  return rest
end

-- Make what lies between two positions of an entry an entry of its own; the rest stays in its place, in order.
local function carve(entry, from, to)
  local part = entry
  if entry.from < from then part = split(entry, from) end
  if part.to > to then split(part, to) end
  return part
end

-- Give the lanes of a branch and below the attributes that `attributesOf` finds for each, and file what is in them so. Looks
-- at `most` lanes and entries; `name` and `after` are where the last call ended: a lane-names member, and a ready one in that
-- lane behind the number of the lane's last change, '' at first and when the lane is done. Returns them again, or {} when all is filed the new way.
--
-- A lane is changed first: what comes then is filed the new way, and what stands there says itself how it is filed. So a lane
-- may be gone through in several calls; until the last one its order is mixed, and it says so, which whoever comes next
-- finds though nobody went on.
local function refilePage(branch, name, after, most, attributesOf)
  local left = most
  local from = name == '' and '[' .. branch or (after == '' and '(' or '[') .. name
  local names = redis.call('ZRANGEBYLEX', key('lane-names'), from, '(' .. branch .. '\255', 'LIMIT', 0, left)
  for index, laneNamed in ipairs(names) do
    local lane = laneAt(string.match(laneNamed, '(%d+)$'))
    changeLane(lane, attributesOf(lane))
    if lane.mixed ~= '0' then
      -- If it has changed since, by whoever, from its first again: the mark that is taken away at its end is of that change.
      local change, last = string.match(after, '^(%d+) (.*)$')
      local at = laneNamed == name and change == lane.mixed and '(' .. last or '[' .. lane.id .. '|'
      local members = redis.call('ZRANGEBYLEX', key('ready'), at, '(' .. lane.id .. '}', 'LIMIT', 0, left)
      holdLadder(lane)
      for _, member in ipairs(members) do
        local position, segment = string.match(member, '^%d+|[^|]+|%d+|%d+|(%d+)|(.*)$')
        local entry = entryAt(segment .. '|' .. position)
        local isDelayed = string.sub(entry.place, 1, 1) == 'd'
        if string.sub(entry.place, 2) ~= (isDelayed and delayedFilingOf(lane) or filingOf(lane, entry)) then
          if isDelayed then unfileDelayed(entry) else unfile(entry) end
          if isDelayed then fileDelayed(entry) else file(entry) end
          save(entry)
        end
      end
      showHeldLadder(lane)
      if #members == left then return { laneNamed, lane.mixed .. ' ' .. members[#members] } end
      left = left - #members
      lane.mixed = '0'
      saveLane(lane)
    end
    left = left - 1
    if left <= 0 and index < #names then return { laneNamed, '' } end
  end
  return #names > 0 and left <= 0 and { names[#names], '' } or {}
end
