-- ns ticket matcher -> whether it was there
bring_nothing_new()
local fp, node = ticket_of(ARGV[3], ARGV[4])
if node ~= self then return 0 end
remove_ticket(ARGV[3], ARGV[4], fp)
tell_node(ARGV[5], envelope('U', ARGV[3], ARGV[4]))
return 1
