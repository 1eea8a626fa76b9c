#include "tests/unit/match/match_test.h"

namespace peer {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;
using test::request_for;
using test::Status;

class MatchmakerExpiryTest : public test::MatchTest {
 protected:
  MatchOutcome request_with(const std::string& name, milliseconds timeout,
                            const std::string& criteria = "{}") {
    return request(name, request_for("lobby", 3, criteria, timeout));
  }
};

TEST_F(MatchmakerExpiryTest, ATicketExpiresWhenItsTimeIsUpAndNotBefore) {
  const MatchOutcome outcome = request_with("a", 100ms);
  EXPECT_EQ(outcome.wake_at, now_ + 100ms);
  now_ += 99ms;
  tick();
  EXPECT_EQ(matchmaker_.waiting(), 1U);
  now_ += 1ms;
  EXPECT_EQ(tick(), std::nullopt);
  EXPECT_EQ(matchmaker_.waiting(), 0U);
  ASSERT_THAT(mail_of("a"), SizeIs(1));
  EXPECT_EQ(mail_of("a")[0], R"({"type":"match_expired","payload":{"ticket":")" +
                                 std::to_string(outcome.ticket) + R"(","namespace":"lobby"}})");
}

TEST_F(MatchmakerExpiryTest, AnExpiredTicketIsGoneForGood) {
  request_with("a", 100ms);
  now_ += 100ms;
  tick();
  now_ += 1h;
  tick();
  EXPECT_EQ(cancel("a"), std::nullopt);
  EXPECT_THAT(mail_of("a"), SizeIs(1));
}

TEST_F(MatchmakerExpiryTest, WithoutATimeoutATicketNeverExpires) {
  EXPECT_EQ(request("a", request_for("lobby")).wake_at, std::nullopt);
  EXPECT_EQ(request("b", request_for("hall", 2, "{}", 0ms)).wake_at, std::nullopt);
  now_ += 24h * 365;
  EXPECT_EQ(tick(), std::nullopt);
  EXPECT_EQ(matchmaker_.waiting(), 2U);
}

TEST_F(MatchmakerExpiryTest, TicketsExpireEachAtItsOwnTime) {
  request_with("a", 300ms);
  request_with("b", 100ms);
  now_ += 100ms;
  EXPECT_EQ(tick(), now_ + 200ms);
  EXPECT_THAT(mail_of("b"), SizeIs(1));
  EXPECT_THAT(mail_of("a"), SizeIs(0));
  now_ += 200ms;
  EXPECT_EQ(tick(), std::nullopt);
  EXPECT_THAT(mail_of("a"), SizeIs(1));
}

TEST_F(MatchmakerExpiryTest, ALateTickExpiresEverythingThatIsDue) {
  request_with("a", 1ms);
  request_with("b", 1ms);
  now_ += 1h;
  tick();
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

TEST_F(MatchmakerExpiryTest, TheNextWakeOfANamespaceIsItsEarliestExpiry) {
  EXPECT_EQ(request_with("a", 200ms).wake_at, now_ + 200ms);
  EXPECT_EQ(request_with("b", 300ms).wake_at, now_ + 200ms);
  EXPECT_EQ(request_with("b", 100ms).wake_at, now_ + 100ms);
}

TEST_F(MatchmakerExpiryTest, ATickBeforeAnythingIsDueSaysWhenThatWillBe) {
  request_with("a", 300ms);
  now_ += 150ms;
  EXPECT_EQ(tick(), now_ + 150ms);
  EXPECT_EQ(matchmaker_.waiting(), 1U);
}

TEST_F(MatchmakerExpiryTest, ATickServesAllNamespaces) {
  request("a", request_for("lobby", 2, "{}", 100ms));
  request("b", request_for("hall", 2, "{}", 100ms));
  request("c", request_for("den", 2, "{}", 300ms));
  now_ += 100ms;
  EXPECT_EQ(tick(), now_ + 200ms);
  EXPECT_EQ(matchmaker_.waiting(), 1U);
}

TEST_F(MatchmakerExpiryTest, AnEqualRequestWithATimeoutStartsItsTimeAnew) {
  const auto ticket = request_with("a", 100ms).ticket;
  now_ += 60ms;
  EXPECT_EQ(request_with("a", 100ms).ticket, ticket);
  now_ += 40ms;
  EXPECT_EQ(tick(), now_ + 60ms);
  EXPECT_EQ(matchmaker_.waiting(), 1U);
  now_ += 60ms;
  tick();
  EXPECT_EQ(matchmaker_.waiting(), 0U);
}

TEST_F(MatchmakerExpiryTest, AnEqualRequestWithoutATimeoutWaitsForEver) {
  request_with("a", 100ms);
  request("a", request_for("lobby", 3));
  now_ += 100ms;
  EXPECT_EQ(tick(), std::nullopt);
  EXPECT_EQ(matchmaker_.waiting(), 1U);
}

TEST_F(MatchmakerExpiryTest, ATimeoutOfZeroTakesTheTimeAway) {
  request_with("a", 100ms);
  request_with("a", 0ms);
  now_ += 100ms;
  tick();
  EXPECT_EQ(matchmaker_.waiting(), 1U);
}

TEST_F(MatchmakerExpiryTest, AReplacedTicketDoesNotExpire) {
  request_with("a", 100ms);
  request_with("a", 200ms, "x");
  now_ += 100ms;
  tick();
  EXPECT_TRUE(mail_.empty());
  EXPECT_EQ(matchmaker_.waiting(), 1U);
}

TEST_F(MatchmakerExpiryTest, NeitherAMatchedNorACancelledTicketExpires) {
  request("a", request_for("lobby", 2, "{}", 100ms));
  request("b", request_for("lobby", 2, "{}", 100ms));
  request_with("c", 100ms);
  request_with("d", 100ms);
  cancel("c");
  mail_.clear();
  now_ += 100ms;
  tick();
  EXPECT_THAT(mail_of("d"), SizeIs(1));
  EXPECT_THAT(mail_.take(), SizeIs(1));
}

TEST_F(MatchmakerExpiryTest, ATickMatchesWhomTimeBroughtTogether) {
  bool time_has_come = false;
  strategy_.on_form_groups = [&](auto& groups) {
    if (!time_has_come) groups.clear();
  };
  strategy_.on_next_change = [](sdk::Instant now) { return now + 1s; };
  EXPECT_EQ(request("a", request_for("lobby")).wake_at, now_ + 1s);
  request("b", request_for("lobby"));
  now_ += 1s;
  EXPECT_EQ(tick(), now_ + 1s);
  time_has_come = true;
  now_ += 1s;
  EXPECT_EQ(tick(), std::nullopt);
  EXPECT_THAT(mail_of("a")[0], HasSubstr("matched"));
}

TEST_F(MatchmakerExpiryTest, AnImpatientStrategyIsAskedEvery50Milliseconds) {
  strategy_.on_next_change = [](sdk::Instant now) { return now - 1h; };
  EXPECT_EQ(request("a", request_for("lobby")).wake_at, now_ + 50ms);
  now_ += 50ms;
  EXPECT_EQ(tick(), now_ + 50ms);
}

TEST_F(MatchmakerExpiryTest, AnExpiryIsNotDelayedByTheStrategysOwnTime) {
  strategy_.on_next_change = [](sdk::Instant now) { return now + 1s; };
  EXPECT_EQ(request_with("a", 10ms).wake_at, now_ + 10ms);
}

TEST_F(MatchmakerExpiryTest, WithoutTicketsThereIsNothingToWaitFor) {
  EXPECT_EQ(tick(), std::nullopt);
}

}  // namespace
}  // namespace peer
