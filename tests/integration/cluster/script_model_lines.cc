#include <initializer_list>

#include "tests/integration/cluster/script_model.h"

namespace peer::test {
namespace {

std::string line(std::initializer_list<std::string> fields) {
  std::string text;
  for (const std::string& field : fields) text += std::to_string(field.size()) + ":" + field + " ";
  return text;
}

}  // namespace

std::set<std::string> ScriptModel::lines() const {
  std::set<std::string> result;
  for (const auto& [peer, record] : peers_) {
    result.insert(line({"peer", peer, record.node, std::to_string(record.registration),
                        std::to_string(record.since), record.alias}));
  }
  for (const auto& [ns, members] : members_) {
    std::size_t place = 0;
    for (const Member& member : members) {
      const Peer& record = peers_.at(member.peer);
      result.insert(line({"member", ns, std::to_string(place++), member.peer, record.node,
                          std::to_string(record.registration), member.object}));
    }
  }
  for (const auto& [ns, room] : rooms_) {
    result.insert(
        line({"room", ns, std::to_string(room.version), room.owner, room.max_size, room.state}));
  }
  for (const auto& [peer, record] : peers_) {
    if (!record.record.empty()) result.insert(line({"record", peer, record.record}));
  }
  for (const auto& [ns, count] : missed_) {
    result.insert(line({"missed", ns, std::to_string(count)}));
  }
  for (const std::string& ns : listed_) result.insert(line({"listed", ns}));
  for (const std::string& ns : waiting_) result.insert(line({"waits", ns}));
  for (const auto& [ns, tickets] : tickets_) {
    for (const auto& [ticket, peer] : tickets) result.insert(line({"ticket", ns, ticket, peer}));
  }
  return result;
}

std::set<std::string> lines(const SharedRecords& records) {
  std::set<std::string> result;
  for (const auto& [peer, record] : records.peers) {
    result.insert(
        line({"peer", peer, record.node, record.registration, record.since, record.alias}));
  }
  for (const auto& [ns, members] : records.members) {
    std::size_t place = 0;
    for (const std::string& peer : members_in_order(records, ns)) {
      const SharedRecords::Member& member = members.at(peer);
      result.insert(line({"member", ns, std::to_string(place++), peer, member.node,
                          member.registration, member.object}));
    }
  }
  for (const auto& [ns, space] : records.spaces) {
    if (!space.contains("v")) continue;
    result.insert(line({"room", ns, space.at("v"), space.at("o"), space.at("x"), space.at("p")}));
  }
  for (const auto& [peer, record] : records.peers) {
    if (!record.record.empty()) result.insert(line({"record", peer, record.record}));
  }
  for (const auto& [ns, count] : records.missed) result.insert(line({"missed", ns, count}));
  for (const auto& [ns, created] : records.listed) result.insert(line({"listed", ns}));
  for (const auto& [ns, ends] : records.waiting) result.insert(line({"waits", ns}));
  for (const auto& [ns, tickets] : records.tickets) {
    for (const auto& [id, ticket] : tickets) result.insert(line({"ticket", ns, id, ticket.peer}));
  }
  return result;
}

}  // namespace peer::test
