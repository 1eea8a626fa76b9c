-- fp registration ns object -> 1 if members of other nodes watch its meta, else 0
bring_nothing_new()
local ns = ARGV[5]
local node, registration = member(ns, ARGV[3])
if node ~= self or registration ~= ARGV[4] then return 0 end
call('HSET', P .. 'sm:' .. ns, ARGV[3], self .. '|' .. registration .. '|' .. ARGV[6])
return is_watched(ns, 'm') and 1 or 0
