-- End deliveries: done, retry, release, dead. Each by itself; a token settles once.
--
-- KEYS  meta, ending, forgetting, jobs, state, keys, sizes, reasons, checkpoints, then for each level named in ARGV its
--       waiting and its leased set, then for each queue its dead set and its bell
-- ARGV  mode, count, count of levels, then for each level: its queue's place, its name in sizes; then for each item: how
--       ('done', 'retry', 'release', 'dead'), token as it was issued, member, level; and if that is negative: due ('',
--       'a' or 'd' with milliseconds) or reason, key, remember
-- returns  {'done', '1' settled or '0' stale, ...}
--          {'over', refs}: clear these away and call again

local meta, ending, forgetting, jobs, state, keys, sizes, reasons, checkpoints = unpack(KEYS, 1, 9)
local count, levels = tonumber(ARGV[2]), tonumber(ARGV[3])
local FIXED, OWN = 3, 9

local now = clock(meta, ARGV[1])
local ended = over(ending, now)
if ended then return ended end
call('DEL', jobs .. ':none') -- a removal first: with it the writes that follow are allowed in a full store

local hows, tokens, members, level_of, beyond, ids = {}, {}, {}, {}, {}, {}
local at = FIXED + 2 * levels
for i = 1, count do
  local level = tonumber(ARGV[at + 4])
  hows[i], tokens[i], members[i] = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  ids[i] = string.sub(members[i], 7)
  at = at + 4
  if level < 0 then
    level = -level
    beyond[i] = {unpack(ARGV, at + 1, at + 3)}
    at = at + 3
  end
  level_of[i] = level
end
local texts = call('HMGET', state, unpack(ids))
local states = {}

-- Most states are as the first delivery wrote them: to compare is quicker than to read.
local function state_of(text, token)
  if text == first_state(token) then return {attempt = 1, number = 1, mark = '-', flags = '', token = token} end
  return text and read_state(text)
end

local NOTHING = {'', '', '0'}
local answer = {'done'}
local gone, unleased, shrunk, changed, bells = {}, {}, {}, {}, {}
for i = 1, count do
  local id, how, member, level = ids[i], hows[i], members[i], level_of[i]
  local dot = string.find(tokens[i], '.', 1, true)
  local token = string.sub(tokens[i], 1, dot - 1)
  local kept = states[id]
  if kept == nil then kept = state_of(texts[i], token) or false end
  states[id] = kept
  if not kept or kept.token ~= token then
    answer[#answer + 1] = '0'
  else
    answer[#answer + 1] = '1'
    local extra, key, remember = unpack(beyond[i] or NOTHING)
    local these = unleased[level] or {}
    these[#these + 1] = member
    unleased[level] = these
    if kept.mark == 'm' then call('ZREM', ending, string.sub(tokens[i], dot + 1)) end
    if how == 'done' or how == 'dead' or kept.mark == 'm' then drop_checkpoint(checkpoints, id, kept) end
    if how == 'done' or kept.mark == 'm' then
      gone[#gone + 1] = id
      states[id] = false
      changed[id] = nil
      shrunk[level] = (shrunk[level] or 0) + 1
      if key ~= '' then call('HDEL', keys, key) end
      if remember ~= '0' then call('ZADD', forgetting, int(now + tonumber(remember)), id) end
    else
      kept.token = ''
      kept.mark = how == 'release' and 'r' or how == 'dead' and 'x' or '-'
      changed[id] = kept
      local own = OWN + 2 * levels + 2 * (tonumber(ARGV[FIXED + 2 * level - 1]) - 1)
      local waiting, dead, bell = KEYS[OWN + 2 * level - 1], KEYS[own + 1], KEYS[own + 2]
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

for level, these in pairs(unleased) do call('ZREM', KEYS[OWN + 2 * level], unpack(these)) end
if #gone > 0 then
  call('HDEL', jobs, unpack(gone))
  call('HDEL', state, unpack(gone))
end
for id, kept in pairs(changed) do call('HSET', state, id, write_state(kept)) end
for bell in pairs(bells) do wake(bell) end
for level, less in pairs(shrunk) do
  local size = ARGV[FIXED + 2 * level]
  if call('HINCRBY', sizes, size, -less) <= 0 then call('HDEL', sizes, size) end
end
return answer
