-- KEYS: row. ARGV: expected head, times, ttl.
local old = redis.call('GETRANGE', KEYS[1], 0, 32)
if old:sub(1, 9) ~= ARGV[1] then
  return 0
end
-- However the clocks of the callers step, the row does not outlive the end that it was written
-- with, which is all that the index of its subject knows of.
local life = redis.call('PTTL', KEYS[1]) + struct.unpack('>I8', old:sub(26, 33))
local ttl = math.max(math.min(tonumber(ARGV[3]), life), 1)
-- First, because a full server refuses SETRANGE unless something was written before it.
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl))
redis.call('SETRANGE', KEYS[1], 9, ARGV[2] .. struct.pack('>I8', math.max(life - ttl, 0)))
return 1
