-- How many jobs of a queue are in each state, and whether it is paused. Changes nothing.
--
-- KEYS  meta, ending, sizes, the queue's dead set, then for each priority its waiting and its leased set
-- ARGV  mode, queue
-- returns  {'done', scheduled, ready, leased, dead, oldest ready or '', 1 paused or 0 not}
--          {'over', refs}: clear these away and call again

local now = clock(KEYS[1], ARGV[1])
local ended = over(KEYS[2], now)
if ended then return ended end

local scheduled, ready, leased, oldest = 0, 0, 0, nil
local bound = int(now)
for set = 5, #KEYS do
  local due = call('ZCOUNT', KEYS[set], '-inf', bound)
  local rest = call('ZCARD', KEYS[set]) - due
  ready = ready + due
  if set % 2 == 1 then scheduled = scheduled + rest else leased = leased + rest end
  if due > 0 then
    local first = tonumber(call('ZRANGE', KEYS[set], 0, 0, 'WITHSCORES')[2])
    if not oldest or first < oldest then oldest = first end
  end
end
local paused = call('HGET', KEYS[3], 'p:' .. ARGV[2]) and 1 or 0
return {'done', scheduled, ready, leased, call('ZCARD', KEYS[4]), oldest and int(oldest) or '', paused}
