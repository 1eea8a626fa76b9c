-- envelope: the caller ends
call('ZREM', P .. 'nodes', self)
tell_all(ARGV[3], self)
return 0
