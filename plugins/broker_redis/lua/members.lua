-- ns token max objects(1|0) away(1|0)
-- -> {1 | 0 (more than max, or nobody is told of them) | -1 (some may have yet to be put back), owner, max, state,
--     fp (object) (a of one that is away, else '') ...}
-- All members on other nodes, if 1; of a namespace the owner is ''.
-- The caller's stream has the token where this is how things are. A room whose owner is no member, from
-- while its nodes could not be told of that, is settled.
local ns, with_objects, with_away = ARGV[3], ARGV[6] == '1', ARGV[7] == '1'
tell_node(self, envelope('J', ns, string.rep('0', 64), self, ARGV[4], ''))
local room = call('HMGET', P .. 's:' .. ns, 'o', 'x', 'p')
if room[1] and not member(ns, room[1]) then settle_room(ns, room[1]) end
local answer = {1, room[1] or '', room[2] or '', room[3] or ''}
if call('HLEN', P .. 'sm:' .. ns) > tonumber(ARGV[5]) then answer[1] = 0 end
if is_quiet(ns) then answer[1] = 0 end
if unsettled() then answer[1] = -1 end
if answer[1] ~= 1 then return answer end
for _, fp in ipairs(call('ZRANGE', P .. 'sz:' .. ns, 0, -1)) do
  local node, _, object = member(ns, fp)
  if node ~= self then
    answer[#answer + 1] = fp
    if with_objects then answer[#answer + 1] = object end
    if with_away then answer[#answer + 1] = is_away(fp) and 'a' or '' end
  end
end
return answer
