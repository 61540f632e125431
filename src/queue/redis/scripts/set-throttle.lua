--[[ set-throttle: bound what is claimed below a branch.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] set             1, or 0 to take it away
ARGV[5] per engine      members, '' for no limit
ARGV[6] cluster wide    the same
ARGV[7] rate            members/perMs/burst, '' for none
ARGV[8] call            number of these calls, '' at first
ARGV[9] where           nodes or lanes; nodes at first
ARGV[10] name           of the node or lane the last one ended with, '' at first
ARGV[11] after          what of that lane it ended with, '' at first
ARGV[12] most           nodes, lanes and entries looked at, at most

RETURNS  {call, where, name, after} to go on from, or {} when all below the branch hangs where it should, or another sets it by
         now: see parts/hanging.lua, begun.lua
COST     That of `hangBelow`. Where a limit is new or something was hung, and by the last of many calls, what runs below is counted
         anew (`heldBelow`); that last one looks at all that is counted, O(T E), T = throttles, E = engines.
WHY      A limit that is not set is not counted for either, so that a claim writes no more than it must. A lane counts below
         a new node, and is held back by it, from when it hangs there. A node that goes is
         passed over from the first call on, and bounds nothing.
]]
if isLost() then return lost end
local tree = throttles()
local branch, isSet, call = ARGV[3], ARGV[4] == '1', ARGV[8]
if isOvertaken('throttles', branch, call) then return {} end
rates().look(nowMs())
rates().isSet()

-- What it has limits for, by what claims hold below it.
local function countAnew(node, isLastOfMany)
  local held = heldBelow()
  local function set(field, isLimited)
    tree.changeSlots(field, (isLimited and held[field] or 0) - tree.slots(field))
  end
  set(node.id .. '|', node.clusterWide)
  for _, engine in ipairs(redis.call('HKEYS', key('running'))) do set(node.id .. '|' .. engine, node.perEngine) end
  -- Who held some of it between two calls may hold nothing by now.
  for _, field in ipairs(isLastOfMany and redis.call('HKEYS', key('nodes')) or {}) do
    if string.match(field, '^(%d+)|.') == node.id then set(field, node.perEngine) end
  end
end

if not isSet and not tree.nodeNamed(branch) then return {} end
local node = nodeOf(branch)
local isNewLimit = false
if call == '' then
  local perEngine, clusterWide, rate = tonumber(ARGV[5]), tonumber(ARGV[6]), tree.rateIn(ARGV[7])
  isNewLimit = (perEngine == nil) ~= (node.perEngine == nil) or (clusterWide == nil) ~= (node.clusterWide == nil)
  rates().change(node.id, node.rate, rate)
  node.perEngine, node.clusterWide, node.rate, node.isThrottle = perEngine, clusterWide, rate, isSet
  tree.saveNode(node)
  namePerEngine(node)
end
local at, hung = hangBelow(branch, ARGV[9], ARGV[10], ARGV[11], tonumber(ARGV[12]))
-- Whoever set a node below since a call that was not the last may have hung lanes here too.
local isBegun = redis.call('HEXISTS', key('throttles-begun'), branch) == 1
local isFirstOrLast = call == '' or not at[1]
if isNewLimit or hung > 0 or (isBegun and isFirstOrLast) then countAnew(node, isBegun and not at[1]) end
reconsider(branch)
local progress = begunAt('throttles', branch, call, at)
if not progress[1] then
  dropIfEmpty(node)
  isSooner = true
end
finish()
return progress
