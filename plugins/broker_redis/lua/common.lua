-- What the scripts share; stands before each of them.
-- KEYS[1] "peer:{0}"   ARGV[1] channel of a node without its id, "peer:n:"   ARGV[2] calling node
-- ARGV[3] the number of its link to Redis, rising   ARGV[4] its lease, ms. A script's own follow, and
-- are counted from 3. Keys and who may change them: plugins/broker_redis/DESIGN.md.
local P = KEYS[1] .. ':'
local channel, self = ARGV[1], ARGV[2]
local link, lease = tonumber(table.remove(ARGV, 3)), tonumber(table.remove(ARGV, 3))
local call = redis.call
-- Of envelopes and keys, as in version.h.
local major, minor = '1', '4'

-- In the place of a node: of registrations whose node has stopped, and that any node may take.
local parked = 'parked'

-- What a network has kept of an earlier link comes too late: this one has put right what is shared.
if tonumber(call('HGET', P .. 'links', self) or 0) > link then
  return redis.error_reply('a newer link of this node is at work')
end

local function pack(...)
  local out = {...}
  for i, field in ipairs(out) do
    field = tostring(field)
    out[i] = #field .. ':' .. field .. ','
  end
  return table.concat(out)
end

local function envelope(kind, ...) return pack(kind .. major, ...) end

-- Redis refuses a script that begins with what may need memory, when it has none left, but none that has
-- begun to remove: what goes on then, because it brings nothing new, begins with this.
local function bring_nothing_new() call('DEL', P .. 'none') end

-- Microseconds on the only clock that counts.
local function now_us()
  local time = call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Numbers beyond 10^14 would be written with an exponent.
local function digits(number) return string.format('%.0f', number) end

local function tell_node(node, message) return call('PUBLISH', channel .. node, message) end

-- Tells the nodes with members of a namespace, but for one. `nodes`: these; nil: not known yet.
-- Returns how many of them have not heard it.
local function tell(ns, message, except, nodes)
  local unheard = 0
  for _, node in ipairs(nodes or call('HKEYS', P .. 'sn:' .. ns)) do
    if node == parked then
      bring_nothing_new()  -- a broadcast has removed nothing before
      call('HINCRBY', P .. 'missed', ns, 1)  -- nobody keeps it for these, but that is counted
      unheard = unheard + 1
    elseif node ~= except and tell_node(node, message) == 0 then
      unheard = unheard + 1
    end
  end
  return unheard
end

local function tell_all(message, except)
  for _, node in ipairs(call('ZRANGE', P .. 'nodes', 0, -1)) do
    if node ~= except then tell_node(node, message) end
  end
end

-- node, registration, object of a member's entry.
local function read_member(entry)
  if not entry then return nil end
  return string.match(entry, '^([^|]*)|([^|]*)|(.*)$')
end

local function member(ns, fp) return read_member(call('HGET', P .. 'sm:' .. ns, fp)) end

local function tell_version() call('HSET', P .. 'versions', self, major .. '.' .. minor) end

local function is_alive(node)
  local ends = call('ZSCORE', P .. 'nodes', node)
  return ends and tonumber(ends) >= now_us() / 1000
end

-- Of the arguments from `first` on, fp and node in turn: indices, from 0, of those that another node has by
-- now, and not the caller. `ns`: only if they are its members.
local function moved_peers(first, ns)
  local moved = {}
  for i = first, #ARGV, 2 do
    local node = call('HGET', P .. 'p:' .. ARGV[i], 'n')
    if node and node ~= ARGV[i + 1] and node ~= self and
       (not ns or call('HEXISTS', P .. 'sm:' .. ns, ARGV[i]) == 1) then
      moved[#moved + 1] = (i - first) / 2
    end
  end
  return moved
end

local function is_room(ns) return call('HEXISTS', P .. 's:' .. ns, 'v') == 1 end

-- In a quiet namespace nobody is told who comes and goes.
local function is_quiet(ns) return call('HEXISTS', P .. 's:' .. ns, 'q') == 1 end

local function set_quiet(ns) call('HSET', P .. 's:' .. ns, 'q', 1) end

-- A room's version, raised; 0 for a namespace.
local function raise(ns)
  if not is_room(ns) then return 0 end
  return call('HINCRBY', P .. 's:' .. ns, 'v', 1)
end

-- Rooms that have waited for members in vain: Redis has ended them, and here they are forgotten.
local function forget_ended_rooms()
  for _, ns in ipairs(call('ZRANGEBYSCORE', P .. 're', '-inf', digits(now_us() / 1000), 'LIMIT', 0, 100)) do
    call('ZREM', P .. 're', ns)
    if call('EXISTS', P .. 's:' .. ns) == 0 then call('ZREM', P .. 'rl', ns) end
  end
end

-- Whether the room, whose last member has gone, waits for others by its rule; then Redis ends it in time.
local function waits(ns, rule)
  if not rule then return false end
  local longest, most = string.match(rule, '^(%d+) (%d+)$')
  forget_ended_rooms()
  if not longest or call('ZCARD', P .. 're') >= tonumber(most) then return false end
  call('ZADD', P .. 're', digits(now_us() / 1000 + tonumber(longest)), ns)
  call('PEXPIRE', P .. 's:' .. ns, longest)
  return true
end

-- The room is over, or the namespace; what members have of it is the caller's.
local function remove_space(ns)
  call('DEL', P .. 's:' .. ns, P .. 'sm:' .. ns, P .. 'sz:' .. ns, P .. 'sn:' .. ns, P .. 'k:' .. ns)
  call('ZREM', P .. 'rl', ns)
end

-- What members of a node want to hear of the others of a namespace: m meta, p presence, mp both, '' nothing.
-- All nodes' are one text, 'node=kinds;' each, so that looking costs the same as not looking. A node of an
-- older version removes another one without it: who has no members watches nothing.
local function watched(ns) return call('HGET', P .. 's:' .. ns, 'w') end

local function watching_nodes(text) return string.gmatch(text, '([^=;]+)=(%a+);') end

local function set_watches(ns, node, kinds)
  local before, now = watched(ns) or '', ''
  for other, its in watching_nodes(before) do
    if other ~= node and call('HEXISTS', P .. 'sn:' .. ns, other) == 1 then
      now = now .. other .. '=' .. its .. ';'
    end
  end
  if kinds ~= '' and call('HEXISTS', P .. 'sn:' .. ns, node) == 1 then
    now = now .. node .. '=' .. kinds .. ';'
  end
  if now == before then return end
  if now ~= '' then call('HSET', P .. 's:' .. ns, 'w', now) else call('HDEL', P .. 's:' .. ns, 'w') end
end

-- Whether members of other nodes than the caller watch that kind.
local function is_watched(ns, kind)
  local text = watched(ns)
  if not text then return false end
  for node, kinds in watching_nodes(text) do
    if node ~= self and string.find(kinds, kind, 1, true) then return true end
  end
  return false
end

-- Tells the nodes whose members watch that kind, but not the caller.
local function tell_watchers(ns, kind, message)
  local text = watched(ns)
  if not text then return end
  for node, kinds in watching_nodes(text) do
    if node ~= self and string.find(kinds, kind, 1, true) then tell_node(node, message) end
  end
end

-- A session is away while this names its registration: nodes of an older version know nothing of it.
local function is_away(fp)
  local record = call('HMGET', P .. 'p:' .. fp, 'd', 'n', 'r')
  return record[1] and record[2] and record[1] == record[2] .. '|' .. (record[3] or '')
end

local function set_away(fp, node, registration, away)
  if away then
    call('HSET', P .. 'p:' .. fp, 'd', node .. '|' .. registration)
  else
    call('HDEL', P .. 'p:' .. fp, 'd')
  end
end

-- A node has a member fewer. `marks`: as watched(). Returns the nodes that have members then.
local function uncount_member(ns, node, marks)
  local nodes, is_last = {}, true
  local counts = call('HGETALL', P .. 'sn:' .. ns)
  for i = 1, #counts, 2 do
    if counts[i] == node then is_last = tonumber(counts[i + 1]) <= 1 end
    if counts[i] ~= node or not is_last then nodes[#nodes + 1] = counts[i] end
  end
  if not is_last then
    call('HINCRBY', P .. 'sn:' .. ns, node, -1)
    return nodes
  end
  call('HDEL', P .. 'sn:' .. ns, node)
  if marks then set_watches(ns, node, '') end
  if node == parked then call('HDEL', P .. 'missed', ns) end
  return nodes
end

-- A member is another node's from now on; nobody is told. Returns its object; nil: it is none.
local function move_member(ns, fp, from, to, registration)
  local _, _, object = member(ns, fp)
  if not object then return nil end
  call('HSET', P .. 'sm:' .. ns, fp, to .. '|' .. registration .. '|' .. object)
  uncount_member(ns, from, watched(ns))
  call('HINCRBY', P .. 'sn:' .. ns, to, 1)
  return object
end

-- The nodes but `except` hear that it left. Returns whether members remain. `told`: fingerprints, packed, of
-- members that know already; nil: none.
local function remove_member(ns, fp, node, except, told)
  local space = P .. 's:' .. ns
  call('HDEL', P .. 'sm:' .. ns, fp)
  call('SREM', P .. 'm:' .. fp, ns)
  local room, quiet, marks, rule = unpack(call('HMGET', space, 'v', 'q', 'w', 'e'))
  local remain = call('HLEN', P .. 'sm:' .. ns) > 0
  if not remain and not waits(ns, rule) then
    remove_space(ns)
    if node == parked then call('HDEL', P .. 'missed', ns) end
    return false
  end
  call('ZREM', P .. 'sz:' .. ns, fp)
  local nodes = uncount_member(ns, node, marks)
  if room then call('HINCRBY', space, 'v', 1) end
  if remain and not quiet then tell(ns, envelope('L', ns, fp, node, told), except, nodes) end
  return remain
end

-- `place`: that it had among the members before they were lost; nil: the last.
-- Returns its place.
local function add_member(ns, fp, node, registration, object, place)
  local last, waited, room = unpack(call('HMGET', P .. 's:' .. ns, 'seq', 'e', 'v'))
  if waited and call('PERSIST', P .. 's:' .. ns) == 1 then call('ZREM', P .. 're', ns) end
  last = tonumber(last or 0)
  place = place or last + 1
  call('HSET', P .. 's:' .. ns, 'seq', digits(math.max(last, place)))
  call('HSET', P .. 'sm:' .. ns, fp, node .. '|' .. registration .. '|' .. object)
  call('ZADD', P .. 'sz:' .. ns, digits(place), fp)
  call('HINCRBY', P .. 'sn:' .. ns, node, 1)
  call('SADD', P .. 'm:' .. fp, ns)
  if room then raise(ns) end
  return digits(place)
end

-- A member has its entry: should one of the other keys that speak of it be gone, it is put back.
local function mend_member(ns, fp, place)
  local seq = tonumber(call('HGET', P .. 's:' .. ns, 'seq') or 0)
  local last = call('ZREVRANGE', P .. 'sz:' .. ns, 0, 0, 'WITHSCORES')[2]
  seq = math.max(seq, tonumber(last or 0))
  if not call('ZSCORE', P .. 'sz:' .. ns, fp) then
    place = place or seq + 1
    call('ZADD', P .. 'sz:' .. ns, digits(place), fp)
    seq = math.max(seq, place)
  end
  call('HSET', P .. 's:' .. ns, 'seq', digits(seq))
  call('SADD', P .. 'm:' .. fp, ns)
end

-- Counts the members of each node anew. Returns whether that changes anything.
local function count_members(ns)
  local counts, changed = {}, false
  for _, entry in ipairs(call('HVALS', P .. 'sm:' .. ns)) do
    local node = string.match(entry, '^[^|]*')
    counts[node] = (counts[node] or 0) + 1
  end
  for _, node in ipairs(call('HKEYS', P .. 'sn:' .. ns)) do
    if not counts[node] then
      call('HDEL', P .. 'sn:' .. ns, node)
      changed = true
    end
  end
  for node, count in pairs(counts) do
    if call('HGET', P .. 'sn:' .. ns, node) ~= tostring(count) then
      call('HSET', P .. 'sn:' .. ns, node, count)
      changed = true
    end
  end
  return changed
end

local function remove_ticket(ns, ticket, fp)
  call('HDEL', P .. 'st:' .. ns, ticket)
  call('SREM', P .. 't:' .. fp, ticket .. '|' .. ns)
  if call('EXISTS', P .. 'st:' .. ns) == 0 then call('SREM', P .. 'tn', ns) end
end

-- fp, node, registration, enqueued, request of a ticket.
local function ticket_of(ns, ticket)
  local entry = call('HGET', P .. 'st:' .. ns, ticket)
  if not entry then return nil end
  return string.match(entry, '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$')
end

local function free_alias(fp, alias)
  if alias and alias ~= '' and call('GET', P .. 'a:' .. alias) == fp then
    call('DEL', P .. 'a:' .. alias)
  end
end

-- A member has gone from a room whose policy nobody has asked: one node with members does,
-- another than the caller if there is one, and not `dead`.
local function settle_room(ns, fp, dead)
  if not is_room(ns) then return end
  local nodes = call('HKEYS', P .. 'sn:' .. ns)
  table.sort(nodes, function(a, b)
    if (a == self) ~= (b == self) then return b == self end
    return a < b
  end)
  for _, node in ipairs(nodes) do
    if node ~= dead and tell_node(node, envelope('D', ns, fp)) > 0 then return end
  end
end

local function end_tickets(fp)
  for _, item in ipairs(call('SMEMBERS', P .. 't:' .. fp)) do
    local ticket, ns = string.match(item, '^([^|]*)|(.*)$')
    remove_ticket(ns, ticket, fp)
    tell_all(envelope('U', ns, ticket))
  end
end

-- By these tokens, each with '|' behind it, a peer's session is found; by earlier ones nothing any more.
local function set_tokens(fp, tokens, before)
  for token in string.gmatch(before or '', '[^|]+') do call('DEL', P .. 'r:' .. token) end
  for token in string.gmatch(tokens, '[^|]+') do call('SET', P .. 'r:' .. token, fp) end
  if tokens ~= '' then
    call('HSET', P .. 'p:' .. fp, 'h', tokens)
  elseif before then
    call('HDEL', P .. 'p:' .. fp, 'h')
  end
end

-- Ends one registration with all that hangs on it. `except` is not told who left.
-- `settle`: its node has gone, or has asked no policy but on its own: its rooms are settled.
local function drop_peer(fp, except, settle, dead)
  local record = call('HMGET', P .. 'p:' .. fp, 'n', 'a', 'h')
  local node = record[1]
  for _, ns in ipairs(call('SMEMBERS', P .. 'm:' .. fp)) do
    if remove_member(ns, fp, node, except) and settle then settle_room(ns, fp, dead) end
  end
  end_tickets(fp)
  free_alias(fp, record[2])
  if record[3] then set_tokens(fp, '', record[3]) end
  call('DEL', P .. 'm:' .. fp, P .. 'p:' .. fp)
  if node == parked then
    call('ZREM', P .. 'parked', fp)
  else
    call('SREM', P .. 'n:' .. node, fp)
  end
end

-- Whether the caller's registration is the live one.
local function is_live(fp, registration)
  local record = call('HMGET', P .. 'p:' .. fp, 'n', 'r')
  return record[1] == self and record[2] == registration
end

-- The registrations with two nodes have replaced each other more than 20 times in 10 s (docs/protocol.md,
-- "Replacement"). Else their count, with one more, and since when it counts, us.
local function count_replacement(count, window, now)
  count, window = tonumber(count or 0), tonumber(window or now)
  if now - window >= 10000000 then count, window = 0, now end
  return count >= 20, count + 1, window
end

-- Ends the registration that one of the caller replaces. A node that hears of it asks the policies of
-- the peer's rooms; for one that does not, they are settled.
local function end_older(fp, node, registration)
  local told = node ~= self and is_alive(node) and tell_node(node, envelope('X', fp, registration)) > 0
  drop_peer(fp, node, not told, node ~= self and node or nil)
end

-- The caller has the peer, and is among the nodes until its next beat: should it end before, it is reaped.
local function note_peer(fp)
  call('SADD', P .. 'n:' .. self, fp)
  if call('ZSCORE', P .. 'nodes', self) then return end
  call('ZADD', P .. 'nodes', digits(now_us() / 1000 + lease), self)
  tell_version()
end

-- Enters a registration of the caller; `proof` is '1' of a peer that has proved its key, digits of one that
-- only who has the same secret replaces, or ''. Returns whether another peer holds the alias: one that has
-- registered before.
local function enter_peer(fp, registration, alias, since, proof)
  local taken = 0
  if alias ~= '' then
    local holder = call('GET', P .. 'a:' .. alias)
    local theirs = holder and holder ~= fp and call('HMGET', P .. 'p:' .. holder, 'n', 'r', 't')
    local node, other, before = unpack(theirs or {})
    if before and tonumber(before) <= since then
      taken, alias = 1, ''
    else
      if before then
        call('HSET', P .. 'p:' .. holder, 'a', '')
        tell_node(node, envelope('H', holder, other))
      end
      call('SET', P .. 'a:' .. alias, fp)
    end
  end
  call('HSET', P .. 'p:' .. fp, 'n', self, 'r', registration, 't', digits(since), 'a', alias)
  if proof ~= '' then call('HSET', P .. 'p:' .. fp, 'k', proof) end
  note_peer(fp)
  return taken
end

local function listens(node) return call('PUBSUB', 'NUMSUB', channel .. node)[2] > 0 end

-- The other nodes than ours that listen to the channels of the original implementation. Ours are
-- those, too, that have gone, but whose subscription lives: behind a network that swallows all,
-- until TCP gives it up. Channels are shared by all databases: nodes of another one are not of the
-- original implementation either.
local function foreign_listeners()
  if string.find(channel, '{', 1, true) then return 0 end  -- a part of several
  local prefix = string.sub(channel, 1, -3)
  local guide = call('PUBSUB', 'NUMSUB', prefix .. 'signal', prefix .. 'relay',
                     prefix .. 'broadcast', prefix .. 'ours')
  local listeners = math.max(guide[2], guide[4], guide[6])
  if listeners <= guide[8] then return 0 end
  local ours = 0
  for _, nodes in ipairs({call('ZRANGE', P .. 'nodes', 0, -1), call('SMEMBERS', P .. 'gone')}) do
    for _, node in ipairs(nodes) do
      if listens(node) then ours = ours + 1 end
    end
  end
  return math.max(0, listeners - math.max(ours, guide[8]))  -- older nodes of ours are not among those
end

-- The node is none of the cluster any more.
local function remove_node(node)
  call('ZREM', P .. 'nodes', node)
  call('HDEL', P .. 'wait', node)
  call('HDEL', P .. 'links', node)
  call('HDEL', P .. 'versions', node)
end

-- Whether nodes have not yet put back what a loss of data took. One that does not come back is waited for until
-- the time (ms) at '', which older nodes do not write.
local function unsettled()
  if call('EXISTS', P .. 'born') == 0 then return true end
  local waiting = call('HGETALL', P .. 'wait')
  if #waiting == 0 then return false end
  local last = call('HGET', P .. 'wait', '')
  local is_over = last and now_us() / 1000 > tonumber(last)
  for i = 1, #waiting, 2 do
    if waiting[i + 1] == '1' and (not is_over or is_alive(waiting[i])) then return true end
  end
  return false
end

-- A page of members: flat list of fp, node, object; `with_away`: and 'a' of one that is away, else ''.
local function page_of(ns, first, count, with_away)
  local page = {}
  if count == 0 then return page end
  local fps = call('ZRANGE', P .. 'sz:' .. ns, first, first + count - 1)
  for from = 1, #fps, 1000 do  -- unpack() has a bound
    for i, entry in ipairs(call('HMGET', P .. 'sm:' .. ns, unpack(fps, from, math.min(#fps, from + 999)))) do
      local fp, node, _, object = fps[from + i - 1], read_member(entry)
      if node then
        page[#page + 1], page[#page + 2], page[#page + 3] = fp, node, object
        if with_away then page[#page + 1] = is_away(fp) and 'a' or '' end
      end
    end
  end
  return page
end

-- `listed`: 1 public, 0 not, '' never. `empty`: '', or how long it waits for members (ms) and how many rooms
-- may do so.
local function set_room(ns, owner, max, state, listed, empty)
  local room = P .. 's:' .. ns
  call('HSET', room, 'o', owner, 'x', max, 'p', state)
  if listed == '1' then
    call('ZADD', P .. 'rl', call('HGET', room, 'c') or digits(now_us()), ns)
  elseif listed == '0' then
    call('ZREM', P .. 'rl', ns)
  end
  if empty ~= '' then
    call('HSET', room, 'e', empty)
  elseif call('HEXISTS', room, 'e') == 1 and call('HLEN', P .. 'sm:' .. ns) > 0 then
    call('HDEL', room, 'e')  -- who comes into a room that waits ends its wait by this field
  end
end

-- Gives a name to a room; `created` in us, '' now.
local function begin_room(ns, version, created)
  call('HSET', P .. 's:' .. ns, 'v', version, 'c', created ~= '' and created or digits(now_us()))
end
