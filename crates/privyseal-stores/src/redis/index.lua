-- Notes in the index of a subject that a session may live for so many milliseconds more, and an
-- hour: in a cluster the row is written a little later, and perhaps on another machine.
-- Part of other scripts. Adding comes first: it is the command that a full server refuses.
local function index(key, session, life)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local ends = now + life + 3600000
  local known = redis.call('ZSCORE', key, session)
  if not known or tonumber(known) < ends then
    redis.call('ZADD', key, ends, session)
  end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  redis.call('PEXPIREAT', key, last[2])
end
