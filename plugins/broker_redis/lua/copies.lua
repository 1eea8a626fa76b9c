-- Behind common.lua in the scripts that write copies, where there are several parts. Other parts than a peer's own have copies of its
-- registration, older or newer by its time there (plugins/broker_redis/DESIGN.md, "Parts").

-- A copy of that time may be older than one that is here, or that has ended here. Then this is the time of that,
-- else nil. Behind it node and registration of the one that is here.
local function newer_than_copy(fp, registration, since)
  local node, other, time = unpack(call('HMGET', P .. 'p:' .. fp, 'n', 'r', 't'))
  if node == self and other == registration then return nil, node, other end
  if node then return tonumber(time) > since and time or nil, node, other end
  local ended = call('GET', P .. 'e:' .. fp)
  return ended and tonumber(ended) >= since and ended or nil
end

-- Sees to it that the copy is here. `since`: its time. Whether it is.
local function copy_peer(fp, registration, since, away)
  since = tonumber(since)
  local newer, node, other = newer_than_copy(fp, registration, since)
  if newer then return false end
  if node == self and other == registration then return true end
  if node then end_older(fp, node, other) end
  call('HSET', P .. 'p:' .. fp, 'n', self, 'r', registration, 't', digits(since), 'a', '', 'o', 1)
  note_peer(fp)
  if away == '1' then set_away(fp, self, registration, true) end
  return true
end

-- In the place of that of common.lua: a registration is live, too, when its copy can be written. `since`: its
-- time; nil: this is the peer's own part.
local is_there = is_live
local function is_live(fp, registration, since, away)
  if since then return copy_peer(fp, registration, since, away) end
  return is_there(fp, registration)
end
