#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <peer/sdk/host.h>
#include <peer/sdk/match_strategy.h>

#include "options.h"
#include "search.h"
#include "surroundings.h"
#include "texts.h"
#include "units.h"
#include "waits.h"
#include "wish.h"

namespace peer_skill {

/// The tickets of one namespace, matched by skill (README.md).
///
/// No group is possible among the tickets that have been looked at, as of the time of that look.
/// So a new group holds a unit that is new, or one for which something has changed with time: it
/// now reaches another, or a group that it leads may start short. When that is, is known for each
/// unit (`events_`), and only those units are looked at, with what is in their reach.
///
/// A call of form_groups() ends after Options::search_limit steps; the rest of the work waits for
/// the next call, which next_change() then asks for at once.
///
/// One call at a time.
class SkillQueue final : public peer::sdk::MatchQueue {
 public:
  /// What outlives the queue.
  struct Parts {
    const Options& options;
    WaitBook& waits;
    peer::sdk::Counter& limit_reached;  ///< searches that ended for their number of steps
  };
  SkillQueue(const Parts& parts, std::string_view ns) : parts_(parts), ns_(ns) {}

  [[nodiscard]] std::optional<std::string> check(
      const peer::sdk::MatchTicket& ticket) const override;
  void add(const peer::sdk::MatchTicket& ticket) override;
  void remove(peer::sdk::TicketId id) override;
  /// The group with the oldest members first.
  std::vector<peer::sdk::MatchGroup> form_groups(peer::sdk::Instant now) override;
  [[nodiscard]] std::vector<std::vector<peer::sdk::TicketId>> teams_of(
      const peer::sdk::MatchGroup& group) const override;
  [[nodiscard]] std::optional<peer::sdk::Instant> next_change(
      peer::sdk::Instant now) const override;
  [[nodiscard]] bool forecast(peer::sdk::TicketId id,
                              peer::sdk::MatchForecast& forecast) const override;

 private:
  using Instant = peer::sdk::Instant;
  using TicketId = peer::sdk::TicketId;
  using Teams = std::vector<std::vector<TicketId>>;

  /// Tickets that wait for each other, or are all there.
  struct Party {
    Pool* pool = nullptr;
    std::uint32_t size = 1;
    std::vector<Ticket*> tickets;
  };
  /// Those of one id. More than one only where tickets were put back that did not fit any more.
  using Parties = std::list<Party>;

  /// A group that could start, by its tickets in the order of their age.
  struct Proposal {
    TicketId of = 0;  ///< the first ticket of the unit that it was found for
    Found found;
  };
  /// Compared in order; of two that begin alike the longer one comes first.
  struct OldestFirst {
    bool operator()(const std::vector<TicketId>& a, const std::vector<TicketId>& b) const;
  };
  using Proposals = std::map<std::vector<TicketId>, Proposal, OldestFirst>;

  /// Made where there is none.
  Pool& pool_of(const Wish& wish);
  /// The last ticket of a party places it as a unit.
  void join_party(Ticket& ticket, const Wish& wish);
  void leave_party(Ticket& ticket);
  /// Makes a unit of the tickets, which is to be looked at.
  void place(std::vector<Ticket*> tickets);
  /// Takes a unit apart; its tickets stay.
  void displace(Unit& unit);
  /// Of a ticket that is in no unit any more. With the last ticket a pool goes.
  void forget(TicketId id);

  /// Looks at a unit: notes when to do so again, and returns the best group that holds it.
  std::optional<Found> look_at(Unit& unit, Instant now, Steps& steps);
  /// When to look at it without a new ticket; nullopt: never.
  void set_event(Unit& unit, std::optional<Instant> event);
  /// The same tickets are proposed once, whichever of them led there.
  void propose(Proposals& proposals, TicketId of, Found found) const;
  /// Takes the group's tickets out of the queue, and notes its teams and waits.
  peer::sdk::MatchGroup start(const std::vector<TicketId>& tickets, const Proposal& proposal,
                              Instant now);
  void look_at_all(Proposals& proposals, Instant now, Steps& steps);

  const Parts parts_;
  const std::string ns_;
  Texts texts_;
  std::map<std::string, Pool> pools_;  ///< by kind; none is empty
  std::unordered_map<TicketId, std::unique_ptr<Ticket>> tickets_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Unit>> units_;  ///< by number
  std::unordered_map<std::string, Parties> parties_;
  std::set<std::pair<Instant, std::uint64_t>> events_;  ///< of units, by number
  std::set<std::uint64_t> due_;                         ///< units to look at, by number
  std::map<TicketId, Teams> teams_;  ///< of the groups formed last, by their first ticket
  std::uint64_t last_number_ = 0;
  std::uint64_t last_look_ = 0;
};

}  // namespace peer_skill
