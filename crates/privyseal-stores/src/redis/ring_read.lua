-- KEYS: ring, history. Answers with the generation, the ring, and how much there is.
local found = redis.call('HMGET', KEYS[1], 'generation', 'document')
return {found[1], found[2], redis.call('EXISTS', KEYS[1], KEYS[2])}
