#include "cluster_node.h"

#include <algorithm>
#include <random>
#include <utility>

#include "cluster_view.h"
#include "failure_text.h"

// A node beats: each beat renews its lease, and tells it who else is there, who has gone, and
// whether Redis still has what it had. A node that cannot beat in time may be taken for dead by the
// others, and finds out with the first beat that gets through. It takes nobody for dead itself
// until it has beaten for a full lease: when Redis was away all leases have run out at once.

namespace peer_redis {
namespace {

constexpr std::size_t kMaxToldFailures = 32;

std::string random_text() {
  std::random_device random;
  std::string text;
  for (int i = 0; i < 4; ++i) text += std::to_string(random());
  return text;
}

/// What the epoch says of its beginning (lua/beat.lua).
std::string loss_text(std::string_view epoch) {
  if (epoch.ends_with('r')) {
    return "Redis has restarted with its data; this node puts right what has changed since";
  }
  if (epoch.ends_with('o')) {
    return "Redis has lost the latest of its data; this node puts back what it knows";
  }
  return "Redis has lost its data; this node puts back what it knows";
}

std::vector<std::string> texts_of(const Reply& list) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < list.size(); ++i) texts.emplace_back(list[i].text());
  return texts;
}

}  // namespace

ClusterNode::ClusterNode(EventLoop& loop, const Options& options, peer::sdk::BrokerHost& host,
                         SharedState& shared)
    : loop_(loop),
      options_(options),
      host_(host),
      shared_(shared),
      node_(host.node_id()),
      own_channel_(options.node_channel(node_)),
      gate_(loop),
      link_(loop, options, node_,
            {[this] { went_up(); }, [this](std::string_view why) { went_down(why); },
             [this](std::string_view channel, std::string_view message) {
               take_message(channel, message);
             },
             [this](std::size_t count) { shared_.dropped += count; }}),
      nodes_{node_} {}

void ClusterNode::start() { link_.start(); }

void ClusterNode::stop() {
  ++beats_;
  link_.stop();
  gate_.clear();
  outage_.give_up_all();
}

void ClusterNode::leave_cluster(Task done) {
  if (!link_.is_up()) return done();
  std::vector<std::string> own;
  for (const auto& [peer, entry] : mirror_.peers()) own.push_back(to_hex(peer));
  for (std::size_t first = 0; first < own.size(); first += 100) {
    const std::size_t last = std::min(own.size(), first + 100);
    link_.run(Script::kForget,
              Arguments(own.begin() + static_cast<std::ptrdiff_t>(first),
                        own.begin() + static_cast<std::ptrdiff_t>(last)),
              [](const Reply*) {});
  }
  ++beats_;
  link_.run(Script::kGoodbye, {pack({"N"})}, [done = std::move(done)](const Reply*) { done(); });
}

void ClusterNode::recover(std::string_view what) {
  warn("the thread of broker_redis failed and goes on: " + std::string(what));
  link_.give_up("a failure of this node");
  gate_.recover();
}

// Redis has refused what it must know, for want of memory, say: the resync puts that right.
void ClusterNode::give_up_on_error(const Reply* reply) {
  if (reply != nullptr && reply->is_error()) link_.give_up(reply->text());
}

// Once a minute: each client that is refused is told of it.
void ClusterNode::say_full() {
  if (full_told_ && loop_.now() - *full_told_ < std::chrono::minutes(1)) return;
  full_told_ = loop_.now();
  warn("Redis at " + options_.host + ":" + options_.port +
       " is full: new peers and members are refused (503 \"cluster full\"); raise its 'maxmemory'");
}

void ClusterNode::flush() {
  link_.flush();
  shared_.latency_us = link_.latency().count();
  shared_.pending = link_.pending();
  shared_.queued_messages = outage_.size() + shared_.posted_messages;
  shared_.queued_bytes = outage_.bytes() + link_.queued_bytes() + shared_.posted_bytes;
}

void ClusterNode::set_state(State state) {
  using Public = peer::sdk::BrokerStatus::State;
  if (connected() && state != State::kConnected) {
    alone_since_ = Clock::now();
    dropped_before_ = shared_.dropped;
  }
  state_ = state;
  shared_.state = state == State::kConnected   ? Public::kConnected
                  : state == State::kResyncing ? Public::kResyncing
                                               : Public::kDegraded;
}

void ClusterNode::went_up() {
  beating_since_ = {};
  last_beat_ = {};
  fresh_link_ = true;
  up_since_ = Clock::now();
  matching_due_ = true;
  beating_ = false;
  set_state(State::kResyncing);
  beat();
  check_eviction();
}

void ClusterNode::went_down(std::string_view why) {
  ++beats_;
  const auto [kind, line] = describe_failure(options_.host + ":" + options_.port, why);
  if (told_failures_.size() < kMaxToldFailures && told_failures_.insert(kind).second) warn(line);
  set_state(State::kDegraded);
  nodes_ = {node_};
  shared_.nodes = 1;
  foreign_listeners_ = false;
  interrupt_seeks();
  dirty_.clear();
  behind_.clear();
  reaping_.clear();
  listing_own_peers_ = false;
  // Done in Redis, but their announcements are lost with the subscription.
  for (auto& [token, operation] : std::exchange(announced_, {})) {
    if (operation.seen) gate_.open();
    if (operation.finish) operation.finish();
  }
  match_alone();
}

// One at a time: each tells something that the next one does not know any more.
void ClusterNode::beat() {
  beat_again_ = beating_;
  if (std::exchange(beating_, true)) return;
  const std::uint64_t chain = ++beats_;
  link_.probe();
  const std::string candidate = random_text();
  const std::string seen = std::to_string(beats_of_all_);
  const std::string news = pack({"N"});
  Arguments arguments{epoch_, seen, candidate, news, link_.is_to_another_store() ? "1" : "0"};
  std::set<std::string_view> neighbours(nodes_.begin(), nodes_.end());
  neighbours.insert(nodes_before_.begin(), nodes_before_.end());
  arguments.insert(arguments.end(), neighbours.begin(), neighbours.end());
  link_.run(Script::kBeat, arguments, [this, chain](const Reply* reply) {
    if (reply == nullptr || chain != beats_) return;
    if (reply->is_error()) return link_.give_up(reply->text());
    beating_ = false;
    take_beat(*reply);
    if (std::exchange(beat_again_, false)) beat();
  });
  loop_.run_at(Clock::now() + options_.beat, [this, chain] {
    if (chain == beats_ && link_.is_up()) beat();
  });
}

void ClusterNode::take_beat(const Reply& reply) {
  const Time now = Clock::now();
  if (now - last_beat_ > options_.lease) beating_since_ = now;
  last_beat_ = now;
  const auto own_us =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  clock_offset_us_ = reply[2].integer() - own_us;
  foreign_listeners_ = options_.legacy_channels && reply[3].integer() > 0;
  const std::vector<std::string> before = std::exchange(nodes_, texts_of(reply[4]));
  matching_due_ = matching_due_ || nodes_ != before;
  shared_.nodes = static_cast<std::uint32_t>(nodes_.size());
  beats_of_all_ = reply[9].integer();
  link_.knows_store();
  take_epoch(std::string(reply[0].text()), reply[1].integer() == 1, reply[8].integer() == 1);
  if (connected() && std::exchange(matching_due_, false)) take_matching(texts_of(reply[6]));
  if (reply[7].integer() == 0) {
    nodes_before_ = nodes_;
    unsettled_since_.reset();
    catch_up();
  } else if (connected() && reply[8].integer() == 1) {
    say_settled();  // another node has lost sight of that
  }
  outcomes_.expire(now);
  std::erase_if(absent_, [&](const auto& node) { return now - node.second > options_.lease; });
  reap(texts_of(reply[5]));
  check_some();
}

// `quiet`: the members here have not been told of as gone, and need not be announced anew.
void ClusterNode::take_epoch(const std::string& epoch, bool known, bool quiet) {
  const bool lost = !epoch_.empty() && epoch != epoch_;
  epoch_ = epoch;
  if (lost) warn(loss_text(epoch));
  const bool fresh = std::exchange(fresh_link_, false);
  if (lost || !known || fresh) begin_resync(lost && quiet);
}

// Redis says that nodes may have yet to put back what is asked for: whether an operation that began
// then waits for them. Those that live do so within a beat, or as soon as they are told.
bool ClusterNode::waits_for_others(Time since) {
  const Time now = Clock::now();
  if (!unsettled_since_) unsettled_since_ = now;
  if (now - last_beat_ > kMaxWait / 20) beat();
  return now - since < kMaxWait && now - *unsettled_since_ < 2 * options_.beat + kMaxWait;
}

// A node whose lease has run out is given two more beats: it lives when it is Redis' clock that has
// jumped.
void ClusterNode::reap(const std::vector<std::string>& dead) {
  std::map<std::string, Time> dead_since;
  for (const std::string& node : dead) {
    const auto before = dead_since_.find(node);
    dead_since.emplace(node, before == dead_since_.end() ? last_beat_ : before->second);
  }
  dead_since_ = std::move(dead_since);
  if (last_beat_ - beating_since_ < options_.lease) return;
  for (const auto& [node, since] : dead_since_) {
    const bool is_silent = last_beat_ - since >= 2 * options_.beat;
    if (is_silent && chosen_node(node, nodes_) == node_ && reaping_.insert(node).second) {
      reap_chunk(node);
    }
  }
}

// In chunks, so that what others ask of Redis comes in between.
void ClusterNode::reap_chunk(const std::string& node) {
  link_.run(Script::kReap, {node, "100"}, [this, node](const Reply* reply) {
    if (reply != nullptr && !reply->is_error() && reply->integer() > 0) return reap_chunk(node);
    reaping_.erase(node);
  });
}

}  // namespace peer_redis
