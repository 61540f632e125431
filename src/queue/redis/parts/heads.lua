--[[ heads: what is first of all that waits.

Each lane hangs at a node: the root, a branch with a throttle or rules for keys (throttles.lua), or a key there (keys.lua). A
node's heads are kept by class, for only those of one class compare as text, and by who sees them: '' is all, else an engine (a
viewer, by number). A class is a fairness window, since ranks of different windows do not compare; or a window and a branch
with weights: `window.node` holds its keys that are due, `window.node+` those whose turn is yet to come (shares.lua). A tail is
`rank | time | arrival | from | lane | segment`: see rungs.lua; behind the rank of what is yet to come stands when. The steps of
a lane have heads of the same form there, of a ladder for a node.

heads  zset  node | viewer | class | tail                       (score 0)

COST    O(log N), N = heads; nextTail that for each window there has been.
]]
local root = '0'
-- The engine that claims, if nodes show to it what they do not to all: { id, engine }.
local viewer = nil

local function above(branch)
  return string.match(branch, '^(.*/)[^/]*/$') or ''
end

-- What is first in a node's heads, asked once in a call as long as the heads there stay as they are; false: none.
-- Rejected: the first 2, 8, then 32 of them kept in order. That took 6 % from claims of slices of one, but gave 5 % to those of keys that
-- share, whose nodes have one head each.
local firstCache = {}

local function firstTail(id, viewing, class)
  local prefix = id .. '|' .. viewing .. '|' .. class
  local first = firstCache[prefix]
  if first == nil then
    local head =
      redis.call('ZRANGEBYLEX', key('heads'), '[' .. prefix .. '|', '(' .. prefix .. '}', 'LIMIT', 0, 1)[1]
    first = head and string.sub(head, #prefix + 2) or false
    firstCache[prefix] = first
  end
  return first
end

-- A head in a node's heads is another, or comes, or goes.
local function replaceHead(id, viewing, class, before, after)
  local prefix = id .. '|' .. viewing .. '|' .. class
  if before then
    redis.call('ZREM', key('heads'), prefix .. '|' .. before)
    if firstCache[prefix] == before then firstCache[prefix] = nil end
  end
  if after then
    redis.call('ZADD', key('heads'), 0, prefix .. '|' .. after)
    local first = firstCache[prefix]
    if first == false or (first and after < first) then firstCache[prefix] = after end
  end
end

-- What rates.lua, throttles.lua, keys.lua and shares.lua hold is made when it is first asked for: where none of it is set, a call need
-- not pay for it.
local makeRates, makeThrottles, makeKeys, makeShares
local ratesMade, throttlesMade, keysMade, sharesMade = nil, nil, nil, nil
local function rates()
  ratesMade = ratesMade or makeRates()
  return ratesMade
end

local function throttles()
  throttlesMade = throttlesMade or makeThrottles()
  return throttlesMade
end

local function keys()
  keysMade = keysMade or makeKeys()
  return keysMade
end

local function shares()
  sharesMade = sharesMade or makeShares()
  return sharesMade
end

-- The key that a node is one of, or nil: such a node is named `key.node`, by the key and the branch's node above it.
local function keyIn(node)
  return string.find(node, '.', 1, true) and string.match(node, '^(.+)%.%d+$') or nil
end

-- A head of a lane hung at a node is another, or comes, or goes.
local function moveHead(id, window, before, after)
  replaceHead(id, '', window, before, after)
  if id == root then return end
  if string.find(id, '.', 1, true) then keys().changedAt(id, window) else throttles().changedAt(id, window) end
end

-- The tail that is claimed next: of all windows, of what all see and what the viewer does (Q1).
local function nextTail(now)
  if not viewer and #setting.windows == 1 and not setting.isRootShared then return firstTail(root, '', '0') end
  local best, bestPriority, bestRest
  for _, window in ipairs(setting.windows) do
    local tail
    if setting.nodes > 0 then tail = throttles().firstAtRoot(window) else tail = firstTail(root, '', window) end
    if tail then
      local priority, rest = tonumber(string.sub(tail, 1, 16)), string.sub(tail, 18)
      if window ~= '0' then
        priority = priority == 0 and 1 or priority - math.floor(now / tonumber(window))
      end
      if not best or priority < bestPriority or (priority == bestPriority and rest < bestRest) then
        best, bestPriority, bestRest = tail, priority, rest
      end
    end
  end
  return best
end
