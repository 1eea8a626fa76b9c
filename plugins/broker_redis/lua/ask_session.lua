-- token envelope -> asked | none | absent (its node may live, but listens to nobody) | unsettled
-- | parked (no node has it)
-- Hands the envelope to the node that has the session with that token.
local fp = call('GET', P .. 'r:' .. ARGV[3])
local node = fp and call('HGET', P .. 'p:' .. fp, 'n')
if not node then return unsettled() and 'unsettled' or 'none' end
if node == parked then return 'parked' end
if tell_node(node, ARGV[4]) > 0 then return 'asked' end
return is_alive(node) and 'absent' or 'none'
