#include "tests/integration/cluster/shared_records.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace peer::test {
namespace {

using Texts = std::vector<std::string>;

constexpr const char* kReadAll = R"(
local time = redis.call('TIME')
local out = {string.format('%.0f', time[1] * 1000 + time[2] / 1000)}
for _, key in ipairs(redis.call('KEYS', 'peer:{*}:*')) do
  local kind, fields = redis.call('TYPE', key).ok, nil
  if kind == 'string' then fields = {redis.call('GET', key)} end
  if kind == 'set' then fields = redis.call('SMEMBERS', key) end
  if kind == 'hash' then fields = redis.call('HGETALL', key) end
  if kind == 'zset' then fields = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
  for _, item in ipairs({key, tostring(#fields), unpack(fields)}) do out[#out + 1] = item end
end
return out)";
constexpr std::string_view kPrefix = "peer:{";

/// The first `count` - 1 parts end at a bar, the last is the rest.
std::optional<Texts> split(std::string_view text, std::size_t count) {
  Texts parts;
  while (parts.size() + 1 < count) {
    const auto bar = text.find('|');
    if (bar == std::string_view::npos) return std::nullopt;
    parts.emplace_back(text.substr(0, bar));
    text.remove_prefix(bar + 1);
  }
  parts.emplace_back(text);
  return parts;
}

SharedRecords::Hash pairs(const Texts& fields) {
  SharedRecords::Hash hash;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) hash[fields[i]] = fields[i + 1];
  return hash;
}

std::map<std::string, double> scores(const Texts& fields) {
  std::map<std::string, double> result;
  for (const auto& [name, score] : pairs(fields)) result[name] = std::stod(score);
  return result;
}

void take_members(SharedRecords& records, const std::string& ns, const Texts& fields) {
  for (const auto& [peer, entry] : pairs(fields)) {
    const auto parts = split(entry, 3);
    if (!parts) {
      records.strange.push_back("member " + entry);
    } else {
      records.members[ns][peer] = {(*parts)[0], (*parts)[1], (*parts)[2]};
    }
  }
}

void take_tickets(SharedRecords& records, const std::string& ns, const Texts& fields) {
  for (const auto& [ticket, entry] : pairs(fields)) {
    const auto parts = split(entry, 5);
    if (!parts) {
      records.strange.push_back("ticket " + entry);
    } else {
      records.tickets[ns][ticket] = {(*parts)[0], (*parts)[1], (*parts)[2], (*parts)[3],
                                     (*parts)[4]};
    }
  }
}

void take_key(SharedRecords& records, const std::string& key, const Texts& fields) {
  const std::set<std::string> set(fields.begin(), fields.end());
  if (key == "nodes") {
    records.leases = scores(fields);
    return;
  }
  if (key == "rl" || key == "re") {
    (key == "rl" ? records.listed : records.waiting) = scores(fields);
    return;
  }
  if (key == "parked") {
    records.parked = scores(fields);
    return;
  }
  if (key == "missed") {
    records.missed = pairs(fields);
    return;
  }
  if (key == "tn") {
    records.with_tickets = set;
    return;
  }
  if (key == "born" || key == "wait" || key == "gone" || key == "links" || key == "versions") {
    return;
  }
  const auto colon = key.find(':');
  const std::string kind = key.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : key.substr(colon + 1);
  const bool is_text = kind == "a" || kind == "r" || kind == "e";
  SharedRecords::Hash hash = is_text ? SharedRecords::Hash() : pairs(fields);
  if (kind == "v") return;  // of peers that are no more
  if (kind == "n") {
    records.node_peers[name] = set;
  } else if (kind == "p") {
    records.peers[name] = {hash["n"], hash["r"],          hash["t"], hash["a"],
                           hash["h"], hash.contains("o"), hash["z"]};
    for (const auto& [field, value] : hash) {
      if (field.starts_with('y')) records.peers[name].has_missed = true;
    }
  } else if (kind == "e") {
    records.ended[name] = fields[0];
  } else if (kind == "r") {
    records.tokens[name] = fields[0];
  } else if (kind == "m") {
    records.memberships[name] = set;
  } else if (kind == "t") {
    records.peer_tickets[name] = set;
  } else if (kind == "a") {
    records.aliases[name] = fields[0];
  } else if (kind == "s") {
    records.spaces[name] = hash;
  } else if (kind == "sm") {
    take_members(records, name, fields);
  } else if (kind == "sz") {
    records.order[name] = scores(fields);
  } else if (kind == "sn") {
    records.counts[name] = hash;
  } else if (kind == "k") {
    records.kicked.insert(name);
  } else if (kind == "st") {
    take_tickets(records, name, fields);
  } else {
    records.strange.push_back("key " + key);
  }
}

/// Collects what does not hold.
class Findings {
 public:
  void expect(bool holds, std::initializer_list<std::string_view> words) {
    if (holds) return;
    std::string line;
    for (const std::string_view word : words) line.append(line.empty() ? "" : " ").append(word);
    lines_.push_back(std::move(line));
  }
  Texts take() { return std::move(lines_); }

 private:
  Texts lines_;
};

template <typename Map>
const typename Map::mapped_type& at(const Map& map, const std::string& key) {
  static const typename Map::mapped_type kNone{};
  const auto found = map.find(key);
  return found == map.end() ? kNone : found->second;
}

bool is_registered(const SharedRecords& records, const std::string& peer, const std::string& node,
                   const std::string& registration) {
  const SharedRecords::Peer& record = at(records.peers, peer);
  return record.node == node && record.registration == registration;
}

void check_tokens(const SharedRecords& records, Findings& findings) {
  std::map<std::string, std::string> named;
  for (const auto& [peer, record] : records.peers) {
    for (std::size_t at = 0; at < record.tokens.size();) {
      const std::size_t bar = record.tokens.find('|', at);
      named[record.tokens.substr(at, bar - at)] = peer;
      at = bar == std::string::npos ? bar : bar + 1;
    }
  }
  findings.expect(named == records.tokens, {"the tokens are not those that peers have"});
}

void check_peers(const SharedRecords& records, Findings& findings) {
  for (const auto& [peer, record] : records.peers) {
    const bool is_parked = record.node == kParked;
    findings.expect(is_parked || at(records.node_peers, record.node).contains(peer),
                    {"peer", peer, "is not in the index of its node", record.node});
    findings.expect(is_parked == records.parked.contains(peer),
                    {"peer", peer, "of node", record.node, "is parked in one place alone"});
    findings.expect(is_parked || !record.has_missed,
                    {"peer", peer, "is not parked, and has what was missed then"});
    findings.expect(is_parked || record.record.empty(),
                    {"peer", peer, "has a record, and a node,", record.node});
    findings.expect(record.alias.empty() || at(records.aliases, record.alias) == peer,
                    {"alias", record.alias, "does not lead to its peer", peer});
    findings.expect(!record.since.empty() && !record.registration.empty(),
                    {"peer", peer, "has no registration"});
  }
  for (const auto& [node, peers] : records.node_peers) {
    for (const std::string& peer : peers) {
      findings.expect(at(records.peers, peer).node == node,
                      {"the index of node", node, "has", peer, "who is elsewhere"});
    }
  }
  for (const auto& [alias, peer] : records.aliases) {
    findings.expect(at(records.peers, peer).alias == alias,
                    {"alias", alias, "leads to", peer, "who does not have it"});
  }
}

void check_members_of(const SharedRecords& records, const std::string& ns, Findings& findings) {
  const auto& members = records.members.at(ns);
  const auto& order = at(records.order, ns);
  SharedRecords::Hash counted;
  std::map<std::string, int> numbers;
  for (const auto& [peer, member] : members) {
    findings.expect(is_registered(records, peer, member.node, member.registration),
                    {"member", peer, "of", ns, "is not that registration"});
    findings.expect(at(records.memberships, peer).contains(ns),
                    {"member", peer, "of", ns, "is not in the index of the peer"});
    findings.expect(order.contains(peer), {"member", peer, "of", ns, "has no place"});
    ++numbers[member.node];
  }
  for (const auto& [node, number] : numbers) counted[node] = std::to_string(number);
  findings.expect(order.size() == members.size(), {"places without members in", ns});
  findings.expect(at(records.counts, ns) == counted, {"the nodes of", ns, "are counted wrong"});
}

void check_spaces(const SharedRecords& records, Findings& findings) {
  for (const auto& [ns, members] : records.members) check_members_of(records, ns, findings);
  for (const auto& [ns, order] : records.order) {
    findings.expect(records.members.contains(ns), {"places without members:", ns});
  }
  for (const auto& [ns, counts] : records.counts) {
    findings.expect(records.members.contains(ns), {"counts without members:", ns});
  }
  for (const auto& [ns, space] : records.spaces) {
    const bool waits = records.waiting.contains(ns);
    findings.expect(records.members.contains(ns) || waits, {"nobody is in", ns, "which exists"});
    findings.expect(
        !space.contains("v") || (space.contains("o") && space.contains("x") && space.contains("p")),
        {"room", ns, "has no owner, size or state"});
    for (const auto& [peer, place] : at(records.order, ns)) {
      const bool taken = space.contains("seq") && place <= std::stod(space.at("seq"));
      findings.expect(taken, {"a place of", ns, "will come again"});
    }
  }
  for (const std::string& ns : records.kicked) {
    findings.expect(at(records.spaces, ns).contains("v"),
                    {"kicked out of", ns, "which is no room"});
  }
  for (const auto& [peer, spaces] : records.memberships) {
    for (const std::string& ns : spaces) {
      findings.expect(at(records.members, ns).contains(peer),
                      {"the index of peer", peer, "has", ns, "where it is no member"});
    }
  }
}

// Of parked members alone it is counted what they miss.
void check_missed(const SharedRecords& records, Findings& findings) {
  for (const auto& [peer, ends] : records.parked) {
    findings.expect(records.peers.contains(peer), {"there is no peer", peer, "who is parked"});
  }
  for (const auto& [ns, count] : records.missed) {
    findings.expect(at(records.counts, ns).contains(kParked),
                    {"what is told to", ns, "is counted for nobody"});
  }
}

// Marks of who watches: "node=kinds;" each.
void check_watchers(const SharedRecords& records, Findings& findings) {
  for (const auto& [ns, space] : records.spaces) {
    if (!space.contains("w")) continue;
    std::string_view rest = space.at("w");
    findings.expect(!rest.empty(), {"nobody watches", ns, "and that is marked"});
    std::set<std::string> marked;
    while (!rest.empty()) {
      const auto equals = rest.find('=');
      const auto end = rest.find(';');
      if (equals == std::string_view::npos || end == std::string_view::npos || equals > end) {
        findings.expect(false, {"a mark of", ns, "is none:", rest});
        break;
      }
      const std::string node(rest.substr(0, equals));
      const std::string_view kinds = rest.substr(equals + 1, end - equals - 1);
      findings.expect(kinds == "m" || kinds == "p" || kinds == "mp",
                      {"node", node, "watches", kinds, "in", ns});
      findings.expect(marked.insert(node).second, {"node", node, "is marked twice in", ns});
      findings.expect(at(records.counts, ns).contains(node),
                      {"node", node, "watches", ns, "without members there"});
      rest.remove_prefix(end + 1);
    }
  }
}

void check_rooms(const SharedRecords& records, Findings& findings) {
  for (const auto& [ns, created] : records.listed) {
    findings.expect(at(records.spaces, ns).contains("v"), {"no room is listed as", ns});
    findings.expect(at(records.spaces, ns).contains("c") &&
                        std::stod(at(at(records.spaces, ns), "c")) == created,
                    {"room", ns, "is not listed by its creation"});
  }
  for (const auto& [ns, ends] : records.waiting) {
    findings.expect(at(records.spaces, ns).contains("e"), {"no room waits as", ns});
    findings.expect(!records.members.contains(ns), {"somebody is in", ns, "which waits"});
  }
}

void check_tickets(const SharedRecords& records, Findings& findings) {
  for (const auto& [ns, tickets] : records.tickets) {
    findings.expect(records.with_tickets.contains(ns), {"nobody knows of the tickets of", ns});
    for (const auto& [id, ticket] : tickets) {
      findings.expect(is_registered(records, ticket.peer, ticket.node, ticket.registration),
                      {"ticket", id, "of", ns, "is of a registration that ended"});
      findings.expect(at(records.peer_tickets, ticket.peer).contains(id + "|" + ns),
                      {"ticket", id, "of", ns, "is not in the index of its peer"});
    }
  }
  for (const std::string& ns : records.with_tickets) {
    findings.expect(records.tickets.contains(ns), {"no tickets in", ns});
  }
  for (const auto& [peer, items] : records.peer_tickets) {
    for (const std::string& item : items) {
      const Texts parts = split(item, 2).value_or(Texts{"", ""});
      const auto& tickets = at(records.tickets, parts[1]);
      findings.expect(at(tickets, parts[0]).peer == peer,
                      {"the index of peer", peer, "has ticket", item, "which is not its own"});
    }
  }
}

}  // namespace

std::vector<SharedRecords> read_parts(std::span<RedisClient> servers) {
  std::vector<SharedRecords> parts(1);
  std::map<std::size_t, std::size_t> found_at;
  for (std::size_t server = 0; server < servers.size(); ++server) {
    const Texts texts = servers[server].command({"EVAL", kReadAll, "0"});
    for (std::size_t i = 1; i < texts.size();) {
      const std::size_t name = texts[i].find("}:") + 2;
      const std::size_t part = std::stoul(texts[i].substr(kPrefix.size()));
      if (part >= parts.size()) parts.resize(part + 1);
      const auto begin = texts.begin() + static_cast<std::ptrdiff_t>(i) + 2;
      const std::size_t count = std::stoul(texts.at(i + 1));
      take_key(parts[part], texts[i].substr(name),
               Texts(begin, begin + static_cast<std::ptrdiff_t>(count)));
      i += 2 + count;
      parts[part].now_ms = std::stoll(texts.at(0));
      if (found_at.emplace(part, server).first->second == server) continue;
      parts[part].strange.push_back("part " + std::to_string(part) + " at a second server");
    }
  }
  return parts;
}

Texts contradictions(const SharedRecords& records) {
  Findings findings;
  for (const std::string& strange : records.strange) findings.expect(false, {"strange", strange});
  check_tokens(records, findings);
  check_peers(records, findings);
  check_spaces(records, findings);
  check_missed(records, findings);
  check_watchers(records, findings);
  check_rooms(records, findings);
  check_tickets(records, findings);
  return findings.take();
}

Texts left_of_the_dead(const SharedRecords& records) {
  Findings findings;
  const auto now = static_cast<double>(records.now_ms);
  for (const auto& [node, end] : records.leases) {
    findings.expect(end >= now, {"the lease of node", node, "has ended"});
  }
  for (const auto& [node, peers] : records.node_peers) {
    findings.expect(records.leases.contains(node), {"peers of node", node, "without a lease"});
  }
  return findings.take();
}

Texts members_in_order(const SharedRecords& records, const std::string& ns) {
  Texts members;
  const auto& order = at(records.order, ns);
  for (const auto& [peer, place] : order) members.push_back(peer);
  std::sort(members.begin(), members.end(), [&order](const auto& a, const auto& b) {
    return std::pair(order.at(a), a) < std::pair(order.at(b), b);
  });
  return members;
}

}  // namespace peer::test
