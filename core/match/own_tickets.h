#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/match/matching.h"

namespace peer {

/// A ticket of a peer of this node, in a cluster.
struct OwnTicket {
  std::string ns;
  TicketOwner owner;
  MatchRequest request;
  sdk::Instant enqueued;
  std::optional<sdk::Instant> expires{};
  MatchTask::Done answer{};  ///< to its request; none: its peer has been told that it waits
  TimerId answer_due{};      ///< when that is told in any case; of its peer's loop
  TimerId expiry_due{};      ///< when `expires` is looked at; of its peer's loop
  std::string text{};        ///< the request as it came, to be shared again
  bool may_be_set_aside = false;
  bool set_aside = false;          ///< its peer is away: nobody but this node knows of it
  bool is_withdrawn = false;       ///< nor has it been claimed before they forgot it
  std::uint64_t registration = 0;  ///< of its peer
  /// The peer's earlier ticket, which comes back if this one is refused: until that is known.
  std::unique_ptr<OwnTicket> earlier{};
  sdk::TicketId earlier_id = 0;
};

/// The tickets of this node's peers in a cluster. Whatever ends a ticket (a match, a cancellation,
/// its time, its peer's going) takes it from here first, and only who got it tells: so it ends
/// once, however many say so. Thread-safe.
class OwnTickets {
 public:
  /// What place() has come to.
  struct Placed {
    sdk::TicketId id = 0;
    /// The new ticket, where the request is that of the one which waits already.
    std::optional<OwnTicket> kept{};
    std::optional<sdk::TicketId> replaced;
    TimerId replaced_due{};  ///< the expiry_due of that one, which is kept with the new one
  };

  /// What is shared anew of a ticket.
  struct Returning {
    sdk::TicketId id = 0;
    sdk::Instant enqueued;
    std::string text;
    MatchRequest request;
    bool is_over = false;  ///< its time is: it is not shared, and take() ends it
  };

  /// Enters a ticket, or keeps the peer's equal one and lets its time start anew. `new_id` names it
  /// if it is new.
  Placed place(sdk::TicketId new_id, OwnTicket ticket) PEER_EXCLUDES(mutex_);
  /// Its peer has asked for the same again: takes `answer`, which is due at `answer_due`. Nullopt:
  /// the ticket has ended, or has an answer to give already; then `answer` stays the caller's. On
  /// its peer's loop.
  [[nodiscard]] std::optional<Returning> await(sdk::TicketId id, MatchTask::Done& answer,
                                               TimerId answer_due) PEER_EXCLUDES(mutex_);
  /// Its peer is to be told that it waits, by the caller, who gets the ticket's answer but not its
  /// request; nullopt: it has been, or the ticket has ended, or is another node's. On its peer's
  /// loop.
  std::optional<OwnTicket> take_answer(sdk::TicketId id) PEER_EXCLUDES(mutex_);
  /// Notes a ticket's expiry_due. Returns the timer that the caller has to cancel: the earlier one,
  /// or `due` itself when the ticket has ended. On its peer's loop.
  [[nodiscard]] TimerId set_expiry_due(sdk::TicketId id, TimerId due) PEER_EXCLUDES(mutex_);
  /// The peer's ticket is in no match of this node's own from now on; nullopt: it has none, or that
  /// was so already.
  std::optional<sdk::TicketId> set_aside(std::string_view ns, const Fingerprint& peer)
      PEER_EXCLUDES(mutex_);
  /// The end of that; nullopt: no ticket of the peer was set aside.
  std::optional<Returning> take_back(std::string_view ns, const Fingerprint& peer, sdk::Instant now)
      PEER_EXCLUDES(mutex_);
  /// A ticket that is set aside is in no match of other nodes, either.
  void note_withdrawn(sdk::TicketId id) PEER_EXCLUDES(mutex_);
  /// Whether that is so.
  [[nodiscard]] bool is_withdrawn(sdk::TicketId id) const PEER_EXCLUDES(mutex_);
  /// Ends a ticket; nullopt: it has ended already, or is another node's.
  std::optional<OwnTicket> take(sdk::TicketId id) PEER_EXCLUDES(mutex_);
  /// Ends them all, or none, when one is not there, or is set aside.
  std::vector<OwnTicket> take_all(const std::vector<sdk::TicketId>& ids) PEER_EXCLUDES(mutex_);
  [[nodiscard]] bool has(sdk::TicketId id) const PEER_EXCLUDES(mutex_);
  /// The same, and it is not set aside.
  [[nodiscard]] bool may_match(sdk::TicketId id) const PEER_EXCLUDES(mutex_);
  /// Where its peer is; nullopt: it has ended, or is another node's.
  [[nodiscard]] std::optional<SessionRef> where(sdk::TicketId id) const PEER_EXCLUDES(mutex_);
  /// The peer's ticket in a namespace.
  [[nodiscard]] std::optional<sdk::TicketId> find(std::string_view ns,
                                                  const Fingerprint& peer) const
      PEER_EXCLUDES(mutex_);
  /// Tickets waiting now.
  [[nodiscard]] std::size_t size() const PEER_EXCLUDES(mutex_);
  /// See Matching.
  [[nodiscard]] std::vector<QueueFacts> page_of_queues(std::string_view after,
                                                       std::size_t limit) const
      PEER_EXCLUDES(mutex_);
  /// When its time is over; nullopt: never, or it has ended.
  [[nodiscard]] std::optional<sdk::Instant> expiry(sdk::TicketId id) const PEER_EXCLUDES(mutex_);

 private:
  using Key = std::pair<std::string, Fingerprint>;

  /// There must be such a ticket.
  OwnTicket erase(sdk::TicketId id) PEER_REQUIRES(mutex_);
  /// As may_match().
  [[nodiscard]] bool is_there(sdk::TicketId id) const PEER_REQUIRES(mutex_);
  /// Null: the peer has none there.
  OwnTicket* of_peer(std::string_view ns, const Fingerprint& peer) PEER_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::unordered_map<sdk::TicketId, OwnTicket> by_id_ PEER_GUARDED_BY(mutex_);
  std::map<Key, sdk::TicketId> by_peer_ PEER_GUARDED_BY(mutex_);
};

}  // namespace peer
