#include "tests/integration/cluster/script_model.h"

#include <algorithm>
#include <utility>

namespace peer::test {
const ScriptModel::Peer* ScriptModel::find(const std::string& peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : &found->second;
}

bool ScriptModel::is_live(const std::string& node, const std::string& peer,
                          std::uint64_t registration) const {
  const Peer* record = find(peer);
  return record != nullptr && record->node == node && record->registration == registration;
}

const ScriptModel::Room* ScriptModel::room(const std::string& ns) const {
  const auto found = rooms_.find(ns);
  return found == rooms_.end() ? nullptr : &found->second;
}

ScriptModel::Texts ScriptModel::members(const std::string& ns) const {
  Texts result;
  const auto found = members_.find(ns);
  if (found == members_.end()) return result;
  for (const Member& member : found->second) result.push_back(member.peer);
  return result;
}

ScriptModel::Texts ScriptModel::peers_of(const std::string& node) const {
  Texts result;
  for (const auto& [peer, record] : peers_) {
    if (record.node == node) result.push_back(peer);
  }
  return result;
}

std::set<std::string> ScriptModel::tickets(const std::string& ns) const {
  std::set<std::string> result;
  const auto found = tickets_.find(ns);
  if (found == tickets_.end()) return result;
  for (const auto& [ticket, peer] : found->second) result.insert(ticket);
  return result;
}

std::string ScriptModel::holder(const std::string& alias) const {
  for (const auto& [peer, record] : peers_) {
    if (record.alias == alias) return peer;
  }
  return {};
}

bool ScriptModel::take_turn(const std::string& peer, Peer& record) const {
  const Peer* old = find(peer);
  record.turns = old == nullptr ? 0 : old->turns;
  record.first_turn = old == nullptr || old->turns == 0 ? record.since : old->first_turn;
  if (old == nullptr || old->node == record.node) return true;
  if (record.since - record.first_turn >= 10'000'000) {
    record.turns = 0;
    record.first_turn = record.since;
  }
  return ++record.turns <= 20;
}

bool ScriptModel::enter(const std::string& peer, Peer record) {
  const std::string other = record.alias.empty() ? std::string() : holder(record.alias);
  const bool is_held = !other.empty() && other != peer;
  const bool taken = is_held && peers_.at(other).since <= record.since;
  if (taken) record.alias.clear();
  if (is_held && !taken) peers_.at(other).alias.clear();
  peers_[peer] = std::move(record);
  return taken;
}

void ScriptModel::drop(const std::string& peer) {
  Texts spaces;
  for (const auto& [ns, members] : members_) spaces.push_back(ns);
  for (const std::string& ns : spaces) remove_member(ns, peer);
  end_tickets(peer);
  peers_.erase(peer);
}

std::int64_t ScriptModel::newer_than_copy(const std::string& peer, const Peer& record) const {
  if (is_live(record.node, peer, record.registration)) return 0;
  if (const Peer* old = find(peer)) return old->since > record.since ? old->since : 0;
  const auto ended = ended_.find(peer);
  return ended != ended_.end() && ended->second >= record.since ? ended->second : 0;
}

bool ScriptModel::copy(const std::string& peer, const Peer& record) {
  if (is_live(record.node, peer, record.registration)) return true;
  if (newer_than_copy(peer, record) != 0) return false;
  drop(peer);
  peers_[peer] = record;
  return true;
}

void ScriptModel::end_copy(const std::string& node, const std::string& peer,
                           std::uint64_t registration) {
  if (!is_live(node, peer, registration)) return;
  ended_[peer] = peers_.at(peer).since;
  drop(peer);
}

std::string ScriptModel::take_alias(const std::string& peer, const Peer& record,
                                    const std::string& alias) {
  if (!copy(peer, record)) return "stale";
  const std::string other = holder(alias);
  if (!other.empty() && other != peer) return "taken";
  peers_.at(peer).alias = alias;
  return "registered";
}

void ScriptModel::end_tickets(const std::string& peer) {
  for (auto& [ns, tickets] : tickets_) {
    std::erase_if(tickets, [&peer](const auto& ticket) { return ticket.second == peer; });
  }
}

std::string ScriptModel::join(const std::string& node, const std::string& peer,
                              std::uint64_t registration, const std::string& ns,
                              const std::string& object, std::size_t max_size, Kind kind,
                              const Room& room) {
  if (!is_live(node, peer, registration)) return "stale";
  const auto existing = rooms_.find(ns);
  Member* old = member(ns, peer);
  if (kind == Kind::kCreate) {
    if (exists(ns)) return "exists";
  } else if (kind == Kind::kRoom) {
    if (existing == rooms_.end()) return "gone";
    if (existing->second.version != room.version) return "conflict";
  } else {
    if (existing != rooms_.end()) return "is_room";
    if (max_size > 0 && old == nullptr && members(ns).size() >= max_size) return "full";
  }
  if (kind == Kind::kCreate) rooms_[ns].version = 0;
  if (old != nullptr) {
    old->object = object;
    raise(ns);
  } else {
    add_member(ns, peer, object);
    tell(ns);
  }
  if (kind != Kind::kNamespace) {
    decide(ns, room);
    kicked_[ns].erase(peer);
    tell(ns);
  }
  return "joined";
}

void ScriptModel::leave(const std::string& node, const std::string& peer,
                        std::uint64_t registration, const std::string& ns) {
  if (is_live(node, peer, registration)) remove_member(ns, peer);
}

void ScriptModel::update(const std::string& node, const std::string& peer,
                         std::uint64_t registration, const std::string& ns,
                         const std::string& object) {
  if (!is_live(node, peer, registration)) return;
  if (Member* entry = member(ns, peer)) entry->object = object;
}

std::string ScriptModel::commit_room(const std::string& ns, const Room& room,
                                     const std::string& kicked, const std::string& by,
                                     bool closes) {
  const auto existing = rooms_.find(ns);
  if (existing == rooms_.end()) return "gone";
  if (existing->second.version != room.version) return "conflict";
  if (closes) {
    close(ns);
    return "committed";
  }
  if (!kicked.empty() && member(ns, kicked) == nullptr) return "not_member";
  if (!kicked.empty()) {
    kicked_[ns][kicked] = by;
    remove_member(ns, kicked);
  }
  if (!rooms_.contains(ns)) return "committed";
  raise(ns);
  decide(ns, room);
  tell(ns);
  return "committed";
}

void ScriptModel::close(const std::string& ns) {
  members_.erase(ns);
  rooms_.erase(ns);
  listed_.erase(ns);
  waiting_.erase(ns);
  kicked_.erase(ns);
  last_places_.erase(ns);
  missed_.erase(ns);
}

ScriptModel::Resynced ScriptModel::resync(const std::string& peer, const Peer& record,
                                          const std::map<std::string, Told>& memberships,
                                          const Room& room) {
  Peer entered = record;
  if (const Peer* old = find(peer)) {
    if (old->node != record.node && old->since > record.since) return {false, false, {}};
    if (is_live(record.node, peer, record.registration)) {
      entered.turns = old->turns;
      entered.first_turn = old->first_turn;
    } else {
      drop(peer);
    }
  }
  Resynced result{true, enter(peer, std::move(entered)), {}};
  end_tickets(peer);
  Texts spaces;
  for (const auto& [ns, members] : members_) spaces.push_back(ns);
  for (const std::string& ns : spaces) {
    if (!memberships.contains(ns)) remove_member(ns, peer);
  }
  for (const auto& [ns, told] : memberships) {
    if (Member* entry = member(ns, peer)) {
      entry->object = told.object;
      continue;
    }
    const bool is_room = told.room_version > 0;
    const Room* there = this->room(ns);
    const bool same = is_room ? there != nullptr && there->owner == room.owner : there == nullptr;
    if (exists(ns) && kicked_[ns].contains(peer)) {
      result.ended[ns] = kicked_[ns][peer];
      continue;
    }
    if (exists(ns) && !same) {
      result.ended[ns] = "-1";
      continue;
    }
    if (is_room && !exists(ns)) {
      rooms_[ns].version = told.room_version;
      decide(ns, room);
    }
    add_member(ns, peer, told.object, told.place);
    if (told.is_news) tell(ns);
  }
  return result;
}

bool ScriptModel::add_ticket(const std::string& node, const std::string& peer,
                             std::uint64_t registration, const std::string& ns,
                             const std::string& ticket, const std::string& replaces) {
  if (!is_live(node, peer, registration)) return false;
  const auto old = tickets_[ns].find(replaces);
  if (replaces == ticket) return old != tickets_[ns].end() && old->second == peer;
  if (old != tickets_[ns].end() && old->second == peer) tickets_[ns].erase(old);
  tickets_[ns][ticket] = peer;
  return true;
}

bool ScriptModel::remove_ticket(const std::string& node, const std::string& ns,
                                const std::string& ticket) {
  const auto found = tickets_[ns].find(ticket);
  if (found == tickets_[ns].end() || peers_.at(found->second).node != node) return false;
  tickets_[ns].erase(found);
  return true;
}

ScriptModel::Texts ScriptModel::claim(const std::string& ns, const Texts& tickets,
                                      const std::set<std::string>& alive) {
  Texts gone;
  for (const std::string& ticket : tickets) {
    const auto found = tickets_[ns].find(ticket);
    const bool there = found != tickets_[ns].end();
    if (!there || !alive.contains(peers_.at(found->second).node)) gone.push_back(ticket);
  }
  if (!gone.empty()) return gone;
  for (const std::string& ticket : tickets) tickets_[ns].erase(ticket);
  return {};
}

bool ScriptModel::exists(const std::string& ns) const {
  return members_.contains(ns) || rooms_.contains(ns);
}

void ScriptModel::decide(const std::string& ns, const Room& room) {
  Room& kept = rooms_[ns];
  // Who comes to a room that waits must find that it does.
  const std::string empty = room.empty.empty() && waiting_.contains(ns) ? kept.empty : room.empty;
  kept = {kept.version, room.owner, room.max_size, room.state, "", empty};
  if (room.listed == "1") listed_.insert(ns);
  if (room.listed == "0") listed_.erase(ns);
}

ScriptModel::Member* ScriptModel::member(const std::string& ns, const std::string& peer) {
  const auto found = members_.find(ns);
  if (found == members_.end()) return nullptr;
  for (Member& entry : found->second) {
    if (entry.peer == peer) return &entry;
  }
  return nullptr;
}

void ScriptModel::add_member(const std::string& ns, const std::string& peer,
                             const std::string& object, std::uint64_t place) {
  waiting_.erase(ns);
  std::uint64_t& last = last_places_[ns];
  if (place == 0) place = last + 1;
  last = std::max(last, place);
  auto& members = members_[ns];
  const auto behind = std::find_if(members.begin(), members.end(), [&](const Member& other) {
    return std::pair(other.place, other.peer) > std::pair(place, peer);
  });
  members.insert(behind, {peer, object, place});
  raise(ns);
}

std::uint64_t ScriptModel::place(const std::string& ns, const std::string& peer) const {
  const auto found = members_.find(ns);
  if (found == members_.end()) return 0;
  for (const Member& member : found->second) {
    if (member.peer == peer) return member.place;
  }
  return 0;
}

void ScriptModel::remove_member(const std::string& ns, const std::string& peer) {
  if (member(ns, peer) == nullptr) return;
  std::erase_if(members_[ns], [&peer](const Member& entry) { return entry.peer == peer; });
  raise(ns);
  if (!has_parked(ns)) missed_.erase(ns);
  if (!members_[ns].empty()) return tell(ns);
  members_.erase(ns);
  if (const auto found = rooms_.find(ns); found != rooms_.end() && !found->second.empty.empty()) {
    waiting_.insert(ns);
    return;
  }
  listed_.erase(ns);
  rooms_.erase(ns);
  kicked_.erase(ns);
  last_places_.erase(ns);
}

void ScriptModel::raise(const std::string& ns) {
  if (const auto found = rooms_.find(ns); found != rooms_.end()) ++found->second.version;
}

}  // namespace peer::test
