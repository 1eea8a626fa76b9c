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
#include "core/hub/namespace_directory.h"
#include "core/match/match_waits.h"
#include "core/net/connection.h"
#include "core/plugin/plugin_calls.h"
#include "core/protocol/requests.h"

namespace peer {

/// A peer that asks for a match.
struct TicketOwner {
  Fingerprint peer;
  ConnectionRef where;
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
  };
  Status status = Status::kWaiting;
  sdk::TicketId ticket = 0;
  std::string refusal;
  std::optional<sdk::Instant> wake_at;  ///< call tick() then
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
  Matchmaker(sdk::MatchStrategy& strategy, PluginCalls& calls, NamespaceDirectory& namespaces,
             NamespaceDirectory::Post post);
  ~Matchmaker();

  /// Adds a ticket, or keeps an equal one of the same peer in its place (its time starts anew), or
  /// replaces a different one at the back; then matches.
  MatchOutcome request(const TicketOwner& owner, const MatchRequest& request, sdk::Instant now);
  /// Ends the peer's ticket in a namespace; nullopt: it has none.
  std::optional<sdk::TicketId> cancel(std::string_view ns, const Fingerprint& peer,
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

 private:
  struct Ticket {
    TicketOwner owner;
    MatchRequest request;
    sdk::Instant enqueued;
    std::optional<sdk::Instant> expires;
  };
  struct Queue {
    std::unique_ptr<sdk::MatchQueue> strategy;
    std::map<sdk::TicketId, Ticket> tickets;
    std::unordered_map<Fingerprint, sdk::TicketId> by_peer;
    std::multimap<sdk::Instant, sdk::TicketId> expiries;
    std::optional<sdk::Instant> wake_at;  ///< tick() has something to do then
  };
  using Queues = std::map<std::string, Queue, std::less<>>;
  struct Shard {
    mutable Mutex mutex;
    Queues queues PEER_GUARDED_BY(mutex);
    /// The queues with a wake_at, by that.
    std::set<std::pair<sdk::Instant, std::string>> due PEER_GUARDED_BY(mutex);
  };

  [[nodiscard]] Shard& shard_of(std::string_view ns) const;
  bool enqueue(Queue& queue, sdk::TicketId id);
  void take(Queue& queue, sdk::TicketId id);
  void withdraw(Queue& queue, sdk::TicketId id);
  bool form_groups(const std::string& ns, Queue& queue, sdk::Instant now,
                   const Fingerprint* requester);
  [[nodiscard]] bool is_sound(const Queue& queue, const sdk::MatchGroup& group) const;
  void announce(const std::string& ns, Queue& queue, const sdk::MatchGroup& group, sdk::Instant now,
                const Fingerprint* requester);
  void expire(const std::string& ns, Queue& queue, sdk::Instant now);
  void set_expiry(Queue& queue, sdk::TicketId id, std::chrono::milliseconds timeout,
                  sdk::Instant now);
  void drop_expiry(Queue& queue, sdk::TicketId id);
  /// After every change: drops an empty queue, or notes when it is to be looked at next.
  std::optional<sdk::Instant> settle(Shard& shard, Queues::iterator at, sdk::Instant now)
      PEER_REQUIRES(shard.mutex);
  std::optional<sdk::Instant> next_wake(Queue& queue, sdk::Instant now);

  sdk::MatchStrategy& strategy_;
  PluginCalls& calls_;
  NamespaceDirectory& namespaces_;
  const NamespaceDirectory::Post post_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<sdk::TicketId> last_id_{0};
  std::atomic<std::size_t> max_message_size_{60 * 1024};
  MatchWaits waits_;
};

}  // namespace peer
