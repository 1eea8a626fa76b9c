-- fp registration tokens (each with '|' behind it), and in another part than the peer's own: since away(1|0)
-- (lua/copies.lua) -> 1, or 0 (the registration is not live)
bring_nothing_new()
local fp = ARGV[3]
if not is_live(fp, ARGV[4], ARGV[6], ARGV[7]) then return 0 end
set_tokens(fp, ARGV[5], call('HGET', P .. 'p:' .. fp, 'h') or nil)
return 1
