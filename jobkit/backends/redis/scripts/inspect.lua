-- What is kept of some jobs, as it is now. Changes nothing.
--
-- KEYS  meta, ending, jobs, state, reasons, then for each level named in ARGV its waiting and its leased set, then the
--       dead sets
-- ARGV  mode, count, count of levels, then for each job: id, member, level, queue's place
-- returns  {'done', now, stored or '', state text, since or '', lease end or '', reason, ...}: '?' as stored: look it
--          up again
--          {'over', refs}: clear these away and call again

local meta, ending, jobs, state, reasons = unpack(KEYS, 1, 5)
local levels = tonumber(ARGV[3])
local FIXED, FIELDS, OWN = 3, 4, 5

local now = clock(meta, ARGV[1])
local ended = over(ending, now)
if ended then return ended end

local answer = {'done', int(now)}
for i = 1, tonumber(ARGV[2]) do
  local at = FIXED + (i - 1) * FIELDS
  local id, member, level, place = unpack(ARGV, at + 1, at + FIELDS)
  local set = OWN + 2 * (tonumber(level) - 1)
  local stored = call('HGET', jobs, id)
  local found = {'?', '', '', '', ''}
  if stored and string.sub(stored, 1, 6) == string.sub(member, 1, 6) then
    local since = call('ZSCORE', KEYS[set + 1], member)
      or call('ZSCORE', KEYS[OWN + 2 * levels + tonumber(place)], member)
    local stop = call('ZSCORE', KEYS[set + 2], member)
    found = {
      stored, call('HGET', state, id) or '', since and int(tonumber(since)) or '', stop and int(tonumber(stop)) or '',
      call('HGET', reasons, id) or '',
    }
  end
  for part = 1, 5 do answer[#answer + 1] = found[part] end
end
return answer
