#include "tests/integration/cluster/script_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "scripts.h"
#include "tests/integration/cluster/script_names.h"

namespace peer::test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using Kind = ScriptModel::Kind;
using Room = ScriptModel::Room;
using Texts = std::vector<std::string>;

/// What is in the first alone.
Texts behind(const std::set<std::string>& first, const std::set<std::string>& second) {
  Texts lines;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(),
                      std::back_inserter(lines));
  return lines;
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::kNamespace:
      return "ns";
    case Kind::kRoom:
      return "room";
    case Kind::kCreate:
      return "create";
  }
  return "";
}

}  // namespace

ScriptDriver::ScriptDriver(RedisProcess& redis, std::uint64_t seed, std::size_t parts)
    : port_(redis.port()), redis_(redis.client()), random_(seed), models_(parts) {
  // What the nodes are told waits unread.
  redis_.command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"});
  for (const auto& script : peer_redis::kScripts) {
    hashes_[script.name] =
        redis_.command({"SCRIPT", "LOAD", models_.size() == 1 ? script.text : script.text_in_parts})
            .at(0);
  }
  while (nodes_.size() < kNodes) nodes_.push_back("node" + std::to_string(++last_node_));
  for (const std::string& node : nodes_) start(node);
}

void ScriptDriver::step() {
  static constexpr std::pair<int, Operation> kOperations[] = {
      {120, &ScriptDriver::do_register},     {60, &ScriptDriver::do_unregister},
      {260, &ScriptDriver::do_join},         {110, &ScriptDriver::do_leave},
      {40, &ScriptDriver::do_update},        {50, &ScriptDriver::do_list},
      {20, &ScriptDriver::do_members},       {30, &ScriptDriver::do_read_room},
      {70, &ScriptDriver::do_commit_room},   {60, &ScriptDriver::do_add_ticket},
      {20, &ScriptDriver::do_remove_ticket}, {30, &ScriptDriver::do_claim},
      {30, &ScriptDriver::do_resolve},       {15, &ScriptDriver::do_forget},
      {60, &ScriptDriver::do_resync},        {4, &ScriptDriver::do_death},
      {4, &ScriptDriver::do_freeze},         {20, &ScriptDriver::do_beat},
      {1, &ScriptDriver::do_flush},          {40, &ScriptDriver::do_set_tokens},
      {60, &ScriptDriver::do_take_peer},     {40, &ScriptDriver::do_watch},
      {30, &ScriptDriver::do_set_away},      {60, &ScriptDriver::do_hear},
      {20, &ScriptDriver::do_late_join},     {60, &ScriptDriver::do_step},
      {40, &ScriptDriver::do_park},          {40, &ScriptDriver::do_keep},
      {40, &ScriptDriver::do_next_parked},   {20, &ScriptDriver::do_broadcast},
  };
  int sum = 0;
  for (const auto& [weight, operation] : kOperations) sum += weight;
  int left = static_cast<int>(below(static_cast<std::size_t>(sum)));
  for (const auto& [weight, operation] : kOperations) {
    left -= weight;
    if (left < 0) return (this->*operation)();
  }
}

void ScriptDriver::check() {
  std::vector<SharedRecords> parts = read_parts(redis_);
  parts.resize(models_.size());
  EXPECT_THAT(contradictions_of_time(parts), ElementsAre());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_THAT(contradictions(parts[i]), ElementsAre());
    const std::set<std::string> found = lines(parts[i]);
    const std::set<std::string> expected = models_[i].lines();
    EXPECT_THAT(behind(expected, found), IsEmpty()) << "too few in part " << i;
    EXPECT_THAT(behind(found, expected), IsEmpty()) << "too many in part " << i;
    // What Redis has let go by now, the model does.
    const auto ended = models_[i].ended();
    for (const auto& [peer, since] : ended) {
      if (!parts[i].ended.contains(peer)) models_[i].forget_end(peer);
    }
  }
}

Texts ScriptDriver::run(std::size_t part, const std::string& script, const std::string& node,
                        Texts arguments) {
  Texts command{"EVALSHA", hashes_.at(script), "1", key(part), channel(part), node, "1", "600000"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return redis_.command(command);
}

void ScriptDriver::expect_answer(const std::string& script, const Texts& answer,
                                 const Texts& expected) {
  EXPECT_THAT(answer, ElementsAreArray(expected)) << script;
}

std::size_t ScriptDriver::below(std::size_t limit) { return random_() % limit; }

const std::string& ScriptDriver::any(const Texts& texts) { return texts[below(texts.size())]; }

std::string ScriptDriver::peer_of(const std::string& node) {
  const Texts own = models_[below(models_.size())].peers_of(node);
  return own.empty() || chance(10) ? peer_name(below(kPeers)) : any(own);
}

std::uint64_t ScriptDriver::registration_of(const std::string& node, const std::string& peer) {
  const auto& own = own_[node];
  const auto found = own.find(peer);
  const std::uint64_t live = found == own.end() ? last_registration_ : found->second.registration;
  return chance(5) && live > 0 ? live - 1 : live;
}

Room ScriptDriver::room_request(const std::string& ns) {
  const Room* room = model_of(ns).room(ns);
  const std::uint64_t version = room == nullptr ? 1 : room->version;
  return {chance(10) ? version + 1 : version,
          peer_name(below(kPeers)),
          "4",
          any(kObjects),
          any(kListed),
          any(kEmpty)};
}

void ScriptDriver::do_register() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_name(below(kPeers));
  const std::string& alias = any(kAliases);
  const std::uint64_t registration = ++last_registration_;
  const std::size_t home = home_of(peer);
  ScriptModel& model = models_[home];
  const bool alias_is_here = part_of(alias) == home;
  end_copies(node, peer);
  const Texts answer = run(home, "register", node,
                           {peer, std::to_string(registration), alias_is_here ? alias : "", ""});
  const std::int64_t since = std::stoll(answer.at(1));
  ScriptModel::Peer record{node, registration, since, alias_is_here ? alias : ""};
  if (!model.take_turn(peer, record)) {
    EXPECT_EQ(answer.at(0), "too_often");
    own_[node].erase(peer);
    return;
  }
  Texts parked;  // the copies of that one are for the newcomer to end
  if (const auto* old = model.find(peer); old != nullptr && old->node != node) {
    if (old->node == kParked && old->copies) {
      parked = {std::to_string(old->registration), *old->copies};
    }
    replace(old->node, peer, old->registration);
  }
  model.drop(peer);
  bool taken = model.enter(peer, std::move(record));
  EXPECT_EQ(answer.at(0), taken ? "taken" : "registered");
  if (!parked.empty()) {
    expect_answer("register", Texts(answer.begin() + 2, answer.end()), parked);
    end_parked_copies(node, peer, std::stoull(parked[0]), parked[1]);
  } else {
    EXPECT_EQ(answer.size(), 2U);
  }
  own_[node][peer] = {registration, since, alias, {}, false};
  if (!alias.empty() && !alias_is_here) taken = take_alias(node, peer, alias) == "taken";
  if (taken) own_[node][peer].alias.clear();
}

std::string ScriptDriver::take_alias(const std::string& node, const std::string& peer,
                                     const std::string& alias) {
  Own& own = own_[node][peer];
  const std::size_t part = part_of(alias);
  Texts arguments{peer, std::to_string(own.registration), alias};
  append_copy(part, node, peer, own.registration, arguments);
  const std::string answer = run(part, "take_alias", node, arguments).at(0);
  EXPECT_EQ(answer, models_[part].take_alias(peer, {node, own.registration, own.since, ""}, alias));
  return answer;
}

void ScriptDriver::do_unregister() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  if (own_of(node, peer, registration) != nullptr) return remove_own(node, peer);
  end_at(home_of(peer), {node, peer, registration});
}

void ScriptDriver::do_join() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::string& ns = any(kNames);
  const std::string& object = any(kObjects);
  const std::size_t max_size = chance(20) ? 3 : 0;
  const Kind kind = chance(15)                                           ? Kind::kCreate
                    : chance(model_of(ns).room(ns) == nullptr ? 10 : 90) ? Kind::kRoom
                                                                         : Kind::kNamespace;
  const Room room = room_request(ns);
  const bool with_away = chance(30);
  const std::size_t part = part_of(ns);
  ScriptModel& model = models_[part];
  Texts arguments{peer,
                  std::to_string(registration),
                  ns,
                  object,
                  std::to_string(max_size),
                  "5",
                  "token",
                  kind_name(kind),
                  std::to_string(room.version),
                  room.owner,
                  room.max_size,
                  room.state,
                  "news",
                  chance(50) ? "1" : "0",
                  room.listed,
                  room.empty,
                  "0",
                  any(kWatches),
                  with_away ? "1" : "0"};
  append_copy(part, node, peer, registration, arguments);
  const Texts answer = run(part, "join", node, arguments);
  const std::string status = model.join(node, peer, registration, ns, object, max_size, kind, room);
  EXPECT_EQ(answer.at(0), status);
  if (status != "joined") return;
  const Room* now = model.room(ns);
  const std::uint64_t version = now == nullptr ? 0 : now->version;
  const std::uint64_t place = model.place(ns, peer);
  EXPECT_EQ(answer.at(4), std::to_string(place));
  EXPECT_EQ(answer.at(5).empty(), now == nullptr) << "a room has the time of its creation";
  if (Own* own = own_of(node, peer, registration)) own->members[ns] = {object, version, place};
  const Texts members = model.members(ns);
  EXPECT_EQ(answer.at(1), std::to_string(version));
  EXPECT_EQ(answer.at(2), std::to_string(members.size()));
  for (std::size_t i = 0; i < std::min<std::size_t>(5, members.size()); ++i) {
    EXPECT_EQ(answer.at(6 + (with_away ? 4 : 3) * i), members[i]);
    if (with_away) {
      EXPECT_EQ(answer.at(9 + 4 * i), is_away(part, members[i]) ? "a" : "");
    }
  }
}

// The comparison of the indexes says that who is marked has members.
void ScriptDriver::do_watch() {
  const std::string& ns = any(kNames);
  run(part_of(ns), "watch", any(nodes_), {ns, any(kWatches)});
}

void ScriptDriver::do_leave() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::string& ns = any(kNames);
  run(part_of(ns), "leave", node,
      {peer, std::to_string(registration), ns, chance(50) ? "1" : "0", ""});
  model_of(ns).leave(node, peer, registration, ns);
  if (Own* own = own_of(node, peer, registration)) own->members.erase(ns);
}

void ScriptDriver::do_update() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::string& ns = any(kNames);
  const std::string& object = any(kObjects);
  run(part_of(ns), "update", node, {peer, std::to_string(registration), ns, object});
  model_of(ns).update(node, peer, registration, ns, object);
}

void ScriptDriver::do_list() {
  const std::string& ns = any(kNames);
  const Texts members = model_of(ns).members(ns);
  const std::string after = chance(50) ? peer_name(below(kPeers)) : std::string();
  const auto found = std::find(members.begin(), members.end(), after);
  const auto first = found == members.end() ? members.begin() : found + 1;
  const bool with_away = chance(50);
  const Texts answer =
      run(part_of(ns), "list", any(nodes_), {ns, after, "4", with_away ? "1" : "0"});
  Texts page;
  for (std::size_t i = 2; i < answer.size(); i += with_away ? 4 : 3) {
    page.push_back(answer[i]);
    if (with_away) {
      EXPECT_EQ(answer.at(i + 3), is_away(part_of(ns), answer[i]) ? "a" : "");
    }
  }
  EXPECT_EQ(answer.at(1), std::to_string(members.size()));
  expect_answer("list", page,
                Texts(first, first + std::min<std::ptrdiff_t>(4, members.end() - first)));
}

void ScriptDriver::do_members() {
  const std::string& node = any(nodes_);
  const std::string& ns = any(kNames);
  const bool with_objects = chance(50);
  const bool with_away = chance(50);
  const Texts answer = run(part_of(ns), "members", node,
                           {ns, "token", "6", with_objects ? "1" : "0", with_away ? "1" : "0"});
  const Texts members = model_of(ns).members(ns);
  const Room* room = model_of(ns).room(ns);
  Texts expected{members.size() > 6 ? "0" : "1"};
  if (room == nullptr) {
    expected.insert(expected.end(), {"", "", ""});
  } else {
    expected.insert(expected.end(), {room->owner, room->max_size, room->state});
  }
  for (const std::string& peer : members) {
    if (members.size() <= 6 && model_of(ns).find(peer)->node != node) expected.push_back(peer);
  }
  Texts found(answer.begin(), answer.begin() + 4);
  const std::size_t fields = 1 + (with_objects ? 1U : 0U) + (with_away ? 1U : 0U);
  for (std::size_t i = 4; i < answer.size(); i += fields) {
    found.push_back(answer[i]);
    if (with_away) {
      EXPECT_EQ(answer.at(i + fields - 1), is_away(part_of(ns), answer[i]) ? "a" : "");
    }
  }
  expect_answer("members", found, expected);
}

void ScriptDriver::do_read_room() {
  const std::string& ns = any(kNames);
  const Texts answer = run(part_of(ns), "read_room", any(nodes_), {ns, chance(50) ? "1" : "0"});
  Texts expected;
  if (const Room* room = model_of(ns).room(ns)) {
    expected = {std::to_string(room->version), room->owner, room->max_size, room->state};
    for (const std::string& member : model_of(ns).members(ns)) expected.push_back(member);
  }
  expect_answer("read_room", answer, expected);
}

}  // namespace peer::test
