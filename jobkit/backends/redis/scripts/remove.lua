-- End jobs by id: cancel, delete, or purge (delete what is still in one state).
--
-- KEYS  meta, ending, forgetting, jobs, state, keys, sizes, reasons, checkpoints, calls, then for each level named in
--       ARGV its waiting and its leased set, then the dead sets
-- ARGV  mode, slot, call number, repeat window, what ('cancel', 'delete', or the state to purge), count, count of
--       levels, then for each job: ref, id, member, level, queue's place, the level's name in sizes,
--       key, remember
-- returns  {'done', answer}: a character a job: 'g' gone, 'm' marked, 'u' unknown, '?' not the job that was meant:
--          look it up again
--          {'over', refs}: clear these away and call again

local meta, ending, forgetting, jobs, state, keys, sizes, reasons, checkpoints, calls = unpack(KEYS, 1, 10)
local mode, slot, number, window, what, count, levels = unpack(ARGV, 1, 7)
local FIXED, FIELDS, OWN = 7, 8, 10
count, levels = tonumber(count), tonumber(levels)

local before, kept_until = answered(calls, slot, number)
if before then return {'done', before} end
local now = clock(meta, mode)
local ended = over(ending, now)
if ended then return ended end
call('DEL', jobs .. ':none') -- a removal first: with it the writes that follow are allowed in a full store

local function state_of(kept, waiting, leased, member)
  if kept.mark == 'x' then return 'dead' end
  local since = call('ZSCORE', waiting, member)
  if since then return tonumber(since) > now and 'scheduled' or 'ready' end
  return tonumber(call('ZSCORE', leased, member)) > now and 'leased' or 'ready'
end

local words = {}
for i = 1, count do
  local at = FIXED + (i - 1) * FIELDS
  local ref, id, member, level, place, size, key, remember = unpack(ARGV, at + 1, at + FIELDS)
  local set = OWN + 2 * (tonumber(level) - 1)
  local waiting, leased = KEYS[set + 1], KEYS[set + 2]
  local stored = call('HGET', jobs, id)
  if not stored or string.sub(stored, 1, 6) ~= string.sub(member, 1, 6) then
    words[i] = '?'
  else
    local kept = read_state(call('HGET', state, id))
    local at_now = state_of(kept, waiting, leased, member)
    if what == 'cancel' and at_now == 'dead' or what ~= 'cancel' and what ~= 'delete' and what ~= at_now then
      words[i] = 'u'
    elseif what == 'cancel' and at_now == 'leased' then
      kept.mark = 'm'
      call('HSET', state, id, write_state(kept))
      call('ZADD', ending, call('ZSCORE', leased, member), ref)
      words[i] = 'm'
    else
      call('ZREM', waiting, member)
      call('ZREM', leased, member)
      call('ZREM', ending, ref)
      call('HDEL', jobs, id)
      call('HDEL', state, id)
      drop_checkpoint(checkpoints, id, kept)
      if at_now == 'dead' then
        call('ZREM', KEYS[OWN + 2 * levels + tonumber(place)], member)
        call('HDEL', reasons, id)
      elseif key ~= '' then
        call('HDEL', keys, key)
      end
      if what == 'cancel' and remember ~= '0' then call('ZADD', forgetting, int(now + tonumber(remember)), id) end
      if call('HINCRBY', sizes, size, -1) <= 0 then call('HDEL', sizes, size) end
      words[i] = 'g'
    end
  end
end
local answer = table.concat(words, '')
remember_answer(calls, slot, number, answer, tonumber(window), now, kept_until)
return {'done', answer}
