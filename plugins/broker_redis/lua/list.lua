-- ns after limit away(1: it says who is away, 0) -> {is_room, total, fp, node, object, away or nothing...}
local ns, first = ARGV[3], 0
local rank = ARGV[4] ~= '' and call('ZRANK', P .. 'sz:' .. ns, ARGV[4])
if rank then first = rank + 1 end
local answer = {is_room(ns) and 1 or 0, call('HLEN', P .. 'sm:' .. ns)}
for _, field in ipairs(page_of(ns, first, tonumber(ARGV[5]), ARGV[6] == '1')) do answer[#answer + 1] = field end
return answer
