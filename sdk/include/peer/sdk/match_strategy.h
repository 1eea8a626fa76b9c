#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>
#include <peer/sdk/value.h>

namespace peer::sdk {

/// Names one waiting ticket. Unique within the cluster, never used again.
using TicketId = std::uint64_t;

/// What a peer asks for with `match` (docs/protocol.md, "match"). Views die with the call.
struct MatchRequest {
  std::uint32_t group_size = 2;  ///< 2 to `match_group_max`
  const Value& criteria;  ///< always an object; absent and null arrive as {}; see MatchTraits
  /// Two criteria have the same key exactly when they are equal as values: key order and white
  /// space do not matter, 1 equals 1.0, types differ. Good as an index.
  std::string_view criteria_key;
  const Value& fields;  ///< the whole payload object, for fields of the strategy's own
};

/// One peer that waits. Views die with the call.
struct MatchTicket {
  TicketId id = 0;
  Fingerprint peer;
  Instant enqueued;
  MatchRequest request;
};

/// Tickets that play together, in announcing order. Fewer than the group size asked for is legal
/// when the strategy fills up slowly; fewer than two is not.
struct MatchGroup {
  std::vector<TicketId> tickets;
};

/// Such groups, one behind the other. It is filled again and again, and its memory stays.
class MatchGroups {
 public:
  /// Adds a group: its tickets, in announcing order.
  template <typename Iterator>
  void add(Iterator begin, Iterator end) {
    tickets_.insert(tickets_.end(), begin, end);
    ends_.push_back(tickets_.size());
  }
  /// How many groups there are.
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  /// The tickets of one of them, counted from 0. Good until the next add().
  [[nodiscard]] std::span<const TicketId> operator[](std::size_t group) const {
    const std::size_t begin = group == 0 ? 0 : ends_[group - 1];
    return std::span(tickets_).subspan(begin, ends_[group] - begin);
  }
  void clear() {
    tickets_.clear();
    ends_.clear();
  }

 private:
  std::vector<TicketId> tickets_;  // of all groups
  std::vector<std::size_t> ends_;  // where each group ends in them
};

/// What a strategy expects for a ticket that waits: the peer is told (docs/protocol.md, "match").
struct MatchForecast {
  std::uint32_t waiting = 0;  ///< tickets of its kind, itself included
  /// How long such tickets have waited of late; nullopt: unknown.
  std::optional<std::chrono::milliseconds> estimate;
};

/// Tickets waiting in one namespace, and who of them plays together.
/// Made by MatchStrategy::make_queue(), one for each namespace that has tickets. One that has lost
/// its last ticket may be kept for those that come, or destroyed.
///
/// Threading: one call at a time, on any loop. No I/O, no clock, no blocking: time comes as an
/// argument. Budget: 100 us a call at 10,000 tickets.
/// Ownership: the core owns the queue; views in a ticket die with the call.
class MatchQueue {
 public:
  virtual ~MatchQueue() = default;
  /// Adds a ticket, whose size and age are checked. Ids are unique; those of new tickets rise.
  virtual void add(const MatchTicket& ticket) = 0;
  /// Forgets a ticket. Unknown ids are ignored: the peer may be gone already.
  virtual void remove(TicketId id) = 0;
  /// Groups that may start at `now`, each in announcing order. Tickets of a returned group are no
  /// longer in the queue. The core drops and logs a group with duplicates, unknown tickets or a
  /// wrong size, and adds its tickets again, as it does with a group that it could not claim.
  virtual std::vector<MatchGroup> form_groups(Instant now) = 0;
  /// When form_groups() may answer differently without a new ticket (widening, fill-up);
  /// nullopt: never.
  [[nodiscard]] virtual std::optional<Instant> next_change(Instant now) const = 0;

  // Since revision 2.

  /// Says what speaks against a new ticket, given what waits ("party is complete"), in words for
  /// the client: it gets them with code 400, and the ticket is not added. Not asked for a ticket
  /// that comes back, nor for one that another node has taken. nullopt: nothing does.
  [[nodiscard]] virtual std::optional<std::string> check(const MatchTicket& ticket) const {
    (void)ticket;
    return std::nullopt;
  }
  /// The teams of a group, asked for directly after the form_groups() that returned it. Each of its
  /// tickets is in exactly one team, or the core drops the group and logs that. Empty: no teams.
  [[nodiscard]] virtual std::vector<std::vector<TicketId>> teams_of(const MatchGroup& group) const {
    (void)group;
    return {};
  }
  /// Fills in what a ticket that waits may expect. False: nothing can be said.
  [[nodiscard]] virtual bool forecast(TicketId id, MatchForecast& forecast) const {
    (void)id, (void)forecast;
    return false;
  }

  // Since revision 7.

  /// form_groups(), as the server calls it, and so the name in its log: adds the groups to
  /// `groups`, which has none and is good for this call alone. For a queue that spares itself the
  /// lists that the other one returns. When it throws, no group comes of those that are in `groups`
  /// by then: their tickets are removed and added again, and no others.
  virtual void add_groups(Instant now, MatchGroups& groups) {
    for (const MatchGroup& group : form_groups(now)) {
      groups.add(group.tickets.begin(), group.tickets.end());
    }
  }
};

/// What a strategy, and each queue of it, does without; always the same. As it is made, nothing.
/// The server asks once, before all else, and spares itself the calls: a tenth of a match each for
/// values and functions.
struct MatchTraits {
  /// It looks at `criteria` and `fields` of a request. False: group_size and criteria_key say all
  /// that it wants to know, and the two may be empty objects in all requests.
  bool reads_values = true;
  /// It has check() or group_size(), or its queues have check(). False: it has nothing against any
  /// request, and the size of a group is the one asked for.
  bool judges = true;
  bool makes_teams = true;  ///< its queues have teams_of()
  bool forecasts = true;    ///< its queues have forecast()
  /// Time changes something: its queues have next_change(). False: only a ticket that comes does.
  bool changes_with_time = true;
};

/// Decides who plays with whom. Plugin kind `match_strategy`, file `match_<name>.so`.
///
/// Threading: thread-safe; called on loop threads, so it never blocks.
/// Ownership: the core owns the strategy and destroys its queues first.
/// Errors: an exception fails the request at hand with 500 and is logged with the plugin's name.
class MatchStrategy {
 public:
  static constexpr const char* kKind = "match_strategy";
  static constexpr std::uint32_t kApiVersion = 1;

  virtual ~MatchStrategy() = default;
  /// Says what is wrong with a request's own fields, in words for the client ("skill must be a
  /// number"): it gets them with code 400. nullopt: nothing is.
  [[nodiscard]] virtual std::optional<std::string> check(const MatchRequest& request) const {
    (void)request;
    return std::nullopt;
  }
  /// Never null: without a queue the request fails with 500, which is logged.
  virtual std::unique_ptr<MatchQueue> make_queue() = 0;

  // Since revision 2.

  /// As make_queue(), and says for which namespace; the core calls this one.
  virtual std::unique_ptr<MatchQueue> make_queue_of(std::string_view ns) {
    (void)ns;
    return make_queue();
  }
  /// How many peers the group of a request has that check() found nothing wrong with, for a
  /// strategy that takes that from fields of its own. More than `match_group_max` is refused.
  [[nodiscard]] virtual std::uint32_t group_size(const MatchRequest& request) const {
    return request.group_size;
  }

  // Since revision 7.

  /// Says what the strategy does without, for the server to leave out.
  virtual void traits(MatchTraits& traits) const { (void)traits; }
};

}  // namespace peer::sdk
