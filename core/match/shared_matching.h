#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/broker.h>
#include <peer/sdk/plugin.h>

#include "core/match/match_messages.h"
#include "core/match/matching.h"
#include "core/match/own_tickets.h"
#include "core/match/shared_queues.h"
#include "core/net/loops.h"
#include "core/plugin/by_namespace.h"

namespace peer {

/// Matching with other nodes (ARCHITECTURE.md, "Rooms and matching"). A ticket is kept by the node
/// of its peer (OwnTickets) and by what the nodes share; one node, of which the broker decides,
/// runs the strategy over all tickets of a namespace (SharedQueues, on the loop that home_of()
/// names) and claims the groups.
///
/// The answer to a request comes when the node that makes the matches has looked at the ticket, or
/// when it has not said so within kAnswerDeadline: then it waits.
class SharedMatching final : public Matching {
 public:
  /// What it stands on; all of it outlives the loops' last round.
  struct Parts {
    const ByNamespace<sdk::MatchStrategy>& strategies;
    sdk::Broker& broker;
    PluginCalls& broker_calls;
    NamespaceDirectory& namespaces;
    const Loops& loops;
    std::uint32_t broker_revision = PEER_SDK_REVISION;  ///< of the SDK that it was built with
  };
  /// `loops`: how many there are.
  SharedMatching(Parts parts, std::size_t loops) : parts_(parts) {
    for (std::size_t i = 0; i < loops; ++i) {
      queues_.emplace_back(parts.strategies);
    }
  }

  void use_events(Events& events) override { events_ = &events; }
  MatchOutcome::Status request(MatchTask&& task) override;
  void cancel(EventLoop& loop, std::string_view ns, const Fingerprint& peer,
              Cancelled then) override;
  void drop(EventLoop& loop, std::string_view ns, const Fingerprint& peer) override;
  void set_aside(EventLoop& loop, std::string_view ns, const Fingerprint& peer) override;
  void take_back(EventLoop& loop, std::string_view ns, const sdk::Registered& peer) override;
  std::optional<MovingTicket> take_out(EventLoop& loop, std::string_view ns,
                                       const Fingerprint& peer) override;
  void put_in(EventLoop& loop, const std::string& ns, const TicketOwner& owner, MovingTicket ticket,
              MatchRequest request) override;
  void add(EventLoop& loop, const std::string& ns, const sdk::SharedTicket& ticket,
           MatchRequest request) override;
  void remove(EventLoop& loop, const std::string& ns, sdk::TicketId ticket) override;
  void forget(EventLoop& loop, const std::string& ns) override;
  void told_waiting(sdk::TicketId id, std::string_view word) override;
  void told_matched(const sdk::MatchNews& match, std::string_view teams, sdk::Instant now) override;
  void set_max_message_size(std::size_t bytes) override { max_message_size_ = bytes; }
  [[nodiscard]] std::size_t waiting() const override { return own_tickets_.size(); }
  [[nodiscard]] std::vector<QueueFacts> page_of_queues(std::string_view after,
                                                       std::size_t limit) const override {
    return own_tickets_.page_of_queues(after, limit);
  }
  [[nodiscard]] const MatchWaits& waits() const override { return waits_; }

 private:
  using TicketIds = std::vector<sdk::TicketId>;

  [[nodiscard]] EventLoop& loop_of(const TicketOwner& owner) {
    return *parts_.loops[owner.where.loop];
  }
  [[nodiscard]] SharedQueues& queues_of(const EventLoop& loop) { return queues_[loop.index()]; }

  // Of a peer's ticket, on its loop.
  /// A request that equals that of the ticket which waits: answers it, now or when the node that
  /// makes the matches has said again that it does.
  void repeat(EventLoop& loop, sdk::TicketId id, OwnTicket asked, const sdk::Registered& peer);
  [[nodiscard]] TimerId schedule_answer(EventLoop& loop, sdk::TicketId id);
  /// Answers the request with "waiting", if it is unanswered.
  void answer_waiting(EventLoop& loop, sdk::TicketId id,
                      const std::optional<sdk::MatchForecast>& forecast = {});
  /// Where the matches are made the ticket was not taken: ends it, and says why.
  void refuse(EventLoop& loop, sdk::TicketId id, const std::string& words);
  /// Has a ticket wait again whose successor was refused.
  void restore(EventLoop& loop, OwnTicket earlier, sdk::TicketId id);
  /// Gives the ticket to the broker, or, where that does not share it, to this node's own queue.
  void share(const std::string& ns, const sdk::SharedTicket& ticket, MatchRequest request,
             std::optional<sdk::TicketId> replaces);
  /// Has the ticket end at `expires`, unless it is given more time until then. Nullopt: no limit.
  void schedule_expiry(EventLoop& loop, SessionRef peer, const std::string& ns, sdk::TicketId id,
                       std::optional<sdk::Instant> expires);
  template <typename Then>
  void end_ticket(EventLoop& loop, const std::string& ns, sdk::TicketId id, Then then);

  // Any thread.
  /// Has the broker forget a ticket whose end needs no answer.
  void remove_silently(std::string_view ns, sdk::TicketId id);
  /// Posts `matched` to the loop of the ticket's peer, and ends the wait of its request.
  void post_matched(OwnTicket& ticket, FrameRef frame);
  void tell_tickets(std::string_view ns, const Matched& matched, std::vector<OwnTicket>& tickets,
                    sdk::Instant now);

  // Where the matches are made, on home_of(ns).
  /// Claims each group that the strategy forms, and schedules the next look.
  void make_matches(EventLoop& loop, const std::string& ns);
  void claim(EventLoop& loop, const std::string& ns, SharedQueues::Proposal proposal);
  /// A claim has come to its end. A group that was not all there is broken up, and groups are
  /// formed again.
  void conclude(EventLoop& loop, const std::string& ns, const std::string& session,
                const SharedQueues::Proposal& proposal, const sdk::ClaimOutcome& outcome);
  /// The broker cannot know: matches a group of this node's own tickets only. Returns those that
  /// are not there; empty: the group is matched.
  TicketIds claim_here(const std::string& ns, const std::string& session,
                       const SharedQueues::Proposal& proposal, sdk::Instant now);
  void tell_waiting(EventLoop& loop, const std::string& ns, const TicketIds& tickets);
  /// Says of a ticket, whosever it is, that it waits, or what else (write_word()).
  void tell(const std::string& ns, sdk::TicketId id, const std::string& word);

  const Parts parts_;
  OwnTickets own_tickets_;
  std::vector<SharedQueues> queues_;  // by loop, each of its thread
  std::atomic<std::size_t> max_message_size_{60 * 1024};
  MatchWaits waits_;
  Events* events_ = nullptr;  // null: nobody is told
};

}  // namespace peer
