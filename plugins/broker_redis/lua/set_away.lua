-- fp registration away(1|0), then of each membership that is told: ns told (fingerprints, packed, of members
-- that know already)
-- The peer's session is away, or back.
bring_nothing_new()
local fp, away = ARGV[3], ARGV[5] == '1'
if not is_live(fp, ARGV[4]) then return 0 end
set_away(fp, self, ARGV[4], away)
for i = 6, #ARGV, 2 do
  tell_watchers(ARGV[i], 'p', envelope('O', ARGV[i], fp, away and 'a' or 'b', ARGV[i + 1]))
end
return 0
