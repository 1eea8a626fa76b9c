#include <peer/sdk/contract/match_strategy_contract.h>

#include <algorithm>
#include <random>
#include <thread>

#include "hostile.h"
#include "process.h"
#include "waiting_room.h"

// What every match strategy is held to. In: a MatchStrategyCase, which names the plugin and
// requests that it takes. Out: gtest failures. A WaitingRoom drives the queue on the thread of the
// test; the time is a number that the tests move.
namespace peer::sdk::contract {
namespace {

using std::chrono::milliseconds;
using Strings = std::vector<std::string>;

/// A stream of peers that ask, give up, and are matched, with claims that fail: the same one each
/// time.
class Stream {
 public:
  explicit Stream(const MatchStrategyCase& with)
      : hostile_(hostile_objects(with.requests)), good_(with.requests) {}

  void run(WaitingRoom& room, int steps) {
    for (int i = 0; i < steps; ++i) {
      now_ += milliseconds(below(500));
      const std::uint32_t die = below(10);
      if (die < 7) room.ask(++last_, below(3) == 0 ? any_of(hostile_) : any_of(good_), now_);
      if (die == 7 && last_ > 0) room.leave(1 + below(last_));  // of whom some wait no more
      if (die == 8) now_ += milliseconds(10'000);
      room.form(now_, below(5) != 0);
    }
  }
  [[nodiscard]] Instant now() const { return now_; }

 private:
  std::uint32_t below(std::size_t end) { return static_cast<std::uint32_t>(random_() % end); }
  const Value& any_of(const std::vector<Value>& all) { return all[below(all.size())]; }

  const std::vector<Value> hostile_;
  const std::vector<Value> good_;
  std::mt19937 random_{18};  // NOLINT: the same each time
  Instant now_ = kSomeDay;
  std::uint32_t last_ = 0;
};

/// Lets time go on for as long as the strategy has something to do, or `patience` is over.
void wait(WaitingRoom& room, Instant now, milliseconds patience) {
  const Instant end = now + patience;
  for (std::optional<Instant> next = now; next && *next <= end; next = room.next_change(*next)) {
    room.form(*next);
  }
}

}  // namespace

TEST_P(MatchStrategyContract, EqualRequestsMeet) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  for (const Value& payload : GetParam().requests) {
    WaitingRoom room(*strategy, "lobby");
    ASSERT_TRUE(room.ask(1, payload, kSomeDay)) << "refused: " << text_of(payload);
    const OwnedRequest request = request_of(payload);
    const std::uint32_t size =
        strategy->group_size({request.group_size, request.criteria, request.criteria_key, payload});
    for (TicketId id = 2; id <= size; ++id)
      ASSERT_TRUE(room.ask(id, payload, kSomeDay)) << text_of(payload);
    wait(room, kSomeDay, GetParam().patience);
    EXPECT_EQ(room.waiting(), std::vector<TicketId>())
        << "nobody has found them: " << text_of(payload);
    EXPECT_EQ(room.faults(), Strings());
  }
}

TEST_P(MatchStrategyContract, EachTicketEndsInExactlyOneWay) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  WaitingRoom room(*strategy, "lobby");
  Stream stream(GetParam());
  stream.run(room, 3000);
  ASSERT_EQ(room.faults(), Strings());
  for (const TicketId id : room.waiting()) room.leave(id);
  const std::size_t groups = room.groups().size();
  wait(room, stream.now(), milliseconds(3'600'000));
  EXPECT_EQ(room.groups().size(), groups) << "a group of tickets that are gone";
  EXPECT_EQ(room.faults(), Strings());
}

// Time comes as an argument, and chance has no part: else a cluster could not be understood, nor a
// stream be replayed.
TEST_P(MatchStrategyContract, TheSameCallsGiveTheSameGroups) {
  std::vector<std::vector<std::vector<TicketId>>> groups;
  for (int i = 0; i < 2; ++i) {
    const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
    WaitingRoom room(*strategy, "lobby");
    Stream(GetParam()).run(room, 1000);
    groups.push_back(room.groups());
  }
  EXPECT_EQ(groups[0], groups[1]);
}

// A queue that has add_groups() of its own says the same twice, and a server asks for one of them.
TEST_P(MatchStrategyContract, AddGroupsAndFormGroupsGiveTheSameGroups) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  WaitingRoom added(*strategy, "lobby", WaitingRoom::Asks::kAddGroups);
  WaitingRoom returned(*strategy, "lobby", WaitingRoom::Asks::kFormGroups);
  Stream(GetParam()).run(added, 1000);
  Stream(GetParam()).run(returned, 1000);
  EXPECT_EQ(added.groups(), returned.groups());
  EXPECT_EQ(returned.faults(), Strings());
}

TEST_P(MatchStrategyContract, AQueueKeepsToItsOwnTickets) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  WaitingRoom lobby(*strategy, "lobby");
  WaitingRoom arena(*strategy, "arena");
  const Value& payload = GetParam().requests.front();
  for (TicketId id = 1; id <= 40; ++id) {
    (id % 2 == 0 ? lobby : arena).ask(id, payload, kSomeDay);
    lobby.form(kSomeDay);
    arena.form(kSomeDay);
  }
  EXPECT_EQ(lobby.faults(), Strings());
  EXPECT_EQ(arena.faults(), Strings());
}

TEST_P(MatchStrategyContract, UnknownTicketsAndAnEmptyQueueAreNothing) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  WaitingRoom room(*strategy, "lobby");
  for (const TicketId id : {TicketId{0}, TicketId{7}, ~TicketId{0}}) {
    room.queue().remove(id);
    MatchForecast forecast;
    static_cast<void>(room.queue().forecast(id, forecast));
  }
  EXPECT_TRUE(room.queue().form_groups(kSomeDay).empty());
  EXPECT_FALSE(room.queue().next_change(kSomeDay)) << "without a ticket nothing changes by itself";
  ASSERT_TRUE(room.ask(1, GetParam().requests.front(), kSomeDay));
  room.leave(1);
  room.leave(1);
  room.form(kSomeDay);
  EXPECT_FALSE(room.queue().next_change(kSomeDay)) << "without a ticket nothing changes by itself";
  EXPECT_EQ(room.faults(), Strings());
}

TEST_P(MatchStrategyContract, TheClockMayBeSetBack) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  WaitingRoom room(*strategy, "lobby");
  Stream stream(GetParam());
  stream.run(room, 200);
  for (const Instant now : {stream.now() - milliseconds(86'400'000), Instant(), stream.now()}) {
    room.form(now);
    static_cast<void>(room.next_change(now));
    room.ask(100'000 + static_cast<TicketId>(now.time_since_epoch().count() % 1000),
             GetParam().requests.front(), now);
  }
  EXPECT_EQ(room.faults(), Strings());
}

TEST_P(MatchStrategyContract, AForecastIsOneOfATicketThatWaits) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  WaitingRoom room(*strategy, "lobby");
  Stream(GetParam()).run(room, 500);
  for (const TicketId id : room.waiting()) {
    MatchForecast forecast;
    if (!room.queue().forecast(id, forecast)) continue;
    EXPECT_TRUE(room.traits().forecasts) << "MatchTraits::forecasts is false";
    EXPECT_GE(forecast.waiting, 1U) << "the ticket itself waits";
    EXPECT_LE(forecast.waiting, room.waiting().size());
    EXPECT_GE(forecast.estimate.value_or(milliseconds(0)).count(), 0);
  }
}

// A loop asks while others do.
TEST_P(MatchStrategyContract, SeveralThreadsMayAsk) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  std::vector<WaitingRoom> rooms;
  rooms.reserve(4);
  for (int i = 0; i < 4; ++i) rooms.emplace_back(*strategy, "lobby");
  std::vector<std::thread> threads;
  threads.reserve(rooms.size());
  for (WaitingRoom& room : rooms) {
    threads.emplace_back([&] { Stream(GetParam()).run(room, 300); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const WaitingRoom& room : rooms) {
    EXPECT_EQ(room.faults(), Strings());
    EXPECT_EQ(room.groups(), rooms.front().groups()) << "each queue is a namespace's own";
  }
}

TEST_P(MatchStrategyContract, AThousandTicketsAreMatchedInTime) {
  const Made<MatchStrategy> strategy = make<MatchStrategy>(GetParam().plugin);
  WaitingRoom room(*strategy, "lobby");
  TicketId last = 0;
  const auto ask = [&] {
    for (int i = 0; i < 1000; ++i) room.ask(++last, GetParam().requests.front(), kSomeDay);
  };
  EXPECT_LE(shortest_of_five([&] { room.form(kSomeDay); }, ask), longest_call());
}

}  // namespace peer::sdk::contract
