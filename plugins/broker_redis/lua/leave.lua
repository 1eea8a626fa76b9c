-- fp registration ns alone(1|0: a room was settled by the caller's own truth)
bring_nothing_new()
local fp, ns = ARGV[3], ARGV[5]
local node, registration = member(ns, fp)
if node == self and registration == ARGV[4] and remove_member(ns, fp, self, self) and
   ARGV[6] == '1' then
  settle_room(ns, fp)
end
return 0
