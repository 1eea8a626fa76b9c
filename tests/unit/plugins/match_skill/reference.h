#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/plugins/match_skill/asking.h"

namespace peer_skill::test {

/// The slow and obvious matcher: tries all sets of tickets, and keeps no index and no memory of
/// earlier calls. For a dozen tickets.
class Reference {
 public:
  struct Ticket {
    Instant enqueued;
    std::string kind;
    std::uint32_t group_size = 2;
    std::uint32_t team_count = 0;
    std::uint32_t team_size = 0;
    std::vector<double> numbers;
    std::vector<std::vector<int>> lists;
    std::string party;
    std::uint32_t party_size = 1;
  };
  using Group = std::vector<TicketId>;

  explicit Reference(const Options& options) : options_(options) {}

  void add(TicketId id, Ticket ticket) { tickets_[id] = std::move(ticket); }
  void remove(TicketId id) { tickets_.erase(id); }
  [[nodiscard]] const std::map<TicketId, Ticket>& tickets() const { return tickets_; }
  /// Takes groups out until there is none.
  std::vector<Group> form_groups(Instant now);
  /// Whether the rules of all members allow the group: ranges, overlaps, sizes, parties, teams.
  [[nodiscard]] bool may_start(const Group& group, Instant now) const;

 private:
  [[nodiscard]] bool is_near(const Group& group, Instant now) const;
  [[nodiscard]] bool overlaps(const Group& group) const;
  [[nodiscard]] bool holds_whole_parties(const Group& group) const;
  [[nodiscard]] bool fills_teams(const Group& group) const;
  [[nodiscard]] bool has_size(const Group& group, Instant now) const;
  void try_all(std::map<TicketId, Ticket>::const_iterator from, Group& group, Instant now,
               std::optional<Group>& best) const;

  const Options& options_;
  std::map<TicketId, Ticket> tickets_;
};

}  // namespace peer_skill::test
