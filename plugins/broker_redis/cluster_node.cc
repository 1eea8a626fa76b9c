#include "cluster_node.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "part_choice.h"

// A registration stands in the part that its automatic alias chooses, and its time is given there
// alone. Where the peer has a membership, a ticket or its alias in another part, a copy of the
// registration stands there, which the scripts of that part write; this node ends it with the
// registration.

namespace peer_redis {

using peer::sdk::RegisterOutcome;
using State = NodeState::State;

namespace {

/// With the 400 ms of each part (Part::leave()) no more than RedisBroker::stop() waits for.
constexpr std::chrono::milliseconds kMostForLastTurns{100};
constexpr std::chrono::milliseconds kPauseForLastTurns{2};

}  // namespace

ClusterNode::ClusterNode(EventLoop& loop, const Options& options, peer::sdk::BrokerHost& host,
                         peer::sdk::PluginHost& plugin_host, SharedState& shared)
    : loop_(loop),
      host_(host),
      shared_(shared),
      has_sentinels_(!options.sentinels.empty()),
      counts_(mirror_, shared),
      masters_(loop, options),
      turns_([this](const Fingerprint& sender, std::size_t part, const Task& then) {
        parts_[part]->confirm(sender, then);
      }),
      moves_(loop, parts_, mirror_, copies_, turns_, host) {
  copies_.on_new([this](const Fingerprint& peer) { moves_.has_copied(peer); });
  assert(options.parts <= CopiesMade::kMostParts);
  told_.parts = options.parts;
  for (std::size_t i = 0; i < options.parts; ++i) {
    SharedState& facts = options.parts == 1 ? shared : facts_.emplace_back();
    if (options.parts > 1) facts.be_part_of(shared);
    parts_.push_back(std::make_unique<Part>(
        Part::Common{loop, options, masters_, host, plugin_host, facts,
                     [this] { facts_changed_ = true; }, mirror_, counts_, copies_, told_,
                     [this](const Registered& peer, std::size_t part, std::int64_t newer_us) {
                       ask_home(peer, part, newer_us);
                     },
                     [this](const Registered& peer) { is_at_home(peer); }, agreement_,
                     [this](const std::string& name) { agreed(name); },
                     [this](const Registered& peer, std::size_t part,
                            std::optional<std::string_view> taken_copies) {
                       moves_.taken(peer, part, taken_copies);
                     },
                     [this](const Registered& peer, std::string_view parked_copies) {
                       moves_.end_parked(peer, parked_copies);
                     }},
        PartIndex{i, options.parts}));
  }
}

Part& ClusterNode::part_of(const Fingerprint& peer) {
  return *parts_[part_of_peer(peer, parts_.size())];
}

Part& ClusterNode::part_of(std::string_view name) {
  return *parts_[part_of_name(name, parts_.size())];
}

Part& ClusterNode::part_of_session(std::string_view token) {
  return *parts_[part_of_token(token, parts_.size())];
}

Part& ClusterNode::any_part() {
  const auto connected = std::find_if(parts_.begin(), parts_.end(),
                                      [](const auto& part) { return part->is_connected(); });
  return connected == parts_.end() ? *parts_.front() : **connected;
}

std::vector<std::string> ClusterNode::others() const {
  if (facts_.empty()) return shared_.others();
  std::set<std::string> all;
  for (const SharedState& facts : facts_) {
    for (std::string& node : facts.others()) all.insert(std::move(node));
  }
  return {all.begin(), all.end()};
}

bool ClusterNode::is_degraded(std::string_view ns) const {
  const SharedState& facts = facts_.empty() ? shared_ : facts_[part_of_name(ns, facts_.size())];
  return facts.state == State::kDegraded;
}

void ClusterNode::enter(const Registered& peer, const std::string& alias, std::string_view proof,
                        const ReplyTo<RegisterOutcome>& reply) {
  Part& home = part_of(peer.peer);
  Part& of_alias = part_of(alias);
  end_copies(peer.peer);
  moves_.forget(peer.peer);
  if (alias.empty() || &of_alias == &home) return home.peers().enter(peer, alias, proof, reply);
  home.peers().enter(peer, alias, proof, [&of_alias, peer, reply](RegisterOutcome outcome) {
    if (outcome.too_often || outcome.cluster_full || outcome.proof_required) return reply(outcome);
    of_alias.peers().take_alias(peer, reply);
  });
}

void ClusterNode::route(Directed message, Router::Reply reply) {
  const std::size_t part = part_of_peer(message.to, parts_.size());
  Router& router = parts_[part]->router();
  const Fingerprint sender = message.from;
  if (parts_.size() == 1 || turns_.goes_at_once(sender, part, false, loop_.now())) {
    return router.route(std::move(message), std::move(reply));
  }
  const std::size_t size = message.text.size() + 256;
  const auto shared = std::make_shared<Directed>(std::move(message));
  turns_.wait(sender, {part, false, size,
                       [&router, shared, reply] { router.route(std::move(*shared), reply); },
                       [this, reply] {
                         ++shared_.dropped;
                         reply(peer::sdk::RouteOutcome::kUnavailable);
                       }});
}

void ClusterNode::broadcast(const Broadcast& message) {
  const std::size_t part = part_of_name(message.ns, parts_.size());
  Broadcasts& broadcasts = parts_[part]->broadcasts();
  if (parts_.size() == 1 || turns_.goes_at_once(message.from, part, true, loop_.now())) {
    return broadcasts.send(message);
  }
  turns_.wait(message.from, {part, true, message.text.size() + 256,
                             [&broadcasts, message] { broadcasts.send(message); },
                             [this] { ++shared_.dropped; }});
}

void ClusterNode::remove(const Registered& peer) {
  if (mirror_.is_live(peer)) {
    end_copies(peer.peer);
    moves_.forget(peer.peer);
  }
  part_of(peer.peer).peers().remove(peer);
}

std::vector<Part*> ClusterNode::parts_with_copies(const Fingerprint& peer) {
  std::vector<Part*> found;
  for (const std::size_t part : copies_.all_of(peer)) found.push_back(parts_[part].get());
  return found;
}

// By the same links as all that was said of it before, so none of that comes later.
void ClusterNode::end_copies(const Fingerprint& peer) {
  const Mirror::Peer* entry = mirror_.find(peer);
  if (entry == nullptr) return;
  for (Part* part : parts_with_copies(peer)) part->peers().end({peer, entry->registration});
  copies_.forget(peer);
  refused_.erase(peer);
}

void ClusterNode::set_away(const Registered& peer, bool away,
                           const std::vector<Watchers::Away>& news) {
  std::vector<Part*> parts = parts_with_copies(peer.peer);
  parts.push_back(&part_of(peer.peer));
  for (Part* part : parts) part->watchers().set_away(peer, away, news);
}

void ClusterNode::ask_home(const Registered& peer, std::size_t part, std::int64_t newer_us) {
  Refused& refused = refused_[peer.peer];
  if (refused.registration != peer.registration) refused = {peer.registration, 0, {}};
  refused.newer_us = std::max(refused.newer_us, newer_us);
  refused.parts.insert(part);
  Part& home = part_of(peer.peer);
  // While it is out of reach, the resync asks it as soon as it is back.
  if (home.is_connected()) home.resync().put_right(peer.peer);
}

// So what was newer has ended meanwhile, and this one is given a time behind it.
void ClusterNode::is_at_home(const Registered& peer) {
  if (refused_.empty()) return;
  const auto found = refused_.find(peer.peer);
  if (found == refused_.end() || !mirror_.is_live(peer)) return;
  const Refused refused = std::move(found->second);
  refused_.erase(found);
  if (refused.registration != peer.registration) return;
  Mirror::Peer& entry = *mirror_.find(peer.peer);
  entry.shared_since = std::max(entry.shared_since.value_or(0), refused.newer_us + 1);
  part_of(peer.peer).resync().put_right(peer.peer);
  for (const std::size_t part : refused.parts) parts_[part]->resync().mark_dirty(peer.peer);
}

// Nothing is written to the others before it is known that all nodes have as many.
void ClusterNode::start() { parts_.front()->start(); }

void ClusterNode::agreed(const std::string& name) {
  agreement_.name = name;
  for (const auto& part : parts_) part->start();
}

void ClusterNode::leave_cluster(const Task& done) {
  moves_.give_up_all();
  await_turns(Clock::now() + kMostForLastTurns, done);
}

// What has its turn behind something else goes out first.
void ClusterNode::await_turns(Time until, const Task& done) {
  if (turns_.holds(turns_.last_waiting()) && Clock::now() < until) {
    loop_.run_at(Clock::now() + kPauseForLastTurns,
                 [this, until, done] { await_turns(until, done); });
    return;
  }
  const auto left = std::make_shared<std::size_t>(parts_.size());
  for (const auto& part : parts_) {
    part->leave([left, done] {
      if (--*left == 0) done();
    });
  }
}

void ClusterNode::stop() {
  turns_.give_up_all();
  for (const auto& part : parts_) part->stop();
}

void ClusterNode::recover(std::string_view what) {
  host_.log_warning("the thread of broker_redis failed and goes on: " + std::string(what));
  turns_.give_up_all();
  masters_.fail_all("a failure of this node");
  for (const auto& part : parts_) part->recover();
}

// Most rounds concern one part or two, so nothing here is done for each of them.
void ClusterNode::flush() {
  for (const std::string& ns : mirror_.take_less_watched()) {
    part_of(ns).watchers().is_less_watched(ns);
  }
  if (has_sentinels_) {
    for (const auto& part : parts_) part->flush();
  }
  masters_.flush();
  if (const auto latency = masters_.latency(); latency.count() > 0) {
    shared_.latency_us.store(latency.count(), std::memory_order_relaxed);
  }
  shared_.pending.store(masters_.pending(), std::memory_order_relaxed);
  shared_.output_bytes.store(turns_.waiting_bytes() + masters_.queued_bytes(),
                             std::memory_order_relaxed);
  if (facts_.empty()) return;
  if (const std::uint64_t unheard = masters_.take_unheard(); unheard > 0) {
    shared_.dropped += unheard;
  }
  if (std::exchange(facts_changed_, false)) put_together();
}

// The node is part of the cluster when it is in all parts, and degraded while one is out of reach.
void ClusterNode::put_together() {
  State state = State::kConnected;
  std::uint32_t nodes = 1;
  std::uint32_t away = 0;
  for (const SharedState& facts : facts_) {
    if (facts.state == State::kDegraded || state == State::kConnected) state = facts.state;
    nodes = std::max<std::uint32_t>(nodes, facts.nodes);
    if (facts.state == State::kDegraded) ++away;
  }
  shared_.state = state;
  shared_.nodes = nodes;
  shared_.parts_away = away;
}

}  // namespace peer_redis
