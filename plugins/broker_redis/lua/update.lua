-- fp registration ns object
bring_nothing_new()
local node, registration = member(ARGV[5], ARGV[3])
if node == self and registration == ARGV[4] then
  call('HSET', P .. 'sm:' .. ARGV[5], ARGV[3], self .. '|' .. registration .. '|' .. ARGV[6])
end
return 0
