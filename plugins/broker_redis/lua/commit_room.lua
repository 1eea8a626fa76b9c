-- ns version owner max state kicked by token envelope-head envelope-tail closes(1|0) listed empty
-- -> {status, version}
-- The envelope of the news goes out with the caller's token in the caller's copy only.
bring_nothing_new()
local ns, kicked, by, token = ARGV[3], ARGV[8], ARGV[9], ARGV[10]
local current = call('HGET', P .. 's:' .. ns, 'v')
if not current then return {'gone', 0} end
if current ~= ARGV[4] then return {'conflict', 0} end
if ARGV[13] == '1' then
  -- All memberships end at once, so that nobody hears of single ones; their nodes hear of the whole.
  tell(ns, ARGV[11], self)
  for _, fp in ipairs(call('HKEYS', P .. 'sm:' .. ns)) do call('SREM', P .. 'm:' .. fp, ns) end
  remove_space(ns)
  call('ZREM', P .. 're', ns)
  call('HDEL', P .. 'missed', ns)
  tell_node(self, ARGV[12])
  return {'committed', 0}
end
if kicked ~= '' then
  local node = member(ns, kicked)
  if not node then return {'not_member', 0} end
  tell_node(node, envelope('K', ns, kicked, by))
  -- Should that node not hear of it, and put the member back.
  call('HSET', P .. 'k:' .. ns, kicked, by)
  call('PEXPIRE', P .. 'k:' .. ns, 600000)
  remove_member(ns, kicked, node, node)
end
local version = 0
if call('EXISTS', P .. 's:' .. ns) == 1 then
  set_room(ns, ARGV[5], ARGV[6], ARGV[7], ARGV[14], ARGV[15])
  version = raise(ns)
end
tell(ns, ARGV[11], self)
tell_node(self, ARGV[12])
return {'committed', version}
