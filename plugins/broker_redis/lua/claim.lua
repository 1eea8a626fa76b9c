-- ns session teams ticket... -> gone tickets; none: all are taken, and their nodes told
bring_nothing_new()
local ns, gone, peers, nodes = ARGV[3], {}, {}, {}
for i = 6, #ARGV do
  local fp, node = ticket_of(ns, ARGV[i])
  if not node or not is_alive(node) or not listens(node) then
    gone[#gone + 1] = ARGV[i]
  else
    peers[#peers + 1] = {fp, ARGV[i]}
    nodes[node] = true
  end
end
if #gone > 0 then return gone end
local matched = ''
for _, peer in ipairs(peers) do
  local _, _, object = member(ns, peer[1])
  matched = matched .. pack(peer[1], peer[2], object or '')
  remove_ticket(ns, peer[2], peer[1])
end
local news = envelope('M', ns, ARGV[4], matched, ARGV[5] ~= '' and ARGV[5] or nil)
nodes[self] = true
local names = {}
for node in pairs(nodes) do names[#names + 1] = node end
table.sort(names)
for _, node in ipairs(names) do tell_node(node, news) end
return {}
