-- fp...: the caller does not have these peers
-- For a minute no copy of theirs is taken for another one (lua/copies.lua).
bring_nothing_new()
for i = 3, #ARGV do
  local fp = ARGV[i]
  local node, copy, since = unpack(call('HMGET', P .. 'p:' .. fp, 'n', 'o', 't'))
  if node == self then
    if copy then call('SET', P .. 'e:' .. fp, since or 0, 'PX', 60000) end
    drop_peer(fp, self, true)
  end
end
return 0
