-- Grant due messages: an earlier queue's first, then by priority, since, sequence.
--
-- KEYS  meta, ending, forgetting, jobs, state, sizes, checkpoints, then for each queue its bell, and from the highest
--       priority to the lowest its waiting and its leased set
-- ARGV  mode, limit, most (bytes of an answer that has more than one), lease, secret (the tokens' random part), levels a
--       queue, then the queues
-- returns  {'done', now, lease end, next due or ''}: nothing to grant
--          {'done', now, lease end, {place, checkpoint, ...}, member, stored, number, attempt, level, ...}: places are
--          counted from 1; levels through all queues, from 0
--          {'over', refs}: clear these away and call again

local meta, ending, forgetting, jobs, state, sizes, checkpoints = unpack(KEYS, 1, 7)
local mode, limit, most, lease, secret, levels = unpack(ARGV, 1, 6)
limit, most, lease, levels = tonumber(limit), tonumber(most), tonumber(lease), tonumber(levels)
local FIXED, OWN, AT_FIRST = 6, 7, 8
local queues = #ARGV - FIXED

local now = clock(meta, mode)
local ended = over(ending, now)
if ended then return ended end
call('DEL', jobs .. ':none') -- a removal first: with it the writes that follow are allowed in a full store

-- Only levels at which anything is kept are looked at, and none of a paused queue.
local names = {}
for queue = 1, queues do
  for priority = levels - 1, 0, -1 do names[#names + 1] = priority .. ':' .. ARGV[FIXED + queue] end
end
for queue = 1, queues do names[#names + 1] = 'p:' .. ARGV[FIXED + queue] end
local used = call('HMGET', sizes, unpack(names))
for queue = 1, queues do
  if used[queues * levels + queue] then
    for level = 1, levels do used[(queue - 1) * levels + level] = false end
  end
end

-- Where a queue's keys are, and those of a level.
local function base(queue) return OWN + 1 + queue * (1 + 2 * levels) end
local function bell_of(queue) return KEYS[base(queue)] end
local function waiting_at(level) return KEYS[base(math.floor(level / levels)) + 1 + 2 * (level % levels)] end
local function leased_at(level) return KEYS[base(math.floor(level / levels)) + 2 + 2 * (level % levels)] end

-- Who comes next, as far as there is room; nothing is written yet.
local granted, members, from_level, waited = {}, {}, {}, {}

local function due(set, most, scores)
  if scores then return call('ZRANGEBYSCORE', set, '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, most) end
  return call('ZRANGEBYSCORE', set, '-inf', int(now), 'LIMIT', 0, most)
end

local function grant(member, level, first)
  local at = #granted + 1
  granted[at], members[at], from_level[at], waited[at] = string.sub(member, 7), member, level, first
end

-- The heads of both sets, merged by since and then by member, which begins with the sequence.
local function merge(level, room)
  local one, two = due(waiting_at(level), room, true), due(leased_at(level), room, true)
  local i, j = 1, 1
  while room > 0 and (one[i] or two[j]) do
    local first = one[i] ~= nil
    if first and two[j] then
      local a, b = tonumber(one[i + 1]), tonumber(two[j + 1])
      first = a < b or (a == b and one[i] < two[j])
    end
    if first then
      grant(one[i], level, true)
      i = i + 2
    else
      grant(two[j], level, false)
      j = j + 2
    end
    room = room - 1
  end
end

local function pick(level, room)
  if #due(leased_at(level), 1) > 0 then return merge(level, room) end
  for _, member in ipairs(due(waiting_at(level), room)) do grant(member, level, true) end
end

for level = 0, queues * levels - 1 do
  if used[level + 1] and #granted < limit then pick(level, limit - #granted) end
end

local stop, next_due = int(now + lease), nil

local function soonest(set)
  local first = call('ZRANGE', set, 0, 0, 'WITHSCORES')
  if first[2] then
    local since = tonumber(first[2])
    if not next_due or since < next_due then next_due = since end
  end
end

if #granted == 0 then
  forget(forgetting, now)
  for queue = 0, queues - 1 do
    local before = next_due
    next_due = nil
    for level = queue * levels, (queue + 1) * levels - 1 do
      if used[level + 1] then
        soonest(waiting_at(level))
        soonest(leased_at(level))
      end
    end
    if not next_due then call('DEL', bell_of(queue)) end -- nothing here to be woken for
    if before and (not next_due or before < next_due) then next_due = before end
  end
  return {'done', int(now), stop, next_due and int(next_due) or ''}
end

-- Bodies as they go into one answer: a few first, and then as many at a time as their size so far allows.
local stored, bytes, some, full = {}, 0, AT_FIRST, #granted == limit
while #stored < #granted do
  local before = #stored
  local bodies = call('HMGET', jobs, unpack(granted, before + 1, math.min(before + some, #granted)))
  for i = 1, #bodies do
    bytes = bytes + string.len(bodies[i] or '')
    if bytes > most and before + i > 1 then
      full = true
      for beyond = #granted, before + i, -1 do granted[beyond] = nil end
      break
    end
    stored[before + i] = bodies[i]
  end
  some = math.max(1, math.floor((most - bytes) * #stored / math.max(bytes, 1)))
end

-- A small hash or sorted set Redis searches from end to end. One that has ever had a longer entry than this is searched
-- by key until it is empty: so it gets one, and loses it again, where many are leased at once. (No id has a control code.)
local many, LONG = #granted > 32, string.rep('\n', 65)

local moved, leases = {}, {}
for i = 1, #granted do
  local level = from_level[i]
  local these = leases[level] or (many and {stop, LONG} or {})
  these[#these + 1] = stop
  these[#these + 1] = members[i]
  leases[level] = these
  if waited[i] then
    local those = moved[level] or {}
    those[#those + 1] = members[i]
    moved[level] = those
  end
end
for level, these in pairs(moved) do call('ZREM', waiting_at(level), unpack(these)) end
for level, these in pairs(leases) do
  call('ZADD', leased_at(level), unpack(these))
  if many then call('ZREM', leased_at(level), LONG) end
end

-- Who leaves due work passes the wake on.
local function is_due(set) return #due(set, 1) > 0 end
local from = from_level[#granted]
for queue = math.floor(from / levels), full and queues - 1 or -1 do
  for level = math.max(from, queue * levels), (queue + 1) * levels - 1 do
    if used[level + 1] and (is_due(waiting_at(level)) or is_due(leased_at(level))) then
      wake(bell_of(queue))
      break
    end
  end
end

local states = call('HMGET', state, unpack(granted))
local left_there = {}
local answer, changed = {'done', int(now), stop, left_there}, {}
local at = #answer
for i = 1, #granted do
  local token = fmt('%s%x', secret, i)
  local number, attempt, written = 1, 1, nil
  if states[i] then
    local kept = read_state(states[i])
    if kept.mark ~= 'r' then kept.attempt = kept.attempt + 1 end
    kept.number = kept.number + 1
    kept.mark = '-'
    kept.token = token
    if string.find(kept.flags, 'c', 1, true) then
      left_there[#left_there + 1] = i
      left_there[#left_there + 1] = call('HGET', checkpoints, granted[i])
    end
    number, attempt, written = kept.number, kept.attempt, write_state(kept)
  end
  changed[2 * i - 1], changed[2 * i] = granted[i], written or first_state(token)
  answer[at + 1], answer[at + 2], answer[at + 3] = members[i], stored[i], number
  answer[at + 4], answer[at + 5] = attempt, from_level[i]
  at = at + 5
end
if many then
  changed[#changed + 1] = LONG
  changed[#changed + 1] = ''
end
call('HSET', state, unpack(changed))
if many then call('HDEL', state, LONG) end
return answer
