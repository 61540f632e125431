--[[ heads: what is first of all that waits.

Each lane hangs at a node: the root, or a branch with a throttle (throttles.lua). A node's heads are kept by fairness window,
for ranks of different windows do not compare, and by who sees them: '' is all, else an engine (a viewer, by number). A tail
is `rank | time | arrival | from | lane | segment`: see lanes.lua.

heads  zset  node | viewer | window | tail                       (score 0)

COST    O(log N), N = heads; nextTail that for each window there has been.
]]
local root = '0'
-- The engine that claims, if nodes show to it what they do not to all: { id, engine }.
local viewer = nil

local function above(branch)
  return string.match(branch, '^(.*/)[^/]*/$') or ''
end

local function firstTail(id, viewing, window)
  local prefix = id .. '|' .. viewing .. '|' .. window
  local head =
    redis.call('ZRANGEBYLEX', key('heads'), '[' .. prefix .. '|', '(' .. prefix .. '}', 'LIMIT', 0, 1)[1]
  return head and string.sub(head, #prefix + 2)
end

-- What rates.lua and throttles.lua hold is made when it is first asked for: where none is set, a call need not pay for it.
local makeRates, makeThrottles
local ratesMade, throttlesMade = nil, nil
local function rates()
  ratesMade = ratesMade or makeRates()
  return ratesMade
end

local function throttles()
  throttlesMade = throttlesMade or makeThrottles()
  return throttlesMade
end

-- A head of a lane hung at a node is another, or comes, or goes.
local function moveHead(id, window, before, after)
  local prefix = id .. '||' .. window .. '|'
  if before then redis.call('ZREM', key('heads'), prefix .. before) end
  if after then redis.call('ZADD', key('heads'), 0, prefix .. after) end
  if id ~= root then throttles().changedAt(id, window) end
end

-- The tail that is claimed next: of all windows, of what all see and what the viewer does (Q1).
local function nextTail(now)
  if not viewer and #setting.windows == 1 then return firstTail(root, '', '0') end
  local best, bestPriority, bestRest
  for _, window in ipairs(setting.windows) do
    for _, viewing in ipairs(viewer and { '', viewer.id } or { '' }) do
      local tail = firstTail(root, viewing, window)
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
  end
  return best
end
