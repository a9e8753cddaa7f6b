-- KEYS: rows. ARGV: length and text of the subject whose sessions are meant, or nothing.
-- Answers for each row: 1 if it was live and is ended now, 2 if it was ended before, 0 otherwise.
local subject = ARGV[1]
local answers = {}
for n, key in ipairs(KEYS) do
  local old = redis.call('GETRANGE', key, 0, 40 + #subject)
  local kind = old:sub(1, 1)
  if kind == '0' then
    answers[n] = 2
  elseif kind == '' or (subject ~= '' and old:sub(42) ~= subject) then
    answers[n] = 0
  elseif kind == '1' then
    local life = redis.call('PTTL', key) + struct.unpack('>I8', old:sub(26, 33))
    -- First, because a full server refuses SET unless something was written before it, and
    -- signing out has to work there, too.
    redis.call('DEL', key)
    redis.call('SET', key, '0', 'PX', string.format('%.0f', math.max(life, 1)))
    answers[n] = 1
  else
    return redis.error_reply('UNREADABLE row')
  end
end
return answers
