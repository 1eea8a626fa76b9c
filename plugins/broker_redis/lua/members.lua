-- ns token max -> {1, fp, object ...}: all members on other nodes; {0} when there are more than max.
-- The caller's stream has the token where this is how things are.
local ns, answer = ARGV[3], {1}
tell_node(self, pack('J', ns, string.rep('0', 64), self, ARGV[4], ''))
if call('HLEN', P .. 'sm:' .. ns) > tonumber(ARGV[5]) then return {0} end
for _, fp in ipairs(call('ZRANGE', P .. 'sz:' .. ns, 0, -1)) do
  local node, _, object = member(ns, fp)
  if node ~= self then answer[#answer + 1], answer[#answer + 2] = fp, object end
end
return answer
