-- cursor -> {next cursor, {fp...}}: registrations that are believed to be the caller's
return call('SSCAN', P .. 'n:' .. self, ARGV[3], 'COUNT', 500)
