-- ns envelope -> nodes with members that listen to nobody at the moment
local others = call('HLEN', P .. 'sn:' .. ARGV[3]) - call('HEXISTS', P .. 'sn:' .. ARGV[3], self)
return others - tell(ARGV[3], ARGV[4], self)
