-- fp registration ms -> 1, or 0 (it is not parked)
-- A copy of a parked one ends after that time, should nobody end it before.
local fp = ARGV[3]
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r')
if old[1] ~= parked or old[2] ~= ARGV[4] then return 0 end
call('ZADD', P .. 'parked', digits(now_us() / 1000 + tonumber(ARGV[5])), fp)
return 1
