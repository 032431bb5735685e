-- The levels (priority:queue) that hold jobs. Changes nothing.
--
-- KEYS  meta, ending, sizes
-- ARGV  mode
-- returns  {'done', level, ...}
--          {'over', refs}: clear these away and call again

local now = clock(KEYS[1], ARGV[1])
local ended = over(KEYS[2], now)
if ended then return ended end
local answer = call('HKEYS', KEYS[3])
table.insert(answer, 1, 'done')
return answer
