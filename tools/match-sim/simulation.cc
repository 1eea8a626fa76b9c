#include "tools/match-sim/simulation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "core/match/strategy_queue.h"

// In: arrivals, in the order of their times. Out: groups, through the same StrategyQueue as in the
// server, so that a strategy's faults are found here too. One thread, no clock.
namespace peer::match_sim {
namespace {

using std::chrono::milliseconds;

sdk::Instant instant(milliseconds since) {
  return sdk::Instant(milliseconds(1'000'000'000) + since);
}

sdk::Value text(std::string_view value) { return sdk::Value{std::string(value)}; }

sdk::Value region_of(const std::string& region, bool as_list) {
  if (!as_list && region.find('|') == region.npos) return text(region);
  sdk::Value::List list;
  for (std::size_t from = 0;;) {
    const std::size_t bar = region.find('|', from);
    list.push_back(text(std::string_view(region).substr(from, bar - from)));
    if (bar == region.npos) return sdk::Value{std::move(list)};
    from = bar + 1;
  }
}

sdk::Value integer(std::uint32_t value) { return sdk::Value{static_cast<double>(value)}; }

/// The request that a client would send.
MatchRequest request_of(const Arrival& arrival, const Asking& asking) {
  sdk::Value::Object criteria;
  MatchRequest request;
  if (!asking.rating_field.empty()) {
    const double told =
        asking.bucket > 0 ? std::floor(arrival.rating / asking.bucket) : arrival.rating;
    criteria[asking.rating_field] = sdk::Value{told};
    request.criteria_key += std::to_string(told);
  }
  if (!arrival.region.empty()) {
    criteria[asking.region_field] = region_of(arrival.region, asking.regions_are_lists);
    request.criteria_key += "/" + arrival.region;
  }
  sdk::Value::Object fields;
  request.group_size = asking.group_size;
  request.group_size_max = 1'000'000;
  if (asking.team_count > 0) {
    fields["teams"] = sdk::Value{sdk::Value::Object{{"count", integer(asking.team_count)},
                                                    {"size", integer(asking.team_size)}}};
  }
  if (!arrival.party.empty()) {
    fields["party"] = sdk::Value{
        sdk::Value::Object{{"id", text(arrival.party)}, {"size", integer(arrival.party_size)}}};
  }
  if (!criteria.empty()) {
    request.has_criteria = true;
    fields["criteria"] = sdk::Value{std::move(criteria)};
  }
  request.fields = sdk::Value{std::move(fields)};
  return request;
}

class Simulation {
 public:
  Simulation(const Served<sdk::MatchStrategy>& strategy, const std::vector<Arrival>& arrivals,
             const Asking& asking)
      : strategy_(strategy), arrivals_(arrivals), asking_(asking), queue_(strategy, asking.ns) {}

  Outcome run(milliseconds patience) {
    if (!queue_) return std::move(outcome_);
    std::size_t next = 0;
    const milliseconds end = (arrivals_.empty() ? milliseconds(0) : arrivals_.back().at) + patience;
    for (;;) {
      const std::optional<milliseconds> arrival =
          next < arrivals_.size() ? std::optional(arrivals_[next].at) : std::nullopt;
      const std::optional<milliseconds> due = next_event();
      if (!arrival && (!due || *due > end || queue_.tickets().empty())) break;
      if (arrival && (!due || *arrival <= *due)) {
        now_ = *arrival;
        arrive(next++);
      } else {
        now_ = *due;
      }
      give_up();
      form_groups();
    }
    outcome_.unmatched = queue_.tickets().size();
    outcome_.until = now_;
    return std::move(outcome_);
  }

 private:
  [[nodiscard]] std::optional<milliseconds> next_event() const {
    if (expiries_.empty()) return wake_;
    const milliseconds expiry = expiries_.begin()->first;
    return std::min(wake_.value_or(expiry), expiry);
  }

  void arrive(std::size_t number) {
    MatchRequest request = request_of(arrivals_[number], asking_);
    const sdk::TicketId id = number + 1;
    MatchJudgement judgement = judge(strategy_, request);
    if (judgement.is_good()) {
      judgement = queue_.judge_ticket({id, {}, instant(now_), view_of(request)});
    }
    if (judgement.failed) judgement.refusal = "internal error";
    if (judgement.refusal) return outcome_.refused.push_back(std::move(*judgement.refusal));
    queue_.add(id)->second = QueuedTicket{{}, instant(now_), std::move(request)};
    if (!queue_.put_back(id)) {
      queue_.withdraw(id);
      return outcome_.refused.push_back("internal error");
    }
    if (asking_.timeout.count() > 0) expiries_.emplace(now_ + asking_.timeout, id);
  }

  void give_up() {
    while (!expiries_.empty() && expiries_.begin()->first <= now_) {
      const sdk::TicketId id = expiries_.begin()->second;
      expiries_.erase(expiries_.begin());
      if (!queue_.tickets().contains(id)) continue;
      queue_.withdraw(id);
      ++outcome_.gave_up;
    }
  }

  void form_groups() {
    queue_.form_groups(instant(now_), [&](const auto& group, const Teams& teams) {
      Played& played = outcome_.groups.emplace_back();
      played.at = now_;
      for (const auto place : group) {
        played.members.push_back(place->first - 1);
        queue_.take(place);
      }
      for (const auto& team : teams) {
        auto& members = played.teams.emplace_back();
        for (const sdk::TicketId id : team) members.push_back(id - 1);
      }
    });
    const std::optional<sdk::Instant> next = queue_.next_change(instant(now_));
    wake_ = next ? std::optional(std::chrono::duration_cast<milliseconds>(*next - instant({})))
                 : std::nullopt;
  }

  const Served<sdk::MatchStrategy>& strategy_;
  const std::vector<Arrival>& arrivals_;
  const Asking& asking_;
  StrategyQueue<QueuedTicket> queue_;
  std::multimap<milliseconds, sdk::TicketId> expiries_;
  milliseconds now_{0};
  std::optional<milliseconds> wake_;
  Outcome outcome_;
};

}  // namespace

Outcome simulate(const Served<sdk::MatchStrategy>& strategy, const std::vector<Arrival>& arrivals,
                 const Asking& asking, milliseconds patience) {
  return Simulation(strategy, arrivals, asking).run(patience);
}

}  // namespace peer::match_sim
