-- Notifications between claim and delivery.
--
-- KEYS  entries (hash: id -> payload), due (sorted set: id by due time), delivered (sorted set: id by time)
-- ARGV  put, id, payload, due (ms), capacity   -> "stored", "full", or "delivered": somebody has told it
--       take, now (ms), lease (ms), limit      -> payloads due, oldest first; a lease is a due time pushed ahead
--       done, id, remember (ms)                -> gone, and remembered so that no mirror brings it back
--       known, id...                           -> for each "here", "delivered" or "absent"
--       size

local ENTRIES, DUE, DELIVERED = KEYS[1], KEYS[2], KEYS[3]
local op = ARGV[1]

if op == 'put' then
  local id = ARGV[2]
  if redis.call('ZSCORE', DELIVERED, id) then return 'delivered' end
  if redis.call('HEXISTS', ENTRIES, id) == 0 and redis.call('HLEN', ENTRIES) >= tonumber(ARGV[5]) then
    return 'full'
  end
  redis.call('HSET', ENTRIES, id, ARGV[3])
  redis.call('ZADD', DUE, ARGV[4], id)
  return 'stored'
elseif op == 'take' then
  local taken = {}
  local leased_until = string.format('%.0f', tonumber(ARGV[2]) + tonumber(ARGV[3]))
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', ARGV[2], 'LIMIT', 0, ARGV[4])) do
    local payload = redis.call('HGET', ENTRIES, id)
    if payload then
      redis.call('ZADD', DUE, leased_until, id)
      taken[#taken + 1] = payload
    else
      redis.call('ZREM', DUE, id)
    end
  end
  return taken
elseif op == 'done' then
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  redis.call('HDEL', ENTRIES, ARGV[2])
  redis.call('ZREM', DUE, ARGV[2])
  redis.call('ZADD', DELIVERED, string.format('%.0f', now), ARGV[2])
  redis.call('ZREMRANGEBYSCORE', DELIVERED, '-inf', string.format('%.0f', now - tonumber(ARGV[3])))
  return 'ok'
elseif op == 'known' then
  local states = {}
  for i = 2, #ARGV do
    if redis.call('ZSCORE', DELIVERED, ARGV[i]) then
      states[i - 1] = 'delivered'
    else
      states[i - 1] = redis.call('HEXISTS', ENTRIES, ARGV[i]) == 1 and 'here' or 'absent'
    end
  end
  return states
elseif op == 'size' then
  return redis.call('HLEN', ENTRIES)
end
return redis.error_reply('unknown op ' .. op)
