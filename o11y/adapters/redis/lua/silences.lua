-- Silences: their texts, and when each ends.
--
-- KEYS  entries (hash: id -> payload), ends (sorted set: id by the time at which it ends)
-- ARGV  all                              -> payloads
--       get, id                          -> payload or nothing
--       put, id, payload, end (ms), now (ms), live at most, kept at most, keep for (ms)
--            -> the payload kept, which is an earlier one of this id if there is one; or nothing: too many are live
--       replace, id, payload, end (ms), the payload that it replaces -> 1, or 0: it is another by now

local ENTRIES, ENDS = KEYS[1], KEYS[2]
local op, id = ARGV[1], ARGV[2]

local function forget(ended)
  redis.call('HDEL', ENTRIES, ended)
  redis.call('ZREM', ENDS, ended)
end

local function collect(now, most, keep)
  for _, ended in ipairs(redis.call('ZRANGEBYSCORE', ENDS, '-inf', string.format('%.0f', now - keep))) do
    forget(ended)
  end
  local over = redis.call('HLEN', ENTRIES) - most
  for _, ended in ipairs(redis.call('ZRANGEBYSCORE', ENDS, '-inf', string.format('%.0f', now))) do
    if over < 0 then break end
    forget(ended)
    over = over - 1
  end
end

if op == 'all' then
  local found = redis.call('HGETALL', ENTRIES)
  local payloads = {}
  for place = 2, #found, 2 do payloads[#payloads + 1] = found[place] end
  return payloads
elseif op == 'get' then
  return redis.call('HGET', ENTRIES, id)
elseif op == 'put' then
  local kept = redis.call('HGET', ENTRIES, id)
  if kept then return kept end
  local now = tonumber(ARGV[5])
  collect(now, tonumber(ARGV[7]), tonumber(ARGV[8]))
  local live = redis.call('ZRANGEBYSCORE', ENDS, string.format('(%.0f', now), '+inf')
  if #live >= tonumber(ARGV[6]) then return false end
  redis.call('HSET', ENTRIES, id, ARGV[3])
  redis.call('ZADD', ENDS, ARGV[4], id)
  return ARGV[3]
elseif op == 'replace' then
  if redis.call('HGET', ENTRIES, id) ~= ARGV[5] then return 0 end
  redis.call('HSET', ENTRIES, id, ARGV[3])
  redis.call('ZADD', ENDS, ARGV[4], id)
  return 1
end
return redis.error_reply('unknown op ' .. op)
