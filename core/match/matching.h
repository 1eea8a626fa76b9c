#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "core/base/unique_task.h"
#include "core/match/match_waits.h"
#include "core/match/matchmaker.h"
#include "core/match/queue_facts.h"
#include "core/net/event_loop.h"
#include "core/protocol/events.h"
#include "core/protocol/requests.h"

namespace peer {

/// A `match` of a peer of this node.
struct MatchTask {
  /// Hears once what has become of it, on the peer's loop; of kMatched it is only told that the
  /// wait is over, for the peer has heard of that. It may be dropped unheard when the peer has
  /// gone.
  using Done = UniqueTask<void(const TicketOwner& owner, const MatchOutcome& outcome)>;

  EventLoop& loop;  ///< of the peer
  sdk::Registered peer;
  TicketOwner owner;
  const Namespace& ns;       ///< of which the peer is a member
  MatchRequest&& request;    ///< is taken
  std::string_view payload;  ///< the request as it came; a view of the message
  Done done;
  /// The peer's session may be resumed: while it is away, the ticket is set aside and does not end.
  bool may_be_set_aside = false;
};

/// A ticket that is set aside, on its way to the node that its peer goes on at.
struct MovingTicket {
  sdk::TicketId id = 0;
  sdk::Instant enqueued{};
  std::optional<sdk::Instant> expires{};
  bool shows_ticket = false;  ///< TicketOwner
  std::string text;           ///< the request
};

/// Where the requests of this node's peers for a match go: to its own matchmaker (OwnMatching), or
/// to the node that makes the matches of a namespace for all of them (SharedMatching).
///
/// Thread-safe; what concerns a peer is called on that peer's loop.
class Matching {
 public:
  /// The ticket that has ended; nullopt: there was none.
  using Cancelled = UniqueTask<void(std::optional<sdk::TicketId> ticket), 6>;

  virtual ~Matching() = default;
  /// Has matches that are made here told there, too. Before the loops run.
  virtual void use_events(Events& events) = 0;
  /// Asks for a match. The result is for the caller's books; the peer is answered by `task.done`.
  /// It is kWaiting, too, when the answer comes later.
  virtual MatchOutcome::Status request(MatchTask&& task) = 0;
  /// Ends the peer's ticket because the peer wishes so. `then` is called at once, or later on
  /// `loop`.
  virtual void cancel(EventLoop& loop, std::string_view ns, const Fingerprint& peer,
                      Cancelled then) = 0;
  /// Ends the peer's ticket because the peer leaves the namespace. When this returns, no match is
  /// told to the peer any more.
  virtual void drop(EventLoop& loop, std::string_view ns, const Fingerprint& peer) = 0;

  /// The peer is away: its ticket is in no match until take_back(). Its time runs on.
  virtual void set_aside(EventLoop& loop, std::string_view ns, const Fingerprint& peer) = 0;
  /// The peer is back, and so is its ticket, as old as it is.
  virtual void take_back(EventLoop& loop, std::string_view ns, const sdk::Registered& peer) = 0;

  // Where there are other nodes.

  /// The peer goes to another node, and its ticket, which is set aside, with it; nullopt: it has
  /// none.
  virtual std::optional<MovingTicket> take_out(EventLoop&, std::string_view /*ns*/,
                                               const Fingerprint&) {
    return std::nullopt;
  }
  /// The peer comes from another node, with a ticket that is set aside.
  virtual void put_in(EventLoop&, const std::string& /*ns*/, const TicketOwner&, MovingTicket,
                      MatchRequest) {}

  // What other nodes say; nothing happens where there are none.

  /// This node makes the matches of the namespace, and here is a ticket of it. On home_of(ns).
  virtual void add(EventLoop&, const std::string& /*ns*/, const sdk::SharedTicket&, MatchRequest) {}
  /// One of these has ended. On home_of(ns).
  virtual void remove(EventLoop&, const std::string& /*ns*/, sdk::TicketId) {}
  /// Another node makes the matches of the namespace from now on. On home_of(ns).
  virtual void forget(EventLoop&, const std::string& /*ns*/) {}
  /// A ticket of a peer of this node has been looked at, and waits, or what else the word says
  /// (write_word(); empty: nothing). Any thread.
  virtual void told_waiting(sdk::TicketId, std::string_view /*word*/) {}
  /// Tells those of the matched who are this node's. `teams`: teams_json(), or empty. Any thread.
  virtual void told_matched(const sdk::MatchNews&, std::string_view /*teams*/,
                            sdk::Instant /*now*/) {}

  /// Of `matched` messages, in bytes, from now on; 60 KiB at first. Any thread.
  virtual void set_max_message_size(std::size_t bytes) = 0;
  /// Tickets of this node's peers that wait now. Any thread.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
  /// Of these: at most `limit` namespaces with names behind `after`, in the order of their bytes.
  /// Any thread; locks are held for a short walk at a time.
  [[nodiscard]] virtual std::vector<QueueFacts> page_of_queues(std::string_view after,
                                                               std::size_t limit) const = 0;
  /// How long matched tickets have waited. Any thread.
  [[nodiscard]] virtual const MatchWaits& waits() const = 0;
};

}  // namespace peer
