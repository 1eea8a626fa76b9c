-- fp...: the caller does not have these peers
bring_nothing_new()
for i = 3, #ARGV do
  if call('HGET', P .. 'p:' .. ARGV[i], 'n') == self then end_peer(ARGV[i]) end
end
return 0
