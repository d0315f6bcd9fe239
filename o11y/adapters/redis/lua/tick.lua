-- The lease of one minute's evaluation: held by an owner, taken over when it ran out, ending as done.
--
-- KEYS  the minute, the last finished minute (one hash tag)
-- ARGV  op, owner, lease (milliseconds), minute (since the epoch)
-- Answers 1 when the owner may go on, else 0.

local MINUTE, LAST = KEYS[1], KEYS[2]
local op, owner, lease, minute = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local GARBAGE_MS = 3600000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local state = redis.call('HMGET', MINUTE, 'owner', 'until', 'done')
local holder, ends, done = state[1], tonumber(state[2] or '0'), state[3]

if done then
  -- a finish that is asked for again has been done
  return op == 'finish' and holder == owner and 1 or 0
end

if op == 'acquire' then
  if holder and holder ~= owner and now < ends then return 0 end
elseif holder ~= owner then
  return 0
end

if op == 'finish' then
  redis.call('HSET', MINUTE, 'owner', owner, 'done', '1')
  local last = tonumber(redis.call('GET', LAST) or '')
  if not last or last < minute then redis.call('SET', LAST, string.format('%.0f', minute)) end
else
  redis.call('HSET', MINUTE, 'owner', owner, 'until', string.format('%.0f', now + lease))
end
redis.call('PEXPIRE', MINUTE, GARBAGE_MS)
return 1
