-- known-epoch (or '') beats-seen new-epoch envelope-of-news another(0|1|2) parts agreement neighbour...
-- another: 1 Redis has restarted since the caller knew it, 2 the caller is at another server than then.
-- parts: in how many what is shared is. agreement: by which name part 0 has that; '': this is part 0, or the only one.
-- -> {epoch, was known, now_us, foreign listeners, {live node...}, {dead node...}, {ns with tickets...},
--     whether nodes have yet to put back what was lost, the same of the caller, beats,
--     {live node of another major version, its version or '' ...}, parked sessions, agreement or ''}
-- or {version, node, its version or '', parts}: a node of another major version lives, or one for which what is
-- shared is in so many parts, or may come back, and its keys are here. The caller must stay away.
-- or {again}: what is here is being removed, and the caller beats again to go on with that.
-- An epoch ends with what was found when it began: r Redis has restarted with what it had, mr another server has
-- that now (nodes before that was told apart read r alone), o what it has is older than what was seen; none of
-- these: it was empty.
-- The data was lost when it is gone, or may be what it once was: Redis has restarted or is another server, or
-- fewer beats are in it than the caller saw.

-- What is here goes step by step: all that Redis has, of others too, is looked at, and while a script runs nobody
-- else is served. `step`: cursor and time (ms) of the last one, in born. Returns whether all is gone.
local function remove_some(step, now_ms)
  local cursor, last = string.match(step, '^(%d+) (%d+)$')
  if math.abs(now_ms - tonumber(last)) < 50 then return false end  -- another node goes on with it
  local page = call('SCAN', cursor, 'MATCH', string.gsub(P, '\\', '\\\\') .. '*', 'COUNT', 1000)
  for _, key in ipairs(page[2]) do
    if key ~= P .. 'born' and string.sub(key, 1, #P) == P then call('UNLINK', key) end
  end
  if page[1] == '0' then
    call('DEL', P .. 'born')
    return true
  end
  call('HSET', P .. 'born', 'v', 'none', 'c', page[1] .. ' ' .. digits(now_ms))
  return false
end

-- Nobody's lease runs, but after an outage all nodes whose keys these are may be about to beat again. Who waits for
-- that leaves a mark, which a beat of theirs takes away. An old mark is of an earlier time.
local function will_not_come_back(mark, now_ms)
  if call('EXISTS', P .. 'nodes') == 0 then return true end  -- all have said goodbye
  local waited = mark and now_ms - tonumber(mark)
  if waited and waited >= lease and waited <= 3 * lease then return true end
  if not waited or waited < 0 or waited > lease then call('HSET', P .. 'born', 'w', digits(now_ms)) end
  return false
end

local function of_other_version(nodes)
  local found = {}
  for _, node in ipairs(nodes) do
    local version = call('HGET', P .. 'versions', node) or ''
    if string.match(version, '^[^.]*') ~= major then
      found[#found + 1], found[#found + 2] = node, version
    end
  end
  return found
end

bring_nothing_new()
local now = now_us()
local parts, agreement = ARGV[8], ARGV[9]
-- Nodes that know nothing of several parts stay away from them. The letter stands for how names choose their part
-- (part_choice.h): another choice is another letter.
local form = parts == '1' and major or major .. 'a'
local epoch, beats, version, their_parts, agreed, mark, step =
  unpack(call('HMGET', P .. 'born', 'e', 'b', 'v', 'p', 'g', 'w', 'c'))
local is_of_others = epoch and (version ~= form or (their_parts or '1') ~= parts)
-- What is here may be from before part 0 began anew, or before another number of parts.
local is_of_before = epoch and agreement ~= '' and agreed ~= agreement
if not step and (is_of_others or is_of_before) then
  local other = call('ZRANGEBYSCORE', P .. 'nodes', digits(now / 1000), '+inf', 'LIMIT', 0, 1)[1]
  if is_of_others and (other or not will_not_come_back(mark, now / 1000)) then
    if other and mark then call('HDEL', P .. 'born', 'w') end
    other = other or call('ZRANGE', P .. 'nodes', -1, -1)[1]
    return {'version', other, call('HGET', P .. 'versions', other) or '', their_parts or '1'}
  elseif not other then
    step = '0 0'  -- nobody is left who can read it
  else
    call('HSET', P .. 'born', 'g', agreement)  -- these live, whatever part 0 has lost
  end
end
if step then
  if not remove_some(step, now / 1000) then return {'again'} end
  epoch, agreed = nil, nil
elseif mark then
  call('HDEL', P .. 'born', 'w')
end
if parts ~= '1' and (not epoch or not agreed) then
  agreed = agreement ~= '' and agreement or ARGV[5]
  call('HSET', P .. 'born', 'p', parts, 'g', agreed)
end
local found = not epoch or
              (epoch == ARGV[3] and (ARGV[7] ~= '0' or tonumber(beats) < tonumber(ARGV[4])))
if found then
  local kept = ''
  if epoch then kept = tonumber(beats) < tonumber(ARGV[4]) and 'o' or ARGV[7] == '2' and 'mr' or 'r' end
  epoch = ARGV[5] .. kept
  call('HSET', P .. 'born', 'e', epoch, 'v', form)
end
beats = call('HINCRBY', P .. 'born', 'b', 1)
forget_ended_rooms()
local waits = call('HGET', P .. 'wait', self)
if ARGV[3] ~= '' and epoch ~= ARGV[3] then
  if found then waits = '1' end
  for i = 10, #ARGV do
    call('HSETNX', P .. 'wait', ARGV[i], 1)
    if found and ARGV[i] ~= self then tell_node(ARGV[i], envelope('N', 'lost')) end
  end
  call('HSET', P .. 'wait', '', digits(now / 1000 + 2 * lease))
  call('PEXPIRE', P .. 'wait', 60000)
end
local known = call('HEXISTS', P .. 'links', self)
call('HSET', P .. 'links', self, link)
tell_version()
call('ZADD', P .. 'nodes', digits(now / 1000 + lease), self)
for _, node in ipairs(call('SMEMBERS', P .. 'gone')) do
  if node == self or not listens(node) then call('SREM', P .. 'gone', node) end
end
local live = call('ZRANGEBYSCORE', P .. 'nodes', digits(now / 1000), '+inf')
local dead = call('ZRANGEBYSCORE', P .. 'nodes', '-inf', '(' .. digits(now / 1000))
if known == 0 then tell_all(ARGV[6], self) end
return {epoch, known, digits(now), foreign_listeners(), live, dead, call('SMEMBERS', P .. 'tn'),
        unsettled() and 1 or 0, waits == '1' and 1 or 0, beats, of_other_version(live), call('ZCARD', P .. 'parked'),
        agreed or ''}
