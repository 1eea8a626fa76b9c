-- fp registration announcement -> 1, or 0 (the registration is not live)
-- The registration is no node's any more (the node's name is `parked`), with all that hangs on it but its
-- tickets. The announcement has the place in the caller's stream.
bring_nothing_new()
local fp, registration = ARGV[3], ARGV[4]
if not is_live(fp, registration) then return 0 end
end_tickets(fp)
local key = P .. 'p:' .. fp
local away = is_away(fp)
call('HSET', key, 'n', parked)
if away then set_away(fp, parked, registration, true) end
call('SREM', P .. 'n:' .. self, fp)
for _, ns in ipairs(call('SMEMBERS', P .. 'm:' .. fp)) do
  if move_member(ns, fp, self, parked, registration) then
    call('HSET', key, 'y' .. ns, call('HGET', P .. 'missed', ns) or 0)
  end
end
-- Until its node has brought the record: should it end before, the registration ends.
call('ZADD', P .. 'parked', digits(now_us() / 1000 + 5000), fp)
tell_node(self, envelope('J', '', fp, self, ARGV[5], ''))
return 1
