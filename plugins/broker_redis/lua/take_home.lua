-- fp node registration number takes_over (1|0) announcement unreachable (numbers of parts, "," before and behind
-- each), then watches as for take_peer.lua -> as that; behind away: the other parts that have copies
-- status: as there; absent, too: one of these parts is out of the caller's reach
-- In the peer's own part, of several: here it is decided. What is in the other parts follows (take_copy.lua),
-- and the other node is told which they are.
bring_nothing_new()
local fp, from, registration = ARGV[3], ARGV[4], ARGV[5]
local copies = call('HGET', P .. 'p:' .. fp, 'b') or ''
for part in string.gmatch(copies, '%d+') do
  if string.find(ARGV[9], ',' .. part .. ',', 1, true) then return not_taken('absent') end
end
local since, alias, tokens = begin_taking(fp, from, registration, ARGV[7] == '1')
if not since then return not_taken(alias) end
local answer = bring_over(fp, from, registration, ARGV[6], since, alias, tokens, ARGV[8], 10, copies)
table.insert(answer, 7, copies)
return answer
