-- fp registration ns alone(1|0: a room was settled by the caller's own truth) told ('', or fingerprints, packed,
-- of members that know already)
bring_nothing_new()
local fp, ns = ARGV[3], ARGV[5]
local told = ARGV[7] ~= '' and ARGV[7] or nil
local node, registration = member(ns, fp)
if node == self and registration == ARGV[4] and remove_member(ns, fp, self, self, told) and
   ARGV[6] == '1' then
  settle_room(ns, fp)
end
return 0
