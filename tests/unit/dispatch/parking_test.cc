// A node that stops, and a broker that parks its sessions or does not (docs/resume.md, "When a node
// stops").
#include "core/session/parking.h"

#include <algorithm>
#include <future>

#include "core/session/parking_queue.h"
#include "tests/unit/dispatch/resume_test.h"

namespace peer::test {
namespace {

using testing::Contains;

/// Below the first pause of a session that has not been parked twice.
constexpr milliseconds kBeforeTheFirstPauseEnds{40};

class ParkingTest : public SharedResumeTest {
 protected:
  /// Her session is away.
  void leaves(std::string_view name) {
    Client client = resumable(name);
    leave(client);
  }
  void stop() {
    on_loop(0, [&] { begin_to_stop(); });
  }
  /// On the loop.
  void begin_to_stop() {
    node().stopping = true;
    begin_parking(node(), *node().loop_states[0]);
  }
  std::ptrdiff_t attempts_for(const std::string& name) {
    const std::vector<std::string> told = broker_.told();
    return std::count(told.begin(), told.end(), "park " + name);
  }
  void wait_for_attempts(const std::string& name, std::ptrdiff_t count) {
    wait_until([&] { return attempts_for(name) >= count; });
  }
  bool has_ended() {
    bool ended = false;
    on_loop(0, [&] { ended = parking_has_ended(node(), *node().loop_states[0]); });
    return ended;
  }
  template <typename Condition>
  void wait_until(const Condition& condition) {
    const Deadline deadline;
    while (!condition()) {
      ASSERT_FALSE(deadline.passed());
      settle();
    }
  }
  static sdk::ParkOutcome parked() {
    sdk::ParkOutcome outcome;
    outcome.parked = true;
    return outcome;
  }
};

TEST_F(ParkingTest, WhoIsRefusedIsTriedOnceMoreAtOnceAndThenAfterPauses) {
  leaves("alice");
  std::promise<std::ptrdiff_t> early;
  on_loop(0, [&] {
    // The loop runs its timers in their order, so no pause has ended by then, however slow it is.
    EventLoop& loop = *node().loops[0];
    loop.schedule(loop.now() + kBeforeTheFirstPauseEnds,
                  [&] { early.set_value(attempts_for("alice")); });
    begin_to_stop();
  });
  EXPECT_LE(early.get_future().get(), 2);
  wait_for_attempts("alice", 4);
  EXPECT_FALSE(has_ended());
  broker_.parkings.always(parked());
  wait_until([&] { return has_ended(); });
  EXPECT_THAT(broker_.told(), Contains("keep alice").Times(1));
}

// More than are handed over at a time.
TEST_F(ParkingTest, WhoIsRefusedHoldsUpNobodyElse) {
  constexpr int kSessions = 20;
  for (int i = 0; i < kSessions; ++i) leaves("peer" + std::to_string(i));
  stop();
  for (int i = 0; i < kSessions; ++i) wait_for_attempts("peer" + std::to_string(i), 1);
}

TEST_F(ParkingTest, WhoEndsMeanwhileIsNotWaitedFor) {
  leaves("alice");
  stop();
  const auto pauses = [&] {
    bool does = false;
    on_loop(0, [&] { does = !node().loop_states[0]->parking->pausing.empty(); });
    return does;
  };
  wait_until(pauses);
  on_loop(0, [&] { session_named("alice").close(CloseCode::kNormal, {}); });
  settle();
  EXPECT_FALSE(pauses());
  EXPECT_TRUE(has_ended());
}

}  // namespace
}  // namespace peer::test
