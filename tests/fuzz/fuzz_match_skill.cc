#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/plugins/match_skill/reference.h"

// Any bytes as what strangers ask of match_skill, in an order that they choose. Every group keeps
// to the rules of all its members, and no ticket is in two. The search is led to what takes long:
// each call's CPU time counts for the fuzzer as if it were another line of code that was reached.
// With the variable PEER_FUZZ_WORST_US it ends at a call that takes longer than that, on the second
// try too.

namespace {

using namespace peer_skill;
using namespace peer_skill::test;

// One for each twelfth root of two of a call's time: libFuzzer keeps an input that reaches a new
// one.
constexpr std::size_t kTimes = 512;
[[gnu::section("__libfuzzer_extra_counters")]] std::array<std::uint8_t, kTimes> times;

void require(bool holds) {
  if (!holds) std::abort();
}

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// What is left of the input; zeros behind its end.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  std::uint32_t below(std::uint32_t bound) {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte % bound;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

Options options_of(Input& input) {
  Options options;
  constexpr std::array<const char*, 3> kFields{"a", "b", "c"};
  for (std::uint32_t i = input.below(4); i > 0; --i) {
    const double tolerance = input.below(200);
    options.ranges.push_back({kFields[i - 1], tolerance, static_cast<double>(input.below(50)),
                              tolerance + input.below(250)});
  }
  for (std::uint32_t i = input.below(3); i > 0; --i) options.overlaps.emplace_back(1, 'w' + i);
  if (input.below(2) == 1) options.fill_after = milliseconds(1000 * input.below(30));
  options.min_group = 2 + input.below(3);
  return options;
}

/// One run: the queue, and what it has been asked.
class Run {
 public:
  explicit Run(std::span<const std::uint8_t> bytes)
      : input_(bytes), queue_(options_of(input_)), rules_(queue_.options) {}

  /// Returns the time of the longest call.
  double play() {
    while (!input_.empty()) {
      switch (input_.below(6)) {
        case 0:
        case 1:
          ask_once(request());
          break;
        case 2:
          ask_often();
          break;
        case 3:
          leave();
          break;
        case 4:
          now_ += milliseconds(100 * input_.below(256));
          break;
        case 5:
          match();
          break;
      }
    }
    match();
    return worst_;
  }

 private:
  struct Request {
    Ask ask;
    Reference::Ticket ticket;
    std::uint32_t team_count = 0;
    std::uint32_t team_size = 0;
  };

  Request request() {
    Request made;
    made.ticket.group_size = made.ask.group_size = 2 + input_.below(31);
    if (!queue_.options.ranges.empty() && input_.below(4) == 0) {
      made.team_count = 2 + input_.below(7);
      made.team_size = 1 + input_.below(6);
      made.ticket.group_size = made.ask.group_size = made.team_count * made.team_size;
      made.ask.teams(made.team_count, made.team_size);
    }
    for (const RangeRule& rule : queue_.options.ranges) {
      made.ticket.numbers.push_back(input_.below(256));
      made.ask.criteria[rule.field] = number(made.ticket.numbers.back());
    }
    for (const std::string& field : queue_.options.overlaps) {
      std::vector<int>& elements = made.ticket.lists.emplace_back();
      const int from = static_cast<int>(input_.below(64));
      const int step = static_cast<int>(input_.below(8));
      for (std::uint32_t i = input_.below(64); i > 0; --i)
        elements.push_back(from + step * static_cast<int>(i));
      Value::List values;
      for (const int element : elements) values.push_back(number(element));
      made.ask.criteria[field] = list(std::move(values));
    }
    if (input_.below(3) == 0) {
      made.ticket.party = std::string(1, static_cast<char>('a' + input_.below(26)));
      made.ticket.party_size = 1 + input_.below(8);
      made.ask.party(made.ticket.party, made.ticket.party_size);
    }
    // The kind tells the reference who may meet at all.
    made.ticket.kind =
        std::to_string(made.ticket.group_size) + "/" + std::to_string(made.team_count);
    return made;
  }

  void ask_once(const Request& made) {
    const TicketId id = ++last_id_;
    if (queue_.check(id, now_, made.ask)) return;
    queue_.add(id, now_, made.ask);
    Reference::Ticket ticket = made.ticket;
    ticket.enqueued = now_;
    rules_.add(id, std::move(ticket));
    waiting_.emplace(id, std::pair(made.team_count, made.team_size));
  }

  /// A crowd: requests that differ a little from each other, in numbers or in their lists.
  void ask_often() {
    Request made = request();
    const double step = input_.below(32);
    for (std::uint32_t i = 4 * input_.below(256); i > 0; --i) {
      ask_once(made);
      for (std::size_t rule = 0; rule < made.ticket.numbers.size(); ++rule) {
        made.ticket.numbers[rule] =
            static_cast<double>((static_cast<int>(made.ticket.numbers[rule] + step)) % 4096);
        made.ask.criteria[queue_.options.ranges[rule].field] = number(made.ticket.numbers[rule]);
      }
      if (!made.ticket.party.empty() && i % made.ticket.party_size == 0) {
        made.ticket.party = "crowd " + std::to_string(last_id_);
        made.ask.party(made.ticket.party, made.ticket.party_size);
      }
    }
  }

  void leave() {
    if (waiting_.empty()) return;
    const auto next = waiting_.lower_bound(last_id_ * input_.below(256) / 256);
    const TicketId id = next == waiting_.end() ? waiting_.begin()->first : next->first;
    measure([&] { queue_.queue.remove(id); });
    rules_.remove(id);
    waiting_.erase(id);
  }

  void match() {
    std::vector<peer::sdk::MatchGroup> groups;
    measure([&] { groups = queue_.queue.form_groups(now_); });
    for (const peer::sdk::MatchGroup& group : groups) {
      require(rules_.may_start(group.tickets, now_));
      check_teams(group);
      for (const TicketId id : group.tickets) require(waiting_.erase(id) == 1);
    }
    for (const peer::sdk::MatchGroup& group : groups) {
      for (const TicketId id : group.tickets) rules_.remove(id);
    }
    const auto next = queue_.queue.next_change(now_);
    require(!next || *next >= now_);
  }

  // The reference would try all ways to fill them, which is too many here.
  void check_teams(const peer::sdk::MatchGroup& group) {
    const auto [count, size] = waiting_.at(group.tickets.front());
    std::vector<std::vector<TicketId>> teams;
    measure([&] { teams = queue_.queue.teams_of(group); });
    require(teams.size() == count);
    std::vector<TicketId> members;
    std::map<std::string, std::size_t> team_of_party;
    for (std::size_t i = 0; i < teams.size(); ++i) {
      require(teams[i].size() == size);
      for (const TicketId id : teams[i]) {
        members.push_back(id);
        const std::string& party = rules_.tickets().at(id).party;
        require(party.empty() || team_of_party.try_emplace(party, i).first->second == i);
      }
    }
    std::sort(members.begin(), members.end());
    require(count == 0 || members == group.tickets);
  }

  template <typename Call>
  void measure(Call call) {
    const double before = cpu_us();
    call();
    worst_ = std::max(worst_, cpu_us() - before);
  }

  Input input_;
  Queue queue_;
  Reference rules_;
  std::map<TicketId, std::pair<std::uint32_t, std::uint32_t>> waiting_;  ///< their teams
  Instant now_ = at(1'000'000);
  TicketId last_id_ = 0;
  double worst_ = 0;
};

/// The longest call of two runs that are the same: what other work of the machine adds is in one of
/// them only.
double worst_of(std::span<const std::uint8_t> bytes) {
  const double first = Run(bytes).play();
  return std::min(first, Run(bytes).play());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const char* const bound = std::getenv("PEER_FUZZ_WORST_US");
  static double longest = 0;
  const double worst = worst_of({data, size});
  const double step = 12 * std::log2(std::max(worst, 1.0));
  times[std::min(static_cast<std::size_t>(step), kTimes - 1)] = 1;
  if (bound != nullptr && worst > longest) {
    longest = worst;
    std::fprintf(stderr, "the longest call so far: %.0f us\n", worst);
    require(worst <= std::atof(bound));
  }
  return 0;
}
