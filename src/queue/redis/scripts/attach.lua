--[[ attach: the epoch there is, or a new one, which the caller is to fill.

KEYS[1] epoch   hash  see parts/epoch.lua
KEYS[2] epochs  set   counters keys of every epoch made here, the roots of all their keys

ARGV[2] nowMs    from tests alone
ARGV[3] id       of the epoch to make, if one is to be made
ARGV[4] run      of the server
ARGV[5] counters key of that epoch
ARGV[6] engine   who attaches
ARGV[7] leaseMs  how long it fills unless it says so again, and how long the epoch belongs to the store unless `extend` is heard
ARGV[8] store    id of the store the caller's queue is an index of

RETURNS  {open | filling | mine, id}, or {other-store, id of that store, ms it is waited for}: nothing was changed
COST     O(1); a new epoch drops the keys of the one before, which Redis frees beside its work (UNLINK).
WHY      An epoch of another run of the server is none: see parts/epoch.lua. What is found of one whose `epoch` was
         deleted, which asks for a rebuild, is dropped as well. Two stores in one epoch would each be told of slices
         they do not have; but one that has not been heard of for a lease (a store in memory that has gone) bars nobody.
]]
local parts = {
  'entries', 'delayed', 'ready', 'rungs', 'ageing', 'heads', 'faces', 'lanes', 'lane-names', 'lane-counts',
  'priorities', 'priorities-begun', 'fifo', 'fifo-begun', 'fairness', 'fairness-begun', 'nodes', 'node-names', 'engine-names',
  'throttles-begun', 'changed', 'views', 'buckets', 'refills', 'spending', 'keys', 'key-rules', 'keys-begun', 'lines', 'shares', 'claims',
  'leases', 'held', 'running', 'announced',
}
local now = nowMs()
local engine, untilMs = ARGV[6], whole(now + tonumber(ARGV[7]))
local found = redis.call('HMGET', KEYS[1], 'id', 'stamp', 'state', 'filler', 'fillerUntilMs', 'store', 'storeUntilMs')
local id = found[1]
local isOfThisRun = id and found[2] == id .. '@' .. ARGV[4]
if isOfThisRun and found[6] and found[6] ~= ARGV[8] and tonumber(found[7]) >= now then
  return { 'other-store', found[6], whole(tonumber(found[7]) - now) }
end
if isOfThisRun and found[6] == ARGV[8] then
  ownUntil(tonumber(untilMs))
  if found[3] == 'open' then return { 'open', id } end
  if found[4] ~= engine and tonumber(found[5]) >= now then return { 'filling', id } end
  redis.call('HSET', KEYS[1], 'filler', engine, 'fillerUntilMs', untilMs)
  return { 'mine', id }
end
for _, root in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  for _, node in ipairs(redis.call('HKEYS', root .. ':key-rules')) do
    for _, part in ipairs({ 'weights', 'finishes', 'buckets', 'spent', 'rated' }) do
      redis.call('UNLINK', root .. ':' .. part .. ':' .. node)
    end
  end
  redis.call('UNLINK', root)
  for _, part in ipairs(parts) do redis.call('UNLINK', root .. ':' .. part) end
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SADD', KEYS[2], ARGV[5])
redis.call('HSET', KEYS[1], 'id', ARGV[3], 'stamp', ARGV[3] .. '@' .. ARGV[4], 'state', 'filling', 'filler', engine,
  'fillerUntilMs', untilMs, 'store', ARGV[8], 'storeUntilMs', untilMs)
return { 'mine', ARGV[3] }
