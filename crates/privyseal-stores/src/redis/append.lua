-- KEYS: position, log, order of forgetting. ARGV: entry, when it may be forgotten, channel.
-- First, because a full server refuses what adds unless something was written before it, and
-- signing out has to work there, too.
redis.call('PERSIST', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Positions go with the time, so that a server that lost its last entries does not hand out their
-- positions again, which readers would pass over.
local position = math.max((redis.call('GET', KEYS[1]) or 0) + 1, now)
local text = string.format('%.0f', position)
local entry = ARGV[1] .. struct.pack('>I8', position)
redis.call('SET', KEYS[1], text)
redis.call('ZADD', KEYS[2], text, entry)
redis.call('ZADD', KEYS[3], ARGV[2], entry)
-- A user who may not publish still appends; the readers poll.
redis.pcall('PUBLISH', ARGV[3], '')
return 1
