#include <chrono>
#include <map>
#include <set>
#include <stdexcept>

#include <peer/sdk/match_strategy.h>

#include "fault.h"

namespace {

using namespace peer::sdk;
using faulty::is;

std::set<TicketId>& tickets_of_all_queues() {
  static std::set<TicketId> tickets;
  return tickets;
}

/// Whoever asks with equal criteria for the same group size plays together, in the order of asking.
class FaultyQueue final : public MatchQueue {
 public:
  void add(const MatchTicket& ticket) override {
    if (is("shares_its_tickets")) tickets_of_all_queues().insert(ticket.id);
    const std::string key =
        std::to_string(ticket.request.group_size) + std::string(ticket.request.criteria_key);
    waiting_[is("keeps_views") ? kept(ticket) : key].insert(ticket.id);
    size_of_[ticket.id] = ticket.request.group_size;
    last_ = std::max(last_, ticket.enqueued);
  }

  void remove(TicketId id) override {
    if (is("forgets_nobody")) return;
    for (auto& [key, tickets] : waiting_) tickets.erase(id);
    size_of_.erase(id);
  }

  std::vector<MatchGroup> form_groups(Instant now) override {
    if (is("hates_old_times") && now < last_) throw std::logic_error("time runs backwards");
    last_ = std::max(last_, now);
    if (is("slow")) faulty::take_too_long();
    if (is("shares_its_tickets")) return of_all_queues();
    std::vector<MatchGroup> groups;
    for (auto& [key, tickets] : waiting_) {
      while (!tickets.empty() && tickets.size() >= size_of_[*tickets.begin()] &&
             !is("matches_nobody")) {
        const auto end = std::next(tickets.begin(), size_of_[*tickets.begin()]);
        groups.push_back({{tickets.begin(), end}});
        if (is("rolls_dice"))
          std::swap(groups.back().tickets.front(),
                    groups.back().tickets[dice(end == tickets.end())]);
        tickets.erase(tickets.begin(), end);
        spoil(groups);
      }
    }
    return groups;
  }

  void add_groups(Instant now, MatchGroups& groups) override {
    for (const MatchGroup& group : form_groups(now)) {
      const std::vector<TicketId>& tickets = group.tickets;
      is("adds_other_groups") ? groups.add(tickets.rbegin(), tickets.rend())
                              : groups.add(tickets.begin(), tickets.end());
    }
  }

  std::optional<Instant> next_change(Instant now) const override {
    if (is("changes_in_secret") && !size_of_.empty()) return now + std::chrono::hours(2);
    return is("never_rests") ? std::optional(now) : std::nullopt;
  }

  std::optional<std::string> check(const MatchTicket&) const override {
    return is("words_not_utf8") ? std::optional<std::string>("\xFF") : std::nullopt;
  }
  std::vector<std::vector<TicketId>> teams_of(const MatchGroup& group) const override {
    if (is("teams_of_others")) return {{group.tickets.front()}, {~TicketId{0}}};
    return {group.tickets};
  }
  bool forecast(TicketId id, MatchForecast& forecast) const override {
    const auto found = size_of_.find(id);
    forecast.waiting = is("counts_nobody") ? 0 : 1;
    return found != size_of_.end();
  }

 private:
  /// The criteria of the ticket before.
  std::string kept(const MatchTicket& ticket) {
    const std::string key(view_);
    view_ = ticket.request.criteria_key;
    return key;
  }
  static void spoil(std::vector<MatchGroup>& groups) {
    std::vector<TicketId>& tickets = groups.back().tickets;
    if (is("one_ticket_twice")) tickets[1] = tickets[0];
    if (is("one_ticket_alone")) tickets.resize(1);
    if (is("a_stranger")) tickets[1] = ~TicketId{0};
    if (is("in_two_groups")) groups.push_back(groups.back());
    if (is("more_than_asked")) tickets.insert(tickets.end(), tickets.begin(), tickets.end());
  }
  static std::vector<MatchGroup> of_all_queues() {
    std::set<TicketId>& all = tickets_of_all_queues();
    std::vector<MatchGroup> groups;
    while (all.size() >= 2) {
      groups.push_back({{*all.begin(), *std::next(all.begin())}});
      all.erase(all.begin(), std::next(all.begin(), 2));
    }
    return groups;
  }
  /// What no two runs have in common.
  static std::size_t dice(bool) {
    return static_cast<std::size_t>(std::chrono::steady_clock::now().time_since_epoch().count()) %
           2;
  }

  std::map<std::string, std::set<TicketId>> waiting_;
  std::map<TicketId, std::uint32_t> size_of_;
  std::string_view view_;
  Instant last_;
};

class FaultyStrategy final : public MatchStrategy {
 public:
  std::unique_ptr<MatchQueue> make_queue() override { return std::make_unique<FaultyQueue>(); }
  std::optional<std::string> check(const MatchRequest& request) const override {
    const Value* skill = request.criteria.find("skill");
    if (is("reads_in_secret") && skill == nullptr && request.group_size == 3) return "no skill";
    if (skill == nullptr || skill->as_number() != nullptr) return std::nullopt;
    if (is("throws_at_strangers")) throw std::runtime_error("no number");
    if (is("no_words")) return "";
    return "skill must be a number";
  }
  std::uint32_t group_size(const MatchRequest& request) const override {
    return is("groups_of_one") ? 1 : request.group_size;
  }
  void traits(MatchTraits& traits) const override {
    traits.reads_values = !is("reads_in_secret");
    traits.judges = !is("judges_in_secret");
    traits.makes_teams = !is("makes_teams_in_secret");
    traits.forecasts = !is("forecasts_in_secret");
    traits.changes_with_time = !is("changes_in_secret");
  }
};

}  // namespace

PEER_PLUGIN(peer::sdk::MatchStrategy, "faulty", "1.0.0",
            (faulty::make<MatchStrategy, FaultyStrategy>))
