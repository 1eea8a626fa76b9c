-- Behind common.lua in the scripts that write copies, where there are several parts. Other parts than a peer's own have copies of its
-- registration, older or newer by its time there (plugins/broker_redis/DESIGN.md, "Parts").

-- A copy of that time may be older than one that is here, or that has ended here. Then this is the time of that,
-- else nil.
local function newer_than_copy(fp, registration, since)
  if is_live(fp, registration) then return nil end
  local time = call('HGET', P .. 'p:' .. fp, 't')
  if time then return tonumber(time) > since and time or nil end
  local ended = call('GET', P .. 'e:' .. fp)
  return ended and tonumber(ended) >= since and ended or nil
end

-- Writes the copy. `since`: its time. Whether it has been written.
local function copy_peer(fp, registration, since, away)
  since = tonumber(since)
  if newer_than_copy(fp, registration, since) then return false end
  local old = call('HMGET', P .. 'p:' .. fp, 'n', 'r')
  if old[1] then end_older(fp, old[1], old[2]) end
  enter_peer(fp, registration, '', since, '')
  call('HSET', P .. 'p:' .. fp, 'o', 1)
  if away == '1' then set_away(fp, self, registration, true) end
  return true
end
