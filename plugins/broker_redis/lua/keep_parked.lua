-- fp registration record ms -> 1, or 0 (it is not parked)
-- For so long it is kept; all nodes look whether they have room for it.
local fp, key = ARGV[3], P .. 'p:' .. ARGV[3]
local old = call('HMGET', key, 'n', 'r')
if old[1] ~= parked or old[2] ~= ARGV[4] then return 0 end
call('HSET', key, 'z', ARGV[5])
call('ZADD', P .. 'parked', digits(now_us() / 1000 + tonumber(ARGV[6])), fp)
tell_all(envelope('N', ''), self)
return 1
