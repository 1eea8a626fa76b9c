-- fp node registration number takes_over (1|0) announcement, then ns watches (of all members of the caller
-- then) where the peer watches others -> {status, alias, since, tokens, missed, away(1|0)}, and if
-- taken, of each membership: ns, object, place, members, version ('' of a namespace), owner, max, state,
-- created, listed, empty
-- status: taken | gone (that registration is not live) | absent (its node listens to nobody) | too_often
-- The registration of that node, or a parked one, goes over to the caller, under that number, with all that
-- hangs on it but its tickets, which its node has taken back. Both streams have the place: Y there, the
-- announcement here. missed: what the namespaces of a parked one were told, and nobody has kept.
bring_nothing_new()
local fp, from, registration, number = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local key = P .. 'p:' .. fp
local old = call('HMGET', key, 'n', 'r', 't', 'c', 'w', 'a', 'h')
if old[1] ~= from or old[2] ~= registration then return {'gone', '', 0, '', 0, 0} end
if from ~= parked and not listens(from) then return {'absent', '', 0, '', 0, 0} end
local since = math.max(now_us(), tonumber(old[3]) + 1)
if ARGV[7] == '1' then
  local too_often, count, window = count_replacement(old[4] or nil, old[5] or nil, since)
  if too_often then return {'too_often', '', 0, '', 0, 0} end
  call('HSET', key, 'c', count, 'w', digits(window))
end
end_tickets(fp)
local away = is_away(fp)
call('HSET', key, 'n', self, 'r', number, 't', digits(since))
if away then set_away(fp, self, number, true) end
call('SREM', P .. 'n:' .. from, fp)
call('SADD', P .. 'n:' .. self, fp)
local missed = 0
local answer = {'taken', old[6] or '', digits(since), old[7] or '', 0, away and 1 or 0}
for _, ns in ipairs(call('SMEMBERS', P .. 'm:' .. fp)) do
  local before = from == parked and call('HGET', key, 'y' .. ns)
  if before then
    missed = missed + tonumber(call('HGET', P .. 'missed', ns) or 0) - tonumber(before)
    call('HDEL', key, 'y' .. ns)
  end
  local object = move_member(ns, fp, from, self, number)
  if object then
    local room = call('HMGET', P .. 's:' .. ns, 'v', 'o', 'x', 'p', 'c', 'e')
    for _, field in ipairs({ns, object, call('ZSCORE', P .. 'sz:' .. ns, fp) or '',
                            digits(call('HLEN', P .. 'sm:' .. ns)), room[1] or '', room[2] or '',
                            room[3] or '', room[4] or '', room[5] or '',
                            call('ZSCORE', P .. 'rl', ns) and '1' or '', room[6] or ''}) do
      answer[#answer + 1] = field
    end
  end
end
for i = 9, #ARGV, 2 do set_watches(ARGV[i], self, ARGV[i + 1]) end
if from == parked then
  call('HDEL', key, 'z', 'l')
  call('ZREM', P .. 'parked', fp)
end
answer[5] = digits(missed)
tell_node(from, envelope('Y', fp, registration))
tell_node(self, envelope('J', '', fp, self, ARGV[8], ''))
return answer
