-- Grant due messages: an earlier queue's first, then by priority, since, sequence.
--
-- KEYS  meta, ending, forgetting, jobs, state, sizes, checkpoints, then for each queue its bell, and from the highest
--       priority to the lowest its waiting and its leased set
-- ARGV  mode, limit, lease, secret (the tokens' random part), levels a queue, then the queues
-- returns  {'done', now, lease end, next due or ''}: nothing to grant
--          {'done', now, lease end, {place, checkpoint, ...}, member, stored, number, attempt, level, ...}: places are
--          counted from 1; levels through all queues, from 0
--          {'over', refs}: clear these away and call again

local meta, ending, forgetting, jobs, state, sizes, checkpoints = unpack(KEYS, 1, 7)
local mode, limit, lease, secret, levels = unpack(ARGV, 1, 5)
limit, lease, levels = tonumber(limit), tonumber(lease), tonumber(levels)
local FIXED, OWN = 5, 7
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

local stop = int(now + lease)
local granted, members, from_level, next_due = {}, {}, {}, nil

local function soonest(set)
  local first = call('ZRANGE', set, 0, 0, 'WITHSCORES')
  if first[2] then
    local since = tonumber(first[2])
    if not next_due or since < next_due then next_due = since end
  end
end

-- The heads of both sets, merged by since and then by member, which begins with the sequence.
local function take(waiting, leased, room, level)
  local one = call('ZRANGEBYSCORE', waiting, '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, room)
  local two = call('ZRANGEBYSCORE', leased, '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, room)
  if #one == 0 and #two == 0 then return end
  local i, j, moved, scored = 1, 1, {}, {}
  while room > 0 and (one[i] or two[j]) do
    local first = one[i] ~= nil
    if first and two[j] then
      local a, b = tonumber(one[i + 1]), tonumber(two[j + 1])
      first = a < b or (a == b and one[i] < two[j])
    end
    local member
    if first then
      member = one[i]
      moved[#moved + 1] = member
      i = i + 2
    else
      member = two[j]
      j = j + 2
    end
    granted[#granted + 1] = string.sub(member, 7)
    members[#granted] = member
    from_level[#granted] = level
    scored[#scored + 1] = stop
    scored[#scored + 1] = member
    room = room - 1
  end
  if #moved > 0 then call('ZREM', waiting, unpack(moved)) end
  call('ZADD', leased, unpack(scored))
end

local function has_due(waiting, leased)
  local bound = int(now)
  return #call('ZRANGEBYSCORE', waiting, '-inf', bound, 'LIMIT', 0, 1) > 0
    or #call('ZRANGEBYSCORE', leased, '-inf', bound, 'LIMIT', 0, 1) > 0
end

for queue = 0, queues - 1 do
  local base = OWN + 1 + queue * (1 + 2 * levels)
  local left = false
  for level = 0, levels - 1 do
    if used[queue * levels + level + 1] then
      local waiting, leased = KEYS[base + 1 + 2 * level], KEYS[base + 2 + 2 * level]
      if #granted < limit then take(waiting, leased, limit - #granted, queue * levels + level) end
      if #granted >= limit and not left then left = has_due(waiting, leased) end
    end
  end
  if left then wake(KEYS[base]) end -- who leaves due work passes the wake on
end

if #granted == 0 then
  forget(forgetting, now)
  for queue = 0, queues - 1 do
    local base = OWN + 1 + queue * (1 + 2 * levels)
    local before = next_due
    next_due = nil
    for level = 0, levels - 1 do
      if used[queue * levels + level + 1] then
        soonest(KEYS[base + 1 + 2 * level])
        soonest(KEYS[base + 2 + 2 * level])
      end
    end
    if not next_due then call('DEL', KEYS[base]) end -- nothing here to be woken for
    if before and (not next_due or before < next_due) then next_due = before end
  end
  return {'done', int(now), stop, next_due and int(next_due) or ''}
end

local stored = call('HMGET', jobs, unpack(granted))
local states = call('HMGET', state, unpack(granted))
local left_there = {}
local answer, changed = {'done', int(now), stop, left_there}, {}
for i = 1, #granted do
  local kept = read_state(states[i])
  if kept.mark ~= 'r' then kept.attempt = kept.attempt + 1 end
  kept.number = kept.number + 1
  kept.mark = '-'
  kept.token = secret .. fmt('%x', i)
  if string.find(kept.flags, 'c', 1, true) then
    left_there[#left_there + 1] = i
    left_there[#left_there + 1] = call('HGET', checkpoints, granted[i])
  end
  changed[#changed + 1] = granted[i]
  changed[#changed + 1] = write_state(kept)
  answer[#answer + 1] = members[i]
  answer[#answer + 1] = stored[i]
  answer[#answer + 1] = kept.number
  answer[#answer + 1] = kept.attempt
  answer[#answer + 1] = from_level[i]
end
call('HSET', state, unpack(changed))
return answer
