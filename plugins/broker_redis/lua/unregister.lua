-- fp registration
if is_live(ARGV[3], ARGV[4]) then drop_peer(ARGV[3], self, false) end
return 0
