-- fp registration since alias, then for each membership: ns object quiet version owner max state
-- (version '' for a namespace) -> {moved | here, alias taken, total...}
-- Puts one peer of the caller right: memberships that are not told here end, missing ones begin.
local fp, registration, since, alias = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 't', 'a')
if old[1] and old[1] ~= self then
  if tonumber(old[3]) > since then return {'moved', 0} end
  drop_peer(fp, old[1], false)
  tell_node(old[1], pack('X', fp, old[2]))
elseif old[1] and old[2] ~= registration then
  drop_peer(fp, self, false)
elseif old[1] and old[4] ~= alias then
  free_alias(fp, old[4])
end
local answer = {'here', enter_peer(fp, registration, alias, since)}
local wanted = {}
for i = 7, #ARGV, 7 do wanted[ARGV[i]] = true end
for _, ns in ipairs(call('SMEMBERS', P .. 'm:' .. fp)) do
  if not wanted[ns] then remove_member(ns, fp, self, self) end
end
for i = 7, #ARGV, 7 do
  local ns, object = ARGV[i], ARGV[i + 1]
  local entry = self .. '|' .. registration .. '|' .. object
  if member(ns, fp) then
    call('HSET', P .. 'sm:' .. ns, fp, entry)
  else
    if ARGV[i + 3] ~= '' and call('EXISTS', P .. 's:' .. ns) == 0 then
      call('HSET', P .. 's:' .. ns, 'v', ARGV[i + 3])
      set_room(ns, ARGV[i + 4], ARGV[i + 5], ARGV[i + 6])
    end
    add_member(ns, fp, self, registration, object)
    if ARGV[i + 2] ~= '1' then tell(ns, pack('J', ns, fp, self, '', object), self) end
  end
  answer[#answer + 1] = call('HLEN', P .. 'sm:' .. ns)
end
return answer
