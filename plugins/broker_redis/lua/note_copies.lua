-- fp registration parts (numbers, "," behind each) -> 1, or 0 (the registration is not live)
-- In which other parts it has been copied: who takes it over, or ends it while no node has it, must know.
bring_nothing_new()
if not is_live(ARGV[3], ARGV[4]) then return 0 end
call('HSET', P .. 'p:' .. ARGV[3], 'b', ARGV[5])
return 1
