-- Clear away cancelled jobs whose leases have ended: they are over since then, key and all.
--
-- KEYS  meta, ending, forgetting, jobs, state, keys, sizes, checkpoints, then the leased sets named in ARGV
-- ARGV  mode, count, then for each job: ref, id, member, leased set, the level's name in sizes, key, remember
-- returns  {'done', how many}

local meta, ending, forgetting, jobs, state, keys, sizes, checkpoints = unpack(KEYS, 1, 8)
local now = clock(meta, ARGV[1])
local FIXED, FIELDS, OWN = 2, 7, 8

call('DEL', jobs .. ':none') -- a removal first: with it the writes that follow are allowed in a full store
local cleared = 0
for i = 1, tonumber(ARGV[2]) do
  local at = FIXED + (i - 1) * FIELDS
  local ref, id, member, set, size, key, remember = unpack(ARGV, at + 1, at + FIELDS)
  local stop = tonumber(call('ZSCORE', ending, ref) or now + 1)
  if stop <= now then
    call('ZREM', ending, ref)
    call('ZREM', KEYS[OWN + tonumber(set)], member)
    call('HDEL', jobs, id)
    call('HDEL', state, id)
    call('HDEL', checkpoints, id)
    if key ~= '' then call('HDEL', keys, key) end
    if remember ~= '0' then call('ZADD', forgetting, int(stop + tonumber(remember)), id) end
    if call('HINCRBY', sizes, size, -1) <= 0 then call('HDEL', sizes, size) end
    cleared = cleared + 1
  end
end
return {'done', cleared}
