-- number envelope -> asked | none
-- Hands the envelope to one of the other nodes that live and listen.
local nodes = {}
for _, node in ipairs(call('ZRANGEBYSCORE', P .. 'nodes', digits(now_us() / 1000), '+inf')) do
  if node ~= self then nodes[#nodes + 1] = node end
end
table.sort(nodes)
for i = 0, #nodes - 1 do
  if tell_node(nodes[(tonumber(ARGV[3]) + i) % #nodes + 1], ARGV[4]) > 0 then return 'asked' end
end
return 'none'
