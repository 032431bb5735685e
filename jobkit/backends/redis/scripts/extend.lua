-- Move the ends of live leases to now plus a duration, and keep where their jobs are.
--
-- KEYS  meta, ending, state, checkpoints, then the leased sets named in ARGV
-- ARGV  mode, count, then for each item: token, ref, id, member, leased set, lease, checkpoint ('' none, or 'c' and it)
-- returns  {'done', word, ...}: 'E' or 'C' (cancelled) with the new end, '.' ended, '0' stale
--          {'over', refs}: clear these away and call again

local meta, ending, state, checkpoints = unpack(KEYS, 1, 4)
local count = tonumber(ARGV[2])
local FIXED, FIELDS, OWN = 2, 7, 4

local now = clock(meta, ARGV[1])
local ended = over(ending, now)
if ended then return ended end
call('DEL', state .. ':none') -- a removal first: with it the writes that follow are allowed in a full store

local answer = {'done'}
for i = 1, count do
  local at = FIXED + (i - 1) * FIELDS
  local token, ref, id, member, set, lease, checkpoint = unpack(ARGV, at + 1, at + FIELDS)
  local leased = KEYS[OWN + tonumber(set)]
  local text = call('HGET', state, id)
  local kept = text and read_state(text)
  if not kept or kept.token ~= token then
    answer[#answer + 1] = '0'
  elseif tonumber(call('ZSCORE', leased, member) or 0) <= now then
    answer[#answer + 1] = '.'
  else
    local stop = int(now + tonumber(lease))
    call('ZADD', leased, stop, member)
    if kept.mark == 'm' then call('ZADD', ending, stop, ref) end
    if checkpoint ~= '' then
      call('HSET', checkpoints, id, string.sub(checkpoint, 2))
      if not string.find(kept.flags, 'c', 1, true) then
        kept.flags = kept.flags .. 'c'
        call('HSET', state, id, write_state(kept))
      end
    end
    answer[#answer + 1] = (kept.mark == 'm' and 'C' or 'E') .. stop
  end
end
return answer
