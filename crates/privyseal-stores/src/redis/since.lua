-- KEYS: position, log. ARGV: position, limit.
local position = redis.call('GET', KEYS[1]) or '0'
return {position, redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[2])}
