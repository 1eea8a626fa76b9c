#include "core/match/matchmaker.h"

#include <algorithm>
#include <utility>

#include "core/base/first_few.h"
#include "core/base/log.h"
#include "core/match/match_messages.h"
#include "core/match/match_rules.h"

// Matches on a node of its own. In: requests, cancellations and ticks, from any loop. Out: an
// outcome for the caller, and `matched` and `match_expired` for the peers' loops, posted while the
// shard of the namespace is locked. A queue that has lost its last ticket is kept for a while
// (set_idle).
namespace peer {
namespace {

// Namespaces in different shards are matched at the same time, each on the loop of the peer that
// asks.
constexpr std::size_t kShards = 64;
// Queues without tickets that a shard keeps: a thousand of all namespaces, about 1 KB each.
constexpr std::size_t kKeptIdle = 16;
// A queue that has had more tickets at a time is not kept.
constexpr std::size_t kMostInKept = 64;

void turn_down(MatchOutcome& outcome, const MatchJudgement& judgement) {
  outcome.status =
      judgement.failed ? MatchOutcome::Status::kFailed : MatchOutcome::Status::kRefused;
  outcome.refusal = judgement.refusal.value_or("");
}

}  // namespace

Matchmaker::Matchmaker(ByNamespace<sdk::MatchStrategy> strategies, NamespaceDirectory& namespaces,
                       NamespaceDirectory::Post post)
    : strategies_(std::move(strategies)),
      namespaces_(namespaces),
      post_(std::move(post)),
      shards_(std::make_unique<Shard[]>(kShards)) {}

Matchmaker::~Matchmaker() = default;

Matchmaker::Shard& Matchmaker::shard_of(std::uint32_t hash) const {
  return shards_[hash % kShards];
}

Matchmaker::Queues::iterator Matchmaker::queue_of(Shard& shard,
                                                  const Served<sdk::MatchStrategy>& by,
                                                  std::string_view ns) {
  // find() would ask for the order once more.
  const auto at = shard.queues.lower_bound(ns);
  if (at == shard.queues.end() || at->first != ns) {
    return shard.queues.try_emplace(at, std::string(ns), by, ns);
  }
  if (std::optional<std::size_t>& place = at->second.idle) {
    // The last one goes where this one was.
    shard.idle[*place] = shard.idle.back();
    shard.idle[*place]->second.idle = *place;
    shard.idle.pop_back();
    place.reset();
  }
  return at;
}

void Matchmaker::set_idle(Shard& shard, Queues::iterator at) {
  Queue& queue = at->second;
  if (queue.idle) return;
  if (queue.was_large || queue.waiting.has_failed()) {
    shard.queues.erase(at);
    return;
  }
  if (shard.idle.size() < kKeptIdle) {
    queue.idle = shard.idle.size();
    shard.idle.push_back(at);
    return;
  }
  queue.idle = shard.oldest_idle;
  shard.oldest_idle = (shard.oldest_idle + 1) % kKeptIdle;
  shard.queues.erase(std::exchange(shard.idle[*queue.idle], at));
}

MatchOutcome Matchmaker::request(const TicketOwner& owner, const Namespace& ns,
                                 MatchRequest&& request, sdk::Instant now) {
  MatchOutcome outcome;  // returned wherever the function ends, so that it is not moved
  const Served<sdk::MatchStrategy>& by = strategies_.of(ns.name);
  // The strategy judges a request without the lock: check() is const and touches no queue.
  const MatchJudgement judgement = judge(by, request);
  if (!judgement.is_good()) {
    turn_down(outcome, judgement);
    return outcome;
  }

  Shard& shard = shard_of(ns.hash);
  const MutexLock lock(shard.mutex);
  const auto at = queue_of(shard, by, ns.name);
  Queue& queue = at->second;
  if (!queue.waiting) {
    shard.queues.erase(at);
    outcome.status = MatchOutcome::Status::kFailed;
    return outcome;
  }

  const auto waiting = queue.by_peer.find(owner.peer);
  if (waiting != queue.by_peer.end()) {
    Ticket& ticket = queue.waiting.at(waiting->second);
    // The ticket keeps its id and its place. The strategy has it already, so no group is formed
    // here.
    if (same_request(ticket.request, request)) {
      ticket.request.ns = ns.name;
      ticket.ns = &ns;
      ticket.where = owner.where;
      ticket.request_id = owner.request_id;
      set_expiry(queue, waiting->second, ticket, request.timeout.value_or(milliseconds(0)), now);
      outcome.ticket = waiting->second;
      if (!owner.request_id.empty()) outcome.forecast = queue.waiting.forecast(waiting->second);
      outcome.wake_at = settle(shard, at, now);
      return outcome;
    }
  }
  const sdk::TicketId id = last_id_.fetch_add(1, std::memory_order_relaxed) + 1;
  const sdk::TicketId replaces = waiting == queue.by_peer.end() ? 0 : waiting->second;
  if (by.said.traits.judges) {
    const MatchJudgement of_ticket =
        queue.waiting.judge_ticket({id, owner.peer, now, view_of(request)}, replaces);
    if (!of_ticket.is_good()) {
      settle(shard, at, now);
      turn_down(outcome, of_ticket);
      return outcome;
    }
  }
  if (replaces != 0) withdraw(queue, replaces);
  const auto place = queue.waiting.add(id);
  Ticket& ticket = place->second;
  ticket.peer = owner.peer;
  ticket.enqueued = now;
  ticket.request = std::move(request);
  ticket.request.ns = ns.name;  // its own is a view of the message
  ticket.ns = &ns;
  ticket.where = owner.where;
  if (!owner.request_id.empty()) ticket.request_id = owner.request_id;  // new: it has none
  queue.was_large = queue.was_large || queue.waiting.tickets().size() > kMostInKept;
  queue.spare.add_last(queue.by_peer, owner.peer)->second = id;
  set_expiry(queue, id, ticket, ticket.request.timeout.value_or(milliseconds(0)), now);
  outcome.ticket = id;
  bool is_matched = false;
  const auto tell = [&](const StrategyQueue<Ticket>::Group& group, const Teams& teams) {
    is_matched = announce(queue, group, teams, now, id) || is_matched;
  };
  if (!queue.waiting.give_and_form(place, now, tell)) {
    withdraw(queue, id);
    outcome.status = MatchOutcome::Status::kFailed;
  } else if (is_matched) {
    outcome.status = MatchOutcome::Status::kMatched;
  } else if (!owner.request_id.empty()) {
    outcome.forecast = queue.waiting.forecast(id);
  }
  outcome.wake_at = settle(shard, at, now);
  return outcome;
}

void Matchmaker::set_expiry(Queue& queue, sdk::TicketId id, Ticket& ticket, milliseconds timeout,
                            sdk::Instant now) {
  drop_expiry(queue, id, ticket);
  if (timeout.count() == 0) return;
  ticket.expires = now + timeout;
  queue.expiries.emplace(now + timeout, id);
}

void Matchmaker::drop_expiry(Queue& queue, sdk::TicketId id, Ticket& ticket) {
  if (!ticket.expires) return;
  auto [first, last] = queue.expiries.equal_range(*ticket.expires);
  // Several tickets may expire at the same instant, so the id decides.
  queue.expiries.erase(
      std::find_if(first, last, [&](const auto& expiry) { return expiry.second == id; }));
  ticket.expires.reset();
}

std::optional<sdk::Instant> Matchmaker::settle(Shard& shard, Queues::iterator at,
                                               sdk::Instant now) {
  Queue& queue = at->second;
  // `due` mirrors every wake_at: a queue is taken out under its old time before it gets a new one,
  // or before it is dropped.
  if (queue.wake_at) shard.due.erase({*queue.wake_at, at->first});
  if (queue.waiting.tickets().empty()) {
    queue.wake_at.reset();
    set_idle(shard, at);
    return std::nullopt;
  }
  queue.wake_at = next_wake(queue, now);
  if (queue.wake_at) shard.due.emplace(*queue.wake_at, at->first);
  return queue.wake_at;
}

void Matchmaker::forget(Queue& queue, sdk::TicketId id, Ticket& ticket) {
  drop_expiry(queue, id, ticket);
  queue.spare.erase_key(queue.by_peer, ticket.peer);
}

void Matchmaker::take(Queue& queue, StrategyQueue<Ticket>::Place place) {
  forget(queue, place->first, place->second);
  queue.waiting.take(place);
}

void Matchmaker::withdraw(Queue& queue, sdk::TicketId id) {
  forget(queue, id, queue.waiting.at(id));
  queue.waiting.withdraw(id);
}

void Matchmaker::form_groups(Queue& queue, sdk::Instant now) {
  queue.waiting.form_groups(
      now, [&](const auto& group, const Teams& teams) { announce(queue, group, teams, now, 0); });
}

bool Matchmaker::announce(Queue& queue, const StrategyQueue<Ticket>::Group& group,
                          const Teams& teams, sdk::Instant now, sdk::TicketId asking) {
  // It is there until the shard is unlocked, also when the ticket is gone: who leaves a namespace
  // locks the shard first (cancel()), with a ticket or without.
  const Namespace& ns = *group.front()->second.ns;
  const auto peer_of = [&](sdk::TicketId id) { return queue.waiting.at(id).peer; };
  std::vector<Fingerprint>& peers = queue.matched;
  peers.clear();
  for (const auto place : group) peers.push_back(place->second.peer);
  // Takes the lock of the namespace's shard within that of the match shard, which is the lock
  // order.
  const SessionId session = new_session_id();
  const Matched matched = matched_of(namespaces_, ns, digits_of(session), peers, max_message_size_,
                                     teams_json(teams, peer_of), now);
  tell_match(events_, ns.name, digits_of(session), peers, now);
  bool is_among = false;
  for (const auto place : group) {
    const Ticket& ticket = place->second;
    waits_.observe(now - ticket.enqueued);
    const bool asks = place->first == asking;
    is_among = is_among || asks;
    // Only the peer whose request is at hand gets its request id back: the others have been
    // answered with "waiting" before.
    FrameRef frame = asks && !ticket.request_id.empty()
                         ? matched_frame(ns.name, matched.payload, ticket.request_id, now)
                         : matched.frame;
    const SessionRef where = ticket.where;
    // The ticket leaves its queue before its peer is told: both happen under one lock, so nobody
    // sees one without the other.
    take(queue, place);
    post_(where.loop, {std::move(frame), where, {}, nullptr});
  }
  return is_among;
}

std::optional<Matchmaker::Waiting> Matchmaker::find_waiting(Shard& shard, std::string_view ns,
                                                            const Fingerprint& peer) {
  const auto queue = shard.queues.find(ns);
  if (queue == shard.queues.end()) return std::nullopt;
  const auto ticket = queue->second.by_peer.find(peer);
  if (ticket == queue->second.by_peer.end()) return std::nullopt;
  return Waiting{queue, ticket->second};
}

std::optional<sdk::TicketId> Matchmaker::cancel(std::string_view ns, const Fingerprint& peer,
                                                sdk::Instant now) {
  Shard& shard = shard_of(ns);
  const MutexLock lock(shard.mutex);
  const std::optional<Waiting> found = find_waiting(shard, ns, peer);
  if (!found) return std::nullopt;
  withdraw(found->queue->second, found->ticket);
  settle(shard, found->queue, now);
  return found->ticket;
}

void Matchmaker::set_aside(std::string_view ns, const Fingerprint& peer, sdk::Instant now) {
  Shard& shard = shard_of(ns);
  const MutexLock lock(shard.mutex);
  const std::optional<Waiting> found = find_waiting(shard, ns, peer);
  if (!found) return;
  found->queue->second.waiting.set_aside(found->ticket);
  settle(shard, found->queue, now);
}

std::optional<sdk::Instant> Matchmaker::take_back(std::string_view ns, const Fingerprint& peer,
                                                  sdk::Instant now) {
  Shard& shard = shard_of(ns);
  const MutexLock lock(shard.mutex);
  const std::optional<Waiting> found = find_waiting(shard, ns, peer);
  if (!found) return std::nullopt;
  Queue& queue = found->queue->second;
  if (!queue.waiting.at(found->ticket).set_aside) return std::nullopt;
  if (!queue.waiting.put_back(found->ticket)) withdraw(queue, found->ticket);
  form_groups(queue, now);
  return settle(shard, found->queue, now);
}

std::optional<sdk::Instant> Matchmaker::tick(sdk::Instant now) {
  std::optional<sdk::Instant> next;
  for (std::size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    const MutexLock lock(shard.mutex);
    // It ends: what was due before `now` is gone after expire(), and a strategy is asked again 50
    // ms later at the soonest (StrategyQueue::next_change).
    while (!shard.due.empty() && shard.due.begin()->first <= now) {
      const auto at = shard.queues.find(shard.due.begin()->second);
      expire(at->first, at->second, now);
      form_groups(at->second, now);
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
    // Posted before the lock is released, like all that is said of the end of a ticket.
    const SessionRef where = queue.waiting.at(id).where;
    withdraw(queue, id);
    post_(where.loop, {match_expired_frame(ns, id), where, {}, nullptr});
  }
}

std::optional<sdk::Instant> Matchmaker::next_wake(Queue& queue, sdk::Instant now) {
  std::optional<sdk::Instant> next = queue.waiting.next_change(now);
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
    for (const auto& [ns, queue] : shards_[i].queues) waiting += queue.waiting.tickets().size();
  }
  return waiting;
}

std::vector<QueueFacts> Matchmaker::page_of_queues(std::string_view after,
                                                   std::size_t limit) const {
  FirstFew<QueueFacts, QueueFacts::ByName> found(limit, {});
  for (std::size_t i = 0; i < kShards; ++i) {
    const Shard& shard = shards_[i];
    const MutexLock lock(shard.mutex);
    for (auto at = shard.queues.upper_bound(after); at != shard.queues.end(); ++at) {
      if (!found.wants(at->first)) break;
      const auto& tickets = at->second.waiting.tickets();
      if (tickets.empty()) continue;
      // Ids rise, and a ticket keeps its own for as long as it waits: the first is the oldest.
      found.offer({at->first, tickets.size(), tickets.begin()->second.enqueued});
    }
  }
  return found.take();
}

}  // namespace peer
