-- fp registration alias -> {registered | taken (the alias is another's) | too_often, since_us}
-- too_often: nothing is done. The registration with another node has replaced, or was replaced by, one of
-- this node and so on, more than 20 times in 10 s (docs/protocol.md, "Replacement").
local fp, registration, alias = ARGV[3], ARGV[4], ARGV[5]
local since = now_us()
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 't', 'c', 'w')
local count, window = tonumber(old[4] or 0), tonumber(old[5] or since)
if old[1] then
  since = math.max(since, tonumber(old[3]) + 1)  -- the clock may have gone back
  if old[1] ~= self then
    if since - window >= 10000000 then count, window = 0, since end
    count = count + 1
    if count > 20 then return {'too_often', digits(since)} end
  end
  end_older(fp, old[1], old[2])
end
local taken = enter_peer(fp, registration, alias, since)
if count > 0 then call('HSET', P .. 'p:' .. fp, 'c', count, 'w', digits(window)) end
return {taken == 1 and 'taken' or 'registered', digits(since)}
