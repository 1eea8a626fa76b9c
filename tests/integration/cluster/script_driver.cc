#include "tests/integration/cluster/script_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "scripts.h"

namespace peer::test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::ElementsAreArray;
using Kind = ScriptModel::Kind;
using Room = ScriptModel::Room;
using Texts = std::vector<std::string>;

const Texts kNames{"a", "a:m", "a|b", "m:a", "a\0b"s, "{0}", "\xff\r\n", "sm:a"};
const Texts kAliases{"", "", "a", "a|b", "p:a", "\0"s, "x y"};
const Texts kListed{"1", "0", ""};
const Texts kEmpty{"600000 1000", ""};
const Texts kWatches{"", "m", "p", "mp"};
const Texts kObjects{"{}", "{\"a\":\"|\"}", "\0|\n\xff"s, "long" + std::string(300, '|')};
constexpr std::size_t kPeers = 24;
constexpr std::size_t kNodes = 4;

std::string peer_name(std::size_t number) {
  std::string name = std::to_string(number);
  return std::string(64 - name.size(), '0') + name;
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

ScriptDriver::ScriptDriver(RedisProcess& redis, std::uint64_t seed)
    : port_(redis.port()), redis_(redis.client()), random_(seed) {
  // What the nodes are told waits unread.
  redis_.command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"});
  for (const auto& script : peer_redis::kScripts) {
    hashes_[script.name] = redis_.command({"SCRIPT", "LOAD", script.text}).at(0);
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
      {30, &ScriptDriver::do_set_away},
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
  const SharedRecords records = read_shared_records(redis_);
  EXPECT_THAT(contradictions(records), ElementsAre());
  EXPECT_THAT(lines(records), ElementsAreArray(model_.lines()));
}

Texts ScriptDriver::run(const std::string& script, const std::string& node, Texts arguments) {
  Texts command{"EVALSHA", hashes_.at(script), "1", "peer:{0}", "peer:n:", node, "1", "600000"};
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
  const Texts own = model_.peers_of(node);
  return own.empty() || chance(10) ? peer_name(below(kPeers)) : any(own);
}

std::uint64_t ScriptDriver::registration_of(const std::string& node, const std::string& peer) {
  const auto& own = own_[node];
  const auto found = own.find(peer);
  const std::uint64_t live = found == own.end() ? last_registration_ : found->second.registration;
  return chance(5) && live > 0 ? live - 1 : live;
}

Room ScriptDriver::room_request(const std::string& ns) {
  const Room* room = model_.room(ns);
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
  const Texts answer = run("register", node, {peer, std::to_string(registration), alias, ""});
  const std::int64_t since = std::stoll(answer.at(1));
  ScriptModel::Peer record{node, registration, since, alias};
  if (!model_.take_turn(peer, record)) {
    EXPECT_EQ(answer.at(0), "too_often");
    return;
  }
  if (const auto* old = model_.find(peer); old != nullptr && old->node != node) {
    own_[old->node].erase(peer);  // told by X
  }
  model_.drop(peer);
  const bool taken = model_.enter(peer, std::move(record));
  own_[node][peer] = {registration, since, taken ? "" : alias, {}, false};
  EXPECT_EQ(answer.at(0), taken ? "taken" : "registered");
}

void ScriptDriver::do_unregister() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  run("unregister", node, {peer, std::to_string(registration)});
  if (!model_.is_live(node, peer, registration)) return;
  model_.drop(peer);
  own_[node].erase(peer);
}

void ScriptDriver::do_join() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::string& ns = any(kNames);
  const std::string& object = any(kObjects);
  const std::size_t max_size = chance(20) ? 3 : 0;
  const Kind kind = chance(15)                                     ? Kind::kCreate
                    : chance(model_.room(ns) == nullptr ? 10 : 90) ? Kind::kRoom
                                                                   : Kind::kNamespace;
  const Room room = room_request(ns);
  const bool with_away = chance(30);
  const Texts answer = run(
      "join", node,
      {peer, std::to_string(registration), ns, object, std::to_string(max_size), "5", "token",
       kind_name(kind), std::to_string(room.version), room.owner, room.max_size, room.state, "news",
       chance(50) ? "1" : "0", room.listed, room.empty, "0", any(kWatches), with_away ? "1" : "0"});
  const std::string status =
      model_.join(node, peer, registration, ns, object, max_size, kind, room);
  EXPECT_EQ(answer.at(0), status);
  if (status != "joined") return;
  const Room* now = model_.room(ns);
  const std::uint64_t version = now == nullptr ? 0 : now->version;
  const std::uint64_t place = model_.place(ns, peer);
  EXPECT_EQ(answer.at(4), std::to_string(place));
  EXPECT_EQ(answer.at(5).empty(), now == nullptr) << "a room has the time of its creation";
  own_[node][peer].members[ns] = {object, version, place};
  const Texts members = model_.members(ns);
  EXPECT_EQ(answer.at(1), std::to_string(version));
  EXPECT_EQ(answer.at(2), std::to_string(members.size()));
  for (std::size_t i = 0; i < std::min<std::size_t>(5, members.size()); ++i) {
    EXPECT_EQ(answer.at(6 + (with_away ? 4 : 3) * i), members[i]);
    if (with_away) {
      EXPECT_EQ(answer.at(9 + 4 * i), is_away(members[i]) ? "a" : "");
    }
  }
}

// The comparison of the indexes says that who is marked has members.
void ScriptDriver::do_watch() { run("watch", any(nodes_), {any(kNames), any(kWatches)}); }

void ScriptDriver::do_set_away() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const bool away = chance(60);
  run("set_away", node, {peer, std::to_string(registration), away ? "1" : "0", any(kNames), ""});
  if (model_.is_live(node, peer, registration)) own_[node][peer].away = away;
}

// Each node knows it of its own peers.
bool ScriptDriver::is_away(const std::string& peer) {
  const auto* record = model_.find(peer);
  if (record == nullptr) return false;
  const auto& own = own_[record->node];
  const auto entry = own.find(peer);
  return entry != own.end() && entry->second.registration == record->registration &&
         entry->second.away;
}

void ScriptDriver::do_leave() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::string& ns = any(kNames);
  run("leave", node, {peer, std::to_string(registration), ns, chance(50) ? "1" : "0", ""});
  model_.leave(node, peer, registration, ns);
  if (model_.is_live(node, peer, registration)) own_[node][peer].members.erase(ns);
}

void ScriptDriver::do_update() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::string& ns = any(kNames);
  const std::string& object = any(kObjects);
  run("update", node, {peer, std::to_string(registration), ns, object});
  model_.update(node, peer, registration, ns, object);
}

void ScriptDriver::do_list() {
  const std::string& ns = any(kNames);
  const Texts members = model_.members(ns);
  const std::string after = chance(50) ? peer_name(below(kPeers)) : std::string();
  const auto found = std::find(members.begin(), members.end(), after);
  const auto first = found == members.end() ? members.begin() : found + 1;
  const bool with_away = chance(50);
  const Texts answer = run("list", any(nodes_), {ns, after, "4", with_away ? "1" : "0"});
  Texts page;
  for (std::size_t i = 2; i < answer.size(); i += with_away ? 4 : 3) {
    page.push_back(answer[i]);
    if (with_away) {
      EXPECT_EQ(answer.at(i + 3), is_away(answer[i]) ? "a" : "");
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
  const Texts answer =
      run("members", node, {ns, "token", "6", with_objects ? "1" : "0", with_away ? "1" : "0"});
  const Texts members = model_.members(ns);
  const Room* room = model_.room(ns);
  Texts expected{members.size() > 6 ? "0" : "1"};
  if (room == nullptr) {
    expected.insert(expected.end(), {"", "", ""});
  } else {
    expected.insert(expected.end(), {room->owner, room->max_size, room->state});
  }
  for (const std::string& peer : members) {
    if (members.size() <= 6 && model_.find(peer)->node != node) expected.push_back(peer);
  }
  Texts found(answer.begin(), answer.begin() + 4);
  const std::size_t fields = 1 + (with_objects ? 1U : 0U) + (with_away ? 1U : 0U);
  for (std::size_t i = 4; i < answer.size(); i += fields) {
    found.push_back(answer[i]);
    if (with_away) {
      EXPECT_EQ(answer.at(i + fields - 1), is_away(answer[i]) ? "a" : "");
    }
  }
  expect_answer("members", found, expected);
}

void ScriptDriver::do_read_room() {
  const std::string& ns = any(kNames);
  const Texts answer = run("read_room", any(nodes_), {ns, chance(50) ? "1" : "0"});
  Texts expected;
  if (const Room* room = model_.room(ns)) {
    expected = {std::to_string(room->version), room->owner, room->max_size, room->state};
    for (const std::string& member : model_.members(ns)) expected.push_back(member);
  }
  expect_answer("read_room", answer, expected);
}

void ScriptDriver::do_commit_room() {
  const std::string& ns = any(kNames);
  const Room room = room_request(ns);
  const std::string kicked = chance(30) ? peer_name(below(kPeers)) : std::string();
  const Texts answer =
      run("commit_room", any(nodes_),
          {ns, std::to_string(room.version), room.owner, room.max_size, room.state, kicked,
           room.owner, "token", "head", "tail", "0", room.listed, room.empty});
  EXPECT_EQ(answer.at(0), model_.commit_room(ns, room, kicked, room.owner));
  if (answer.at(0) != "committed" || kicked.empty()) return;
  own_[model_.find(kicked)->node][kicked].members.erase(ns);  // told by K
}

void ScriptDriver::do_add_ticket() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::string& ns = any(kNames);
  const std::set<std::string> known = model_.tickets(ns);
  const std::string replaces = known.empty() || chance(60) ? std::string() : *known.begin();
  // Some ask again for what they have, or have had.
  const bool repeats = chance(20) && last_ticket_ > 0;
  const std::string ticket = !repeats
                                 ? std::to_string(++last_ticket_)
                                 : (replaces.empty() ? std::to_string(last_ticket_) : replaces);
  const Texts answer = run("add_ticket", node,
                           {peer, std::to_string(registration), ns, ticket, "5", any(kObjects),
                            repeats ? ticket : replaces, any(nodes_)});
  const bool added =
      model_.add_ticket(node, peer, registration, ns, ticket, repeats ? ticket : replaces);
  expect_answer("add_ticket", answer, {added ? "1" : "0"});
}

void ScriptDriver::do_remove_ticket() {
  const std::string& node = any(nodes_);
  const std::string& ns = any(kNames);
  const std::set<std::string> known = model_.tickets(ns);
  const std::string ticket = known.empty() ? "0" : *known.rbegin();
  const Texts answer = run("remove_ticket", node, {ns, ticket, any(nodes_)});
  expect_answer("remove_ticket", answer, {model_.remove_ticket(node, ns, ticket) ? "1" : "0"});
}

void ScriptDriver::do_claim() {
  const std::string& ns = any(kNames);
  Texts tickets;
  for (const std::string& ticket : model_.tickets(ns)) {
    if (chance(60)) tickets.push_back(ticket);
  }
  if (chance(20)) tickets.push_back("0");
  if (tickets.empty()) return;
  Texts arguments{ns, "session", chance(50) ? "" : "[[]]"};
  arguments.insert(arguments.end(), tickets.begin(), tickets.end());
  const Texts answer = run("claim", any(nodes_), arguments);
  const Texts alive = redis_.command({"ZRANGEBYSCORE", "peer:{0}:nodes", "2", "+inf"});
  expect_answer("claim", answer, model_.claim(ns, tickets, {alive.begin(), alive.end()}));
}

void ScriptDriver::do_resolve() {
  const std::string& alias = any(kAliases);
  if (alias.empty()) return;
  expect_answer("resolve", run("resolve", any(nodes_), {alias}), {"0", model_.holder(alias)});
}

std::string ScriptDriver::any_tokens() {
  std::string tokens;
  for (std::size_t count = below(3); count > 0; --count) {
    tokens += "token" + std::to_string(++last_token_) + "|";
  }
  return tokens;
}

// Which tokens there are then, the comparison of the indexes says.
void ScriptDriver::do_set_tokens() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const Texts answer = run("set_tokens", node, {peer, std::to_string(registration), any_tokens()});
  expect_answer("set_tokens", answer, {model_.is_live(node, peer, registration) ? "1" : "0"});
}

void ScriptDriver::do_take_peer() {
  const std::string& node = any(nodes_);
  const std::string from = any(nodes_);
  if (from == node) return;
  const std::string peer = peer_of(from);
  const std::uint64_t registration = registration_of(from, peer);
  const std::uint64_t number = ++last_registration_;
  const Texts answer = run("take_peer", node,
                           {peer, from, std::to_string(registration), std::to_string(number), "0",
                            "announcement", any(kNames), any(kWatches)});
  if (!model_.is_live(from, peer, registration))
    return expect_answer("take_peer", {answer.at(0)}, {"gone"});
  if (!listening_.contains(from)) return expect_answer("take_peer", {answer.at(0)}, {"absent"});
  EXPECT_EQ(answer.at(0), "taken");
  EXPECT_EQ(answer.at(1), model_.find(peer)->alias);
  EXPECT_EQ(answer.at(5), is_away(peer) ? "1" : "0");
  const std::int64_t since = std::stoll(answer.at(2));
  model_.take(peer, node, number, since);
  Own own = own_[from][peer];
  own_[from].erase(peer);
  own.registration = number;
  own.since = since;
  own_[node][peer] = own;
}

void ScriptDriver::do_forget() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_name(below(kPeers));
  run("forget", node, {peer});
  own_[node].erase(peer);
  const auto* record = model_.find(peer);
  if (record != nullptr && record->node == node) model_.drop(peer);
}

void ScriptDriver::do_resync() {
  const std::string node = any(nodes_);
  auto& own = own_[node];
  if (own.empty()) return;
  auto entry = own.begin();
  std::advance(entry, static_cast<std::ptrdiff_t>(below(own.size())));
  const auto& [peer, told] = *entry;
  const Room room{0, peer, "4", any(kObjects), any(kListed), any(kEmpty)};
  Texts arguments{
      peer, std::to_string(told.registration),         std::to_string(told.since), told.alias,
      "",   chance(20) ? any_tokens() : std::string(), told.away ? "1" : "0"};
  for (const auto& [ns, member] : told.members) {
    const bool is_room = member.room_version > 0;
    const Texts more = is_room ? Texts{std::to_string(member.room_version),
                                       room.owner,
                                       room.max_size,
                                       room.state,
                                       chance(50) ? "5" : "",
                                       room.listed,
                                       room.empty}
                               : Texts{"", "", "", "", "", "", ""};
    arguments.insert(arguments.end(), {ns, member.object, chance(50) ? "1" : "0",
                                       member.place == 0 ? "" : std::to_string(member.place)});
    arguments.insert(arguments.end(), more.begin(), more.end());
  }
  const auto* old = model_.find(peer);
  const std::string before = old == nullptr ? node : old->node;
  const std::string holder = model_.holder(told.alias);
  const Texts answer = run("resync", node, arguments);
  const ScriptModel::Resynced resynced =
      model_.resync(peer, {node, told.registration, told.since, told.alias}, told.members, room);
  if (!resynced.here) {
    expect_answer("resync", answer, {"moved", "0"});
    own.erase(entry);
    return;
  }
  Texts expected{"here", resynced.alias_taken ? "1" : "0"};
  for (const auto& [ns, member] : told.members) {
    const auto ended = resynced.ended.find(ns);
    const bool is_in = ended == resynced.ended.end();
    expected.push_back(is_in ? std::to_string(model_.members(ns).size()) : ended->second);
  }
  // What watchers elsewhere know of each, where there are some.
  ASSERT_EQ(answer.size(), expected.size() + told.members.size());
  std::size_t at = expected.size();
  for (const auto& [ns, member] : told.members) {
    EXPECT_NE(answer[at], member.object) << "nothing is new";
    expected.push_back(answer[at++]);
  }
  expect_answer("resync", answer, expected);
  for (const auto& [ns, why] : resynced.ended) entry->second.members.erase(ns);
  if (before != node) own_[before].erase(peer);
  if (!told.alias.empty() && !holder.empty() && model_.holder(told.alias) != holder) {
    own_[model_.find(holder)->node][holder].alias.clear();  // told by H
  }
}

void ScriptDriver::start(const std::string& node) {
  listening_[node] = std::make_unique<RedisSubscriber>(
      port_, std::initializer_list<std::string_view>{"peer:n:" + node});
  beat(node);
}

void ScriptDriver::beat(const std::string& node) {
  const Texts answer = run("beat", node, {"born", "0", "born", "news", "0"});
  EXPECT_EQ(answer.at(0), "born");
}

void ScriptDriver::expire_lease(const std::string& node) {
  redis_.command({"ZADD", "peer:{0}:nodes", "1", node});
}

void ScriptDriver::reap(const std::string& node) {
  const std::string chunk = std::to_string(1 + below(3));
  while (run("reap", any(nodes_), {node, chunk}).at(0) != "0") continue;
  for (const std::string& peer : model_.peers_of(node)) model_.drop(peer);
}

// kill -9: another one starts in its place.
void ScriptDriver::do_death() {
  std::string& node = nodes_[below(nodes_.size())];
  expire_lease(node);
  const std::string dead = std::exchange(node, "node" + std::to_string(++last_node_));
  listening_.erase(dead);
  start(node);
  reap(dead);
  own_.erase(dead);
}

// Taken for dead, but it lives, and knows its peers.
void ScriptDriver::do_freeze() {
  const std::string& node = any(nodes_);
  expire_lease(node);
  if (chance(70)) reap(node);
}

void ScriptDriver::do_beat() { beat(any(nodes_)); }

void ScriptDriver::do_flush() {
  redis_.command({"FLUSHALL"});
  model_ = ScriptModel();
  beat(any(nodes_));
}

}  // namespace peer::test
