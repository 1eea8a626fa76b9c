-- fp registration ns alone(1|0: a room was settled by the caller's own truth) told ('', or fingerprints, packed,
-- of members that know already)
-- It begins by removing, so a Redis that is full refuses nothing of it (bring_nothing_new).
local fp, ns, own = ARGV[3], ARGV[5], self .. '|' .. ARGV[4] .. '|'
local told = ARGV[7] ~= '' and ARGV[7] or nil
local entry = call('HGET', P .. 'sm:' .. ns, fp)
if entry and string.sub(entry, 1, #own) == own and remove_member(ns, fp, self, self, told) and
   ARGV[6] == '1' then
  settle_room(ns, fp)
end
return 0
