--[[ announced: the engines that have announced in this epoch.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua

RETURNS  {engine, ...} in no order
COST     O(E), E = engines.
]]
if isLost() then return lost end
return redis.call('SMEMBERS', key('announced'))
