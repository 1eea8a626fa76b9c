-- ns watches (of all members of the caller: m, p, mp or '')
bring_nothing_new()
set_watches(ARGV[3], self, ARGV[4])
return 0
