#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <limits>
#include <memory>

#include "tests/unit/plugins/match_skill/asking.h"

// What a request costs with few and with many waiting tickets. CPU time of this thread, and the
// least of many runs, so that other work of the machine does not count.
namespace peer_skill::test {
namespace {

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// A queue in which `waiting` tickets have found nobody: their numbers are too far from each other,
/// or, of half of them, their regions.
struct Crowd : Queue {
  explicit Crowd(TicketId waiting) : Queue(options_of_crowd()), last(waiting) {
    for (TicketId id = 1; id <= waiting; ++id) {
      add(id, at(0), ask(static_cast<double>(id / 2) * 200, id % 2 == 0 ? "eu" : "us"));
    }
    for (int calls = 0; queue.next_change(at(0)) == at(0) && calls < 1000; ++calls) {
      EXPECT_TRUE(queue.form_groups(at(0)).empty());
    }
  }
  static Options options_of_crowd() {
    Options options;
    options.ranges = {range(50, 5, 90)};
    options.overlaps = {"regions"};
    return options;
  }
  static Ask ask(double skill, const char* region) {
    return {
        2, {{"skill", number(skill)}, {"regions", list({text(region)})}, {"mode", text("a")}}, {}};
  }
  /// One that waits, and one that is matched with it: two requests.
  void request_twice() {
    const double skill = static_cast<double>(last % 40) * 200 + 100;
    for (int i = 0; i < 2; ++i) {
      const Ask asked = ask(skill, "eu");
      EXPECT_FALSE(check(++last, at(0), asked));
      add(last, at(0), asked);
      EXPECT_EQ(queue.form_groups(at(0)).size(), static_cast<std::size_t>(i));
      static_cast<void>(queue.next_change(at(0)));
    }
  }

  TicketId last;
};

double cost_of_request(Crowd& crowd) {
  double least = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 50; ++run) {
    const double before = cpu_us();
    for (int i = 0; i < 50; ++i) crowd.request_twice();
    least = std::min(least, (cpu_us() - before) / 100);
  }
  return least;
}

TEST(SkillCostTest, WithTenThousandWaitingARequestCostsAtMostThreeTimesAsMuch) {
  Crowd few(100);
  Crowd many(10'000);
  const double cost_of_few = cost_of_request(few);
  const double cost_of_many = cost_of_request(many);
  std::printf("a request: %.2f us with 100 waiting, %.2f us with 10,000\n", cost_of_few,
              cost_of_many);
  EXPECT_LE(cost_of_many, 3 * cost_of_few);
}

/// The most that one call takes, the least of some runs of it. Of `make`, the last ticket is the
/// one that is hard.
template <typename Make>
double worst_call(Make make) {
  double least = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 5; ++run) {
    const std::unique_ptr<Queue> queue = make();
    const double before = cpu_us();
    static_cast<void>(queue->queue.form_groups(at(60'000)));
    least = std::min(least, cpu_us() - before);
  }
  return least;
}

// What a stranger can make hard. The bound is that of a plain build; sanitizers make it slower.
TEST(SkillCostTest, TheWorstCallIsBounded) {
  const auto overlapping = [] {
    Options options;
    options.overlaps = {"regions", "maps"};
    options.ranges = {range(1000, 1), range(1000, 1), range(1000, 1)};
    options.ranges[1].field = "b";
    options.ranges[2].field = "c";
    return options;
  };
  const auto ask = [](std::uint32_t size, int from, int step) {
    Value::List regions;
    Value::List maps;
    for (int i = 0; i < 64; ++i) {
      regions.push_back(number(i == 0 ? 0 : from + i * step));
      maps.push_back(number(i == 0 ? 0 : from * 2 + i * step));
    }
    return Ask{size,
               {{"skill", number(from % 900)},
                {"b", number(from % 900)},
                {"c", number(1)},
                {"regions", list(std::move(regions))},
                {"maps", list(std::move(maps))}},
               {}};
  };
  // As many as fit a search, none of which is enough: a group of 64 with parties that leave room
  // for nobody.
  const double lists = worst_call([&] {
    auto queue = std::make_unique<Queue>(overlapping());
    for (TicketId id = 1; id <= 150; ++id) {
      queue->add(id, at(0), ask(64, static_cast<int>(id) * 7, 3).party(std::to_string(id / 2), 2));
    }
    for (TicketId id = 151; id <= 250; ++id)
      queue->add(id, at(0), ask(63, static_cast<int>(id), 1));
    return queue;
  });
  Options wide;
  wide.ranges = {range(10, 1, 500)};
  const double crowd = worst_call([&] {
    auto queue = std::make_unique<Queue>(wide);
    for (TicketId id = 1; id <= 10'000; ++id) {
      queue->add(id, at(static_cast<std::int64_t>(id) * 5),
                 rated(static_cast<double>(id * 7919 % 3000), 12));
    }
    return queue;
  });
  std::printf("the worst call: %.0f us with long lists, %.0f us after 10,000 requests at once\n",
              lists, crowd);
  EXPECT_LE(lists, 50'000);
  EXPECT_LE(crowd, 50'000);
}

}  // namespace
}  // namespace peer_skill::test
