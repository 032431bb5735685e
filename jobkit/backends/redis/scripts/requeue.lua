-- Revive dead jobs: attempt 1, due now, the delivery number goes on.
--
-- KEYS  meta, ending, jobs, state, keys, reasons, calls, then the waiting sets, then for each queue its dead set and
--       its bell
-- ARGV  mode, slot, call number, repeat window, count, count of waiting sets, then for each job: id, member, waiting
--       set, queue's place, key
-- returns  {'done', answer}: a word a job: 'R' requeued, 'U' unknown, 'H' with the holder, '?' look it up again
--          {'over', refs}: clear these away and call again

local meta, ending, jobs, state, keys, reasons, calls = unpack(KEYS, 1, 7)
local mode, slot, number, window, count, sets = unpack(ARGV, 1, 6)
local FIXED, FIELDS, OWN = 6, 5, 7
sets = tonumber(sets)

local before, kept_until = answered(calls, slot, number)
if before then return {'done', before} end
local now = clock(meta, mode)
local ended = over(ending, now)
if ended then return ended end
call('DEL', jobs .. ':none') -- a removal first: with it the writes that follow are allowed in a full store

local words = {}
for i = 1, tonumber(count) do
  local at = FIXED + (i - 1) * FIELDS
  local id, member, set, place, key = unpack(ARGV, at + 1, at + FIELDS)
  local own = OWN + sets + 2 * (tonumber(place) - 1)
  local stored = call('HGET', jobs, id)
  local kept = read_state(call('HGET', state, id))
  local holder = key ~= '' and call('HGET', keys, key)
  if not stored or string.sub(stored, 1, 6) ~= string.sub(member, 1, 6) then
    words[i] = '?'
  elseif kept.mark ~= 'x' then
    words[i] = 'U'
  elseif holder then
    words[i] = 'H' .. holder
  else
    kept.mark, kept.attempt = '-', 0
    call('ZREM', KEYS[own + 1], member)
    call('HDEL', reasons, id)
    call('HSET', state, id, write_state(kept))
    if key ~= '' then call('HSET', keys, key, id) end
    call('ZADD', KEYS[OWN + tonumber(set)], int(now), member)
    wake(KEYS[own + 2])
    words[i] = 'R'
  end
end
local answer = table.concat(words, '\n')
remember_answer(calls, slot, number, answer, tonumber(window), now, kept_until)
return {'done', answer}
