-- ns -> {ticket, entry...}
return call('HGETALL', P .. 'st:' .. ARGV[3])
