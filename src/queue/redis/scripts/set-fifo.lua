--[[ set-fifo: whether a branch and what is below it is ordered by creation or by eligible time.

KEYS, ARGV[1], ARGV[2]  as in parts/epoch.lua
ARGV[3] branch          with its trailing slash
ARGV[4] fifo            1, 0, or '' to take it away
ARGV[5] lane            lane-names member the last call ended with, '' at first
ARGV[6] after           ready member it ended with in that lane, '' when the lane is done
ARGV[7] most            lanes and ready entries looked at, at most

RETURNS  {lane, after} to go on from, or {} when all is filed the new way
COST     O(S log N), S = lanes and entries looked at, N = ready entries.
WHY      A lane is marked first: what comes then is filed the new way, and what stands there says itself how it is filed.
         So the lane may be gone through in several calls; until the last one its order is mixed.
]]
if isLost() then return lost end
local branch, left = ARGV[3], tonumber(ARGV[7])
if ARGV[4] == '' then
  redis.call('HDEL', key('fifo'), branch)
else
  redis.call('HSET', key('fifo'), branch, ARGV[4])
end
local from = ARGV[5] == '' and '[' .. branch or (ARGV[6] == '' and '(' or '[') .. ARGV[5]
local names = redis.call('ZRANGEBYLEX', key('lane-names'), from, '(' .. branch .. '\255', 'LIMIT', 0, left)
for index, name in ipairs(names) do
  local lane = laneAt(string.match(name, '(%d+)$'))
  lane.isFifo = inherited('fifo', lane.branch) == '1'
  saveLane(lane)
  local after = name == ARGV[5] and ARGV[6] ~= '' and '(' .. ARGV[6] or '[' .. lane.id .. '|'
  local members = redis.call('ZRANGEBYLEX', key('ready'), after, '(' .. lane.id .. '}', 'LIMIT', 0, left)
  for _, member in ipairs(members) do
    local position, segment = string.match(member, '^%d+|%d+|%d+|(%d+)|(.*)$')
    local entry = entryAt(segment .. '|' .. position)
    if entry.place ~= (lane.isFifo and 'rc' or 're') then
      unfile(entry)
      file(entry)
      save(entry)
    end
  end
  if #members == left then return { name, members[#members] } end
  left = left - #members - 1
  if left <= 0 and index < #names then return { name, '' } end
end
return #names > 0 and left <= 0 and { names[#names], '' } or {}
