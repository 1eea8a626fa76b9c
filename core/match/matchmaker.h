#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/base/spare_nodes.h"
#include "core/hub/namespace_directory.h"
#include "core/match/match_waits.h"
#include "core/match/queue_facts.h"
#include "core/match/strategy_queue.h"
#include "core/net/session_ref.h"
#include "core/plugin/by_namespace.h"
#include "core/protocol/events.h"
#include "core/protocol/requests.h"

namespace peer {

/// A peer that asks for a match.
struct TicketOwner {
  Fingerprint peer;
  SessionRef where;
  std::string request_id;  ///< raw JSON; empty: none
  /// The peer asked for a ticket (docs/protocol.md, "C.2 Tickets"): it learns which, and when that
  /// expires.
  bool shows_ticket = false;
};

/// What became of a `match` request.
struct MatchOutcome {
  enum class Status : std::uint8_t {
    kWaiting,
    kMatched,  ///< `matched` has been posted to the whole group, the requester included
    kRefused,  ///< by the strategy: 400 with `refusal`
    kFailed,   ///< the strategy threw: 500
    kLeft,     ///< the peer left the namespace before it was answered: 403
  };
  Status status = Status::kWaiting;
  sdk::TicketId ticket = 0;
  std::string refusal{};
  std::optional<sdk::Instant> wake_at{};         ///< call tick() then
  std::optional<sdk::MatchForecast> forecast{};  ///< of who waits, for requests with an id
};

/// The waiting tickets of all namespaces, and the matches made of them by the strategy plugin
/// (docs/protocol.md, "match", "C.2 Tickets").
///
/// A ticket ends in exactly one of matched, cancelled, expired, replaced, or its peer gone: each
/// of them takes it out under the lock of its namespace's shard, and says so before it unlocks.
/// Only members of a namespace have tickets in it: callers end the ticket before the membership.
///
/// Thread-safe. Lock order: match shard, then namespace shard, then mailbox. The strategy is
/// called with the shard locked (its queues take one call at a time).
class Matchmaker {
 public:
  /// `strategies` says which of them matches in a namespace.
  Matchmaker(ByNamespace<sdk::MatchStrategy> strategies, NamespaceDirectory& namespaces,
             NamespaceDirectory::Post post);
  ~Matchmaker();

  /// Has matches told there, too. Before the first request.
  void use_events(Events& events) { events_ = &events; }
  /// Adds a ticket, or keeps an equal one of the same peer in its place (its time starts anew), or
  /// replaces a different one at the back; then matches. `ns`: of which the peer is a member;
  /// `request.ns` is not looked at.
  MatchOutcome request(const TicketOwner& owner, const Namespace& ns, MatchRequest&& request,
                       sdk::Instant now);
  /// Ends the peer's ticket in a namespace; nullopt: it has none.
  std::optional<sdk::TicketId> cancel(std::string_view ns, const Fingerprint& peer,
                                      sdk::Instant now);
  /// The peer is away: its ticket keeps its place and its time, but is in no match until
  /// take_back(), which matches again and returns when to call tick(). Nothing happens without one.
  void set_aside(std::string_view ns, const Fingerprint& peer, sdk::Instant now);
  std::optional<sdk::Instant> take_back(std::string_view ns, const Fingerprint& peer,
                                        sdk::Instant now);
  /// In all namespaces where it is time: expires what is due and matches again. Returns when to
  /// call again.
  std::optional<sdk::Instant> tick(sdk::Instant now);
  /// Of `matched` messages, from now on; 60 KiB at first.
  void set_max_message_size(std::size_t bytes) { max_message_size_ = bytes; }
  /// How long matched tickets have waited.
  [[nodiscard]] const MatchWaits& waits() const { return waits_; }
  /// Tickets waiting now.
  [[nodiscard]] std::size_t waiting() const;
  /// See Matching.
  [[nodiscard]] std::vector<QueueFacts> page_of_queues(std::string_view after,
                                                       std::size_t limit) const;

 private:
  struct Ticket : QueuedTicket {
    const Namespace* ns = nullptr;  ///< lives as long as the ticket: its peer is a member
    SessionRef where;
    std::string request_id;  ///< raw JSON; empty: none
    std::optional<sdk::Instant> expires;
  };
  /// The tickets of one namespace. It exists as long as it has some, and mostly for a while longer:
  /// see Shard::idle. `by_peer` names the same tickets as `waiting`, and `expiries` those of them
  /// that have a limit.
  struct Queue {
    using ByPeer = std::unordered_map<Fingerprint, sdk::TicketId>;

    Queue(const Served<sdk::MatchStrategy>& by, std::string_view ns) : waiting(by, ns) {}

    StrategyQueue<Ticket> waiting;
    ByPeer by_peer;
    SpareNodes<ByPeer> spare;
    std::multimap<sdk::Instant, sdk::TicketId> expiries;
    std::optional<sdk::Instant> wake_at;  ///< tick() has something to do then
    std::optional<std::size_t> idle;      ///< its place in Shard::idle
    bool was_large = false;               ///< it had so many tickets that it is not kept
    std::vector<Fingerprint> matched;     ///< of the group at hand; kept for its memory
  };
  /// By namespace.
  using Queues = std::map<std::string, Queue, std::less<>>;
  struct Shard {
    mutable Mutex mutex;
    Queues queues PEER_GUARDED_BY(mutex);
    /// Queues without tickets, which are kept for those that come next: two players alone in their
    /// namespace empty theirs with each match, and to make one costs 1,500 instructions. A few, of
    /// which none had many tickets, whose memory the strategy might keep, nor a strategy that
    /// failed.
    std::vector<Queues::iterator> idle PEER_GUARDED_BY(mutex);
    /// The one of them that makes way for the next.
    std::size_t oldest_idle PEER_GUARDED_BY(mutex) = 0;
    /// The queues with a wake_at, by that.
    std::set<std::pair<sdk::Instant, std::string>> due PEER_GUARDED_BY(mutex);
  };

  /// A ticket, and the queue that it waits in.
  struct Waiting {
    Queues::iterator queue;
    sdk::TicketId ticket;
  };

  /// `hash`: hash_of_name() of the namespace.
  [[nodiscard]] Shard& shard_of(std::uint32_t hash) const;
  [[nodiscard]] Shard& shard_of(std::string_view ns) const { return shard_of(hash_of_name(ns)); }
  /// The ticket of a peer in a namespace.
  [[nodiscard]] static std::optional<Waiting> find_waiting(Shard& shard, std::string_view ns,
                                                           const Fingerprint& peer)
      PEER_REQUIRES(shard.mutex);
  /// Ends a ticket that the strategy has given up already, in a group.
  static void take(Queue& queue, StrategyQueue<Ticket>::Place place);
  /// Ends a ticket, and has the strategy forget it.
  static void withdraw(Queue& queue, sdk::TicketId id);
  /// What both do to all but `queue.waiting`.
  static void forget(Queue& queue, sdk::TicketId id, Ticket& ticket);
  /// Asks the strategy for groups, and tells each of its match.
  void form_groups(Queue& queue, sdk::Instant now);
  /// Ends the tickets of a group, and posts `matched` to their peers. `asking`: the ticket of the
  /// request at hand, 0 for none. Returns whether it is among them.
  bool announce(Queue& queue, const StrategyQueue<Ticket>::Group& group, const Teams& teams,
                sdk::Instant now, sdk::TicketId asking);
  /// Ends what is due, and posts `match_expired`.
  void expire(const std::string& ns, Queue& queue, sdk::Instant now);
  /// The ticket's time starts now. `timeout`: 0 for no limit.
  static void set_expiry(Queue& queue, sdk::TicketId id, Ticket& ticket,
                         std::chrono::milliseconds timeout, sdk::Instant now);
  static void drop_expiry(Queue& queue, sdk::TicketId id, Ticket& ticket);
  /// The queue of a namespace, made if there is none.
  [[nodiscard]] Queues::iterator queue_of(Shard& shard, const Served<sdk::MatchStrategy>& by,
                                          std::string_view ns) PEER_REQUIRES(shard.mutex);
  /// Keeps a queue without tickets, or drops it.
  static void set_idle(Shard& shard, Queues::iterator at) PEER_REQUIRES(shard.mutex);
  /// After every change: deals with an empty queue, or notes when it is to be looked at next.
  std::optional<sdk::Instant> settle(Shard& shard, Queues::iterator at, sdk::Instant now)
      PEER_REQUIRES(shard.mutex);
  /// The next expiry, or when the strategy wants to be asked again; the earlier one.
  std::optional<sdk::Instant> next_wake(Queue& queue, sdk::Instant now);

  const ByNamespace<sdk::MatchStrategy> strategies_;
  NamespaceDirectory& namespaces_;
  const NamespaceDirectory::Post post_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<sdk::TicketId> last_id_{0};
  std::atomic<std::size_t> max_message_size_{60 * 1024};
  MatchWaits waits_;
  Events* events_ = nullptr;  // null: nobody is told
};

}  // namespace peer
