-- KEYS: row, and the index if the same server has it.
-- ARGV: expected head, value, fixed part of it, ttl, life, session, and `0` if the index was not
-- written and is elsewhere.
-- Answers 1 when done, nothing when the session is gone, the row when its version is another one,
-- and 0 when the index has to be written first.
local key, value, fixed, ttl = KEYS[1], ARGV[2], ARGV[3], ARGV[4]
local old = redis.call('GETRANGE', key, 0, 32 + #fixed)
if old:sub(1, 9) ~= ARGV[1] then
  if old == '' or old:sub(1, 1) == '0' then
    return false
  end
  return redis.call('GET', key)
end
if old:sub(34) == fixed then
  -- The end and the subject are the same, so the index knows of it already, and the server goes on
  -- counting towards the end as it did before: a caller whose clock is more than its seconds apart
  -- does not move it.
  local left = redis.call('PTTL', key) + struct.unpack('>I8', old, 26)
  if left + 2000 < tonumber(ARGV[5]) then
    ttl = math.max(math.min(tonumber(ttl), left), 1)
    value = value:sub(1, 25) .. struct.pack('>I8', math.max(left - ttl, 0)) .. value:sub(34)
  end
elseif KEYS[2] then
  index(KEYS[2], ARGV[6], tonumber(ARGV[5]))
elseif ARGV[7] == '0' then
  return 0
end
redis.call('SET', key, value, 'PX', ttl)
return 1
