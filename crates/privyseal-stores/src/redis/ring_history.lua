-- KEYS: ring, history. Answers with the generations that are kept, the oldest first.
return redis.call('LRANGE', KEYS[2], 0, -1)
