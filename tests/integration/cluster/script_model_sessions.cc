#include <algorithm>
#include <utility>

#include "tests/integration/cluster/script_model.h"

// Sessions that go to another node, or to none.
namespace peer::test {

std::uint64_t ScriptModel::take(const std::string& peer, const std::string& node,
                                std::uint64_t registration, std::int64_t since) {
  Peer& record = peers_.at(peer);
  std::uint64_t missed = 0;
  for (const auto& [ns, before] : std::exchange(record.missed, {})) {
    if (member(ns, peer) != nullptr) missed += missed_of(ns) - before;
  }
  record.node = node;
  record.registration = registration;
  record.since = since;
  record.record.clear();
  record.is_over = record.is_offered = false;
  std::erase_if(missed_, [this](const auto& count) { return !has_parked(count.first); });
  end_tickets(peer);
  return missed;
}

void ScriptModel::note_copies(const std::string& node, const std::string& peer,
                              std::uint64_t registration, const std::string& copies) {
  if (is_live(node, peer, registration)) peers_.at(peer).copies = copies;
}

bool ScriptModel::park(const std::string& node, const std::string& peer,
                       std::uint64_t registration) {
  if (!is_live(node, peer, registration)) return false;
  end_tickets(peer);
  Peer& record = peers_.at(peer);
  record.node = kParked;
  for (const auto& [ns, members] : members_) {
    if (member(ns, peer) == nullptr) continue;
    record.missed[ns] = missed_of(ns);
  }
  return true;
}

bool ScriptModel::keep(const std::string& peer, std::uint64_t registration,
                       const std::string& record) {
  if (!is_live(kParked, peer, registration)) return false;
  if (!record.empty()) peers_.at(peer).record = record;
  peers_.at(peer).is_over = false;
  return true;
}

bool ScriptModel::end_parked_copy(const std::string& peer, std::uint64_t registration) {
  if (!is_live(kParked, peer, registration)) return false;
  end_copy(kParked, peer, registration);
  return true;
}

void ScriptModel::offer_again() {
  for (auto& [peer, record] : peers_) record.is_offered = false;
}

ScriptModel::Texts ScriptModel::next_parked() {
  // Whose time is over stands first.
  for (const std::string& peer : peers_of(kParked)) {
    if (!peers_.at(peer).is_over) continue;
    const Peer record = peers_.at(peer);
    drop(peer);
    const std::string copies = record.copies.value_or("");
    if (!copies.empty()) return {peer, std::to_string(record.registration), copies};
  }
  for (const std::string& peer : peers_of(kParked)) {
    Peer& record = peers_.at(peer);
    if (record.record.empty() || record.is_offered) continue;
    record.is_offered = true;
    return {peer, std::to_string(record.registration), record.record};
  }
  return {};
}

std::uint64_t ScriptModel::missed_of(const std::string& ns) const {
  const auto found = missed_.find(ns);
  return found == missed_.end() ? 0 : found->second;
}

bool ScriptModel::has_parked(const std::string& ns) const {
  const auto found = members_.find(ns);
  return found != members_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [this](const Member& member) {
           return peers_.at(member.peer).node == kParked;
         });
}

void ScriptModel::tell(const std::string& ns) {
  if (has_parked(ns)) ++missed_[ns];
}

}  // namespace peer::test
