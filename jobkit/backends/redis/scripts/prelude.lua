-- Stands before every script. Only what every server and fakeredis has: strings, string.format, tonumber.

local fmt, call = string.format, redis.call

local function int(number)
  return fmt('%.0f', number)
end

-- Which keys there are, and what is in them. Who finds a number above this one was overtaken by a later version, and has
-- no idea what it would destroy; an older one is read, and marked with this one by what stores the next job. What an older
-- version reads past (flags, fields, keys) needs no new number.
local LAYOUT = 1

-- The backend's clock, in milliseconds: the server's, never behind the last acceptance. Tests hand over
-- an instant ('@...'), or keep an offset beside the sequence ('+'); production ('') reads neither.
-- The second answer is the last sequence number, the third in which layout the namespace is written.
local function clock(meta, mode)
  local now
  local kept = call('HMGET', meta, 'clock', mode == '+' and 'offset' or 'clock', 'seq', 'layout')
  local layout = tonumber(kept[4] or 0)
  if layout > LAYOUT then error(fmt('jobkit-layout %.0f is later than %.0f', layout, LAYOUT)) end
  if string.sub(mode, 1, 1) == '@' then
    now = tonumber(string.sub(mode, 2))
  else
    local time = call('TIME')
    now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    if mode == '+' then now = now + tonumber(kept[2] or 0) end
  end
  local last = tonumber(kept[1] or 0)
  return now > last and now or last, tonumber(kept[3] or 0), layout
end

-- Say in which layout the namespace is written from now on.
local function mark_layout(meta, layout)
  if layout < LAYOUT then call('HSET', meta, 'layout', LAYOUT) end
end

-- Cancelled jobs whose leases have ended are over, whatever is still kept of them: clear them away first.
local function over(ending, now)
  local refs = call('ZRANGEBYSCORE', ending, '-inf', int(now), 'LIMIT', 0, 100)
  return #refs > 0 and {'over', refs} or nil
end

-- Ids that need no longer be known.
local function forget(forgetting, now)
  local ids = call('ZRANGEBYSCORE', forgetting, '-inf', int(now), 'LIMIT', 0, 100)
  if #ids > 0 then call('ZREM', forgetting, unpack(ids)) end
end

-- What is kept of a job from its first delivery on: attempt, number, mark with flags, and the latest token.
-- Marks: '-' none, 'r' released, 'm' cancelled while leased, 'x' dead. Flags: 'c' a checkpoint is kept; others, which a
-- later version may know, stay as they are.
local function read_state(text)
  if not text then return {attempt = 0, number = 0, mark = '-', flags = '', token = ''} end
  local attempt, number, mark, flags, token = string.match(text, '^(%d+) (%d+) (.)(%S*) (.*)$')
  return {attempt = tonumber(attempt), number = tonumber(number), mark = mark, flags = flags, token = token}
end

local function write_state(state)
  return fmt('%.0f %.0f %s%s %s', state.attempt, state.number, state.mark, state.flags, state.token)
end

-- As `write_state` would, of a first delivery: most jobs have no other.
local function first_state(token)
  return '1 1 - ' .. token
end

-- A checkpoint ends with its job: with no other call for the many jobs that have none.
local function drop_checkpoint(checkpoints, id, state)
  if string.find(state.flags, 'c', 1, true) then
    call('HDEL', checkpoints, id)
    state.flags = string.gsub(state.flags, 'c', '')
  end
end

-- Whoever waits for this queue shall look: one at a time, and one at the most if nobody waits.
local function wake(bell)
  if call('LLEN', bell) == 0 then call('RPUSH', bell, '1') end
end

-- A call that the client repeats after a lost reply is answered as it was, and has no second effect. Each of a
-- client's calls in flight has a slot of its own, so what is kept is bounded by how many those are.
-- The second answer is until when the client's slots are kept.
local function answered(calls, slot, number)
  local kept = call('HMGET', calls, slot, 'until')
  if not kept[1] then return nil, kept[2] end
  local last, answer = string.match(kept[1], '^(%d+) (.*)$')
  if tonumber(last) == tonumber(number) then return answer end
  return tonumber(last) > tonumber(number) and '' or nil, kept[2]
end

local function remember_answer(calls, slot, number, answer, window, now, kept_until)
  if kept_until and tonumber(kept_until) > now + window then
    call('HSET', calls, slot, number .. ' ' .. answer)
  else
    call('HSET', calls, slot, number .. ' ' .. answer, 'until', int(now + 3 * window))
    call('PEXPIRE', calls, 3 * window)
  end
end
