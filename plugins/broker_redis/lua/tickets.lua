-- ns cursor -> {next cursor, {ticket, entry...}}
return call('HSCAN', P .. 'st:' .. ARGV[3], ARGV[4], 'COUNT', 100)
