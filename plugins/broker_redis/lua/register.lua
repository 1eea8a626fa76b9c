-- fp registration alias proof ('1', digits of a secret, or '') -> {registered | taken (the alias is another's) |
-- too_often | unproved, since_us}; behind it, of a parked one that it replaces: registration, parts with copies
-- unproved: nothing is done. Who has the fingerprint has proved its key, or shown a secret, and the
-- newcomer has not shown the same.
-- too_often: nothing is done. The registration with another node has replaced, or was replaced by, one of
-- this node and so on, more than 20 times in 10 s (docs/protocol.md, "Replacement").
local fp, registration, alias, proof = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local since = now_us()
local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 't', 'c', 'w', 'k')
local copies
local too_often, count, window = false, tonumber(old[4] or 0), old[5] or since
if old[1] then
  if old[6] and proof ~= old[6] then return {'unproved', digits(since)} end
  since = math.max(since, tonumber(old[3]) + 1)  -- the clock may have gone back
  if old[1] ~= self then
    too_often, count, window = count_replacement(count, window, since)
    if too_often then return {'too_often', digits(since)} end
  end
  if old[1] == parked then copies = call('HGET', P .. 'p:' .. fp, 'b') or nil end
  end_older(fp, old[1], old[2])
end
local taken = enter_peer(fp, registration, alias, since, proof)
if count > 0 then call('HSET', P .. 'p:' .. fp, 'c', count, 'w', digits(window)) end
return {taken == 1 and 'taken' or 'registered', digits(since), copies and old[2], copies}
