-- KEYS: row, and the index if the same server has it.
-- ARGV: expected head, new head, fixed part, data, ttl, life, session, life of the index entry,
-- whether the index was written.
-- Answers 1 when done, nothing when the session is gone, the row when its version is another one,
-- and 0 when the index has to be written first.
local fixed = ARGV[3]
local old = redis.call('GETRANGE', KEYS[1], 0, 32 + #fixed)
if old == '' or old:sub(1, 1) == '0' then
  return false
end
if old:sub(1, 9) ~= ARGV[1] then
  return redis.call('GET', KEYS[1])
end
local ttl, life = tonumber(ARGV[5]), tonumber(ARGV[6])
if old:sub(34) == fixed then
  -- The end and the subject are the same, so the server goes on counting towards the end as it
  -- did before, and the index knows of it already.
  life = math.min(life, redis.call('PTTL', KEYS[1]) + struct.unpack('>I8', old:sub(26, 33)))
  ttl = math.max(math.min(ttl, life), 1)
elseif KEYS[2] then
  index(KEYS[2], ARGV[7], tonumber(ARGV[8]))
elseif ARGV[9] == '0' then
  return 0
end
local rest = struct.pack('>I8', math.max(life - ttl, 0))
redis.call('SET', KEYS[1], ARGV[2] .. rest .. fixed .. ARGV[4], 'PX', string.format('%.0f', ttl))
return 1
