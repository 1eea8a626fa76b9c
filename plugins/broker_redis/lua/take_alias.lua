-- fp registration alias since away(1|0) (lua/copies.lua) -> registered | taken (the alias is another's) | stale (a newer
-- registration is here, or has been)
-- The alias of a peer whose own part is another one. Whoever has it keeps it.
local fp, registration, alias = ARGV[3], ARGV[4], ARGV[5]
if not is_live(fp, registration, ARGV[6], ARGV[7]) then return 'stale' end
local holder = call('GET', P .. 'a:' .. alias)
if holder and holder ~= fp and call('EXISTS', P .. 'p:' .. holder) == 1 then return 'taken' end
call('SET', P .. 'a:' .. alias, fp)
call('HSET', P .. 'p:' .. fp, 'a', alias)
return 'registered'
