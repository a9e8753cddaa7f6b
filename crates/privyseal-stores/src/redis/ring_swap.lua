-- KEYS: ring, history. ARGV: expected generation or nothing, new generation, new ring, channel, how
-- many to keep. Answers 1 when done, 0 when the ring is not what was expected.
-- Generations are compared as texts: numbers of scripts are not exact beyond 2^53.
local generation = redis.call('HGET', KEYS[1], 'generation') or ''
if generation ~= ARGV[1] then
  return 0
end
-- A ring that is gone is not made anew.
if generation == '' and redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then
  return 0
end
-- First, because a full server refuses what adds unless something was written before it, and
-- revoking a key has to work there, too.
redis.call('PERSIST', KEYS[1])
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'document', ARGV[3])
redis.call('RPUSH', KEYS[2], ARGV[2] .. ' ' .. ARGV[3])
redis.call('LTRIM', KEYS[2], -ARGV[5], -1)
-- A user who may not publish still writes; the readers poll.
redis.pcall('PUBLISH', ARGV[4], '')
return 1
