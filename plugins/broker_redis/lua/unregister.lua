-- fp registration alone(1|0: its rooms were settled by the caller's own truth)
if is_live(ARGV[3], ARGV[4]) then drop_peer(ARGV[3], self, ARGV[5] == '1') end
return 0
