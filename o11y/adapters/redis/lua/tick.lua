-- The lease of one minute's evaluation: held by an owner, taken over when it ran out, ending as done.
--
-- KEYS  the last finished minute, the first one acquired, minutes... (one hash tag)
-- ARGV  op, owner, lease (milliseconds), minutes since the epoch...
--       acquire, renew, finish   -> 1 when the owner may go on, else 0
--       unfinished               -> those of the minutes that nobody has finished or is evaluating
--       rewind                   -> the clock was stepped back: the minute and those after it are unfinished again

local LAST, FIRST = KEYS[1], KEYS[2]
local op, owner, lease, minute = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local GARBAGE_MS = 3600000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = tonumber(redis.call('GET', LAST) or '')

local function text(number) return string.format('%.0f', number) end

-- done after the last one: finished before the clock was stepped back
local function is_done(state, number) return state[3] and last and number <= last end

local function is_leased(state) return state[1] and not state[3] and now < tonumber(state[2] or '0') end

if op == 'unfinished' then
  -- a version that did not keep the first left the last one alone
  local found, first = {}, tonumber(redis.call('GET', FIRST) or '') or last and last + 1
  for i = 3, #KEYS do
    local number = tonumber(ARGV[i + 1])
    local state = redis.call('HMGET', KEYS[i], 'owner', 'until', 'done')
    if first and number >= first and not is_done(state, number) and not is_leased(state) then
      found[#found + 1] = ARGV[i + 1]
    end
  end
  return found
elseif op == 'rewind' then
  local first = tonumber(redis.call('GET', FIRST) or '')
  if last and last >= minute then redis.call('SET', LAST, text(minute - 1)) end
  if first and first > minute then redis.call('SET', FIRST, text(minute)) end
  return 1
end

local MINUTE = KEYS[3]
local state = redis.call('HMGET', MINUTE, 'owner', 'until', 'done')
local holder = state[1]

if is_done(state, minute) then
  -- a finish that is asked for again has been done
  return op == 'finish' and holder == owner and 1 or 0
end

if op == 'acquire' then
  if is_leased(state) and holder ~= owner then return 0 end
  redis.call('SETNX', FIRST, text(minute))
elseif holder ~= owner then
  return 0
end

if op == 'finish' then
  redis.call('HSET', MINUTE, 'owner', owner, 'done', '1')
  if not last or last < minute then redis.call('SET', LAST, text(minute)) end
else
  redis.call('HSET', MINUTE, 'owner', owner, 'until', text(now + lease))
  redis.call('HDEL', MINUTE, 'done')
end
redis.call('PEXPIRE', MINUTE, GARBAGE_MS)
return 1
