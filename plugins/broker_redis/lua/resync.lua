-- fp registration since alias proof ('1', digits of a secret, or '') tokens (each with '|' behind it) away(1|0) copy(1: this is another part than
-- the peer's own, 0), then for each membership: ns object telling place version owner max state created
-- listed empty
-- (telling: 0 the join is told to nodes with members, 1 they know of it, 2 the namespace is quiet)
-- (place '' for one that Redis never had, version '' for a namespace) -> {moved, 0 or the time of what is newer than the copy} | {here, alias taken, total or -1 or by whom it was kicked ...,
-- the object that members of other nodes, who watch its meta, know; or '' ...}
-- Puts one peer of the caller right: memberships that are not told here end, missing ones begin,
-- but not (-1) where the name is another room's by now, or a namespace's, or has another owner.
-- Its tickets end: the caller shares them again.
bring_nothing_new()
local fp, registration, since, alias = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local proof, tokens, away = ARGV[7], ARGV[8], ARGV[9] == '1'
local is_copy = ARGV[10] == '1'
local newer_copy = is_copy and newer_than_copy(fp, registration, since)
if newer_copy then return {'moved', newer_copy} end
local was_away = is_away(fp)
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 't', 'a', 'k', 'h')
if old[1] and old[1] ~= self and not is_copy then
  -- Of two that registered while they could not know of each other, who has proved the key stays, and of
  -- two with different secrets the one that is here.
  local newer = tonumber(old[3]) > since
  if old[5] and proof ~= old[5] then newer = true end
  if proof ~= '' and not old[5] then newer = false end
  if newer then return {'moved', 0} end
  end_older(fp, old[1], old[2])
elseif old[1] and (old[1] ~= self or old[2] ~= registration) then
  end_older(fp, old[1], old[2])
elseif old[1] and old[4] ~= alias then
  free_alias(fp, old[4])
end
local answer = {'here', enter_peer(fp, registration, alias, since, proof)}
if tokens ~= '' or old[6] then set_tokens(fp, tokens, call('HGET', P .. 'p:' .. fp, 'h')) end
if is_copy then call('HSET', P .. 'p:' .. fp, 'o', 1) end
set_away(fp, self, registration, away)
end_tickets(fp)
local wanted, known = {}, {}
for i = 11, #ARGV, 11 do wanted[ARGV[i]] = true end
for _, ns in ipairs(call('SMEMBERS', P .. 'm:' .. fp)) do
  if not wanted[ns] and remove_member(ns, fp, self, self) then settle_room(ns, fp) end
end
for i = 11, #ARGV, 11 do
  local ns, object, place, version, owner = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 3]),
                                            ARGV[i + 4], ARGV[i + 5]
  local entry = self .. '|' .. registration .. '|' .. object
  local exists = call('EXISTS', P .. 's:' .. ns) == 1
  local kicked_by = call('HGET', P .. 'k:' .. ns, fp)
  if version ~= '' and not exists and member(ns, fp) then
    begin_room(ns, version, ARGV[i + 8])
    set_room(ns, owner, ARGV[i + 6], ARGV[i + 7], ARGV[i + 9], ARGV[i + 10])
  end
  known[#known + 1] = ''
  local _, _, before = member(ns, fp)
  if before then
    if before ~= object and is_watched(ns, 'm') then known[#known] = before end
    if away ~= was_away then tell_watchers(ns, 'p', envelope('O', ns, fp, away and 'a' or 'b', '')) end
    call('HSET', P .. 'sm:' .. ns, fp, entry)
    mend_member(ns, fp, place)
    if ARGV[i + 2] == '2' then set_quiet(ns) end
    answer[#answer + 1] = call('HLEN', P .. 'sm:' .. ns)
  elseif exists and kicked_by then
    answer[#answer + 1] = kicked_by
  elseif exists and (call('HGET', P .. 's:' .. ns, 'o') or '') ~= owner then
    answer[#answer + 1] = -1
  else
    if version ~= '' and not exists then
      begin_room(ns, version, ARGV[i + 8])
      set_room(ns, owner, ARGV[i + 6], ARGV[i + 7], ARGV[i + 9], ARGV[i + 10])
    end
    add_member(ns, fp, self, registration, object, place)
    if ARGV[i + 2] == '2' then set_quiet(ns) end
    if ARGV[i + 2] == '0' then
      tell(ns, envelope('J', ns, fp, self, '', object), self)
      if away then tell_watchers(ns, 'p', envelope('O', ns, fp, 'a', '')) end
    end
    answer[#answer + 1] = call('HLEN', P .. 'sm:' .. ns)
  end
end
for _, object in ipairs(known) do answer[#answer + 1] = object end
return answer
