-- fp registration: with what is left of its memberships, for which no policy was asked
bring_nothing_new()
if is_live(ARGV[3], ARGV[4]) then drop_peer(ARGV[3], self, true) end
return 0
