-- Behind common.lua in the scripts by which a registration goes over to the caller.

-- As take_peer.lua answers when nothing is done.
local function not_taken(status) return {status, '', 0, '', 0, 0} end

-- Since when, us, a registration of that node, or a parked one, is the caller's, its alias and its tokens; or
-- nil and why it cannot be.
local function begin_taking(fp, from, registration, takes_over)
  local key = P .. 'p:' .. fp
  local old = call('HMGET', key, 'n', 'r', 't', 'c', 'w', 'a', 'h')
  if old[1] ~= from or old[2] ~= registration then return nil, 'gone' end
  if from ~= parked and not listens(from) then return nil, 'absent' end
  local since = math.max(now_us(), tonumber(old[3]) + 1)
  if takes_over then
    local too_often, count, window = count_replacement(old[4] or nil, old[5] or nil, since)
    if too_often then return nil, 'too_often' end
    call('HSET', key, 'c', count, 'w', digits(window))
  end
  return since, old[6], old[7]
end

-- What is here of the registration is the caller's, but for its tickets. `watches`: index of the argument from
-- which on they stand. Both streams have the place: Y there, with `copies`, the announcement here. Returns the
-- answer.
local function bring_over(fp, from, registration, number, since, alias, tokens, announcement, watches, copies)
  local key = P .. 'p:' .. fp
  end_tickets(fp)
  local away = is_away(fp)
  call('HSET', key, 'n', self, 'r', number, 't', digits(since))
  if away then set_away(fp, self, number, true) end
  call('SREM', P .. 'n:' .. from, fp)
  call('SADD', P .. 'n:' .. self, fp)
  local missed = 0
  local answer = {'taken', alias or '', digits(since), tokens or '', 0, away and 1 or 0}
  for _, ns in ipairs(call('SMEMBERS', P .. 'm:' .. fp)) do
    local before = from == parked and call('HGET', key, 'y' .. ns)
    if before then
      missed = missed + tonumber(call('HGET', P .. 'missed', ns) or 0) - tonumber(before)
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
  for i = watches, #ARGV, 2 do set_watches(ARGV[i], self, ARGV[i + 1]) end
  if from == parked then
    -- Of what it has left meanwhile, or what has closed, there is a 'y' as well.
    for _, field in ipairs(call('HKEYS', key)) do
      if string.sub(field, 1, 1) == 'y' then call('HDEL', key, field) end
    end
    call('HDEL', key, 'z', 'l')
    call('ZREM', P .. 'parked', fp)
  end
  answer[5] = digits(missed)
  tell_node(from, envelope('Y', fp, registration, copies))
  tell_node(self, envelope('J', '', fp, self, announcement, ''))
  return answer
end
