-- fp registration ns object max_size page token kind(ns|room|create) version owner max state
-- envelope of the room's news, patient(1|0), listed empty, quiet(1|0)
-- watches (of all members of the caller then: m, p, mp or '') away(1: the page says who is away, 0), and in
-- another part than the peer's own: since away(1|0) (lua/copies.lua)
-- -> {status, version, total, is_room, place, created, fp, node, object, away or nothing...}
-- status: joined | stale (the registration is not live) | exists | gone | conflict | is_room | full
-- | unsettled (nodes may have yet to put back the name, or members of it: told to the patient only)
local fp, registration, ns, object = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local max_size, page, token, kind, version = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9],
                                             ARGV[10], ARGV[11]
if not is_live(fp, registration, ARGV[22], ARGV[23]) then
  return {'stale', 0, 0, 0}
end
local quiet = ARGV[19] == '1'
local current, was_quiet = unpack(call('HMGET', P .. 's:' .. ns, 'v', 'q'))
local old_node, old_registration = member(ns, fp)
if ARGV[16] == '1' and unsettled() then return {'unsettled', 0, 0, 0} end
if kind == 'create' then
  if call('EXISTS', P .. 's:' .. ns) == 1 then return {'exists', 0, 0, 0} end
elseif kind == 'room' then
  if not current then return {'gone', 0, 0, 0} end
  if current ~= version then return {'conflict', 0, 0, 0} end
else
  if current then return {'is_room', 0, 0, 0} end
  if max_size > 0 and not old_node and call('HLEN', P .. 'sm:' .. ns) >= max_size then
    return {'full', 0, 0, 0}
  end
end
local place
if old_node == self and old_registration == registration then
  bring_nothing_new()
  call('HSET', P .. 'sm:' .. ns, fp, self .. '|' .. registration .. '|' .. object)
  raise(ns)
  place = call('ZSCORE', P .. 'sz:' .. ns, fp)
else
  if old_node then remove_member(ns, fp, old_node, old_node) end
  if kind == 'create' then begin_room(ns, 0, '') end
  place = add_member(ns, fp, self, registration, object)
  if not quiet then tell(ns, envelope('J', ns, fp, self, '', object), self) end
end
if ARGV[20] ~= '' then set_watches(ns, self, ARGV[20]) end
-- As the settings of the latest node say.
if quiet then
  set_quiet(ns)
elseif was_quiet then
  call('HDEL', P .. 's:' .. ns, 'q')
end
if kind ~= 'ns' then
  call('HDEL', P .. 'k:' .. ns, fp)
  set_room(ns, ARGV[12], ARGV[13], ARGV[14], ARGV[17], ARGV[18])
  tell(ns, ARGV[15], self)
end
tell_node(self, envelope('J', ns, fp, self, token, ''))  -- here the caller's stream catches up
local now, created
if kind ~= 'ns' then now, created = unpack(call('HMGET', P .. 's:' .. ns, 'v', 'c')) end
local answer = {'joined', tonumber(now or 0), call('HLEN', P .. 'sm:' .. ns), kind == 'ns' and 0 or 1, place,
                created or ''}
for _, field in ipairs(page_of(ns, 0, page, ARGV[21] == '1')) do answer[#answer + 1] = field end
return answer
