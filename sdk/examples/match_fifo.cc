// Whoever asks for the same group size plays together, in the order of asking; criteria are
// ignored.
//
//   match_strategy: {name: fifo}

#include <map>
#include <memory>
#include <set>

#include <peer/sdk/match_strategy.h>
#include <peer/sdk/plugin.h>

using namespace peer::sdk;

namespace {

class FifoQueue final : public MatchQueue {
 public:
  // Ids rise with time, and a set is sorted: a ticket that comes back is at its old place.
  void add(const MatchTicket& ticket) override {
    waiting_[ticket.request.group_size].insert(ticket.id);
  }

  void remove(TicketId id) override {
    for (auto& [group_size, tickets] : waiting_) tickets.erase(id);
  }

  std::vector<MatchGroup> form_groups(Instant) override {
    std::vector<MatchGroup> groups;
    for (auto& [group_size, tickets] : waiting_) {
      while (tickets.size() >= group_size) {
        const auto end = std::next(tickets.begin(), group_size);
        groups.push_back({{tickets.begin(), end}});
        tickets.erase(tickets.begin(), end);
      }
    }
    return groups;
  }

  std::optional<Instant> next_change(Instant) const override { return std::nullopt; }

 private:
  std::map<std::uint32_t, std::set<TicketId>> waiting_;  ///< by group size, of which there are few
};

class FifoStrategy final : public MatchStrategy {
 public:
  std::unique_ptr<MatchQueue> make_queue() override { return std::make_unique<FifoQueue>(); }
  // Group sizes are all that a FifoQueue looks at.
  void traits(MatchTraits& traits) const override {
    traits.reads_values = traits.judges = traits.makes_teams = traits.forecasts = false;
    traits.changes_with_time = false;
  }
};

Result<std::unique_ptr<MatchStrategy>> make_fifo(PluginConfig&) {
  return std::make_unique<FifoStrategy>();
}

}  // namespace

PEER_PLUGIN(peer::sdk::MatchStrategy, "fifo", "1.0.0", make_fifo)
