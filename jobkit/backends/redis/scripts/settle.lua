-- End deliveries: done, retry, release, dead. Each by itself; a token settles once.
--
-- KEYS  meta, ending, forgetting, jobs, state, keys, sizes, reasons, checkpoints, then for each level named in ARGV its
--       waiting and its leased set, then for each queue its dead set and its bell
-- ARGV  mode, count, count of levels, then for each item: how ('done', 'retry', 'release', 'dead'), token, ref, id,
--       member, level, queue's place, the level's name in sizes, due ('', 'a' or 'd' with milliseconds) or reason, key, remember
-- returns  {'done', '1' settled or '0' stale, ...}
--          {'over', refs}: clear these away and call again

local meta, ending, forgetting, jobs, state, keys, sizes, reasons, checkpoints = unpack(KEYS, 1, 9)
local count, levels = tonumber(ARGV[2]), tonumber(ARGV[3])
local FIXED, FIELDS, OWN = 3, 11, 9

local now = clock(meta, ARGV[1])
local ended = over(ending, now)
if ended then return ended end
call('DEL', jobs .. ':none') -- a removal first: with it the writes that follow are allowed in a full store

local ids = {}
for i = 1, count do ids[i] = ARGV[FIXED + (i - 1) * FIELDS + 4] end
local texts = call('HMGET', state, unpack(ids))
local states = {}
for i = 1, count do states[ids[i]] = states[ids[i]] or (texts[i] and read_state(texts[i])) or false end

local answer = {'done'}
local gone, unleased, shrunk, changed, bells = {}, {}, {}, {}, {}
for i = 1, count do
  local at = FIXED + (i - 1) * FIELDS
  local how, token, ref, id, member, level, place, size, extra, key, remember = unpack(ARGV, at + 1, at + FIELDS)
  local kept = states[id]
  if not kept or kept.token ~= token then
    answer[#answer + 1] = '0'
  else
    answer[#answer + 1] = '1'
    local set = OWN + 2 * (tonumber(level) - 1)
    local waiting, leased = KEYS[set + 1], KEYS[set + 2]
    local own = OWN + 2 * levels + 2 * (tonumber(place) - 1)
    local dead, bell = KEYS[own + 1], KEYS[own + 2]
    local members = unleased[leased] or {}
    members[#members + 1] = member
    unleased[leased] = members
    if kept.mark == 'm' then call('ZREM', ending, ref) end
    if how == 'done' or how == 'dead' or kept.mark == 'm' then drop_checkpoint(checkpoints, id, kept) end
    if how == 'done' or kept.mark == 'm' then
      gone[#gone + 1] = id
      states[id] = false
      changed[id] = nil
      shrunk[size] = (shrunk[size] or 0) + 1
      if key ~= '' then call('HDEL', keys, key) end
      if remember ~= '0' then call('ZADD', forgetting, int(now + tonumber(remember)), id) end
    else
      kept.token = ''
      kept.mark = how == 'release' and 'r' or how == 'dead' and 'x' or '-'
      changed[id] = kept
      if how == 'dead' then
        call('ZADD', dead, int(now), member)
        call('HSET', reasons, id, extra)
        if key ~= '' then call('HDEL', keys, key) end
      else
        local since = now
        if how == 'retry' then
          since = tonumber(string.sub(extra, 2))
          if string.sub(extra, 1, 1) == 'd' then since = since + now end
          if since < now then since = now end
        end
        call('ZADD', waiting, int(since), member)
        bells[bell] = true
      end
    end
  end
end

for leased, members in pairs(unleased) do call('ZREM', leased, unpack(members)) end
if #gone > 0 then
  call('HDEL', jobs, unpack(gone))
  call('HDEL', state, unpack(gone))
end
for id, kept in pairs(changed) do call('HSET', state, id, write_state(kept)) end
for bell in pairs(bells) do wake(bell) end
for size, less in pairs(shrunk) do
  if call('HINCRBY', sizes, size, -less) <= 0 then call('HDEL', sizes, size) end
end
return answer
