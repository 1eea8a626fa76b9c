#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

namespace peer::test {

/// Matches whoever asked for the same group size with equal criteria, in order; what a test sets in
/// the hooks goes first and may throw or answer otherwise. Hooks are called with a shard locked.
class TestStrategy final : public sdk::MatchStrategy {
 public:
  std::function<std::optional<std::string>()> on_check;
  std::function<void()> on_make_queue;
  bool makes_queues = true;  ///< false: it returns none
  std::function<void()> on_add;
  std::function<void()> on_remove;
  /// May change, replace or drop the groups.
  std::function<void(std::vector<sdk::MatchGroup>&)> on_form_groups;
  std::function<std::optional<sdk::Instant>(sdk::Instant now)> on_next_change;

  // Since revision 2 of the SDK.
  std::function<std::optional<std::string>(sdk::TicketId)> on_ticket;  ///< MatchQueue::check()
  std::function<std::vector<std::vector<sdk::TicketId>>(const sdk::MatchGroup&)> on_teams;
  std::optional<sdk::MatchForecast> forecast;
  std::function<std::uint32_t(const sdk::MatchRequest&)> on_group_size;
  std::function<void(std::string_view ns)> on_make_queue_of;

  // Since revision 7.
  sdk::MatchTraits has;  ///< traits(); before the strategy is given to a Matchmaker
  /// Of the latest check(), on any thread.
  mutable std::atomic<bool> last_values_were_empty = false;
  std::function<void()> on_group;  ///< add_groups(), before each group
  void traits(sdk::MatchTraits& traits) const override { traits = has; }

  std::uint32_t group_size(const sdk::MatchRequest& request) const override {
    return on_group_size ? on_group_size(request) : request.group_size;
  }
  std::unique_ptr<sdk::MatchQueue> make_queue_of(std::string_view ns) override {
    if (on_make_queue_of) on_make_queue_of(ns);
    return make_queue();
  }
  std::optional<std::string> check(const sdk::MatchRequest& request) const override {
    last_values_were_empty =
        request.criteria.as_object()->empty() && request.fields.as_object()->empty();
    return on_check ? on_check() : std::nullopt;
  }
  std::unique_ptr<sdk::MatchQueue> make_queue() override {
    if (on_make_queue) on_make_queue();
    if (!makes_queues) return nullptr;
    return std::make_unique<Queue>(*this);
  }

 private:
  class Queue final : public sdk::MatchQueue {
   public:
    explicit Queue(const TestStrategy& strategy) : strategy_(strategy) {}

    void add(const sdk::MatchTicket& ticket) override {
      if (strategy_.on_add) strategy_.on_add();
      waiting_[ticket.id] = {ticket.request.group_size, std::string(ticket.request.criteria_key)};
    }
    void remove(sdk::TicketId id) override {
      waiting_.erase(id);
      if (strategy_.on_remove) strategy_.on_remove();
    }
    std::vector<sdk::MatchGroup> form_groups(sdk::Instant) override {
      std::vector<sdk::MatchGroup> groups = groups_now();
      for (const sdk::MatchGroup& group : groups) drop(group);
      return groups;
    }
    void add_groups(sdk::Instant, sdk::MatchGroups& groups) override {
      for (const sdk::MatchGroup& group : groups_now()) {
        if (strategy_.on_group) strategy_.on_group();
        groups.add(group.tickets.begin(), group.tickets.end());
        drop(group);
      }
    }
    std::optional<std::string> check(const sdk::MatchTicket& ticket) const override {
      return strategy_.on_ticket ? strategy_.on_ticket(ticket.id) : std::nullopt;
    }
    std::vector<std::vector<sdk::TicketId>> teams_of(const sdk::MatchGroup& group) const override {
      return strategy_.on_teams ? strategy_.on_teams(group)
                                : std::vector<std::vector<sdk::TicketId>>();
    }
    bool forecast(sdk::TicketId, sdk::MatchForecast& forecast) const override {
      if (strategy_.forecast) forecast = *strategy_.forecast;
      return strategy_.forecast.has_value();
    }
    std::optional<sdk::Instant> next_change(sdk::Instant now) const override {
      return strategy_.on_next_change ? strategy_.on_next_change(now) : std::nullopt;
    }

   private:
    using Key = std::pair<std::uint32_t, std::string>;

    std::vector<sdk::MatchGroup> groups_now() const {
      std::map<Key, sdk::MatchGroup> growing;
      std::vector<sdk::MatchGroup> groups;
      for (const auto& [id, key] : waiting_) {
        sdk::MatchGroup& group = growing[key];
        group.tickets.push_back(id);
        if (group.tickets.size() == key.first) groups.push_back(std::exchange(group, {}));
      }
      if (strategy_.on_form_groups) strategy_.on_form_groups(groups);
      return groups;
    }
    void drop(const sdk::MatchGroup& group) {
      for (const sdk::TicketId id : group.tickets) waiting_.erase(id);
    }

    const TestStrategy& strategy_;
    std::map<sdk::TicketId, Key> waiting_;
  };
};

}  // namespace peer::test
