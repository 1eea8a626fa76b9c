-- fp registration ns ticket enqueued request replaces matcher, and in another part than the peer's own: since
-- away(1|0) (lua/copies.lua) -> whether it was added
-- One that replaces itself is told again, where it still waits.
bring_nothing_new()
local fp, registration, ns, ticket = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if not is_live(fp, registration, ARGV[11], ARGV[12]) then
  return 0
end
if ARGV[9] == ticket then
  if ticket_of(ns, ticket) ~= fp then return 0 end
elseif ARGV[9] ~= '' and ticket_of(ns, ARGV[9]) == fp then
  remove_ticket(ns, ARGV[9], fp)
  tell_node(ARGV[10], envelope('U', ns, ARGV[9]))
end
call('HSET', P .. 'st:' .. ns, ticket,
     fp .. '|' .. self .. '|' .. registration .. '|' .. ARGV[7] .. '|' .. ARGV[8])
call('SADD', P .. 't:' .. fp, ticket .. '|' .. ns)
call('SADD', P .. 'tn', ns)
tell_node(ARGV[10], envelope('T', ns, ticket, self, fp, registration, ARGV[7], ARGV[8]))
return 1
