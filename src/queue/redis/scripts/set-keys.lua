--[[ set-keys: the rules for keys of a branch and what is below it.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] set             1, or 0 to take them away
ARGV[5] cluster wide    members of a key, '' for no limit
ARGV[6] strict          1 or 0
ARGV[7] others          weight of keys that have none of their own, '' where keys do not share
ARGV[8] rate            of a key: members/perMs/burst, '' for none
ARGV[9] call            number of these calls, '' at first
ARGV[10] where          buckets, nodes or lanes; nodes at first
ARGV[11] name           of the node or lane the last one ended with, where in the buckets, '' at first
ARGV[12] after          what of that lane it ended with, '' at first
ARGV[13] most           buckets, nodes, lanes and entries looked at, at most
ARGV[14...]             of the first call: key, its weight, ...

RETURNS  {call, where, name, after} to go on from, or {} when all below the branch follows, or another sets it by now: see
         parts/hanging.lua, begun.lua
COST     That of `hangBelow`, and where the rate is another that of rates.lua; O(W) of the first call, W = weights; O(P V) of the last
         one that takes weights away, P = nodes that show by engine, V = engines. A page of 500 buckets: 20 to 26 ms
         of a busy machine with 10,000 and 50,000 of them (all at once: 0.3 and 1.2 s).
WHY      A lane follows from when the call comes to it: until the last one some keys are bounded, in order and shared as the
         rules were before.
]]
if isLost() then return lost end
local tree = throttles()
local branch, isSet, others, call = ARGV[3], ARGV[4] == '1', ARGV[7], ARGV[9]
if isOvertaken('keys', branch, call) then return {} end
rates().look(nowMs())
rates().isSet()

if not isSet and not tree.nodeNamed(branch) then return {} end
local node = nodeOf(branch)
if call == '' then
  keys().saveRules(node.id, ARGV[5], ARGV[6], others, ARGV[8])
  redis.call('DEL', key('weights:' .. node.id))
  for at = 14, #ARGV, 2 do redis.call('HSET', key('weights:' .. node.id), ARGV[at], ARGV[at + 1]) end
  if others == '' then shares().forget(node.id) end
  if node.hasRules ~= isSet then countSetting('rules', 'rules', isSet and 1 or -1) end
  node.hasRules = isSet
  -- Without weights it shows its shares on, until no key has a face there.
  if others ~= '' and not node.isShared then
    countSetting('shared', 'shared', 1)
    node.isShared = true
    if node.id == root then flagSetting('isRootShared', 'root-shared', true) end
  end
  tree.saveNode(node)
end

local where, name, left, at = ARGV[10], ARGV[11], tonumber(ARGV[13]), nil
if call == '' or where == 'buckets' then
  local rate = keys().rulesAt(node.id).rate
  local from, looked = rates().page(node.id, rate, where == 'buckets' and name or '', left)
  where, name, left = 'nodes', '', left - looked
  at = from and { 'buckets', from, '' } or left <= 0 and { where, name, '' }
end
if not at then at = hangBelow(branch, where, name, ARGV[12], left, node.id) end
reconsider(branch)
local progress = begunAt('keys', branch, call, at)
if not progress[1] then
  keys().show()
  if others == '' and node.isShared then
    tree.hideShares(node)
    countSetting('shared', 'shared', -1)
    node.isShared = false
    if node.id == root then flagSetting('isRootShared', 'root-shared', false) end
    tree.saveNode(node)
    shares().forget(node.id)
  end
  if not isSet then
    redis.call('HDEL', key('key-rules'), node.id)
    redis.call('DEL', key('weights:' .. node.id))
  end
  tree.changedInAll(node.id)
  dropIfEmpty(node)
  isSooner = true
end
finish()
return progress
