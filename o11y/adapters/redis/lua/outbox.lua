-- Notifications between claim and delivery.
--
-- KEYS  entries (hash: id -> payload), due (sorted set: id by due time), delivered (sorted set: id by time),
--       turns (sorted set: id by its turn, a number: who is told first; each severity has a range of its own)
-- ARGV  put, id, payload, due (ms), capacity, turn, the lowest turn of its severity
--            -> "stored", "behind" (stored, and an older one of its severity waits), "full", or "delivered":
--               somebody has told it
--       take, now (ms), lease (ms), limit, longest pause (ms)
--            -> payloads due, by turn; a lease is a due time pushed ahead
--       done, id, remember (ms)                -> gone, and remembered so that no mirror brings it back
--       known, id...                           -> for each "here", "delivered" or "absent"
--       size

local ENTRIES, DUE, DELIVERED, TURNS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local op = ARGV[1]

local function forget(id)
  redis.call('HDEL', ENTRIES, id)
  redis.call('ZREM', DUE, id)
  redis.call('ZREM', TURNS, id)
end

local function behind(turn, lowest)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', TURNS, lowest, '(' .. turn)) do
    if redis.call('HEXISTS', ENTRIES, id) == 1 then return true end
    redis.call('ZREM', TURNS, id) -- its entry was removed by a version that knew no turns
  end
  return false
end

local function due(now, longest_pause)
  local far = string.format('(%.0f', tonumber(now) + tonumber(longest_pause))
  local found = redis.call('ZRANGEBYSCORE', DUE, '-inf', now)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE, far, '+inf')) do
    found[#found + 1] = id -- put before the clock was stepped back
  end
  local turns = {}
  for _, id in ipairs(found) do turns[id] = tonumber(redis.call('ZSCORE', TURNS, id) or '0') end
  table.sort(found, function(a, b)
    if turns[a] ~= turns[b] then return turns[a] < turns[b] end
    return a < b
  end)
  return found
end

if op == 'put' then
  local id = ARGV[2]
  if redis.call('ZSCORE', DELIVERED, id) then return 'delivered' end
  if redis.call('HEXISTS', ENTRIES, id) == 0 and redis.call('HLEN', ENTRIES) >= tonumber(ARGV[5]) then
    return 'full'
  end
  redis.call('HSET', ENTRIES, id, ARGV[3])
  redis.call('ZADD', DUE, ARGV[4], id)
  redis.call('ZADD', TURNS, ARGV[6], id)
  return behind(ARGV[6], ARGV[7]) and 'behind' or 'stored'
elseif op == 'take' then
  local taken = {}
  local leased_until = string.format('%.0f', tonumber(ARGV[2]) + tonumber(ARGV[3]))
  for _, id in ipairs(due(ARGV[2], ARGV[5])) do
    local payload = redis.call('HGET', ENTRIES, id)
    if payload then
      redis.call('ZADD', DUE, leased_until, id)
      taken[#taken + 1] = payload
      if #taken == tonumber(ARGV[4]) then break end
    else
      forget(id)
    end
  end
  return taken
elseif op == 'done' then
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  forget(ARGV[2])
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
