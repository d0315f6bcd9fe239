-- The oldest unshipped event time of every live replica.
--
-- KEYS  a hash: replica -> "<expires at, ms>:<oldest event time, us, or nothing>"
-- ARGV  "publish", replica, oldest (us, or ""), ttl (ms)  |  "oldest"
-- "oldest" answers the smallest, or nil. Replicas that have gone silent are forgotten on the way.

local KEY, op = KEYS[1], ARGV[1]
local FAR_MS = 900000 -- one that expires later was published before the clock was stepped back
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

if op == 'publish' then
  local ttl = tonumber(ARGV[4])
  redis.call('HSET', KEY, ARGV[2], string.format('%.0f:%s', now + ttl, ARGV[3]))
  if redis.call('PTTL', KEY) < ttl then redis.call('PEXPIRE', KEY, string.format('%.0f', math.max(ttl, 1))) end
end

local oldest, entries = nil, redis.call('HGETALL', KEY)
for i = 1, #entries, 2 do
  local expires, mark = string.match(entries[i + 1], '^(%d+):(%d*)$')
  if not expires or tonumber(expires) <= now or tonumber(expires) > now + FAR_MS then
    redis.call('HDEL', KEY, entries[i])
  elseif mark ~= '' and (not oldest or tonumber(mark) < tonumber(oldest)) then
    oldest = mark
  end
end
return oldest
