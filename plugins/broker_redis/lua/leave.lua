-- fp registration ns
local node, registration = member(ARGV[5], ARGV[3])
if node == self and registration == ARGV[4] then remove_member(ARGV[5], ARGV[3], self, self) end
return 0
