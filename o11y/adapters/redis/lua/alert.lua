-- One alert key, both severities: o11y/alerting/claim.py rule by rule, atomically.
-- A contract suite holds the two together; change them together.
--
-- KEYS  page, ticket (one hash tag)
-- ARGV  op, severity, token, now ("" asks this server), cooldown, lease, hold, outbox, skew (milliseconds)
-- Fields of a key: token, lease_since, lease_until, repeated, queued_since, queued_until, told_at;
-- of a page also live_since, live_until. Stamps decide, the expiry only collects garbage.

local op, severity, token = ARGV[1], ARGV[2], ARGV[3]
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local cooldown, lease, hold = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local outbox, skew = tonumber(ARGV[8]), tonumber(ARGV[9])

local PAGE, own = KEYS[1], KEYS[2]
if severity == 'page' then own = PAGE end

local function text(number) return string.format('%.0f', number) end

local function holds(since, ends)
  since, ends = tonumber(since or ''), tonumber(ends or '')
  return since ~= nil and since - skew <= now and now < ends
end

local function write(key, ...)
  redis.call('HSET', key, ...)
  redis.call('PEXPIRE', key, text(math.max(cooldown, lease, hold, 2 * outbox) + 2 * skew + 3600000))
end

local function release()
  if redis.call('HGET', own, 'token') == token then
    redis.call('HDEL', own, 'token', 'lease_since', 'lease_until', 'repeated')
  end
end

local function answer()
  local s = redis.call('HMGET', own, 'told_at', 'queued_since', 'queued_until',
    'lease_since', 'lease_until', 'token', 'repeated')
  local told_at, lease_until, holder = tonumber(s[1] or ''), tonumber(s[5] or ''), s[6]
  if told_at and holds(s[1], told_at + cooldown) then return 'cooldown' end
  if holds(s[2], s[3]) then return 'queued' end
  if holds(s[4], s[5]) then
    if holder ~= token then return 'pending' end
    return s[7] == '1' and 'repeated' or 'claimed'
  end
  if holder and now - lease_until < outbox then return 'repeated' end
  return 'claimed'
end

local function claim()
  if severity == 'page' then
    write(PAGE, 'live_since', text(now), 'live_until', text(now + hold))
  else
    local live = redis.call('HMGET', PAGE, 'live_since', 'live_until')
    if holds(live[1], live[2]) then return 'inhibited' end
  end
  local verdict = answer()
  if verdict == 'claimed' or verdict == 'repeated' then
    write(own, 'token', token, 'lease_since', text(now), 'lease_until', text(now + lease),
      'repeated', verdict == 'repeated' and '1' or '0')
  end
  return verdict
end

if op == 'claim' then
  return claim()
elseif op == 'queue' then
  release()
  local queued = redis.call('HMGET', own, 'queued_since', 'queued_until')
  if severity == 'page' and not holds(queued[1], queued[2]) then
    write(PAGE, 'live_since', text(now), 'live_until', text(now + hold))
  end
  write(own, 'queued_since', text(now), 'queued_until', text(now + outbox))
elseif op == 'confirm' then
  release()
  redis.call('HDEL', own, 'queued_since', 'queued_until')
  write(own, 'told_at', text(now))
elseif op == 'restore' then -- now is when it was told
  local s = redis.call('HMGET', own, 'live_since', 'told_at', 'queued_since', 'lease_since')
  local function since(stamp) return tonumber(stamp or '0') end
  if severity == 'page' and since(s[1]) < now then
    write(PAGE, 'live_since', text(now), 'live_until', text(now + hold))
  end
  if since(s[2]) < now then write(own, 'told_at', text(now)) end
  if since(s[3]) <= now + skew then redis.call('HDEL', own, 'queued_since', 'queued_until') end
  if since(s[4]) <= now + skew then
    redis.call('HDEL', own, 'token', 'lease_since', 'lease_until', 'repeated')
  end
elseif op == 'restore_queued' then -- now is when it was queued
  local s = redis.call('HMGET', own, 'told_at', 'live_since', 'queued_since')
  local told_at = tonumber(s[1] or '')
  if told_at and now <= told_at + skew then return 'ok' end
  if severity == 'page' and tonumber(s[2] or '0') < now then
    write(PAGE, 'live_since', text(now), 'live_until', text(now + hold))
  end
  if tonumber(s[3] or '0') < now then write(own, 'queued_since', text(now), 'queued_until', text(now + outbox)) end
else
  return redis.error_reply('unknown op ' .. op)
end
return 'ok'
