-- fp node registration number since announcement, then watches as for take_peer.lua -> as that
-- status: taken | gone (no copy of that registration is here)
-- In another part than the peer's own, which has decided, and has said since when.
bring_nothing_new()
local fp, from, registration = ARGV[3], ARGV[4], ARGV[5]
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 'a', 'h')
if old[1] ~= from or old[2] ~= registration then
  tell_node(from, envelope('Y', fp, registration))  -- this part need not be waited for
  return not_taken('gone')
end
return bring_over(fp, from, registration, ARGV[6], tonumber(ARGV[7]), old[3], old[4], ARGV[8], 9)
