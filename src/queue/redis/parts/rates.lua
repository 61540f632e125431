--[[ rates: the tokens of nodes that have a rate, as `rate-bucket.ts` reckons them, to the last bit: all numbers are whole and
below 2^53.

A token is `perMs` parts, of which `members` come each millisecond; there are `burst` tokens at most. A node is named as in
throttles.lua. The time of buckets goes on from where it was when the clock is set back: it is what the clock shows and how far
it is ahead of that.

rates (of KEYS[1])  nodes with a rate | what the clock showed when a bucket was last changed | ms ahead
buckets  hash  node -> parts | time
refills  zset  node -> when it has a whole token: those that have none, and so are hidden

COST    A bucket asked for or changed: O(1), or O(log R) where its last token goes or the next comes, R = nodes that have none.
WHY     A bucket is as it was last changed, but for a call that has looked at the time: a claim, which also brings back into sight
        whose next token has come, or one that sets a rate.
]]
makeRates = function()
  local buckets, changed = {}, {}
  local clockMs, aheadMs = setting.ratesClockMs, setting.ratesAheadMs
  -- The time of buckets, once it has been looked at.
  local rateMs = nil

  local function mostParts(rate)
    return rate.burst * rate.perMs
  end

  local function fullAt(bucket, rate)
    return bucket.atMs + math.ceil((mostParts(rate) - bucket.parts) / rate.members)
  end

  local function nextAt(bucket, rate)
    return bucket.atMs + math.ceil(math.max(0, rate.perMs - bucket.parts) / rate.members)
  end

  local function fill(bucket, rate)
    if rateMs >= fullAt(bucket, rate) then
      bucket.parts = mostParts(rate)
    else
      bucket.parts = bucket.parts + rate.members * (rateMs - bucket.atMs)
    end
    bucket.atMs = rateMs
  end

  local function bucketAt(id, rate)
    local bucket = buckets[id]
    if bucket then return bucket end
    local parts, atMs = string.match(redis.call('HGET', key('buckets'), id), '^(%d+)|(%d+)$')
    bucket = { parts = tonumber(parts), atMs = tonumber(atMs) }
    bucket.waits = bucket.parts < rate.perMs
    if rateMs then fill(bucket, rate) end
    buckets[id] = bucket
    return bucket
  end

  local function saveSetting()
    redis.call('HSET', KEYS[1], 'rates', setting.rates .. '|' .. whole(clockMs) .. '|' .. whole(aheadMs))
  end

  -- Look at the time, before anything else.
  local function look(now)
    local isSetBack = now < clockMs
    if isSetBack then aheadMs = aheadMs + clockMs - now end
    clockMs = now
    if isSetBack then saveSetting() end
    rateMs = now + aheadMs
  end

  -- Whole tokens.
  local function tokens(id, rate)
    return math.floor(bucketAt(id, rate).parts / rate.perMs)
  end

  -- Until there is a whole token at a time; nil: there is one. Changes nothing.
  local function emptyForMs(id, rate, now)
    local inMs = nextAt(bucketAt(id, rate), rate) - math.max(now, clockMs) - aheadMs
    return inMs > 0 and inMs or nil
  end

  -- Take tokens that are there, or give some back (negative).
  local function take(id, rate, count)
    local bucket = bucketAt(id, rate)
    bucket.parts = math.min(mostParts(rate), bucket.parts - math.max(count, -rate.burst) * rate.perMs)
    changed[id] = rate
  end

  -- `floor(a * b / by)` of numbers below 2^32, a < by: the product alone would not be exact.
  local function timesOver(a, b, by)
    local high = a * math.floor(b / 65536)
    return math.floor(high / by) * 65536 + math.floor(((high % by) * 65536 + a * (b % 65536)) / by)
  end

  -- A node has another rate from now on, or one at all (`from` is nil), or none any more (`to` is nil).
  local function change(id, from, to)
    if from and to then
      local bucket = bucketAt(id, from)
      local begun = timesOver(bucket.parts % from.perMs, to.perMs, from.perMs)
      bucket.parts = math.min(mostParts(to), math.floor(bucket.parts / from.perMs) * to.perMs + begun)
      changed[id] = to
    elseif to then
      buckets[id] = { parts = 0, atMs = rateMs, waits = false }
      setting.rates = setting.rates + 1
      changed[id] = to
    elseif from then
      redis.call('HDEL', key('buckets'), id)
      redis.call('ZREM', key('refills'), id)
      setting.rates = setting.rates - 1
      buckets[id], changed[id] = nil, nil
      saveSetting()
    end
  end

  -- Written once at the end of a call.
  local function save()
    if not next(changed) then return end
    for id, rate in pairs(changed) do
      local bucket = buckets[id]
      redis.call('HSET', key('buckets'), id, whole(bucket.parts) .. '|' .. whole(bucket.atMs))
      if bucket.parts < rate.perMs then
        redis.call('ZADD', key('refills'), whole(nextAt(bucket, rate)), id)
      elseif bucket.waits then
        redis.call('ZREM', key('refills'), id)
      end
    end
    changed = {}
    saveSetting()
  end

  -- Nodes that have a token again, at most `most`; each is to be told `refilled`.
  local function due(most)
    return redis.call('ZRANGEBYSCORE', key('refills'), '-inf', whole(rateMs), 'LIMIT', 0, most)
  end

  local function refilled(id, rate)
    bucketAt(id, rate)
    changed[id] = rate
  end

  -- Until the first that has no token has one; nil: all have.
  local function nextInMs()
    local first = redis.call('ZRANGE', key('refills'), 0, 0, 'WITHSCORES')[2]
    return first and tonumber(first) - rateMs
  end

  -- Until then, in the time of buckets, a node remembers what was claimed, and must stay though nothing waits or is held below
  -- it.
  local function debtUntil(id, rate)
    return fullAt(bucketAt(id, rate), rate)
  end

  return {
    look = look, tokens = tokens, take = take, change = change, save = save, due = due, refilled = refilled,
    nextInMs = nextInMs, debtUntil = debtUntil, emptyForMs = emptyForMs,
  }
end
