--[[ claim: take what is first in order (Q1), for one engine, under a lease.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] id          of the claim; made by the caller
ARGV[4] engine
ARGV[5] limit       members at most
ARGV[6] leaseMs     from now
ARGV[7] most        entries taken at most; delayed ones made ready, and rates brought back into sight, at most

RETURNS  {claimed, segment, from, to, redelivered (0 or 1), ...}; {nothing} or {nothing, ms from now until something delayed
         is eligible, or a rate that is used up has a token}; {more}: more has become ready than one call makes so, nothing was
         claimed, call again
COST     O(S (log N + D) + C log N), S = slices taken, delayed ones made ready, heads that have reached priority 1, rates that
         have a token again and keys that have become due, N = entries, D = throttles on the path, C = throttles per engine
         below which something has changed since this engine last claimed; not of lanes, of priorities, of keys, nor of what is
         blocked.
WHY      Who finds nothing wants to know when to look again, and would ask at once: a call that finds nothing answers both.
         A claim that exists under this id is one whose reply was lost: it is answered again, with a new lease, and nothing
         more is taken.
]]
if isLost() then return lost end
local now = nowMs()
local id, limit, untilMs, most = ARGV[3], tonumber(ARGV[5]), now + tonumber(ARGV[6]), tonumber(ARGV[7])
local answer = { 'claimed' }
local function give(entry)
  tell(answer, entry)
  answer[#answer + 1] = tonumber(entry.redelivered)
end

local claim = claimAt(id)
if claim then
  lease(id, untilMs)
  for _, entry in ipairs(heldBy(claim, -1)) do give(entry) end
  return answer
end

if not isOpen() then return { 'nothing' } end
local isAll = setting.rates == 0 or throttles().refill(now, most)
isAll = promote(now, most) and age(now, most) and isAll
if setting.overtaken ~= '' then
  shares().goOn()
  isAll = keys().show() and isAll
end
if not isAll then
  finish()
  return { 'more' }
end
claim = makeClaim(id, ARGV[4])
if setting.rates > 0 then claim.tookAtMs = rates().time() end
local isThrottled = setting.nodes > 0
if setting.byEngine > 0 then throttles().look(claim.engine, now) end
local looks = 0
while claim.count < limit and claim.number < most and looks < most do
  looks = looks + 1
  if setting.isRootSet and throttles().roomFor(root, claim.engine) <= 0 then break end
  if keysMade and not keys().show() then break end
  local tail = nextTail(now)
  if not tail then break end
  -- rank | eligible or created | arrival | from | lane | segment
  local from, lane, segment = string.match(tail, '^%d+|%d+|%d+|(%d+)|(%d+)|(.*)$')
  local node, room = laneAt(lane).node, limit - claim.count
  if isThrottled and (node ~= root or setting.isRootSet) then room = math.min(room, throttles().roomFor(node, claim.engine)) end
  if room > 0 then
    local entry = entryAt(segment .. '|' .. from)
    if countOf(entry) > room then split(entry, entry.from + room) end
    unwait(entry)
    hold(entry, claim, true)
    if setting.shared > 0 then shares().charge(node, countOf(entry)) end
    give(entry)
  else
    -- The rules of its key, or throttles above it, are being changed, and the call has not come to it.
    if keyIn(node) then keys().follow(keys().at(keyIn(node))) end
    throttles().changedAbove(node)
  end
end
if viewer then throttles().looked(now) end
if claim.count > 0 then lease(id, untilMs) end
finish()
if claim.count > 0 then return answer end
if looks == most then return { 'more' } end
-- How late it was, for a clock that is set back before a token comes.
if setting.rates > 0 and rates().nextInMs() then rates().saveSetting() end
local first = redis.call('ZRANGE', key('delayed'), 0, 0, 'WITHSCORES')[2]
local inMs = math.min(
  first and tonumber(first) - now or math.huge, setting.rates > 0 and rates().nextInMs() or math.huge
)
return inMs == math.huge and { 'nothing' } or { 'nothing', inMs }
