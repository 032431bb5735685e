-- Store a batch: judged in order, an id before its key, an earlier message for a later one.
--
-- KEYS  meta, ending, forgetting, jobs, keys, sizes, calls, then the waiting sets of the levels, then the bells
-- ARGV  mode, slot, call number, repeat window, count, count of levels, then for each level: its bell, its name in sizes;
--       then for each message: id, packed, level; and if that is negative: due ('', 'a' or 'd' with milliseconds), key
-- returns  {'done', answer}: a word a message: 'A' with its due time, 'K' known, 'C' conflict, 'H' with the holder
--          {'over', refs}: clear these away and call again

local meta, ending, forgetting, jobs, keys, sizes, calls = unpack(KEYS, 1, 7)
local mode, slot, number, window, count, levels = unpack(ARGV, 1, 6)
local FIXED, OWN = 6, 7

local before, kept_until = answered(calls, slot, number)
if before then return {'done', before} end
local now, seq, layout = clock(meta, mode)

count, levels = tonumber(count), tonumber(levels)
local ids, packed, level_of, due_of, key_of, wanted = {}, {}, {}, {}, {}, {}
local at = FIXED + 2 * levels
for i = 1, count do
  local level = tonumber(ARGV[at + 3])
  ids[i], packed[i] = ARGV[at + 1], ARGV[at + 2]
  at = at + 3
  if level < 0 then
    level = -level
    due_of[i], key_of[i] = ARGV[at + 1], ARGV[at + 2]
    if key_of[i] ~= '' then wanted[#wanted + 1] = key_of[i] end
    at = at + 2
  end
  level_of[i] = level
end
local kept = call('HMGET', jobs, unpack(ids))
local holders, taken = {}, false
for i = 1, count do taken = taken or kept[i] end
if #wanted > 0 then
  local found = call('HMGET', keys, unpack(wanted))
  for i = 1, #wanted do
    holders[wanted[i]] = found[i]
    taken = taken or found[i]
  end
end
-- What is over stands in nobody's way but that of its own id and key.
local ended = taken and over(ending, now)
if ended then return ended end
local remembered = call('ZCARD', forgetting) > 0

local function four_bytes(number)
  local floor = math.floor
  return string.char(floor(number / 16777216) % 256, floor(number / 65536) % 256, floor(number / 256) % 256, number % 256)
end

-- Judge, and write nothing yet.
local at_once, high = int(now), nil
local fresh, words = {}, {}
local stored, queued, held, bells = {}, {}, {}, {}
for i = 1, count do
  local id, level, due, key = ids[i], level_of[i], due_of[i] or '', key_of[i] or ''
  local present = fresh[id] or (kept[i] and string.sub(kept[i], 7))
  if present then
    words[i] = present == packed[i] and 'K' or 'C'
  elseif remembered and tonumber(call('ZSCORE', forgetting, id) or 0) > now then
    words[i] = 'K'
  elseif key ~= '' and holders[key] then
    words[i] = 'H' .. holders[key]
  else
    local since = at_once
    if due ~= '' then
      since = tonumber(string.sub(due, 2))
      if string.sub(due, 1, 1) == 'd' then since = since + now end
      since = int(since < now and now or since)
    end
    seq = seq + 1
    local low = seq % 65536
    if not high or low == 0 then high = four_bytes(math.floor(seq / 65536)) end
    local place = high .. string.char(math.floor(low / 256), low % 256)
    fresh[id] = packed[i]
    if key ~= '' then
      holders[key] = id
      held[#held + 1] = key
      held[#held + 1] = id
    end
    stored[#stored + 1] = id
    stored[#stored + 1] = place .. packed[i]
    local members = queued[level] or {}
    members[#members + 1] = since
    members[#members + 1] = place .. id
    queued[level] = members
    bells[ARGV[FIXED + 2 * level - 1]] = true
    words[i] = 'A' .. since
  end
end

-- The first write is refused when the store is full, and nothing has happened then.
if #stored > 0 then
  call('HSET', jobs, unpack(stored))
  call('HSET', meta, 'seq', int(seq), 'clock', int(now))
  mark_layout(meta, layout)
  for level, members in pairs(queued) do
    call('ZADD', KEYS[OWN + level], unpack(members))
    call('HINCRBY', sizes, ARGV[FIXED + 2 * level], int(#members / 2))
  end
  if #held > 0 then call('HSET', keys, unpack(held)) end
  for bell in pairs(bells) do wake(KEYS[OWN + levels + tonumber(bell)]) end
end
if remembered then forget(forgetting, now) end
local answer = table.concat(words, '\n')
remember_answer(calls, slot, number, answer, tonumber(window), now, kept_until)
return {'done', answer}
