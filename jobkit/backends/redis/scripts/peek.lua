-- Some jobs of a queue in one state, in order, after a place. Changes nothing.
--
-- KEYS  meta, ending, then sets to merge, level by level: two a level (waiting and leased; the dead set twice)
-- ARGV  mode, state, most, first level, score or '', member: go on after this entry of the first level
-- returns  {'done', level, score, member, ...}
--          {'over', refs}: clear these away and call again

local meta, ending = KEYS[1], KEYS[2]
local mode, wanted, most, first, score, member = unpack(ARGV)
most, first = tonumber(most), tonumber(first)
local CHUNK = 1000

local now = clock(meta, mode)
local ended = over(ending, now)
if ended then return ended end

local low, high = '-inf', '+inf'
if wanted == 'ready' then high = int(now) end
if wanted == 'scheduled' or wanted == 'leased' then low = '(' .. int(now) end

-- The entries of a set within the bounds, beginning after the place.
local function entries(set, room, resume)
  local found, offset = {}, 0
  if not resume then return call('ZRANGEBYSCORE', set, low, high, 'WITHSCORES', 'LIMIT', 0, room) end
  while true do
    local part = call('ZRANGEBYSCORE', set, score, high, 'WITHSCORES', 'LIMIT', offset, CHUNK)
    for i = 1, #part, 2 do
      if tonumber(part[i + 1]) > tonumber(score) or part[i] > member then
        found[#found + 1] = part[i]
        found[#found + 1] = part[i + 1]
        if #found >= 2 * room then return found end
      end
    end
    if #part < 2 * CHUNK then return found end
    offset = offset + CHUNK
  end
end

local answer = {'done'}
local room = most
for level = first, (#KEYS - 2) / 2 do
  local resume = level == first and score ~= ''
  local one, two = {}, {}
  if wanted ~= 'leased' then one = entries(KEYS[1 + 2 * level], room, resume) end
  if wanted ~= 'scheduled' and wanted ~= 'dead' then two = entries(KEYS[2 + 2 * level], room, resume) end
  local i, j = 1, 1
  while room > 0 and (one[i] or two[j]) do
    local left = one[i] ~= nil
    if left and two[j] then
      local a, b = tonumber(one[i + 1]), tonumber(two[j + 1])
      left = a < b or (a == b and one[i] < two[j])
    end
    local entry, at = left and one or two, left and i or j
    answer[#answer + 1] = level
    answer[#answer + 1] = int(tonumber(entry[at + 1]))
    answer[#answer + 1] = entry[at]
    if left then i = i + 2 else j = j + 2 end
    room = room - 1
  end
  if room == 0 then break end
end
return answer
