-- after limit bytes -> {more(1|0), place, ns, owner, max, state, members, ...}: public rooms behind that place, no
-- more than have so many bytes of state together, or the first one alone.
bring_nothing_new()
local listed, limit, bytes = P .. 'rl', tonumber(ARGV[4]), tonumber(ARGV[5])
local names = call('ZRANGEBYSCORE', listed, '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', 0, limit + 1)
local answer = {#names > 2 * limit and 1 or 0}
for i = 1, math.min(#names, 2 * limit), 2 do
  local ns, place = names[i], names[i + 1]
  local room = call('HMGET', P .. 's:' .. ns, 'v', 'o', 'x', 'p')
  if not room[1] then
    call('ZREM', listed, ns)  -- a node that lists no rooms has ended it
  else
    bytes = bytes - #room[4]
    if bytes < 0 and #answer > 1 then
      answer[1] = 1
      break
    end
    for _, field in ipairs({place, ns, room[2], room[3], room[4], call('HLEN', P .. 'sm:' .. ns)}) do
      answer[#answer + 1] = field
    end
  end
end
return answer
