-- Store a batch: judged in order, an id before its key, an earlier message for a later one.
--
-- KEYS  meta, ending, forgetting, jobs, keys, sizes, calls, then the waiting sets, then the bells named in ARGV
-- ARGV  mode, slot, call number, repeat window, count, count of waiting sets,
--       then for each message: id, packed, waiting set, bell, level, due ('', 'a' or 'd' with milliseconds), key
-- returns  {'done', answer}: a word a message: 'A' with its due time, 'K' known, 'C' conflict, 'H' with the holder
--          {'over', refs}: clear these away and call again

local meta, ending, forgetting, jobs, keys, sizes, calls = unpack(KEYS, 1, 7)
local mode, slot, number, window, count, sets = unpack(ARGV, 1, 6)
local FIXED, FIELDS = 6, 7

local before, kept_until = answered(calls, slot, number)
if before then return {'done', before} end
local now, seq, layout = clock(meta, mode)

count, sets = tonumber(count), tonumber(sets)
local ids, wanted = {}, {}
for i = 1, count do
  local at = FIXED + (i - 1) * FIELDS
  ids[i] = ARGV[at + 1]
  if ARGV[at + 7] ~= '' then wanted[#wanted + 1] = ARGV[at + 7] end
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
local stored, queued, held, grown, bells = {}, {}, {}, {}, {}
for i = 1, count do
  local at = FIXED + (i - 1) * FIELDS
  local id, packed, set, bell, level, due, key = unpack(ARGV, at + 1, at + FIELDS)
  local present = fresh[id] or (kept[i] and string.sub(kept[i], 7))
  if present then
    words[i] = present == packed and 'K' or 'C'
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
    fresh[id] = packed
    if key ~= '' then
      holders[key] = id
      held[#held + 1] = key
      held[#held + 1] = id
    end
    stored[#stored + 1] = id
    stored[#stored + 1] = place .. packed
    local queue_of = queued[set] or {}
    queue_of[#queue_of + 1] = since
    queue_of[#queue_of + 1] = place .. id
    queued[set] = queue_of
    grown[level] = (grown[level] or 0) + 1
    bells[bell] = true
    words[i] = 'A' .. since
  end
end

-- The first write is refused when the store is full, and nothing has happened then.
if #stored > 0 then
  call('HSET', jobs, unpack(stored))
  call('HSET', meta, 'seq', int(seq), 'clock', int(now))
  mark_layout(meta, layout)
  for set, members in pairs(queued) do call('ZADD', KEYS[7 + tonumber(set)], unpack(members)) end
  if #held > 0 then call('HSET', keys, unpack(held)) end
  for level, more in pairs(grown) do call('HINCRBY', sizes, level, more) end
  for bell in pairs(bells) do wake(KEYS[7 + sets + tonumber(bell)]) end
end
if remembered then forget(forgetting, now) end
local answer = table.concat(words, '\n')
remember_answer(calls, slot, number, answer, tonumber(window), now, kept_until)
return {'done', answer}
