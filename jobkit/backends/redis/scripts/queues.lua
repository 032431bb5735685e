-- The levels (priority:queue) that hold jobs. Changes nothing.
--
-- KEYS  meta, ending, sizes
-- ARGV  mode
-- returns  {'done', level, ...}
--          {'over', refs}: clear these away and call again

local now = clock(KEYS[1], ARGV[1])
local ended = over(KEYS[2], now)
if ended then return ended end
local answer = {'done'}
for _, level in ipairs(call('HKEYS', KEYS[3])) do
  if string.sub(level, 1, 2) ~= 'p:' then answer[#answer + 1] = level end
end
return answer
