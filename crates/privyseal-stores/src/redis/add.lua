-- KEYS: index. ARGV: session, life.
index(KEYS[1], ARGV[1], tonumber(ARGV[2]))
return 1
