#include <cstddef>
#include <utility>

#include "tests/integration/cluster/shared_records.h"

// What the parts of what is shared have to do with each other: copies of registrations.
namespace peer::test {

using Texts = std::vector<std::string>;

SharedRecords together(const std::vector<SharedRecords>& parts) {
  SharedRecords all = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    SharedRecords part = parts[i];
    all.leases.merge(part.leases);
    for (auto& [peer, record] : part.peers) {
      SharedRecords::Peer& known = all.peers[peer];
      const std::string alias = known.alias + record.alias;  // it is in one of them
      if (known.node.empty() || known.is_copy) known = record;
      known.alias = alias;
    }
    for (auto& [node, peers] : part.node_peers) all.node_peers[node].merge(peers);
    for (auto& [peer, spaces] : part.memberships) all.memberships[peer].merge(spaces);
    for (auto& [peer, tickets] : part.peer_tickets) all.peer_tickets[peer].merge(tickets);
    all.aliases.merge(part.aliases);
    all.tokens.merge(part.tokens);
    all.spaces.merge(part.spaces);
    all.members.merge(part.members);
    all.order.merge(part.order);
    all.counts.merge(part.counts);
    all.tickets.merge(part.tickets);
    all.with_tickets.merge(part.with_tickets);
    all.listed.merge(part.listed);
    all.waiting.merge(part.waiting);
    all.kicked.merge(part.kicked);
  }
  return all;
}

Texts contradictions_of_time(const std::vector<SharedRecords>& parts) {
  Texts findings;
  std::map<std::string, std::size_t> homes;
  for (const SharedRecords& part : parts) {
    for (const auto& [peer, record] : part.peers) {
      if (!record.is_copy) {
        if (++homes[peer] > 1) findings.push_back("peer " + peer + " is at home in two parts");
        continue;
      }
      const bool has_ended =
          part.ended.contains(peer) && std::stoll(part.ended.at(peer)) >= std::stoll(record.since);
      if (has_ended) findings.push_back("a copy of peer " + peer + " has come after its end");
    }
  }
  return findings;
}

Texts contradictions(const std::vector<SharedRecords>& parts) {
  Texts findings;
  const SharedRecords all = together(parts);
  for (const SharedRecords& part : parts) {
    for (std::string& line : contradictions(part)) findings.push_back(std::move(line));
    for (const auto& [peer, record] : part.peers) {
      const SharedRecords::Peer& own = all.peers.at(peer);
      if (own.is_copy) findings.push_back("peer " + peer + " is in other parts than its own alone");
      const bool same = record.node == own.node && record.registration == own.registration &&
                        std::stoll(record.since) <= std::stoll(own.since);
      if (!same) findings.push_back("the copy of peer " + peer + " is of another registration");
    }
  }
  for (std::string& line : contradictions_of_time(parts)) findings.push_back(std::move(line));
  return findings;
}

}  // namespace peer::test
