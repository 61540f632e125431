--[[ epoch: what every script begins with.

The parts stand before each script: epoch, begun, heads, rates, throttles, lanes, rungs, entries, keys, shares, claims, hanging, in this order (`scripts.ts`). What they
define is local to the call; nothing is kept in the server's memory but its keys.

KEYS[1] epoch     hash    stamp (epoch@run of the server/form of the data), state (filling | open), id, filler, fillerUntilMs, store (its
                          id), storeUntilMs (another store is refused until then); of throttles.lua and lanes.lua: nodes,
                          by-engine (nodes, and those that show by engine), root (1: it is one that has something set),
                          windows (those set, or not yet left by all lanes, a blank behind each); of keys.lua and shares.lua: rules, shared (branches that have
                          rules, and those with weights), root-shared (1: the root has weights), overtaken (branches with
                          weights where keys are left to be shown as due, a blank behind each); rates (see rates.lua)
KEYS[2] counters  hash    ready, delayed, claimed (members), arrivals, lanes, node-ids, viewers, settings (numbers given), version (of
                          the last change of what nodes show); its name is the root of all other keys of the epoch:
                          `key('x')`

ARGV[1] stamp     the epoch the caller is attached to, on the run of the server it is connected to
ARGV[2] nowMs     integer, from tests alone; '' takes the time of the server
ARGV[#ARGV]       name of the script, taken off before it runs (`scripts.ts`)

WHY     A server that was restarted from a snapshot, or a replica that was behind, knows the epoch but not all that
        happened in it. Its run id is another, so the stamp does not fit, and the queue is rebuilt.
]]
local lost = redis.error_reply('QUEUE_LOST another epoch, or none')

local function key(part)
  return KEYS[2] .. ':' .. part
end

local epochState
-- What is set at all of throttles, rules for keys, and fairness windows ('0', none, is always one).
local setting

local function isLost()
  local found = redis.call('HMGET', KEYS[1], 'stamp', 'state', 'nodes', 'by-engine', 'root', 'windows', 'rules', 'shared',
    'root-shared', 'overtaken', 'rates')
  epochState = found[2]
  setting = {
    nodes = tonumber(found[3] or 0), byEngine = tonumber(found[4] or 0), isRootSet = found[5] == '1', windows = { '0' },
    rules = tonumber(found[7] or 0), shared = tonumber(found[8] or 0), isRootShared = found[9] == '1',
    overtaken = found[10] or '',
  }
  local rates, clockMs, aheadMs, setAtMs = string.match(found[11] or '0|0|0|0', '^(%d+)|(%d+)|(%d+)|(%d+)$')
  setting.rates, setting.ratesClockMs, setting.ratesAheadMs = tonumber(rates), tonumber(clockMs), tonumber(aheadMs)
  setting.ratesSetAtMs = tonumber(setAtMs)
  for window in string.gmatch(found[6] or '', '%d+') do table.insert(setting.windows, window) end
  return found[1] ~= ARGV[1]
end

-- Asked behind `isLost`.
local function isOpen()
  return epochState == 'open'
end

local function nowMs()
  if ARGV[2] ~= '' then return tonumber(ARGV[2]) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Members are compared as text, so numbers in them have a fixed width.
local function pad5(number)
  return string.format('%05d', number)
end

local function pad16(number)
  return string.format('%016d', number)
end

local function whole(number)
  return string.format('%d', number)
end

-- The epoch belongs to its store until then, or as long as it does already.
local function ownUntil(untilMs)
  if untilMs > tonumber(redis.call('HGET', KEYS[1], 'storeUntilMs')) then
    redis.call('HSET', KEYS[1], 'storeUntilMs', whole(untilMs))
  end
end

-- The engine that has given back what is ready: it does not wait for it.
local giver = ''

local function publishReady()
  redis.call('PUBLISH', KEYS[1] .. ':ready', giver)
end

-- Numbers kept beside the stamp: one of `setting`, and its field.
local function countSetting(name, field, by)
  setting[name] = setting[name] + by
  redis.call('HINCRBY', KEYS[1], field, by)
end

local function flagSetting(name, field, isSet)
  setting[name] = isSet
  if isSet then redis.call('HSET', KEYS[1], field, 1) else redis.call('HDEL', KEYS[1], field) end
end

-- What a call changes of the counters, written once at its end (`finish`, in claims.lua).
local change = { ready = 0, delayed = 0, claimed = 0 }
-- Something will be ready sooner than anybody waits for.
local isSooner = false
