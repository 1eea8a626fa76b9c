-- fp registration ns envelope: those who watch its meta hear it, while the caller has the member
bring_nothing_new()
local node, registration = member(ARGV[5], ARGV[3])
if node == self and registration == ARGV[4] then tell_watchers(ARGV[5], 'm', ARGV[6]) end
return 0
