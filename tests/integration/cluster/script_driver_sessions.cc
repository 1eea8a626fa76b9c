#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "tests/integration/cluster/script_driver.h"
#include "tests/integration/cluster/script_names.h"

// Sessions: their tokens, whether they are away, how they go to another node, and to none.
namespace peer::test {
namespace {

/// What the scripts write is far from this, and what the test writes too: the clock decides
/// nothing.
constexpr const char* kFarFuture = "9000000000000";
constexpr std::int64_t kMostForRecord = 5'000;
constexpr std::int64_t kParkedFor = 600'000;

}  // namespace

void ScriptDriver::do_set_away() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const bool away = chance(60);
  const std::string& ns = any(kNames);
  Own* own = own_of(node, peer, registration);
  if (own == nullptr || is_on_its_way(peer)) return;
  own->away = away;
  for (const std::size_t part : parts_of(peer, *own)) {
    Texts arguments{peer, std::to_string(registration), away ? "1" : "0"};
    if (part_of(ns) == part) arguments.insert(arguments.end(), {ns, ""});
    run(part, "set_away", node, arguments);
  }
}

// Each node knows it of its own peers.
bool ScriptDriver::is_away(std::size_t part, const std::string& peer) {
  const auto* record = models_[part].find(peer);
  if (record == nullptr) return false;
  if (record->node == kParked) return away_.contains(record->registration);
  const Own* own = own_of(record->node, peer, record->registration);
  for (const Step& step : steps_) {
    const bool is_it = step.part == part && step.peer == peer && step.from == record->node &&
                       step.registration == record->registration;
    if (is_it) own = &step.before;
  }
  return own != nullptr && own->away;
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
  const std::string tokens = any_tokens();
  Own* own = own_of(node, peer, registration);
  if (own == nullptr && models_.size() > 1) return;
  const std::string before = own == nullptr ? "" : std::exchange(own->tokens, tokens);
  for (std::size_t part = 0; part < models_.size(); ++part) {
    const std::string here = tokens_in(part, tokens);
    const bool is_concerned = !here.empty() || !tokens_in(part, before).empty();
    if (!is_concerned && models_.size() > 1) continue;
    Texts arguments{peer, std::to_string(registration), here};
    append_copy(part, node, peer, registration, arguments);
    const Texts answer = run(part, "set_tokens", node, arguments);
    expect_answer("set_tokens", answer,
                  {models_[part].is_live(node, peer, registration) ? "1" : "0"});
  }
}

void ScriptDriver::do_take_peer() {
  const std::string& node = any(nodes_);
  const std::string from = chance(30) ? kParked : any(nodes_);
  if (from == node) return;
  const std::string peer = peer_of(from);
  take_peer(node, from, peer, registration_of(from, peer));
}

void ScriptDriver::take_peer(const std::string& node, const std::string& from,
                             const std::string& peer, std::uint64_t registration) {
  // Only what has its record is offered.
  const auto* parked = models_[home_of(peer)].find(peer);
  if (from == kParked && parked != nullptr && parked->record.empty()) return;
  if (models_.size() > 1) return take_over_parts(node, from, peer, registration);
  const std::uint64_t number = ++last_registration_;
  const Texts answer = run(0, "take_peer", node,
                           {peer, from, std::to_string(registration), std::to_string(number), "0",
                            "announcement", any(kNames), any(kWatches)});
  if (!models_[0].is_live(from, peer, registration))
    return expect_answer("take_peer", {answer.at(0)}, {"gone"});
  const bool is_there = from == kParked || listening_.contains(from);
  if (!is_there) return expect_answer("take_peer", {answer.at(0)}, {"absent"});
  EXPECT_EQ(answer.at(0), "taken");
  EXPECT_EQ(answer.at(1), models_[0].find(peer)->alias);
  EXPECT_EQ(answer.at(5), is_away(0, peer) ? "1" : "0");
  const std::int64_t since = std::stoll(answer.at(2));
  EXPECT_EQ(answer.at(4), std::to_string(models_[0].take(peer, node, number, since)));
  Own own = own_[from][peer];
  own_[from].erase(peer);
  // What it has lost meanwhile nobody has told a parked one.
  std::erase_if(own.members, [&](const auto& told) {
    return from == kParked && models_[0].place(told.first, peer) == 0;
  });
  own.registration = number;
  own.since = since;
  own_[node][peer] = own;
}

std::string ScriptDriver::tokens_in(std::size_t part, const std::string& tokens) const {
  std::string here;
  for (std::size_t at = 0; at < tokens.size();) {
    const std::size_t end = tokens.find('|', at) + 1;
    const std::string token = tokens.substr(at, end - at);
    if (part_of(token) == part) here += token;
    at = end;
  }
  return here;
}

bool ScriptDriver::is_on_its_way(const std::string& peer) const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [&](const Step& step) { return step.peer == peer; });
}

// As Moves::take(): the peer's own part first. The steps in the others are made later, or never.
void ScriptDriver::take_over_parts(const std::string& node, const std::string& from,
                                   const std::string& peer, std::uint64_t registration) {
  const std::size_t home = home_of(peer);
  const Own* known = own_of(from, peer, registration);
  const bool is_parked = from == kParked;
  const std::string copies =
      is_parked ? copies_of_parked(peer, registration) : note_copies(from, peer, registration);
  Step step{home, peer, from, node, registration, ++last_registration_, 0, {}};
  const bool is_cut_off = chance(10);
  Texts arguments{peer, from,           std::to_string(registration), std::to_string(step.number),
                  "0",  "announcement", is_cut_off ? ",0,2," : ","};
  const std::string& ns = any(kNames);
  if (part_of(ns) == home) arguments.insert(arguments.end(), {ns, any(kWatches)});
  const Texts answer = run(home, "take_home", node, arguments);
  if (answer.at(0) == "absent" && is_cut_off) return;  // from one of them
  if (!models_[home].is_live(from, peer, registration)) {
    return expect_answer("take_home", {answer.at(0)}, {"gone"});
  }
  const bool is_there = is_parked || listening_.contains(from);
  if (!is_there) return expect_answer("take_home", {answer.at(0)}, {"absent"});
  ASSERT_EQ(answer.at(0), "taken");
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(answer.at(6), copies);
  EXPECT_EQ(answer.at(5), is_away(home, peer) ? "1" : "0");
  step.since = std::stoll(answer.at(2));
  step.before = *known;
  own_[from].erase(peer);
  Own own{step.number, step.since, "", {}, step.before.away, step.before.copies};
  EXPECT_EQ(answer.at(4), std::to_string(models_[home].take(peer, node, step.number, step.since)));
  take_own(own, step, answer);
  end_copies(node, peer);
  own_[node][peer] = own;
  for (const std::size_t part : step.before.copies) {
    if (part == home) continue;
    step.part = part;
    steps_.push_back(step);
  }
}

// What has come with a step.
void ScriptDriver::take_own(Own& own, const Step& step, const Texts& answer) {
  const ScriptModel& model = models_[step.part];
  EXPECT_EQ(answer.at(1), model.find(step.peer)->alias);
  if (!answer.at(1).empty()) own.alias = answer.at(1);
  own.tokens += answer.at(3);
  for (const auto& [ns, member] : step.before.members) {
    if (part_of(ns) == step.part && model.place(ns, step.peer) > 0) own.members[ns] = member;
  }
}

void ScriptDriver::make_step(const Step& step) {
  if (step.node == kParked) return park_copy(step);
  ScriptModel& model = models_[step.part];
  const bool is_live = model.is_live(step.from, step.peer, step.registration);
  const std::string& ns = any(kNames);
  Texts arguments{step.peer,
                  step.from,
                  std::to_string(step.registration),
                  std::to_string(step.number),
                  std::to_string(step.since),
                  "announcement"};
  if (part_of(ns) == step.part) arguments.insert(arguments.end(), {ns, any(kWatches)});
  const Texts answer = run(step.part, "take_copy", step.node, arguments);
  expect_answer("take_copy", {answer.at(0)}, {is_live ? "taken" : "gone"});
  if (!is_live) return;
  const std::uint64_t missed = model.take(step.peer, step.node, step.number, step.since);
  EXPECT_EQ(answer.at(4), std::to_string(missed));
  Own* own = own_of(step.node, step.peer, step.number);
  if (own != nullptr) return take_own(*own, step, answer);
  // It has ended there meanwhile, and so has what has come late.
  end_at(step.part, {step.node, step.peer, step.number});
}

void ScriptDriver::give_up_step(const Step& step) {
  if (lives(step.from)) end_at(step.part, {step.from, step.peer, step.registration});
}

void ScriptDriver::do_step() {
  if (steps_.empty()) return;
  const auto at = steps_.begin() + static_cast<std::ptrdiff_t>(below(steps_.size()));
  const Step step = *at;
  steps_.erase(at);
  lives(step.node == kParked ? step.from : step.node) && chance(85) ? make_step(step)
                                                                    : give_up_step(step);
}

bool ScriptDriver::lives(const std::string& node) const {
  return std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end();
}

// As the holder does before each offer, and ahead of parking.
std::string ScriptDriver::note_copies(const std::string& node, const std::string& peer,
                                      std::uint64_t registration) {
  const Own* own = own_of(node, peer, registration);
  if (own == nullptr) return {};
  std::string copies;
  const std::size_t home = home_of(peer);
  for (const std::size_t part : own->copies) {
    if (part != home) copies += std::to_string(part) + ",";
  }
  run(home, "note_copies", node, {peer, std::to_string(registration), copies});
  models_[home].note_copies(node, peer, registration, copies);
  return copies;
}

std::string ScriptDriver::copies_of_parked(const std::string& peer,
                                           std::uint64_t registration) const {
  const ScriptModel& model = models_[home_of(peer)];
  if (!model.is_live(kParked, peer, registration)) return {};
  return model.find(peer)->copies.value_or("");
}

// When it ends by itself is written by the scripts, and by the test from then on.
void ScriptDriver::expect_end_in(std::size_t part, const std::string& peer, std::int64_t earliest,
                                 std::int64_t time) {
  const std::string parked = key(part) + ":parked";
  const double ends = std::stod(redis_.command({"ZSCORE", parked, peer}).at(0));
  EXPECT_GE(ends, static_cast<double>(earliest + time) - 1);
  EXPECT_LE(ends, static_cast<double>(now_ms() + time) + 1);
  redis_.command({"ZADD", parked, kFarFuture, peer});
}

std::int64_t ScriptDriver::now_ms() {
  const Texts time = redis_.command({"TIME"});
  return std::stoll(time.at(0)) * 1000 + std::stoll(time.at(1)) / 1000;
}

// Whether that registration is parked there now.
bool ScriptDriver::park_at(std::size_t part, const std::string& node, const std::string& peer,
                           std::uint64_t registration, bool away) {
  const std::int64_t before = now_ms();
  const Texts answer =
      run(part, "park", node, {peer, std::to_string(registration), "announcement"});
  const bool is_live = models_[part].park(node, peer, registration);
  expect_answer("park", answer, {is_live ? "1" : "0"});
  if (!is_live) return false;
  away ? void(away_.insert(registration)) : void(away_.erase(registration));
  expect_end_in(part, peer, before, kMostForRecord);
  return true;
}

// As Moves::park(): the peer's own part first. The node has the copies parked later, or ends.
void ScriptDriver::do_park() {
  const std::string node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::size_t home = home_of(peer);
  if (models_.size() > 1) {
    // Its core waits until it has come whole.
    if (own_of(node, peer, registration) == nullptr || is_on_its_way(peer)) return;
    note_copies(node, peer, registration);
  }
  if (!park_at(home, node, peer, registration, is_away(home, peer))) return;
  if (chance(10)) return;  // its node does not hear of it
  const Own own = own_[node][peer];
  own_[node].erase(peer);
  own_[kParked][peer] = own;
  unkept_.push_back({node, peer, registration});
  for (const std::size_t part : own.copies) {
    if (part != home) {
      steps_.push_back({part, peer, node, kParked, registration, registration, own.since, own});
    }
  }
}

void ScriptDriver::park_copy(const Step& step) {
  park_at(step.part, step.from, step.peer, step.registration, step.before.away);
}

// As Moves::keep(). Without a record a session that is parked ends soon.
void ScriptDriver::do_keep() {
  if (unkept_.empty()) return;
  const auto at = unkept_.begin() + static_cast<std::ptrdiff_t>(below(unkept_.size()));
  const OfNode parked = *at;
  if (is_on_its_way(parked.peer)) return;
  unkept_.erase(at);
  if (!lives(parked.node) || chance(10)) return;
  const std::size_t home = home_of(parked.peer);
  const std::string registration = std::to_string(parked.registration);
  const std::string record = any(kObjects);
  const std::int64_t before = now_ms();
  const Own* own = own_of(kParked, parked.peer, parked.registration);
  const std::set<std::size_t> copies = own == nullptr ? std::set<std::size_t>() : own->copies;
  for (const std::size_t part : copies) {
    if (part != home) keep_copy(part, parked);
  }
  const Texts answer = run(home, "keep_parked", parked.node,
                           {parked.peer, registration, record, std::to_string(kParkedFor)});
  const bool is_kept = models_[home].keep(parked.peer, parked.registration, record);
  expect_answer("keep_parked", answer, {is_kept ? "1" : "0"});
  if (is_kept) expect_end_in(home, parked.peer, before, kParkedFor);
  if (is_kept || chance(10)) return;
  for (const std::size_t part : copies) {
    if (part != home) end_parked_copy(part, parked.node, parked.peer, parked.registration);
  }
}

void ScriptDriver::keep_copy(std::size_t part, const OfNode& parked) {
  const std::int64_t before = now_ms();
  const Texts answer =
      run(part, "keep_copy", parked.node,
          {parked.peer, std::to_string(parked.registration), std::to_string(kParkedFor)});
  const bool is_there = models_[part].keep(parked.peer, parked.registration, "");
  expect_answer("keep_copy", answer, {is_there ? "1" : "0"});
  if (is_there) expect_end_in(part, parked.peer, before, kParkedFor);
}

void ScriptDriver::end_parked_copy(std::size_t part, const std::string& node,
                                   const std::string& peer, std::uint64_t registration) {
  const Texts answer = run(part, "end_copy", node, {peer, std::to_string(registration)});
  const auto* record = models_[part].find(peer);
  const std::int64_t since = record == nullptr ? 0 : record->since;
  const bool has_ended = models_[part].end_parked_copy(peer, registration);
  expect_answer("end_copy", answer, {has_ended ? "1" : "0"});
  if (!has_ended) return;
  late_.push_back({node, peer, registration, since, part, std::chrono::steady_clock::now()});
}

// Some of its parts may be out of reach for the one that ends it; the rest ends by itself.
void ScriptDriver::end_parked_copies(const std::string& node, const std::string& peer,
                                     std::uint64_t registration, const std::string& copies) {
  std::istringstream parts(copies);
  for (std::string part; std::getline(parts, part, ',');) {
    if (chance(80)) end_parked_copy(std::stoul(part), node, peer, registration);
  }
}

void ScriptDriver::let_end(std::size_t part, const std::string& peer) {
  redis_.command({"ZADD", key(part) + ":parked", "1", peer});
  models_[part].let_end(peer);
}

void ScriptDriver::offer_again(std::size_t part) {
  for (const std::string& peer : models_[part].peers_of(kParked)) {
    if (!models_[part].find(peer)->is_offered) continue;
    redis_.command({"HSET", key(part) + ":p:" + peer, "l", "1"});
  }
  models_[part].offer_again();
}

void ScriptDriver::do_next_parked() {
  const std::size_t part = below(models_.size());
  const Texts parked = models_[part].peers_of(kParked);
  if (!parked.empty() && chance(30)) let_end(part, any(parked));
  if (chance(50)) offer_again(part);
  next_parked(part);
}

// Whether there was one.
bool ScriptDriver::next_parked(std::size_t part) {
  const std::string node = any(nodes_);
  const Texts answer = run(part, "next_parked", node, {});
  const Texts expected = models_[part].next_parked();
  const Texts first(answer.begin(),
                    answer.begin() + std::min<std::ptrdiff_t>(3, std::ssize(answer)));
  expect_answer("next_parked", first, expected);
  if (first != expected || expected.empty()) return false;
  const std::string& peer = expected[0];
  const std::uint64_t registration = std::stoull(expected[1]);
  if (answer.size() == 3) {
    end_parked_copies(node, peer, registration, expected[2]);
    return true;
  }
  redis_.command({"HSET", key(part) + ":p:" + peer, "l", kFarFuture});
  if (chance(60)) take_peer(node, kParked, peer, registration);
  return true;
}

// Nobody brings a record any more, and nobody else ends what is left of those that have ended.
void ScriptDriver::settle_parked() {
  for (const OfNode& parked : std::exchange(unkept_, {})) {
    const std::size_t home = home_of(parked.peer);
    const bool waits = models_[home].is_live(kParked, parked.peer, parked.registration) &&
                       models_[home].find(parked.peer)->record.empty();
    if (waits) let_end(home, parked.peer);
  }
  for (std::size_t part = 0; part < models_.size(); ++part) {
    while (next_parked(part)) continue;
  }
  while (!steps_.empty()) do_step();
  for (std::size_t part = 0; part < models_.size(); ++part) {
    for (const std::string& peer : models_[part].peers_of(kParked)) {
      const std::uint64_t registration = models_[part].find(peer)->registration;
      if (!models_[home_of(peer)].is_live(kParked, peer, registration)) let_end(part, peer);
    }
    while (next_parked(part)) continue;
  }
}

}  // namespace peer::test
