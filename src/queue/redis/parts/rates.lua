--[[ rates: the tokens of nodes that have a rate, as `rate-bucket.ts` reckons them, to the last bit: all numbers are whole and
below 2^53.

A token is `perMs` parts, of which `members` come each millisecond; there are `burst` tokens at most. A node is named as in
throttles.lua, a key as in keys.lua. Rules for keys with a rate have a bucket that nobody takes of, the untouched one, named `B~`, B
= the branch's node: a key begins as that one is. A key without lanes rests: its bucket waits for nothing, and is forgotten when
it and the untouched one are full, or when more than `spentMax` of B rest (src/queue/key-rules.ts). The time of buckets goes on from where it was when the clock is set back: it is what the clock shows and how far
it is ahead of that.

Another rate for keys leaves their buckets as they are, until they are asked for or a page of the change comes to them: a bucket
says by number which rate of B its parts are of, and the rates before the one now are kept until the pages have gone to their end,
`pastMax` at most. What is of none of these begins anew, empty.

rates (of KEYS[1])  nodes with a rate, and rules with one | what the clock showed when a bucket was last changed, or a claim found none with
                    a token | ms ahead | time of buckets when throttles or rules were last set
buckets  hash  node -> parts | time
buckets:B  hash  key, or B~ -> parts | time | number of the rate
rated:B  hash  number of a rate before -> it (members/perMs/burst, '' none) | until when, while some buckets are of it
refills  zset  node or key -> when it has a whole token: those that have none, and so are hidden
spent:B  zset  key that rests -> when it is forgotten
spending zset  B -> when the first of spent:B is forgotten, or before

COST    A bucket asked for or changed: O(1), or O(log R) where its last token goes or the next comes, R = nodes and keys that have
        none; O(log S) where a key comes or goes, S = keys that rest. Another rate for keys: O(1), and O(log R) each of a page's buckets.
        Keys that have a token again, each: some 70 us, when they are next shown; those of one rule that is set, or of a new
        epoch, all at the same time, and nothing is claimed until all of them are.
WHY     A bucket is as it was last changed, but for a call that has looked at the time: a claim, which also brings back into sight
        whose next token has come, or one that sets a rate.
]]
makeRates = function()
  local spentMax, pastMax = 65536, 64
  local buckets, changed, pasts = {}, {}, {}
  local clockMs, aheadMs, setAtMs = setting.ratesClockMs, setting.ratesAheadMs, setting.ratesSetAtMs
  -- The time of buckets, once it has been looked at.
  local rateMs = nil
  -- Of a claim that gives tokens back: ms since it took them; of each bucket, those that may have come again in these.
  local heldMs, comeAgain = nil, {}

  local function mostParts(rate)
    return rate.burst * rate.perMs
  end

  local function fullAt(bucket, rate)
    return bucket.atMs + math.ceil((mostParts(rate) - bucket.parts) / rate.members)
  end

  local function nextAt(bucket, rate)
    return bucket.atMs + math.ceil(math.max(0, rate.perMs - bucket.parts) / rate.members)
  end

  local function fillUntil(bucket, rate, atMs)
    if atMs >= fullAt(bucket, rate) then
      bucket.parts = mostParts(rate)
    else
      bucket.parts = bucket.parts + rate.members * (atMs - bucket.atMs)
    end
    bucket.atMs = atMs
  end

  local function fill(bucket, rate)
    fillUntil(bucket, rate, rateMs)
  end

  -- `floor(a * b / by)` of numbers below 2^32, a < by: the product alone would not be exact.
  local function timesOver(a, b, by)
    local high = a * math.floor(b / 65536)
    return math.floor(high / by) * 65536 + math.floor(((high % by) * 65536 + a * (b % 65536)) / by)
  end

  local function convert(bucket, from, to)
    local begun = timesOver(bucket.parts % from.perMs, to.perMs, from.perMs)
    bucket.parts = math.min(mostParts(to), math.floor(bucket.parts / from.perMs) * to.perMs + begun)
  end

  local function textOf(bucket)
    return whole(bucket.parts) .. '|' .. whole(bucket.atMs) .. (bucket.number and '|' .. whole(bucket.number) or '')
  end

  local function saveSetting()
    local times = whole(clockMs) .. '|' .. whole(aheadMs) .. '|' .. whole(setAtMs)
    redis.call('HSET', KEYS[1], 'rates', setting.rates .. '|' .. times)
  end

  -- Look at the time, before anything else.
  local function look(now)
    local isSetBack = now < clockMs
    if isSetBack then aheadMs = aheadMs + clockMs - now end
    clockMs = now
    if isSetBack then saveSetting() end
    rateMs = now + aheadMs
  end

  local function time()
    return rateMs
  end

  -- Throttles or rules for keys are set, in this call or a page of it: who took tokens before may have taken them elsewhere.
  local function isSet()
    setAtMs = rateMs
    if setting.rates > 0 then saveSetting() end
  end

  -- What a claim gives back in this call was taken then. False: nothing is given back.
  local function giveBackOf(tookAtMs)
    heldMs = math.max(nowMs(), clockMs) + aheadMs - tookAtMs
    return tookAtMs > setAtMs
  end

  -- The node of the branch whose rules a key's are; nil: it is a node.
  local function rulesOf(id)
    return string.match(id, '^(%d+)~')
  end

  local function hashOf(id)
    local branch = rulesOf(id)
    return key(branch and 'buckets:' .. branch or 'buckets')
  end

  local function untouchedOf(branch)
    return branch .. '~'
  end

  -- The rates of a branch's keys before, by number.
  local function pastOf(branch)
    if pasts[branch] then return pasts[branch] end
    local past, found = {}, redis.call('HGETALL', key('rated:' .. branch))
    for at = 1, #found, 2 do
      local text, untilMs = string.match(found[at + 1], '^(.*)|(%d+)$')
      past[tonumber(found[at])] = { rate = throttles().rateIn(text), untilMs = tonumber(untilMs) }
    end
    pasts[branch] = past
    return past
  end

  -- A bucket of a rate before becomes one of the rate now.
  local function renew(bucket, branch, rate)
    local past = pastOf(branch)
    local first = past[bucket.number]
    bucket.waits = not first or not first.rate or bucket.parts < first.rate.perMs
    for number = bucket.number, rate.number - 1 do
      local from, to = past[number], number + 1 == rate.number and { rate = rate } or past[number + 1]
      if not from or not to then
        if not rateMs then look(nowMs()) end
        bucket.parts, bucket.atMs = 0, rateMs
        break
      elseif not from.rate then
        bucket.parts, bucket.atMs = 0, from.untilMs
      else
        fillUntil(bucket, from.rate, from.untilMs)
        if to.rate then convert(bucket, from.rate, to.rate) end
      end
    end
    bucket.number = rate.number
  end

  local function bucketAt(id, rate)
    local bucket = buckets[id]
    if bucket then return bucket end
    local found = redis.call('HGET', hashOf(id), id)
    if found then
      local parts, atMs, number = string.match(found, '^(%d+)|(%d+)|?(%d*)$')
      bucket = { parts = tonumber(parts), atMs = tonumber(atMs), number = tonumber(number) }
      bucket.waits = bucket.parts < rate.perMs
      if bucket.number ~= rate.number then renew(bucket, rulesOf(id), rate) end
      if rateMs then fill(bucket, rate) end
    else
      if not rateMs then look(nowMs()) end
      local untouched = bucketAt(untouchedOf(rulesOf(id)), rate)
      bucket = { parts = untouched.parts, atMs = untouched.atMs, number = rate.number, waits = false }
    end
    buckets[id] = bucket
    return bucket
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

  -- Of tokens that are given back, those that cannot have come again since they were taken, which may have been lost at the burst.
  local function notComeAgain(id, rate, count)
    local come = comeAgain[id] or math.ceil(heldMs * rate.members / rate.perMs)
    comeAgain[id] = math.max(0, come - count)
    return math.max(0, count - come)
  end

  -- Take tokens that are there, or give some back (negative).
  local function take(id, rate, count)
    if count < 0 then count = -notComeAgain(id, rate, -count) end
    local bucket = bucketAt(id, rate)
    bucket.parts = math.min(mostParts(rate), bucket.parts - math.max(count, -rate.burst) * rate.perMs)
    changed[id] = rate
  end

  -- A node has another rate from now on, or one at all (`from` is nil), or none any more (`to` is nil).
  local function change(id, from, to)
    if from and to then
      convert(bucketAt(id, from), from, to)
      changed[id] = to
    elseif to then
      buckets[id] = { parts = 0, atMs = rateMs, number = to.number, waits = false }
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

  -- The same of the keys of a branch: those that have a bucket follow in pages. @param number of what it is from now on
  local function changeKeys(branch, from, to, number)
    local past, untouched = key('rated:' .. branch), untouchedOf(branch)
    if from or redis.call('EXISTS', past) == 1 then
      redis.call('HSET', past, whole(number - 1), (from and from.text or '') .. '|' .. whole(rateMs))
      redis.call('HDEL', past, whole(number - 1 - pastMax))
    end
    if not from then
      change(untouched, nil, to)
    elseif to then
      bucketAt(untouched, to)
      changed[untouched] = to
    else
      redis.call('HDEL', key('buckets:' .. branch), untouched)
      setting.rates = setting.rates - 1
      saveSetting()
    end
  end

  local function renewAll(ids, rate)
    for _, id in ipairs(ids) do
      local bucket = bucketAt(id, rate)
      bucket.rests = redis.call('HEXISTS', key('keys'), id) == 0
      -- It is not shown in this call: who has a token by now is refilled by the next claim.
      bucket.isHidden = bucket.waits
      changed[id] = rate
    end
  end

  local function dropAll(branch, ids)
    if #ids == 0 then return end
    redis.call('ZREM', key('refills'), unpack(ids))
    redis.call('ZREM', key('spent:' .. branch), unpack(ids))
    redis.call('HDEL', key('buckets:' .. branch), unpack(ids))
  end

  -- Have a page of the buckets of a branch's keys follow another rate, or go where there is none (`rate` is nil).
  -- Returns where to go on, nil when all do; and how many it looked at.
  -- @param from '' at first
  local function page(branch, rate, from, most)
    local past, hash = key('rated:' .. branch), key('buckets:' .. branch)
    if redis.call('EXISTS', past) == 0 then return nil, 0 end
    local found = redis.call('HSCAN', hash, from == '' and '0' or from, 'COUNT', most)
    local ids = {}
    for at = 1, #found[2], 2 do
      local id, number = found[2][at], tonumber(string.match(found[2][at + 1], '(%d+)$'))
      if id ~= untouchedOf(branch) and not (rate and number == rate.number) then ids[#ids + 1] = id end
    end
    if rate then renewAll(ids, rate) else dropAll(branch, ids) end
    if found[1] ~= '0' then return found[1], #found[2] / 2 end
    redis.call('DEL', past)
    if not rate then redis.call('ZREM', key('spending'), branch) end
    return nil, #found[2] / 2
  end

  -- A key has its first lane, or may have no bucket yet.
  local function wake(id, rate)
    local bucket = bucketAt(id, rate)
    if redis.call('ZREM', key('spent:' .. rulesOf(id)), id) == 1 or bucket.rests then
      -- Who rested waited for nothing.
      bucket.rests, bucket.waits = false, false
    end
    bucket.isHidden = false
    changed[id] = rate
  end

  -- A key has no lanes any more.
  local function rest(id, rate)
    if not rateMs then look(nowMs()) end
    bucketAt(id, rate).rests = true
    changed[id] = rate
  end

  -- Who begins has no more than the key that would be forgotten first, which is.
  local function passOver(branch, rate)
    local spent, untouched = key('spent:' .. branch), bucketAt(untouchedOf(branch), rate)
    local id = redis.call('ZRANGE', spent, 0, 0)[1]
    local bucket = bucketAt(id, rate)
    fill(untouched, rate)
    fill(bucket, rate)
    untouched.parts = math.min(untouched.parts, bucket.parts)
    redis.call('HSET', hashOf(id), untouchedOf(branch), textOf(untouched))
    redis.call('HDEL', hashOf(id), id)
    redis.call('ZREM', spent, id)
  end

  local function saveRest(id, rate)
    local branch = rulesOf(id)
    local spent = key('spent:' .. branch)
    local untilMs = math.max(fullAt(buckets[id], rate), fullAt(bucketAt(untouchedOf(branch), rate), rate))
    redis.call('ZREM', key('refills'), id)
    if untilMs <= rateMs then
      redis.call('HDEL', hashOf(id), id)
      redis.call('ZREM', spent, id)
      return
    end
    redis.call('ZADD', spent, whole(untilMs), id)
    redis.call('ZADD', key('spending'), 'LT', whole(untilMs), branch)
    if redis.call('ZCARD', spent) > spentMax then passOver(branch, rate) end
  end

  -- Written once at the end of a call.
  local function save()
    if not next(changed) then return end
    for id, rate in pairs(changed) do
      local bucket = buckets[id]
      redis.call('HSET', hashOf(id), id, textOf(bucket))
      if bucket.rests then
        saveRest(id, rate)
      elseif string.sub(id, -1) == '~' then
        -- Nobody waits for the untouched ones.
      elseif bucket.parts < rate.perMs or bucket.isHidden then
        redis.call('ZADD', key('refills'), whole(nextAt(bucket, rate)), id)
      elseif bucket.waits then
        redis.call('ZREM', key('refills'), id)
      end
    end
    changed = {}
    saveSetting()
  end

  -- Keys that rest are forgotten, of one branch, at most `most`.
  local function forget(most)
    local first = redis.call('ZRANGE', key('spending'), 0, 0, 'WITHSCORES')
    if not first[1] or tonumber(first[2]) > rateMs then return end
    local branch = first[1]
    local spent = key('spent:' .. branch)
    local ended = redis.call('ZRANGEBYSCORE', spent, '-inf', whole(rateMs), 'LIMIT', 0, most)
    if #ended > 0 then
      redis.call('ZREM', spent, unpack(ended))
      redis.call('HDEL', key('buckets:' .. branch), unpack(ended))
    end
    local nextMs = redis.call('ZRANGE', spent, 0, 0, 'WITHSCORES')[2]
    if nextMs then
      redis.call('ZADD', key('spending'), nextMs, branch)
    else
      redis.call('ZREM', key('spending'), branch)
    end
  end

  -- Nodes and keys that have a token again, at most `most`; each is to be told `refilled`.
  local function due(most)
    return redis.call('ZRANGEBYSCORE', key('refills'), '-inf', whole(rateMs), 'LIMIT', 0, most)
  end

  -- By what its bucket says it may have a token: it was filled when the rate became another, and stays among these until now.
  local function refilled(id, rate)
    bucketAt(id, rate).waits = true
    changed[id] = rate
  end

  -- One of those that has no rate any more.
  local function forgo(id)
    redis.call('ZREM', key('refills'), id)
  end

  -- Until the first that has no token has one; nil: all have.
  local function nextInMs()
    local first = redis.call('ZRANGE', key('refills'), 0, 0, 'WITHSCORES')[2]
    return first and tonumber(first) - rateMs
  end

  return {
    look = look, time = time, isSet = isSet, giveBackOf = giveBackOf, saveSetting = saveSetting, tokens = tokens,
    take = take, change = change, save = save, due = due, refilled = refilled,
    forgo = forgo, nextInMs = nextInMs, emptyForMs = emptyForMs, changeKeys = changeKeys, page = page, wake = wake,
    rest = rest, forget = forget,
  }
end
