-- fp registration: with what is left of its memberships, for which no policy was asked
bring_nothing_new()
if is_live(ARGV[3], ARGV[4]) then end_peer(ARGV[3]) end
return 0
