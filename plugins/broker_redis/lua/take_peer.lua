-- fp node registration number takes_over (1|0) announcement -> {status, alias, since, tokens}, and if taken, of
-- each membership: ns, object, place, members, version ('' of a namespace), owner, max, state,
-- created, listed, empty
-- status: taken | gone (that registration is not live) | absent (its node listens to nobody) | too_often
-- The registration of that node goes over to the caller, under that number, with all that hangs on it but
-- its tickets, which its node has taken back. Both streams have the place: Y there, the announcement here.
bring_nothing_new()
local fp, from, registration, number = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 't', 'c', 'w', 'a', 'h')
if old[1] ~= from or old[2] ~= registration then return {'gone', '', 0, ''} end
if not listens(from) then return {'absent', '', 0, ''} end
local since = math.max(now_us(), tonumber(old[3]) + 1)
if ARGV[7] == '1' then
  local too_often, count, window = count_replacement(old[4] or nil, old[5] or nil, since)
  if too_often then return {'too_often', '', 0, ''} end
  call('HSET', P .. 'p:' .. fp, 'c', count, 'w', digits(window))
end
end_tickets(fp)
call('HSET', P .. 'p:' .. fp, 'n', self, 'r', number, 't', digits(since))
call('SREM', P .. 'n:' .. from, fp)
call('SADD', P .. 'n:' .. self, fp)
local answer = {'taken', old[6] or '', digits(since), old[7] or ''}
for _, ns in ipairs(call('SMEMBERS', P .. 'm:' .. fp)) do
  local _, _, object = member(ns, fp)
  if object then
    call('HSET', P .. 'sm:' .. ns, fp, self .. '|' .. number .. '|' .. object)
    if call('HINCRBY', P .. 'sn:' .. ns, from, -1) <= 0 then call('HDEL', P .. 'sn:' .. ns, from) end
    call('HINCRBY', P .. 'sn:' .. ns, self, 1)
    local room = call('HMGET', P .. 's:' .. ns, 'v', 'o', 'x', 'p', 'c', 'e')
    for _, field in ipairs({ns, object, call('ZSCORE', P .. 'sz:' .. ns, fp) or '',
                            digits(call('HLEN', P .. 'sm:' .. ns)), room[1] or '', room[2] or '',
                            room[3] or '', room[4] or '', room[5] or '',
                            call('ZSCORE', P .. 'rl', ns) and '1' or '', room[6] or ''}) do
      answer[#answer + 1] = field
    end
  end
end
tell_node(from, envelope('Y', fp, registration))
tell_node(self, envelope('J', '', fp, self, ARGV[8], ''))
return answer
