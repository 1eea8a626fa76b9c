-- fp words: an auth plugin of the caller throws the peer out, on whichever node it is; the caller has
-- looked among its own. Nodes that do not hear it now find it later (revocations.lua).
bring_nothing_new()
local kept = P .. 'v'
call('ZADD', kept, digits(now_us()), ARGV[3] .. '|' .. ARGV[4])
call('ZREMRANGEBYRANK', kept, 0, -1001)
call('PEXPIRE', kept, 3600000)
if call('HGET', P .. 'p:' .. ARGV[3], 'n') == parked then drop_peer(ARGV[3], '', true) end
tell_all(envelope('V', ARGV[3], ARGV[4]), self)
return 0
