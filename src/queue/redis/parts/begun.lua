--[[ begun: what is set of a branch in several calls.

The first call saves the value and gives the others a number. They go on only as long as it stands: who has begun to set the
same of that branch since, a master that took over, has saved another value, and goes through all itself. Who dies between
two calls leaves the number, by which the branch is told as not whole.

priorities-begun, fifo-begun, fairness-begun, throttles-begun, keys-begun
        hash  branch -> number of the calls, while not all below it is as was set
]]

-- Somebody has begun the same since. @param number '' of a first call
local function isOvertaken(property, branch, number)
  return number ~= '' and redis.call('HGET', key(property .. '-begun'), branch) ~= number
end

-- @param at where a call has come to, {} when all is done
-- @returns what the next one is given: its number, and `at`; {} when all is done
local function begunAt(property, branch, number, at)
  if not at[1] then
    redis.call('HDEL', key(property .. '-begun'), branch)
    return {}
  end
  if number == '' then
    number = whole(redis.call('HINCRBY', KEYS[2], 'settings', 1))
    redis.call('HSET', key(property .. '-begun'), branch, number)
  end
  return { number, unpack(at) }
end
