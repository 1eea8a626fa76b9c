#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/base/fingerprint.h"
#include "core/base/spare_nodes.h"
#include "core/match/match_rules.h"
#include "core/plugin/plugin_calls.h"
#include "core/protocol/requests.h"

namespace peer {

/// What a strategy is told of a ticket, and what becomes of it. Who holds a StrategyQueue derives
/// from it, and adds what else a ticket means there.
struct QueuedTicket {
  Fingerprint peer;
  sdk::Instant enqueued;
  MatchRequest request;
  bool proposed = false;   ///< it is in a group that form_groups() has returned
  bool set_aside = false;  ///< its peer is away: it is in no group until put_back()
};

/// The tickets of one namespace, and the strategy's own queue of them: the one place where a
/// strategy is driven, and believed no further than it makes sense. It is asked for groups by
/// form_groups(), which sets their tickets aside; the holder then ends each ticket (take), or has
/// it wait on (put_back).
///
/// A strategy that throws costs the ticket at hand, and nothing else.
///
/// Threading: one call at a time (a lock of the holder's, or one thread). The strategy is called
/// within the call. Ownership: what `by` refers to outlives it.
template <typename Ticket>
class StrategyQueue {
 public:
  using Tickets = std::map<sdk::TicketId, Ticket>;

  /// Asks the strategy for a queue of its own.
  StrategyQueue(const Served<sdk::MatchStrategy>& by, std::string_view ns)
      : calls_(by.calls), has_(functions_of(by)), queue_(make_queue(by, ns)) {}

  /// False: the strategy made no queue; nothing else may be called then.
  explicit operator bool() const { return queue_ != nullptr; }
  /// The strategy has thrown, or returned nonsense: what its own queue holds is not known.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] const Tickets& tickets() const { return tickets_; }
  /// There must be such a ticket.
  [[nodiscard]] Ticket& at(sdk::TicketId id) { return tickets_.at(id); }

  /// `id` is new, and greater than those before: tickets are shown in the order of their ids.
  /// Returns the ticket as it is kept, for the holder to fill in; the strategy does not know of it
  /// yet: see put_back().
  Ticket& add(sdk::TicketId id) { return spare_.add_last(tickets_, id)->second; }
  /// What the strategy has against a new ticket, given what waits. `replaces`: the peer's own
  /// earlier ticket, 0 for none, which does not count, and waits on if there is something.
  MatchJudgement judge_ticket(const sdk::MatchTicket& ticket, sdk::TicketId replaces = 0) {
    MatchJudgement judgement;
    if (!has_.judges) return judgement;
    if (replaces != 0) run("remove", [&] { queue_->remove(replaces); });
    judgement.failed = !run("check", [&] { judgement.refusal = queue_->check(ticket); });
    if (judgement.refusal) {
      judgement.refusal = words_for_client(calls_, std::move(*judgement.refusal));
    }
    if (replaces != 0 && !judgement.is_good()) put_back(replaces);
    return judgement;
  }
  /// What a ticket that waits may expect, if the strategy says so.
  std::optional<sdk::MatchForecast> forecast(sdk::TicketId id) {
    if (!has_.forecasts) return std::nullopt;
    sdk::MatchForecast forecast;
    bool known = false;
    run("forecast", [&] { known = queue_->forecast(id, forecast); });
    return known ? std::optional(forecast) : std::nullopt;
  }
  /// Gives the ticket to the strategy, for the first time or because its group came to nothing. On
  /// false it threw, and the holder should end the ticket.
  bool put_back(sdk::TicketId id) {
    Ticket& ticket = tickets_.at(id);
    ticket.proposed = ticket.set_aside = false;
    return run("add", [&] {
      queue_->add({id, ticket.peer, ticket.enqueued, view_of(ticket.request)});
    });
  }
  /// Has the strategy forget a ticket until put_back(); one that is in a group stays in it.
  void set_aside(sdk::TicketId id) {
    Ticket& ticket = tickets_.at(id);
    if (ticket.proposed || ticket.set_aside) return;
    run("remove", [&] { queue_->remove(id); });
    ticket.set_aside = true;
  }
  /// Ends a ticket, and has the strategy forget it.
  void withdraw(sdk::TicketId id) {
    run("remove", [&] { queue_->remove(id); });
    take(id);
  }
  /// Ends a ticket that the strategy has given up already: one of a group.
  void take(sdk::TicketId id) { spare_.erase(tickets_, tickets_.find(id)); }

  /// Groups that may start now: `then(tickets, teams)` hears of each, its tickets in announcing
  /// order and `proposed`; without teams these are empty. One that makes no sense is logged as the
  /// strategy's fault, and what it holds waits on. `then` is called before the next one is looked
  /// at.
  template <typename Then>
  void form_groups(sdk::Instant now, Then then) {
    std::vector<sdk::MatchGroup> groups;
    run("form_groups", [&] { groups = queue_->form_groups(now); });
    for (const sdk::MatchGroup& group : groups) {
      const Teams teams = teams_of(group);
      if (propose(group, teams)) then(group.tickets, teams);
    }
  }
  /// When to form groups again without a new ticket; nullopt: not before there is one.
  std::optional<sdk::Instant> next_change(sdk::Instant now) {
    // A strategy that always has something to do is asked 20 times a second, not more.
    constexpr std::chrono::milliseconds kSoonest{50};
    std::optional<sdk::Instant> next;
    run("next_change", [&] { next = queue_->next_change(now); });
    if (next) next = std::max(*next, now + kSoonest);
    return next;
  }

 private:
  // What an older strategy's queues do not have it does without.
  static sdk::MatchTraits functions_of(const Served<sdk::MatchStrategy>& by) {
    sdk::MatchTraits traits = by.said.traits;
    if (by.revision < kSdkOfQueues) traits.judges = traits.makes_teams = traits.forecasts = false;
    return traits;
  }

  // Calls the strategy. False: it threw.
  template <typename Function>
  bool run(const char* call, Function&& function) {
    const bool returned = calls_.run(call, std::forward<Function>(function));
    has_failed_ = has_failed_ || !returned;
    return returned;
  }

  // The group size that a ticket asks for; 0: it is in no group that may be formed.
  [[nodiscard]] std::uint32_t size_of(sdk::TicketId id) const {
    const auto at = tickets_.find(id);
    const bool may_be = at != tickets_.end() && !at->second.proposed && !at->second.set_aside;
    return may_be ? at->second.request.group_size : 0;
  }

  Teams teams_of(const sdk::MatchGroup& group) {
    Teams teams;
    if (!has_.makes_teams || group.tickets.empty()) return teams;
    run("teams_of", [&] { teams = queue_->teams_of(group); });
    return teams;
  }

  bool propose(const sdk::MatchGroup& group, const Teams& teams) {
    if (is_sound(group, [this](sdk::TicketId id) { return size_of(id); }) &&
        are_teams_of(teams, group)) {
      for (const sdk::TicketId id : group.tickets) tickets_.at(id).proposed = true;
      return true;
    }
    has_failed_ = true;
    calls_.fault(
        "form_groups",
        "returned a group with unknown or duplicate tickets, of a wrong size, or whose teams "
        "are not its tickets");
    for (const sdk::TicketId id : group.tickets) {
      if (size_of(id) == 0) continue;
      run("remove", [&] { queue_->remove(id); });
      put_back(id);
    }
    return false;
  }

  PluginCalls& calls_;
  const sdk::MatchTraits has_;
  std::unique_ptr<sdk::MatchQueue> queue_;
  bool has_failed_ = false;
  Tickets tickets_;
  SpareNodes<Tickets> spare_;
};

}  // namespace peer
