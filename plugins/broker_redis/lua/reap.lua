-- node count -> peers that are left of it. Only a node whose lease has ended is reaped.
bring_nothing_new()
local node = ARGV[3]
if is_alive(node) then return 0 end
for _, fp in ipairs(call('SRANDMEMBER', P .. 'n:' .. node, ARGV[4])) do
  if call('HGET', P .. 'p:' .. fp, 'n') == node then
    drop_peer(fp, node, true, node)
  else
    call('SREM', P .. 'n:' .. node, fp)
  end
end
local left = call('SCARD', P .. 'n:' .. node)
if left == 0 then
  remove_node(node)
  if listens(node) then call('SADD', P .. 'gone', node) end
end
return left
