--[[ open: the epoch is filled; claims may be made (Q6).

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua

RETURNS  OK
COST     O(1)
]]
if isLost() then return lost end
if not isOpen() then
  redis.call('HSET', KEYS[1], 'state', 'open')
  redis.call('HDEL', KEYS[1], 'filler', 'fillerUntilMs')
  publishReady()
end
return redis.status_reply('OK')
