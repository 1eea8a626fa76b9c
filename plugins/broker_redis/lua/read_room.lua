-- ns patient(1|0) -> {} | {version, owner, max, state, fp...}
-- | {unsettled} (its nodes may have yet to put it back: told to the patient only)
local room = call('HMGET', P .. 's:' .. ARGV[3], 'v', 'o', 'x', 'p')
if not room[1] then return ARGV[4] == '1' and unsettled() and {'unsettled'} or {} end
for _, fp in ipairs(call('ZRANGE', P .. 'sz:' .. ARGV[3], 0, -1)) do room[#room + 1] = fp end
return room
