#include "core/match/matchmaker.h"

#include <algorithm>
#include <utility>

#include "core/base/log.h"
#include "core/match/match_messages.h"
#include "core/match/match_rules.h"

namespace peer {
namespace {

constexpr std::size_t kShards = 64;

}  // namespace

Matchmaker::Matchmaker(sdk::MatchStrategy& strategy, PluginCalls& calls,
                       NamespaceDirectory& namespaces, NamespaceDirectory::Post post)
    : strategy_(strategy),
      calls_(calls),
      namespaces_(namespaces),
      post_(std::move(post)),
      shards_(std::make_unique<Shard[]>(kShards)) {}

Matchmaker::~Matchmaker() = default;

Matchmaker::Shard& Matchmaker::shard_of(std::string_view ns) const {
  return shards_[std::hash<std::string_view>{}(ns) % kShards];
}

MatchOutcome Matchmaker::request(const TicketOwner& owner, const MatchRequest& request,
                                 sdk::Instant now) {
  MatchOutcome outcome;
  const MatchJudgement judgement = judge(strategy_, calls_, request);
  if (judgement.failed || judgement.refusal) {
    outcome.status =
        judgement.failed ? MatchOutcome::Status::kFailed : MatchOutcome::Status::kRefused;
    outcome.refusal = judgement.refusal.value_or("");
    return outcome;
  }

  Shard& shard = shard_of(request.ns);
  const MutexLock lock(shard.mutex);
  const auto at = shard.queues.try_emplace(std::string(request.ns)).first;
  Queue& queue = at->second;
  if (queue.strategy == nullptr) {
    queue.strategy = make_queue(strategy_, calls_);
    if (queue.strategy == nullptr) {
      shard.queues.erase(at);
      outcome.status = MatchOutcome::Status::kFailed;
      return outcome;
    }
  }

  const auto waiting = queue.by_peer.find(owner.peer);
  if (waiting != queue.by_peer.end()) {
    Ticket& ticket = queue.tickets.at(waiting->second);
    if (same_request(ticket.request, request)) {
      ticket.owner = owner;
      set_expiry(queue, waiting->second, request.timeout.value_or(milliseconds(0)), now);
      outcome.ticket = waiting->second;
      outcome.wake_at = settle(shard, at, now);
      return outcome;
    }
    withdraw(queue, waiting->second);
  }

  const sdk::TicketId id = last_id_.fetch_add(1, std::memory_order_relaxed) + 1;
  Ticket& ticket = queue.tickets.emplace(id, Ticket{owner, request, now, {}}).first->second;
  ticket.request.ns = at->first;
  queue.by_peer[owner.peer] = id;
  set_expiry(queue, id, request.timeout.value_or(milliseconds(0)), now);
  outcome.ticket = id;
  if (!enqueue(queue, id)) {
    withdraw(queue, id);
    outcome.status = MatchOutcome::Status::kFailed;
  } else if (form_groups(at->first, queue, now, &owner.peer)) {
    outcome.status = MatchOutcome::Status::kMatched;
  }
  outcome.wake_at = settle(shard, at, now);
  return outcome;
}

void Matchmaker::set_expiry(Queue& queue, sdk::TicketId id, milliseconds timeout,
                            sdk::Instant now) {
  drop_expiry(queue, id);
  if (timeout.count() == 0) return;
  queue.tickets.at(id).expires = now + timeout;
  queue.expiries.emplace(now + timeout, id);
}

void Matchmaker::drop_expiry(Queue& queue, sdk::TicketId id) {
  std::optional<sdk::Instant>& expires = queue.tickets.at(id).expires;
  if (!expires) return;
  auto [first, last] = queue.expiries.equal_range(*expires);
  queue.expiries.erase(
      std::find_if(first, last, [&](const auto& expiry) { return expiry.second == id; }));
  expires.reset();
}

std::optional<sdk::Instant> Matchmaker::settle(Shard& shard, Queues::iterator at,
                                               sdk::Instant now) {
  Queue& queue = at->second;
  if (queue.wake_at) shard.due.erase({*queue.wake_at, at->first});
  if (queue.tickets.empty()) {
    shard.queues.erase(at);
    return std::nullopt;
  }
  queue.wake_at = next_wake(queue, now);
  if (queue.wake_at) shard.due.emplace(*queue.wake_at, at->first);
  return queue.wake_at;
}

bool Matchmaker::enqueue(Queue& queue, sdk::TicketId id) {
  const Ticket& ticket = queue.tickets.at(id);
  return calls_.run("add", [&] {
    queue.strategy->add({id, ticket.owner.peer, ticket.enqueued, view_of(ticket.request)});
  });
}

// Forgets a ticket that the strategy has given back already.
void Matchmaker::take(Queue& queue, sdk::TicketId id) {
  drop_expiry(queue, id);
  const auto at = queue.tickets.find(id);
  queue.by_peer.erase(at->second.owner.peer);
  queue.tickets.erase(at);
}

void Matchmaker::withdraw(Queue& queue, sdk::TicketId id) {
  calls_.run("remove", [&] { queue.strategy->remove(id); });
  take(queue, id);
}

// Returns whether the requester is among the matched.
bool Matchmaker::form_groups(const std::string& ns, Queue& queue, sdk::Instant now,
                             const Fingerprint* requester) {
  std::vector<sdk::MatchGroup> groups;
  calls_.run("form_groups", [&] { groups = queue.strategy->form_groups(now); });
  for (const sdk::MatchGroup& group : groups) {
    if (is_sound(queue, group)) {
      announce(ns, queue, group, now, requester);
      continue;
    }
    calls_.fault("form_groups",
                 "returned a group with unknown or duplicate tickets, or of a wrong size");
    for (const sdk::TicketId id : group.tickets) {
      if (!queue.tickets.contains(id)) continue;
      calls_.run("remove", [&] { queue.strategy->remove(id); });
      enqueue(queue, id);
    }
  }
  return requester != nullptr && !queue.by_peer.contains(*requester);
}

bool Matchmaker::is_sound(const Queue& queue, const sdk::MatchGroup& group) const {
  return peer::is_sound(group, [&](sdk::TicketId id) -> std::uint32_t {
    const auto at = queue.tickets.find(id);
    return at == queue.tickets.end() ? 0 : at->second.request.group_size;
  });
}

void Matchmaker::announce(const std::string& ns, Queue& queue, const sdk::MatchGroup& group,
                          sdk::Instant now, const Fingerprint* requester) {
  std::vector<Fingerprint> peers;
  for (const sdk::TicketId id : group.tickets) peers.push_back(queue.tickets.at(id).owner.peer);
  const std::string payload =
      matched_payload(ns, new_session_id(), namespaces_.objects(ns, peers), max_message_size_);
  const FrameRef plain = matched_frame(ns, payload, {}, now);
  for (const sdk::TicketId id : group.tickets) {
    const TicketOwner owner = queue.tickets.at(id).owner;
    waits_.observe(now - queue.tickets.at(id).enqueued);
    take(queue, id);
    const bool answers = requester != nullptr && owner.peer == *requester;
    const FrameRef frame = answers && !owner.request_id.empty()
                               ? matched_frame(ns, payload, owner.request_id, now)
                               : plain;
    post_(owner.where.loop, {frame, owner.where, {}, nullptr});
  }
}

std::optional<sdk::TicketId> Matchmaker::cancel(std::string_view ns, const Fingerprint& peer,
                                                sdk::Instant now) {
  Shard& shard = shard_of(ns);
  const MutexLock lock(shard.mutex);
  const auto at = shard.queues.find(ns);
  if (at == shard.queues.end()) return std::nullopt;
  const auto waiting = at->second.by_peer.find(peer);
  if (waiting == at->second.by_peer.end()) return std::nullopt;
  const sdk::TicketId id = waiting->second;
  withdraw(at->second, id);
  settle(shard, at, now);
  return id;
}

std::optional<sdk::Instant> Matchmaker::tick(sdk::Instant now) {
  std::optional<sdk::Instant> next;
  for (std::size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    const MutexLock lock(shard.mutex);
    while (!shard.due.empty() && shard.due.begin()->first <= now) {
      const auto at = shard.queues.find(shard.due.begin()->second);
      expire(at->first, at->second, now);
      form_groups(at->first, at->second, now, nullptr);
      settle(shard, at, now);
    }
    if (shard.due.empty()) continue;
    const sdk::Instant due = shard.due.begin()->first;
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

void Matchmaker::expire(const std::string& ns, Queue& queue, sdk::Instant now) {
  while (!queue.expiries.empty() && queue.expiries.begin()->first <= now) {
    const sdk::TicketId id = queue.expiries.begin()->second;
    const ConnectionRef where = queue.tickets.at(id).owner.where;
    withdraw(queue, id);
    post_(where.loop, {match_expired_frame(ns, id), where, {}, nullptr});
  }
}

std::optional<sdk::Instant> Matchmaker::next_wake(Queue& queue, sdk::Instant now) {
  std::optional<sdk::Instant> next;
  calls_.run("next_change", [&] { next = queue.strategy->next_change(now); });
  // A strategy that always has something to do is asked 20 times a second, not more.
  if (next) next = std::max(*next, now + std::chrono::milliseconds(50));
  if (!queue.expiries.empty()) {
    const sdk::Instant expiry = queue.expiries.begin()->first;
    next = next ? std::min(*next, expiry) : expiry;
  }
  return next;
}

std::size_t Matchmaker::waiting() const {
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < kShards; ++i) {
    const MutexLock lock(shards_[i].mutex);
    for (const auto& [ns, queue] : shards_[i].queues) waiting += queue.tickets.size();
  }
  return waiting;
}

}  // namespace peer
