-- KEYS: row, index. ARGV: value, ttl, session, life.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
index(KEYS[2], ARGV[3], tonumber(ARGV[4]))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
