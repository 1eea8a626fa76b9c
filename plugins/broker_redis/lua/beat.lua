-- lease_ms new-epoch envelope-of-news
-- -> {epoch, was known, now_us, foreign listeners, {live node...}, {dead node...},
--     {ns with tickets...}, whether nodes have yet to put back what was lost}
local now = now_us()
local epoch = call('GET', P .. 'born')
if not epoch then
  epoch = ARGV[4]
  call('SET', P .. 'born', epoch)
end
local known = call('ZSCORE', P .. 'nodes', self) and 1 or 0
call('ZADD', P .. 'nodes', digits(now / 1000 + tonumber(ARGV[3])), self)
for _, node in ipairs(call('SMEMBERS', P .. 'gone')) do
  if node == self or not listens(node) then call('SREM', P .. 'gone', node) end
end
local live = call('ZRANGEBYSCORE', P .. 'nodes', digits(now / 1000), '+inf')
local dead = call('ZRANGEBYSCORE', P .. 'nodes', '-inf', '(' .. digits(now / 1000))
if known == 0 then tell_all(ARGV[5], self) end
return {epoch, known, digits(now), foreign_listeners(), live, dead,
        call('SMEMBERS', P .. 'tn'), unsettled() and 1 or 0}
