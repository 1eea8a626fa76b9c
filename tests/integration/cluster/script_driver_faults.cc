#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/integration/cluster/script_driver.h"
#include "tests/integration/cluster/script_names.h"

// What several parts have to do with each other, as ClusterNode does it; and what goes wrong.
namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using Room = ScriptModel::Room;
using Texts = std::vector<std::string>;

/// Well below the minute for which a part knows of a copy that has ended.
constexpr std::chrono::seconds kKnownAsEnded{20};

}  // namespace

std::size_t ScriptDriver::home_of(const std::string& peer) const {
  return std::stoul(peer.substr(peer.size() - 9)) % models_.size();
}

std::size_t ScriptDriver::part_of(const std::string& name) const {
  std::size_t sum = name.size();
  for (const char c : name) sum += static_cast<unsigned char>(c);
  return sum % models_.size();
}

std::string ScriptDriver::key(std::size_t part) const {
  return "peer:{" + std::to_string(part) + "}";
}

std::string ScriptDriver::channel(std::size_t part) const {
  return models_.size() == 1 ? "peer:n:" : key(part) + ":n:";
}

ScriptDriver::Own* ScriptDriver::own_of(const std::string& node, const std::string& peer,
                                        std::uint64_t registration) {
  const auto own = own_.find(node);
  if (own == own_.end()) return nullptr;
  const auto found = own->second.find(peer);
  const bool is_it = found != own->second.end() && found->second.registration == registration;
  return is_it ? &found->second : nullptr;
}

void ScriptDriver::append_copy(std::size_t part, const std::string& node, const std::string& peer,
                               std::uint64_t registration, Texts& arguments) {
  Own* own = own_of(node, peer, registration);
  if (own == nullptr || part == home_of(peer)) return;
  own->copies.insert(part);
  arguments.insert(arguments.end(), {std::to_string(own->since), own->away ? "1" : "0"});
  const auto* old = models_[part].find(peer);
  const auto before = old == nullptr ? ScriptModel::Peer() : *old;
  const bool copied = models_[part].copy(peer, {node, registration, own->since, ""});
  if (copied && !before.node.empty() && before.node != node) {
    replace(before.node, peer, before.registration);
  }
}

void ScriptDriver::replace(const std::string& node, const std::string& peer,
                           std::uint64_t registration) {
  if (node == kParked) return;  // nobody has it
  unheard_.push_back({node, peer, registration});
  if (models_.size() == 1) hear_one();
}

void ScriptDriver::hear_one() {
  const OfNode replaced = unheard_.front();
  unheard_.pop_front();
  if (own_of(replaced.node, replaced.peer, replaced.registration) == nullptr) return;
  remove_own(replaced.node, replaced.peer);
}

void ScriptDriver::end_at(std::size_t part, const OfNode& of) {
  Texts arguments{of.peer, std::to_string(of.registration)};
  if (part != home_of(of.peer)) arguments.push_back("1");
  run(part, "unregister", of.node, arguments);
  ScriptModel& model = models_[part];
  if (!model.is_live(of.node, of.peer, of.registration)) return;
  if (part == home_of(of.peer)) return model.drop(of.peer);
  OfNode late = of;
  late.since = model.find(of.peer)->since;
  late.part = part;
  late.at = std::chrono::steady_clock::now();
  late_.push_back(late);
  model.end_copy(of.node, of.peer, of.registration);
}

void ScriptDriver::end_copies(const std::string& node, const std::string& peer) {
  const auto found = own_[node].find(peer);
  if (found == own_[node].end()) return;
  for (const std::size_t part : std::exchange(found->second.copies, {})) {
    end_at(part, {node, peer, found->second.registration});
  }
}

void ScriptDriver::remove_own(const std::string& node, const std::string& peer) {
  end_copies(node, peer);
  end_at(home_of(peer), {node, peer, own_[node].at(peer).registration});
  own_[node].erase(peer);
}

std::vector<std::size_t> ScriptDriver::parts_of(const std::string& peer, const Own& own) const {
  std::set<std::size_t> parts = own.copies;
  parts.erase(home_of(peer));
  if (!own.alias.empty()) parts.insert(part_of(own.alias));
  for (const auto& [ns, member] : own.members) parts.insert(part_of(ns));
  for (std::size_t part = 0; part < models_.size(); ++part) {
    if (!tokens_in(part, own.tokens).empty()) parts.insert(part);
  }
  std::vector<std::size_t> in_order{home_of(peer)};
  for (const std::size_t part : parts) {
    if (part != home_of(peer)) in_order.push_back(part);
  }
  return in_order;
}

void ScriptDriver::do_hear() {
  if (!unheard_.empty()) hear_one();
}

// Of a registration that has ended, by a link that has kept it.
void ScriptDriver::do_late_join() {
  if (late_.empty()) return;
  const OfNode late = late_[below(late_.size())];
  if (std::chrono::steady_clock::now() - late.at > kKnownAsEnded) return;
  std::string ns = any({"a", "a:m", "m:a", "sm:a", "b", "c"});
  if (part_of(ns) != late.part) return;
  const Texts answer =
      run(late.part, "join", late.node, {late.peer, std::to_string(late.registration),
                                         ns,        "{}",
                                         "0",       "0",
                                         "token",   "ns",
                                         "0",       "",
                                         "0",       "",
                                         "news",    "0",
                                         "",        "",
                                         "0",       "",
                                         "0",       std::to_string(late.since),
                                         "0"});
  EXPECT_EQ(answer.at(0), "stale") << "a ghost of peer " << late.peer;
}

void ScriptDriver::do_forget() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_name(below(kPeers));
  own_[node].erase(peer);
  for (std::size_t part = 0; part < models_.size(); ++part) {
    run(part, "forget", node, {peer});
    const auto* record = models_[part].find(peer);
    if (record == nullptr || record->node != node) continue;
    if (part == home_of(peer)) {
      models_[part].drop(peer);
    } else {
      models_[part].end_copy(node, peer, record->registration);
    }
  }
}

void ScriptDriver::do_resync() {
  const std::string node = any(nodes_);
  auto& own = own_[node];
  if (own.empty()) return;
  auto entry = own.begin();
  std::advance(entry, static_cast<std::ptrdiff_t>(below(own.size())));
  const std::string peer = entry->first;
  const std::vector<std::size_t> parts = parts_of(peer, entry->second);
  resync_at(parts[below(parts.size())], node, peer);
}

void ScriptDriver::resync_at(std::size_t part, const std::string& node, const std::string& peer) {
  Own& told = own_[node].at(peer);
  ScriptModel& model = models_[part];
  const bool is_copy = part != home_of(peer);
  if (is_copy) told.copies.insert(part);
  const std::string alias = part_of(told.alias) == part ? told.alias : std::string();
  const Room room{0, peer, "4", any(kObjects), any(kListed), any(kEmpty)};
  const bool with_tokens = models_.size() == 1 && chance(20);
  Texts arguments{peer,
                  std::to_string(told.registration),
                  std::to_string(told.since),
                  alias,
                  "",
                  with_tokens ? any_tokens() : tokens_in(part, told.tokens),
                  told.away ? "1" : "0",
                  is_copy ? "1" : "0"};
  std::map<std::string, ScriptModel::Told> members;
  for (const auto& [ns, member] : told.members) {
    if (part_of(ns) != part) continue;
    members[ns] = member;
    const bool is_room = member.room_version > 0;
    const Texts more = is_room ? Texts{std::to_string(member.room_version),
                                       room.owner,
                                       room.max_size,
                                       room.state,
                                       chance(50) ? "5" : "",
                                       room.listed,
                                       room.empty}
                               : Texts{"", "", "", "", "", "", ""};
    members[ns].is_news = chance(50);
    arguments.insert(arguments.end(), {ns, member.object, members[ns].is_news ? "0" : "1",
                                       member.place == 0 ? "" : std::to_string(member.place)});
    arguments.insert(arguments.end(), more.begin(), more.end());
  }
  const ScriptModel::Peer record{node, told.registration, told.since, alias};
  const std::int64_t newer = is_copy ? model.newer_than_copy(peer, record) : 0;
  const auto* old = model.find(peer);
  const auto before = old == nullptr ? record : *old;
  const std::string holder = model.holder(alias);
  const Texts answer = run(part, "resync", node, arguments);
  if (newer != 0) {
    expect_answer("resync", answer, {"moved", std::to_string(newer)});
    return ask_home(part, node, peer, newer);
  }
  const ScriptModel::Resynced resynced = model.resync(peer, record, members, room);
  if (!resynced.here) {
    expect_answer("resync", answer, {"moved", "0"});
    return remove_own(node, peer);
  }
  Texts expected{"here", resynced.alias_taken ? "1" : "0"};
  for (const auto& [ns, member] : members) {
    const auto ended = resynced.ended.find(ns);
    const bool is_in = ended == resynced.ended.end();
    expected.push_back(is_in ? std::to_string(model.members(ns).size()) : ended->second);
  }
  // What watchers elsewhere know of each, where there are some.
  ASSERT_EQ(answer.size(), expected.size() + members.size());
  std::size_t at = expected.size();
  for (const auto& [ns, member] : members) {
    EXPECT_NE(answer[at], member.object) << "nothing is new";
    expected.push_back(answer[at++]);
  }
  expect_answer("resync", answer, expected);
  for (const auto& [ns, why] : resynced.ended) told.members.erase(ns);
  if (!alias.empty() && !holder.empty() && model.holder(alias) != holder) {
    const auto* loser = model.find(holder);
    Own* theirs = own_of(loser->node, holder, loser->registration);
    if (theirs != nullptr) theirs->alias.clear();  // told by H
  }
  if (before.node != node) replace(before.node, peer, before.registration);
}

// As ClusterNode::ask_home() and is_at_home().
void ScriptDriver::ask_home(std::size_t part, const std::string& node, const std::string& peer,
                            std::int64_t newer) {
  resync_at(home_of(peer), node, peer);
  const auto found = own_[node].find(peer);
  if (found == own_[node].end()) return;
  found->second.since = newer + 1;
  resync_at(home_of(peer), node, peer);
  if (own_[node].contains(peer)) resync_at(part, node, peer);
}

void ScriptDriver::settle() {
  while (!steps_.empty()) do_step();
  while (!unheard_.empty()) hear_one();
  settle_parked();
  for (const std::string& node : nodes_) {
    Texts peers;
    for (const auto& [peer, own] : own_[node]) peers.push_back(peer);
    for (const std::string& peer : peers) {
      for (const std::size_t part : parts_of(peer, own_[node].at(peer))) {
        if (own_[node].contains(peer)) resync_at(part, node, peer);
      }
    }
  }
  while (!unheard_.empty()) hear_one();
  EXPECT_THAT(contradictions(read_parts(redis_)), ElementsAre());
}

void ScriptDriver::start(const std::string& node) {
  for (std::size_t part = 0; part < models_.size(); ++part) {
    listening_[node].push_back(std::make_unique<RedisSubscriber>(
        port_, std::initializer_list<std::string_view>{channel(part) + node}));
    beat(part, node);
  }
}

void ScriptDriver::beat(std::size_t part, const std::string& node) {
  const Texts answer = run(
      part, "beat", node,
      {"born", "0", "born", "news", "0", std::to_string(models_.size()), part == 0 ? "" : "born"});
  EXPECT_EQ(answer.at(0), "born");
}

void ScriptDriver::expire_lease(std::size_t part, const std::string& node) {
  redis_.command({"ZADD", key(part) + ":nodes", "1", node});
}

void ScriptDriver::reap(std::size_t part, const std::string& node) {
  const std::string chunk = std::to_string(1 + below(3));
  while (run(part, "reap", any(nodes_), {node, chunk}).at(0) != "0") continue;
  for (const std::string& peer : models_[part].peers_of(node)) models_[part].drop(peer);
}

// kill -9: another one starts in its place.
void ScriptDriver::do_death() {
  std::string& node = nodes_[below(nodes_.size())];
  for (std::size_t part = 0; part < models_.size(); ++part) expire_lease(part, node);
  const std::string dead = std::exchange(node, "node" + std::to_string(++last_node_));
  listening_.erase(dead);
  start(node);
  for (std::size_t part = 0; part < models_.size(); ++part) reap(part, dead);
  own_.erase(dead);
}

// Taken for dead in one part, but it lives, and knows its peers.
void ScriptDriver::do_freeze() {
  const std::string& node = any(nodes_);
  const std::size_t part = below(models_.size());
  expire_lease(part, node);
  if (chance(70)) reap(part, node);
}

void ScriptDriver::do_beat() { beat(below(models_.size()), any(nodes_)); }

// One of them loses all that it has.
void ScriptDriver::do_flush() {
  const std::size_t part = below(models_.size());
  if (models_.size() == 1) {
    redis_.command({"FLUSHALL"});
  } else {
    redis_.command({"EVAL", "return redis.call('DEL', unpack(redis.call('KEYS', ARGV[1])))", "0",
                    key(part) + ":*"});
  }
  models_[part] = ScriptModel();
  std::erase_if(late_, [part](const OfNode& late) { return late.part == part; });
  beat(part, any(nodes_));
}

}  // namespace peer::test
