-- known-epoch (or '') beats-seen new-epoch envelope-of-news restarted(1|0) neighbour...
-- -> {epoch, was known, now_us, foreign listeners, {live node...}, {dead node...}, {ns with tickets...},
--     whether nodes have yet to put back what was lost, the same of the caller, beats}
-- An epoch ends with what was found when it began: r Redis has restarted with what it had, o what it has is
-- older than what was seen; neither: it was empty.
-- The data was lost when it is gone, or may be what it once was: Redis has restarted, or fewer beats are
-- in it than the caller saw.
bring_nothing_new()
local now = now_us()
local epoch, beats = unpack(call('HMGET', P .. 'born', 'e', 'b'))
local found = not epoch or
              (epoch == ARGV[3] and (ARGV[7] == '1' or tonumber(beats) < tonumber(ARGV[4])))
if found then
  local kept = epoch and (tonumber(beats) < tonumber(ARGV[4]) and 'o' or 'r') or ''
  epoch = ARGV[5] .. kept
  call('HSET', P .. 'born', 'e', epoch)
end
beats = call('HINCRBY', P .. 'born', 'b', 1)
local waits = call('HGET', P .. 'wait', self)
if ARGV[3] ~= '' and epoch ~= ARGV[3] then
  if found then waits = '1' end
  for i = 8, #ARGV do
    call('HSETNX', P .. 'wait', ARGV[i], 1)
    if found and ARGV[i] ~= self then tell_node(ARGV[i], pack('N', 'lost')) end
  end
  call('PEXPIRE', P .. 'wait', 60000)
end
local known = call('HEXISTS', P .. 'links', self)
call('HSET', P .. 'links', self, link)
call('ZADD', P .. 'nodes', digits(now / 1000 + lease), self)
for _, node in ipairs(call('SMEMBERS', P .. 'gone')) do
  if node == self or not listens(node) then call('SREM', P .. 'gone', node) end
end
local live = call('ZRANGEBYSCORE', P .. 'nodes', digits(now / 1000), '+inf')
local dead = call('ZRANGEBYSCORE', P .. 'nodes', '-inf', '(' .. digits(now / 1000))
if known == 0 then tell_all(ARGV[6], self) end
return {epoch, known, digits(now), foreign_listeners(), live, dead, call('SMEMBERS', P .. 'tn'),
        unsettled() and 1 or 0, waits == '1' and 1 or 0, beats}
