#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/unit/plugins/match_skill/reference.h"

// Random streams of requests, cancellations and groups that come back, through the queue and
// through the reference, with what must be true of every group.
namespace peer_skill::test {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;
using Group = Reference::Group;

struct Stream {
  unsigned seed = 0;
  const char* name = "";
  Options options{};
  std::uint32_t group_size = 2;
  std::uint32_t team_count = 0;
  bool parties = false;
  int elements = 0;  ///< for overlap rules

  friend std::ostream& operator<<(std::ostream& out, const Stream& stream) {
    return out << stream.name << " " << stream.seed;
  }
};

class SkillPropertiesTest : public testing::TestWithParam<Stream> {
 protected:
  int random(int from, int to) { return std::uniform_int_distribution(from, to)(random_); }
  bool one_in(int count) { return random(1, count) == 1; }

  /// A new request, for both.
  void arrive() {
    const TicketId id = ++last_id_;
    const Stream& stream = GetParam();
    Ask ask{stream.group_size, {}, {}};
    Reference::Ticket ticket{now_, "", stream.group_size, 0, 0, {}, {}, {}, 1};
    const std::string mode = one_in(4) ? "a" : "b";
    ask.criteria["mode"] = text(mode);
    for (const RangeRule& rule : stream.options.ranges) {
      ticket.numbers.push_back(random(0, 60) * 10);
      ask.criteria[rule.field] = number(ticket.numbers.back());
    }
    for (const std::string& field : stream.options.overlaps) {
      Value::List elements;
      std::vector<int> kept;
      for (int i = random(1, 3); i > 0; --i) kept.push_back(random(1, stream.elements));
      for (const int element : kept) elements.push_back(number(element));
      ask.criteria[field] = list(std::move(elements));
      ticket.lists.push_back(kept);
    }
    if (stream.team_count > 0) {
      ticket.team_count = stream.team_count;
      ticket.team_size = stream.group_size / stream.team_count;
      ask.teams(ticket.team_count, ticket.team_size);
    }
    ticket.kind = mode;
    if (stream.parties && one_in(2)) {
      const int most =
          static_cast<int>(ticket.team_size > 0 ? ticket.team_size : stream.group_size);
      ticket.party = mode + std::to_string(random(1, 4));
      ticket.party_size = static_cast<std::uint32_t>(std::min(most, 2));
      ask.party(ticket.party, ticket.party_size);
    }
    const auto members = std::count_if(
        reference_.tickets().begin(), reference_.tickets().end(), [&](const auto& other) {
          return !ticket.party.empty() && other.second.party == ticket.party;
        });
    const bool refused = queue_.check(id, now_, ask).has_value();
    ASSERT_EQ(refused, !ticket.party.empty() && members == ticket.party_size);
    if (refused) return;
    asked_[id] = {ask, ticket};
    queue_.add(id, now_, ask);
    reference_.add(id, ticket);
  }

  void leave() {
    if (reference_.tickets().empty()) return;
    const auto at = std::next(reference_.tickets().begin(),
                              random(0, static_cast<int>(reference_.tickets().size()) - 1));
    const TicketId id = at->first;
    queue_.queue.remove(id);
    reference_.remove(id);
    asked_.erase(id);
  }

  /// One of the group is gone, and the others come back: the group could not be claimed.
  void come_back(const Group& group) {
    const TicketId gone =
        group[static_cast<std::size_t>(random(0, static_cast<int>(group.size()) - 1))];
    for (const TicketId id : group) {
      if (id == gone) continue;
      queue_.add(id, asked_.at(id).second.enqueued, asked_.at(id).first);
      reference_.add(id, asked_.at(id).second);
    }
    asked_.erase(gone);
  }

  void match() {
    Reference before = reference_;
    const std::vector<Group> expected = reference_.form_groups(now_);
    std::vector<Group> formed;
    std::set<TicketId> seen;
    for (const peer::sdk::MatchGroup& group : queue_.queue.form_groups(now_)) {
      formed.push_back(group.tickets);
      ASSERT_TRUE(before.may_start(group.tickets, now_)) << testing::PrintToString(group.tickets);
      check_teams(group);
      for (const TicketId id : group.tickets) ASSERT_TRUE(seen.insert(id).second);
    }
    ASSERT_THAT(formed, ElementsAreArray(expected)) << "at " << now_.time_since_epoch().count();
    groups_ += formed.size();
    for (const Group& group : formed) {
      if (one_in(4)) {
        come_back(group);
      } else {
        for (const TicketId id : group) ASSERT_EQ(asked_.erase(id), 1U) << "it ended before";
      }
    }
    // Every ticket has ended once, or waits.
    ASSERT_EQ(asked_.size(), reference_.tickets().size());
  }

  void check_teams(const peer::sdk::MatchGroup& group) {
    const auto teams = queue_.queue.teams_of(group);
    ASSERT_EQ(teams.size(), GetParam().team_count);
    std::map<std::string, std::set<std::size_t>> teams_of_party;
    std::vector<TicketId> members;
    for (std::size_t i = 0; i < teams.size(); ++i) {
      ASSERT_EQ(teams[i].size(), GetParam().group_size / GetParam().team_count);
      for (const TicketId id : teams[i]) {
        members.push_back(id);
        const std::string& party = asked_.at(id).second.party;
        if (!party.empty()) teams_of_party[party].insert(i);
      }
    }
    std::sort(members.begin(), members.end());
    ASSERT_EQ(members, teams.empty() ? Group{} : group.tickets);
    for (const auto& [party, in] : teams_of_party) ASSERT_EQ(in.size(), 1U);
  }

  std::mt19937 random_{GetParam().seed};
  Queue queue_{GetParam().options};
  Reference reference_{queue_.options};
  std::map<TicketId, std::pair<Ask, Reference::Ticket>> asked_;
  Instant now_ = at(1'000'000);
  TicketId last_id_ = 0;
  std::size_t groups_ = 0;
};

TEST_P(SkillPropertiesTest, FormsTheGroupsThatTheReferenceForms) {
  for (int i = 0; i < 250; ++i) {
    // Sometimes several arrive before groups are formed, and sometimes only time passes.
    for (int arrivals = random(0, 2); arrivals > 0 && reference_.tickets().size() < 14;
         --arrivals) {
      ASSERT_NO_FATAL_FAILURE(arrive());
    }
    if (one_in(6) || reference_.tickets().size() >= 14) leave();
    if (one_in(3)) {
      now_ += milliseconds(random(1, 4000));
    } else if (const auto next = queue_.queue.next_change(now_)) {
      now_ = std::max(now_, *next);
    }
    ASSERT_NO_FATAL_FAILURE(match());
  }
  EXPECT_GT(groups_, 2U);
  EXPECT_EQ(queue_.limit_reached.value(), 0U);
}

// What next_change() promises: before it, nothing changes without a new ticket.
TEST_P(SkillPropertiesTest, NothingChangesBeforeTheNextChange) {
  for (int i = 0; i < 150; ++i) {
    ASSERT_NO_FATAL_FAILURE(arrive());
    ASSERT_NO_FATAL_FAILURE(match());
    if (reference_.tickets().size() >= 12) leave();
    for (int step = 0; step < 3; ++step) {
      const auto next = queue_.queue.next_change(now_);
      if (next && *next <= now_) {  // tickets have come back
        ASSERT_NO_FATAL_FAILURE(match());
        continue;
      }
      const Instant until = next ? *next : now_ + milliseconds(100'000);
      Reference early = reference_;
      ASSERT_THAT(early.form_groups(until - milliseconds(1)), IsEmpty());
      if (!next) break;
      now_ = until;
      ASSERT_NO_FATAL_FAILURE(match());
    }
  }
}

Options ranges(std::vector<RangeRule> rules) {
  Options options;
  options.ranges = std::move(rules);
  options.search_limit = 1'000'000;
  return options;
}

Options filling(Options options, std::uint32_t min_group) {
  options.fill_after = milliseconds(3000);
  options.min_group = min_group;
  return options;
}

Options overlapping(Options options) {
  options.overlaps = {"regions"};
  return options;
}

std::vector<Stream> streams() {
  const RangeRule fixed = range(50);
  const RangeRule widening = range(20, 10, 150);
  const RangeRule second{"latency", 100, 25, 400};
  std::vector<Stream> all;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    all.push_back({seed, "pairs", ranges({fixed}), 2, 0, false, 0});
    all.push_back({seed, "widening pairs", ranges({widening}), 2, 0, false, 0});
    all.push_back({seed, "widening fours", ranges({widening}), 4, 0, false, 0});
    all.push_back({seed, "two ranges", ranges({widening, second}), 3, 0, false, 0});
    all.push_back({seed, "overlap alone", overlapping(ranges({})), 3, 0, false, 5});
    all.push_back({seed, "overlap and range", overlapping(ranges({widening})), 3, 0, false, 4});
    all.push_back({seed, "fill up", filling(ranges({widening}), 2), 4, 0, false, 0});
    all.push_back({seed, "fill up to three", filling(ranges({}), 3), 5, 0, false, 0});
    all.push_back({seed, "parties", ranges({widening}), 3, 0, true, 0});
    all.push_back(
        {seed, "parties filled up", filling(overlapping(ranges({widening})), 2), 4, 0, true, 3});
    all.push_back({seed, "teams", ranges({widening}), 4, 2, true, 0});
    all.push_back({seed, "three teams", ranges({range(100, 20, 400)}), 6, 3, true, 0});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Streams, SkillPropertiesTest, testing::ValuesIn(streams()));

}  // namespace
}  // namespace peer_skill::test
