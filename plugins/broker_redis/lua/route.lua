-- fp envelope -> {verdict, node}: sent | none | foreign (other nodes may know) | unsettled
local node = call('HGET', P .. 'p:' .. ARGV[3], 'n')
if node and node ~= self and tell_node(node, ARGV[4]) > 0 then return {'sent', node} end
if unsettled() then
  tell_all(ARGV[4], self)
  return {'unsettled', ''}
end
if foreign_listeners() > 0 then return {'foreign', ''} end
return {'none', ''}
