-- fp registration, and of a copy: 1; with what is left of its memberships, for which no policy was asked
-- For a minute no copy of that time is taken for another one (lua/copies.lua).
bring_nothing_new()
local fp = ARGV[3]
if not is_live(fp, ARGV[4]) then return 0 end
if ARGV[5] then call('SET', P .. 'e:' .. fp, call('HGET', P .. 'p:' .. fp, 't') or 0, 'PX', 60000) end
drop_peer(fp, self, true)
return 0
