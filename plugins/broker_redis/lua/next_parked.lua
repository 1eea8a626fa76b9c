-- -> {fp, registration, record, ms that are left} of a parked session, or {} (there is none to be had now), or
-- {fp, registration, parts} of one that has ended, and has copies there, which are to end
-- For some seconds no other node gets it. Those whose time is over end here, once.
bring_nothing_new()
local now = now_us() / 1000
for _, fp in ipairs(call('ZRANGE', P .. 'parked', 0, 99)) do
  local ends = call('ZSCORE', P .. 'parked', fp)
  local record = call('HMGET', P .. 'p:' .. fp, 'n', 'r', 'z', 'l')
  if not ends then
    -- it has ended with another one
  elseif record[1] ~= parked then
    call('ZREM', P .. 'parked', fp)
  elseif tonumber(ends) < now then
    local copies = call('HGET', P .. 'p:' .. fp, 'b')
    drop_peer(fp, '', true)
    if copies and copies ~= '' then return {fp, record[2], copies} end
  elseif record[3] and (not record[4] or tonumber(record[4]) < now) then
    call('HSET', P .. 'p:' .. fp, 'l', digits(now + 5000))
    return {fp, record[2], record[3], digits(tonumber(ends) - now)}
  end
end
return {}
