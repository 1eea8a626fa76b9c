-- ns -> {} | {version, owner, max, state, fp...}
local room = call('HMGET', P .. 's:' .. ARGV[3], 'v', 'o', 'x', 'p')
if not room[1] then return {} end
for _, fp in ipairs(call('ZRANGE', P .. 'sz:' .. ARGV[3], 0, -1)) do room[#room + 1] = fp end
return room
