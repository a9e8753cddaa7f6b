-- Notes in the index of a subject that a session may live for so many milliseconds more.
-- Part of other scripts. Adding comes first: it is the command that a full server refuses.
local function index(key, session, life)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local known = redis.call('ZSCORE', key, session)
  if not known or tonumber(known) < now + life then
    redis.call('ZADD', key, string.format('%.0f', now + life), session)
  end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  redis.call('PEXPIREAT', key, string.format('%.0f', last[2]))
end
