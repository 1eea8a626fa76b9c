-- ns envelope, then fp node of peers to whom the sender has said something by way of that node of late
-- -> nodes with members that listen to nobody at the moment; or, and nobody is told, {index (from 0) ...} of
-- those that another node has by now: what was said to them may still be on its way
local moved = moved_peers(5, ARGV[3])
if #moved > 0 then return moved end
return tell(ARGV[3], ARGV[4], self)
