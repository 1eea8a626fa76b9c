#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/base/fingerprint.h"
#include "core/base/spare_nodes.h"
#include "core/match/match_rules.h"
#include "core/plugin/by_namespace.h"
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
  /// Where a ticket is: good until that ends.
  using Place = typename Tickets::iterator;
  /// In announcing order.
  using Group = std::vector<Place>;

  /// Asks the strategy for a queue of its own.
  StrategyQueue(const Served<sdk::MatchStrategy>& by, std::string_view ns)
      : calls_(by.calls),
        has_(functions_of(by)),
        adds_groups_(by.revision >= kSdkOfMatchTraits),
        queue_(make_queue(by, ns)) {}

  /// False: the strategy made no queue; nothing else may be called then.
  explicit operator bool() const { return queue_ != nullptr; }
  /// The strategy has thrown, or returned nonsense: what its own queue holds is not known.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] const Tickets& tickets() const { return tickets_; }
  /// There must be such a ticket.
  [[nodiscard]] Ticket& at(sdk::TicketId id) { return tickets_.at(id); }

  /// `id` is new, and greater than those before: tickets are shown in the order of their ids.
  /// Returns its place, for the holder to fill in the ticket; the strategy does not know of it yet:
  /// see put_back() and give_and_form().
  Place add(sdk::TicketId id) { return spare_.add_last(tickets_, id); }
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
    Time at = calls_.begin();
    return give(tickets_.find(id), at);
  }
  /// put_back() of a new ticket, and form_groups() if that has not thrown.
  template <typename Then>
  bool give_and_form(Place place, sdk::Instant now, Then then) {
    Time at = calls_.begin();
    if (!give(place, at)) return false;
    form_groups(now, at, then);
    return true;
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
  void take(sdk::TicketId id) { take(tickets_.find(id)); }
  void take(Place place) { spare_.erase(tickets_, place); }

  /// Groups that may start now: `then(group, teams)` hears of each, whose tickets are `proposed`;
  /// without teams these are empty. One that makes no sense is logged as the strategy's fault, and
  /// what it holds waits on; so does all that it had formed before it threw. `then` is called
  /// before the next one is looked at.
  template <typename Then>
  void form_groups(sdk::Instant now, Then then) {
    Time at = calls_.begin();
    form_groups(now, at, then);
  }
  /// When to form groups again without a new ticket; nullopt: not before there is one.
  std::optional<sdk::Instant> next_change(sdk::Instant now) {
    // A strategy that always has something to do is asked 20 times a second, not more.
    constexpr std::chrono::milliseconds kSoonest{50};
    std::optional<sdk::Instant> next;
    if (!has_.changes_with_time) return next;
    run("next_change", [&] { next = queue_->next_change(now); });
    if (next) next = std::max(*next, now + kSoonest);
    return next;
  }

 private:
  using Time = PluginCalls::Clock::time_point;

  // What an older strategy's queues do not have it does without.
  static sdk::MatchTraits functions_of(const Served<sdk::MatchStrategy>& by) {
    sdk::MatchTraits traits = by.said.traits;
    if (by.revision < kSdkOfQueues) traits.judges = traits.makes_teams = traits.forecasts = false;
    return traits;
  }

  // Calls the strategy. False: it threw.
  template <typename Function>
  bool run(const char* call, Function&& function) {
    Time at = calls_.begin();
    return run(at, call, std::forward<Function>(function));
  }
  // The same in a row of calls.
  template <typename Function>
  bool run(Time& at, const char* call, Function&& function) {
    const bool returned = calls_.run(at, call, std::forward<Function>(function));
    has_failed_ = has_failed_ || !returned;
    return returned;
  }

  bool give(Place place, Time& at) {
    Ticket& ticket = place->second;
    ticket.proposed = ticket.set_aside = false;
    return run(at, "add", [&] {
      queue_->add({place->first, ticket.peer, ticket.enqueued, view_of(ticket.request)});
    });
  }

  template <typename Then>
  void form_groups(sdk::Instant now, Time& at, Then& then) {
    formed_.clear();
    const bool returned = run(at, forming(), [&] { ask_for_groups(now); });
    for (std::size_t i = 0; i < formed_.size(); ++i) {
      if (!returned) {
        give_back(formed_[i]);
        continue;
      }
      const Teams teams = teams_of(formed_[i]);
      if (propose(formed_[i], teams)) then(std::as_const(group_), teams);
    }
  }

  // What it is asked for groups by, for the log.
  [[nodiscard]] const char* forming() const { return adds_groups_ ? "add_groups" : "form_groups"; }

  void ask_for_groups(sdk::Instant now) {
    if (adds_groups_) return queue_->add_groups(now, formed_);
    for (const sdk::MatchGroup& group : queue_->form_groups(now)) {
      formed_.add(group.tickets.begin(), group.tickets.end());
    }
  }

  // Whether it is there, and free to be in a group.
  [[nodiscard]] bool is_free(Place place) const {
    return place != tickets_.end() && !place->second.proposed && !place->second.set_aside;
  }

  Teams teams_of(std::span<const sdk::TicketId> tickets) {
    Teams teams;
    if (!has_.makes_teams || tickets.empty()) return teams;
    const sdk::MatchGroup group{{tickets.begin(), tickets.end()}};
    run("teams_of", [&] { teams = queue_->teams_of(group); });
    return teams;
  }

  // Makes `group_` of at least two tickets, each once, and no more of them than any of them asks
  // for. On false all is as before.
  bool set_group(std::span<const sdk::TicketId> tickets) {
    group_.clear();
    for (const sdk::TicketId id : tickets) {
      const Place place = tickets_.find(id);
      if (!is_free(place) || tickets.size() > place->second.request.group_size) break;
      place->second.proposed = true;  // so that it is not free any more
      group_.push_back(place);
    }
    if (group_.size() == tickets.size() && group_.size() >= 2) return true;
    for (const Place place : group_) place->second.proposed = false;
    return false;
  }

  bool propose(std::span<const sdk::TicketId> tickets, const Teams& teams) {
    if (are_teams_of(teams, tickets) && set_group(tickets)) return true;
    has_failed_ = true;
    calls_.fault(
        forming(),
        "returned a group with unknown or duplicate tickets, of a wrong size, or whose teams "
        "are not its tickets");
    give_back(tickets);
    return false;
  }

  // The strategy has them again, whatever it has done with them.
  void give_back(std::span<const sdk::TicketId> tickets) {
    for (const sdk::TicketId id : tickets) {
      if (!is_free(tickets_.find(id))) continue;
      run("remove", [&] { queue_->remove(id); });
      put_back(id);
    }
  }

  PluginCalls& calls_;
  const sdk::MatchTraits has_;
  const bool adds_groups_;  // it has MatchQueue::add_groups()
  std::unique_ptr<sdk::MatchQueue> queue_;
  bool has_failed_ = false;
  Tickets tickets_;
  SpareNodes<Tickets> spare_;
  sdk::MatchGroups formed_;  // as the strategy has formed them; kept for its memory
  Group group_;              // the one at hand; the same
};

}  // namespace peer
