-- known-epoch (or '') beats-seen new-epoch envelope-of-news restarted(1|0) parts agreement neighbour...
-- parts: in how many what is shared is. agreement: by which name part 0 has that; '': this is part 0, or the only one.
-- -> {epoch, was known, now_us, foreign listeners, {live node...}, {dead node...}, {ns with tickets...},
--     whether nodes have yet to put back what was lost, the same of the caller, beats,
--     {live node of another major version, its version or '' ...}, parked sessions, agreement or ''}
-- or {version, node, its version or '', parts}: a node of another major version lives, or one for which what is
-- shared is in so many parts, and its keys are here. The caller must stay away.
-- An epoch ends with what was found when it began: r Redis has restarted with what it had, o what it has is
-- older than what was seen; neither: it was empty.
-- The data was lost when it is gone, or may be what it once was: Redis has restarted, or fewer beats are
-- in it than the caller saw.

local function remove_everything()
  local cursor, pattern = '0', string.gsub(P, '\\', '\\\\') .. '*'
  repeat
    local page = call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 1000)
    cursor = page[1]
    for _, key in ipairs(page[2]) do call('UNLINK', key) end
  until cursor == '0'
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
-- Nodes that know nothing of several parts stay away from them.
local form = parts == '1' and major or major .. 'p'
local epoch, beats, version, their_parts, agreed = unpack(call('HMGET', P .. 'born', 'e', 'b', 'v', 'p', 'g'))
local is_of_others = epoch and (version ~= form or (their_parts or '1') ~= parts)
-- What is here may be from before part 0 began anew, or before another number of parts.
local is_of_before = epoch and agreement ~= '' and agreed ~= agreement
if is_of_others or is_of_before then
  local other = call('ZRANGEBYSCORE', P .. 'nodes', digits(now / 1000), '+inf', 'LIMIT', 0, 1)[1]
  if other and is_of_others then
    return {'version', other, call('HGET', P .. 'versions', other) or '', their_parts or '1'}
  elseif not other then
    remove_everything()  -- nobody is left who can read it
    epoch = nil
  else
    call('HSET', P .. 'born', 'g', agreement)  -- these live, whatever part 0 has lost
  end
end
if parts ~= '1' and (not epoch or not agreed) then
  agreed = agreement ~= '' and agreement or ARGV[5]
  call('HSET', P .. 'born', 'p', parts, 'g', agreed)
end
local found = not epoch or
              (epoch == ARGV[3] and (ARGV[7] == '1' or tonumber(beats) < tonumber(ARGV[4])))
if found then
  local kept = epoch and (tonumber(beats) < tonumber(ARGV[4]) and 'o' or 'r') or ''
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
