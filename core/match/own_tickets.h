#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/match/matchmaker.h"
#include "core/net/operation.h"

namespace peer {

/// A ticket of a peer of this node, in a cluster.
struct OwnTicket {
  std::string ns;
  TicketOwner owner;
  MatchRequest request;
  sdk::Instant enqueued;
  std::optional<sdk::Instant> expires;
  bool answered = false;  ///< its peer has been told that it waits
  Operation operation{};  ///< of its request, until that is answered
};

/// The tickets of this node's peers in a cluster. Whatever ends a ticket (a match, a cancellation,
/// its time, its peer's going) takes it from here first, and only who got it tells: so it ends
/// once, however many say so. Thread-safe.
class OwnTickets {
 public:
  struct Placed {
    sdk::TicketId id = 0;
    /// The new ticket, where the request is that of the one which waits already.
    std::optional<OwnTicket> kept{};
    std::optional<sdk::TicketId> replaced;
  };

  /// Enters a ticket, or keeps the peer's equal one and lets its time start anew. `new_id` names it
  /// if it is new.
  Placed place(sdk::TicketId new_id, OwnTicket ticket) PEER_EXCLUDES(mutex_);
  /// Its peer is to be told that it waits, by the caller, who gets the ticket's operation but not
  /// its request; nullopt: it has been, or the ticket has ended, or is another node's.
  std::optional<OwnTicket> take_answer(sdk::TicketId id) PEER_EXCLUDES(mutex_);
  /// Ends a ticket; nullopt: it has ended already, or is another node's.
  std::optional<OwnTicket> take(sdk::TicketId id) PEER_EXCLUDES(mutex_);
  /// Ends them all, or none, when one is not there.
  std::vector<OwnTicket> take_all(const std::vector<sdk::TicketId>& ids) PEER_EXCLUDES(mutex_);
  [[nodiscard]] bool has(sdk::TicketId id) const PEER_EXCLUDES(mutex_);
  /// The peer's ticket in a namespace.
  [[nodiscard]] std::optional<sdk::TicketId> find(std::string_view ns,
                                                  const Fingerprint& peer) const
      PEER_EXCLUDES(mutex_);
  /// Tickets waiting now.
  [[nodiscard]] std::size_t size() const PEER_EXCLUDES(mutex_);
  /// When its time is over; nullopt: never, or it has ended.
  [[nodiscard]] std::optional<sdk::Instant> expiry(sdk::TicketId id) const PEER_EXCLUDES(mutex_);

 private:
  using Key = std::pair<std::string, Fingerprint>;

  OwnTicket erase(sdk::TicketId id) PEER_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::unordered_map<sdk::TicketId, OwnTicket> by_id_ PEER_GUARDED_BY(mutex_);
  std::map<Key, sdk::TicketId> by_peer_ PEER_GUARDED_BY(mutex_);
};

}  // namespace peer
