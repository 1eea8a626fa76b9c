-- fp registration: of a parked one that has ended in the peer's own part
-- For a minute no copy of that time is taken for another one (lua/copies.lua).
bring_nothing_new()
local fp = ARGV[3]
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 't')
if old[1] ~= parked or old[2] ~= ARGV[4] then return 0 end
call('SET', P .. 'e:' .. fp, old[3] or 0, 'PX', 60000)
drop_peer(fp, '', true)
return 1
