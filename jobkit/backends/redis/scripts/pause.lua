-- Pause a queue, or resume it and let those who wait for it look.
--
-- KEYS  meta, sizes, the queue's bell
-- ARGV  mode, what ('pause' or 'resume'), queue
-- returns  {'done'}

local meta, sizes, bell = unpack(KEYS)
local what, queue = ARGV[2], ARGV[3]

local _, _, layout = clock(meta, ARGV[1])
call('DEL', sizes .. ':none') -- a removal first: with it the writes that follow are allowed in a full store
if what == 'pause' then
  mark_layout(meta, layout)
  call('HSET', sizes, 'p:' .. queue, '1')
else
  call('HDEL', sizes, 'p:' .. queue)
  wake(bell)
end
return {'done'}
