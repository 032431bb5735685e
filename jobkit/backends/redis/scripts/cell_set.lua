-- Set a cell if its version is still the expected one; a cell that was never set has version 0.
--
-- KEYS  meta, cells, calls
-- ARGV  mode, slot, call number, repeat window, name, value, expected version
-- returns  {'done', answer}: the new version, or '' when it was another

local meta, cells, calls = unpack(KEYS)
local mode, slot, number, window, name, value, expected = unpack(ARGV)

local before, kept_until = answered(calls, slot, number)
if before then return {'done', before} end
local now, _, layout = clock(meta, mode)
call('DEL', cells .. ':none') -- a removal first: with it the writes that follow are allowed in a full store

local kept = call('HGET', cells, name)
local version = kept and string.match(kept, '^(%d+) ') or '0'
local answer = ''
if version == expected then
  mark_layout(meta, layout)
  answer = int(tonumber(version) + 1)
  call('HSET', cells, name, answer .. ' ' .. value)
end
remember_answer(calls, slot, number, answer, tonumber(window), now, kept_until)
return {'done', answer}
