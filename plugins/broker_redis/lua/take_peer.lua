-- fp node registration number takes_over (1|0) announcement, then ns watches (of all members of the caller
-- then) where the peer watches others -> {status, alias, since, tokens, missed, away(1|0)}, and if
-- taken, of each membership: ns, object, place, members, version ('' of a namespace), owner, max, state,
-- created, listed, empty
-- status: taken | gone (that registration is not live) | absent (its node listens to nobody) | too_often
-- The registration of that node, or a parked one, goes over to the caller, under that number, with all that
-- hangs on it but its tickets, which its node has taken back. Both streams have the place: Y there, the
-- announcement here. missed: what the namespaces of a parked one were told, and nobody has kept.
bring_nothing_new()
local fp, from, registration = ARGV[3], ARGV[4], ARGV[5]
local since, alias, tokens = begin_taking(fp, from, registration, ARGV[7] == '1')
if not since then return not_taken(alias) end
return bring_over(fp, from, registration, ARGV[6], since, alias, tokens, ARGV[8], 9)
