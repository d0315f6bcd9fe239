-- Notifications between the decision and delivery, and the incidents that they tell of.
--
-- KEYS  entries (hash: id -> payload), due (sorted set: id by due time), delivered (sorted set: id by time),
--       turns (sorted set: id by its turn, a number: who is told first; each receiver has a range of its own);
--       for the operations on incidents also
--       incidents (hash: id -> "<version>|<payload>"), receipts (hash: "<id>/<part>" -> value),
--       messages (hash: id -> the newest notification), revision (how often an incident was written)
-- ARGV  put, id, payload, due (ms), capacity, turn, the lowest turn of its receiver
--            -> "stored", "behind" (stored, and one for its receiver with a lower turn waits), "full", or "delivered":
--               somebody has told it
--       take, now (ms), lease (ms), limit, longest pause (ms)
--            -> payloads due, by turn; a lease is a due time pushed ahead
--       done, id, remember (ms)                -> gone, and remembered so that no mirror brings it back
--       known, id...                           -> for each "here", "delivered" or "absent"
--       size
--       commit, incident, expected version ("": none), version, payload, "1" to be acknowledged anew, message ("": none),
--         expected revision ("": any) [, id, payload, due, capacity, turn, lowest: an entry]
--            -> "stale" (nothing is changed), "stored", or what put says of the entry
--       load                                   -> {incidents, receipts}, flat
--       receive, incident, part, value, ...
--       receipts, incident, part, ...          -> their values, nil where there is none
--       acknowledge, incident, value           -> the value kept, of whoever was first; nil: no such incident
--       message, incident                      -> the newest notification, or nil
--       forget, incident, version, ...         -> gone, unless it has another version; and receipts of no incident

local ENTRIES, DUE, DELIVERED, TURNS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local INCIDENTS, RECEIPTS, MESSAGES, REVISION = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local GARBAGE_MS = 7 * 24 * 3600000 -- an incident that is open is written every minute
local op = ARGV[1]

local function version_of(incident)
  return incident and string.match(incident, '^(%d+)|') or ''
end

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

-- Redis takes nothing back when a script fails midway: what can be refused is asked before anything is written.
local function verdict(id, due_at, capacity, turn, lowest)
  if redis.call('ZSCORE', DELIVERED, id) then return 'delivered' end
  if redis.call('HEXISTS', ENTRIES, id) == 0 and redis.call('HLEN', ENTRIES) >= tonumber(capacity) then
    return 'full'
  end
  redis.call('ZRANGEBYSCORE', DUE, due_at, due_at, 'LIMIT', 0, 0)
  return behind(turn, lowest) and 'behind' or 'stored'
end

local function write(id, payload, due_at, turn)
  redis.call('HSET', ENTRIES, id, payload)
  redis.call('ZADD', DUE, due_at, id)
  redis.call('ZADD', TURNS, turn, id)
end

local function put(id, payload, due_at, capacity, turn, lowest)
  local answer = verdict(id, due_at, capacity, turn, lowest)
  if answer == 'stored' or answer == 'behind' then write(id, payload, due_at, turn) end
  return answer
end

local function commit(id, expected, version, payload, anew, message, revision)
  local new, current = version .. '|' .. payload, redis.call('HGET', INCIDENTS, id)
  local again = current == new
  if not again and version_of(current) ~= expected then return 'stale' end
  local written = redis.call('GET', REVISION) or '0'
  if not again and revision ~= '' and revision ~= written then return 'stale' end
  -- the same step, found by another evaluator: it has a message of its own
  if again and message ~= '' and redis.call('HGET', MESSAGES, id) ~= message then return 'stale' end
  redis.call('HEXISTS', RECEIPTS, id)
  redis.call('HEXISTS', MESSAGES, id)
  local answer = ARGV[9] and verdict(ARGV[9], ARGV[11], ARGV[12], ARGV[13], ARGV[14]) or 'stored'
  if not again then redis.call('SET', REVISION, string.format('%.0f', tonumber(written) + 1)) end
  redis.call('HSET', INCIDENTS, id, new)
  if anew == '1' and not again then redis.call('HDEL', RECEIPTS, id .. '/ack') end
  if message ~= '' then redis.call('HSET', MESSAGES, id, message) end
  if ARGV[9] and (answer == 'stored' or answer == 'behind') then write(ARGV[9], ARGV[10], ARGV[11], ARGV[13]) end
  for key = 5, 8 do redis.call('PEXPIRE', KEYS[key], GARBAGE_MS) end
  return answer
end

if op == 'put' then
  return put(ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
elseif op == 'commit' then
  return commit(ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8])
elseif op == 'load' then
  return { redis.call('HGETALL', INCIDENTS), redis.call('HGETALL', RECEIPTS), redis.call('GET', REVISION) or '0' }
elseif op == 'receive' then
  for i = 3, #ARGV, 2 do redis.call('HSET', RECEIPTS, ARGV[2] .. '/' .. ARGV[i], ARGV[i + 1]) end
  return 'ok'
elseif op == 'receipts' then
  local names = {}
  for i = 3, #ARGV do names[i - 2] = ARGV[2] .. '/' .. ARGV[i] end
  return redis.call('HMGET', RECEIPTS, unpack(names))
elseif op == 'acknowledge' then
  if redis.call('HEXISTS', INCIDENTS, ARGV[2]) == 0 then return nil end
  local kept = redis.call('HGET', RECEIPTS, ARGV[2] .. '/ack')
  if kept then return kept end
  redis.call('HSET', RECEIPTS, ARGV[2] .. '/ack', ARGV[3])
  return ARGV[3]
elseif op == 'message' then
  return redis.call('HGET', MESSAGES, ARGV[2])
elseif op == 'forget' then
  for i = 2, #ARGV, 2 do
    if version_of(redis.call('HGET', INCIDENTS, ARGV[i])) == ARGV[i + 1] then
      redis.call('HDEL', INCIDENTS, ARGV[i])
      redis.call('HDEL', MESSAGES, ARGV[i])
    end
  end
  local receipts = redis.call('HGETALL', RECEIPTS)
  for i = 1, #receipts, 2 do -- also what came after its incident was forgotten
    if redis.call('HEXISTS', INCIDENTS, string.match(receipts[i], '^(.*)/') or receipts[i]) == 0 then
      redis.call('HDEL', RECEIPTS, receipts[i])
    end
  end
  return 'ok'
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
