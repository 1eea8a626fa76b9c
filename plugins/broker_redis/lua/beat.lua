-- known-epoch (or '') beats-seen new-epoch envelope-of-news restarted(1|0) neighbour...
-- -> {epoch, was known, now_us, foreign listeners, {live node...}, {dead node...}, {ns with tickets...},
--     whether nodes have yet to put back what was lost, the same of the caller, beats,
--     {live node of another major version, its version or '' ...}, parked sessions}
-- or {version, node, its version or ''}: a node of another major version lives, and its keys are here. The
-- caller must stay away.
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
local epoch, beats, version = unpack(call('HMGET', P .. 'born', 'e', 'b', 'v'))
if epoch and version ~= major then
  local other = call('ZRANGEBYSCORE', P .. 'nodes', digits(now / 1000), '+inf', 'LIMIT', 0, 1)[1]
  if other then return {'version', other, call('HGET', P .. 'versions', other) or ''} end
  remove_everything()  -- nobody is left who can read it
  epoch = nil
end
local found = not epoch or
              (epoch == ARGV[3] and (ARGV[7] == '1' or tonumber(beats) < tonumber(ARGV[4])))
if found then
  local kept = epoch and (tonumber(beats) < tonumber(ARGV[4]) and 'o' or 'r') or ''
  epoch = ARGV[5] .. kept
  call('HSET', P .. 'born', 'e', epoch, 'v', major)
end
beats = call('HINCRBY', P .. 'born', 'b', 1)
forget_ended_rooms()
local waits = call('HGET', P .. 'wait', self)
if ARGV[3] ~= '' and epoch ~= ARGV[3] then
  if found then waits = '1' end
  for i = 8, #ARGV do
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
        unsettled() and 1 or 0, waits == '1' and 1 or 0, beats, of_other_version(live), call('ZCARD', P .. 'parked')}
