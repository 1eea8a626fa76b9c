-- fp registration alias -> whether the alias is another's
local fp, registration, alias = ARGV[3], ARGV[4], ARGV[5]
local since = now_us()
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 't')
if old[1] then
  since = math.max(since, tonumber(old[3]) + 1)  -- the clock may have gone back
  drop_peer(fp, old[1], false)
  if old[1] ~= self then tell_node(old[1], pack('X', fp, old[2])) end
end
return enter_peer(fp, registration, alias, since)
