-- fp envelope patient(1|0) -> {verdict, node}:
-- sent | absent (its node listens to nobody at the moment: told to the patient only)
-- | none | foreign (other nodes may know) | unsettled
local node = call('HGET', P .. 'p:' .. ARGV[3], 'n')
-- Of the caller, too: a session has come to it meanwhile.
if node then
  if tell_node(node, ARGV[4]) > 0 then return {'sent', node} end
  if ARGV[5] == '1' then return {'absent', node} end
end
if unsettled() then
  tell_all(ARGV[4], self)
  return {'unsettled', ''}
end
if foreign_listeners() > 0 then return {'foreign', ''} end
return {'none', ''}
