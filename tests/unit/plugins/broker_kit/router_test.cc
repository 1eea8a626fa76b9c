#include "plugins/broker_kit/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace peer_broker_kit {
namespace {

using peer::sdk::RouteOutcome;
using testing::ElementsAre;
using testing::IsEmpty;
using Fate = Answer::Fate;
using Verdict = Answer::Verdict;

/// Keeps what it is given, so that the test answers when it likes.
class FakeTransport final : public Transport {
 public:
  struct Sent {
    std::string what;  ///< find, or the node
    std::string envelope;
    bool patient = false;
    Errand errand;
  };

  bool is_giving_up() const override { return giving_up; }
  void publish(std::string_view node, std::string_view envelope, Errand errand) override {
    asked.push_back({std::string(node), std::string(envelope), false, std::move(errand)});
  }
  void tell(std::string_view node, std::string_view envelope) override {
    told.push_back(std::string(node) + ' ' + std::string((*unpack(envelope))[0]));
  }
  void find(const peer::sdk::Fingerprint&, std::string_view envelope, bool patient,
            Errand errand) override {
    asked.push_back({"find", std::string(envelope), patient, std::move(errand)});
  }
  bool has_strangers() const override { return strangers; }
  void heard_of_strangers() override { strangers = true; }
  void publish_to_strangers(const Directed& message, bool routed) override {
    to_strangers.push_back(message.text + (routed ? " routed" : ""));
  }

  std::deque<Sent> asked;
  std::vector<std::string> told;
  std::vector<std::string> to_strangers;
  bool giving_up = false;
  bool strangers = false;
};

class RouterTest : public testing::Test {
 protected:
  RouterTest() { state_.set(NodeState::State::kConnected); }

  static peer::sdk::Fingerprint peer(std::uint8_t number) {
    peer::sdk::Fingerprint fingerprint{};
    fingerprint.bytes[0] = number;
    return fingerprint;
  }
  /// From peer 1 to peer 2.
  void send(const std::string& text) {
    Directed message{peer(1), peer(2), pack({"game"}), text};
    message.since = Clock::now();
    router_.route(std::move(message),
                  [this, text](RouteOutcome outcome) { outcomes_.emplace_back(text, outcome); });
  }
  /// What was asked first has this answer; returns its text.
  std::string answer(const Answer& answer) {
    if (transport_.asked.empty()) throw std::runtime_error("nothing has been asked");
    const FakeTransport::Sent sent = std::move(transport_.asked.front());
    transport_.asked.pop_front();
    sent.errand.take(answer);
    const Fields fields = *unpack(sent.envelope);
    return sent.what + ' ' + std::string(fields.back());
  }
  static Answer ended(Fate fate) {
    Answer answer;
    answer.fate = fate;
    return answer;
  }
  static Answer heard_by(std::int64_t listeners) {
    Answer answer = ended(Fate::kDone);
    answer.listeners = listeners;
    return answer;
  }
  static Answer found(Verdict verdict, std::string_view node = {}) {
    Answer answer = ended(Fate::kDone);
    answer.verdict = verdict;
    answer.node = node;
    return answer;
  }
  std::vector<std::string> under_way() const {
    std::vector<std::string> texts;
    for (const auto& sent : transport_.asked) {
      texts.push_back(sent.what + ' ' + std::string(unpack(sent.envelope)->back()));
    }
    return texts;
  }

  using Heard = std::vector<std::pair<std::string, RouteOutcome>>;

  EventLoop loop_;
  SharedState shared_;
  NodeState state_{shared_};
  FakeTransport transport_;
  Router router_{loop_, "here", std::chrono::milliseconds(10'000), state_, shared_, transport_};
  Heard outcomes_;
};

TEST_F(RouterTest, ARouteThatWasFoundIsTakenFromThenOn) {
  send("one");
  EXPECT_EQ(answer(found(Verdict::kSent, "there")), "find one");
  send("two");
  EXPECT_THAT(under_way(), ElementsAre("there two"));
}

TEST_F(RouterTest, WhoIsNowhereIsNotFound) {
  send("one");
  answer(found(Verdict::kNowhere));
  EXPECT_THAT(outcomes_, ElementsAre(std::pair("one", RouteOutcome::kNotFound)));
}

TEST_F(RouterTest, MessagesBehindARouteThatWasWrongWaitAndAreAskedForInTheirOrder) {
  send("one");
  answer(found(Verdict::kSent, "there"));
  EXPECT_TRUE(router_.take_moved({"F1", to_hex(peer(2)), "there"}));
  send("two");  // has all that was sent there arrived?
  send("three");
  ASSERT_EQ(transport_.asked.size(), 1U);
  EXPECT_EQ(transport_.asked.front().what, "there");
  const auto request = *unpack(transport_.asked.front().envelope);
  EXPECT_EQ(request[0], std::string("B") + kMajorVersion);
  EXPECT_TRUE(router_.take_arrival({"C1", request[2], request[3]}));
  answer(heard_by(1));  // late: it has said so
  EXPECT_EQ(answer(found(Verdict::kSent, "elsewhere")), "find two");
  EXPECT_THAT(under_way(), ElementsAre("elsewhere three"));
}

TEST_F(RouterTest, AMessageThatNobodyHeardIsAskedForWithPatience) {
  send("one");
  answer(found(Verdict::kSent, "there"));
  send("two");
  answer(heard_by(0));
  answer(heard_by(0));  // nor whether all has arrived
  ASSERT_THAT(under_way(), ElementsAre("find two"));
  EXPECT_TRUE(transport_.asked.front().patient);
  EXPECT_THAT(outcomes_, IsEmpty());
}

TEST_F(RouterTest, WhatWasRefusedIsSentWhenTheNodeIsConnectedAgain) {
  send("one");
  answer(found(Verdict::kSent, "there"));
  send("two");
  transport_.giving_up = true;
  answer(ended(Fate::kRefused));
  send("three");
  state_.set(NodeState::State::kDegraded);
  router_.went_down();
  EXPECT_THAT(under_way(), IsEmpty());
  EXPECT_EQ(shared_.outage_messages, 2U);
  transport_.giving_up = false;
  state_.set(NodeState::State::kConnected);
  router_.connected();
  EXPECT_THAT(under_way(), ElementsAre("find two", "find three"));
  EXPECT_THAT(outcomes_, IsEmpty());
}

TEST_F(RouterTest, WhatMayHaveBeenSentIsDroppedAndCounted) {
  send("one");
  answer(ended(Fate::kError));
  send("two");
  answer(ended(Fate::kNoAnswer));
  EXPECT_THAT(outcomes_, ElementsAre(std::pair("one", RouteOutcome::kUnavailable),
                                     std::pair("two", RouteOutcome::kUnavailable)));
  EXPECT_EQ(shared_.dropped, 2U);
}

TEST_F(RouterTest, ABroadcastWaitsForWhatItsSenderHasSaidAndIsNotOvertaken) {
  EXPECT_FALSE(router_.holds_back(peer(1)));
  send("one");
  answer(found(Verdict::kSent, "there"));
  EXPECT_TRUE(router_.take_moved({"F1", to_hex(peer(2)), "there"}));
  send("two");
  EXPECT_TRUE(router_.holds_back(peer(1)));
  EXPECT_FALSE(router_.holds_back(peer(3)));
  std::vector<std::string> sent;
  router_.send_in_line(
      peer(1), 100, [&](Router::Place) { sent.emplace_back("broadcast"); },
      [&] { sent.emplace_back("no"); });
  send("three");
  router_.tidy(Clock::now());
  EXPECT_TRUE(router_.holds_broadcasts(router_.last_held()));
  EXPECT_THAT(sent, IsEmpty());
  // The old node has passed on all that it was sent.
  EXPECT_THAT(under_way(), ElementsAre("there 2"));
  transport_.asked.clear();
  EXPECT_TRUE(router_.take_arrival({"C1", to_hex(peer(2)), "2"}));
  EXPECT_EQ(answer(found(Verdict::kSent, "elsewhere")), "find two");
  EXPECT_THAT(under_way(), IsEmpty());
  router_.tidy(Clock::now());
  EXPECT_THAT(sent, ElementsAre("broadcast"));
  EXPECT_THAT(under_way(), ElementsAre("elsewhere three"));
  EXPECT_FALSE(router_.holds_back(peer(1)));
  EXPECT_FALSE(router_.holds_broadcasts(router_.last_held()));
  EXPECT_THAT(outcomes_, IsEmpty());
}

TEST_F(RouterTest, RoutesByWhichAPeerHasSentOfLateAreLookedAtOnce) {
  EXPECT_TRUE(router_.begin_check(peer(1)).empty());
  send("one");
  answer(found(Verdict::kSent, "there"));  // in one step with the look-up: never wrong
  EXPECT_TRUE(router_.begin_check(peer(1)).empty());
  send("two");
  send("three");
  const std::vector<Router::Sent> sent = router_.begin_check(peer(1));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].to, peer(2));
  EXPECT_EQ(*sent[0].node, "there");
  EXPECT_TRUE(router_.holds_back(peer(1)));
  EXPECT_FALSE(router_.holds_back(peer(3)));
  // What the sender says meanwhile waits.
  send("four");
  router_.tidy(Clock::now());
  EXPECT_THAT(under_way(), ElementsAre("there two", "there three"));
  router_.end_check(peer(1));
  EXPECT_THAT(under_way(), ElementsAre("there two", "there three", "there four"));
  EXPECT_FALSE(router_.holds_back_anything());
  // The third is asked about the next time; later than two seconds afterwards nothing is.
  EXPECT_EQ(router_.begin_check(peer(1)).size(), 1U);
  router_.end_check(peer(1));
  send("five");
  router_.tidy(Clock::now() + std::chrono::seconds(10));
  EXPECT_TRUE(router_.begin_check(peer(1)).empty());
}

TEST_F(RouterTest, WhereARouteWasWrongABroadcastWaitsUntilAllIsPassedOn) {
  send("one");
  answer(found(Verdict::kSent, "there"));
  send("two");
  std::vector<std::string> sent;
  const auto moved = router_.begin_check(peer(1));
  router_.await_passed_on(
      peer(1), moved, {}, [&](Router::Place) { sent.emplace_back("broadcast"); },
      [&] { sent.emplace_back("no"); });
  send("three");
  router_.tidy(Clock::now());
  EXPECT_THAT(sent, IsEmpty());
  ASSERT_EQ(transport_.asked.size(), 2U);
  EXPECT_EQ(transport_.asked[1].what, "there");
  const std::string asked = transport_.asked[1].envelope;
  const Fields request = *unpack(asked);
  EXPECT_EQ(request[0], std::string("B") + kMajorVersion);
  transport_.asked.clear();
  EXPECT_TRUE(router_.take_arrival({"C1", request[2], request[3]}));
  EXPECT_THAT(sent, ElementsAre("broadcast"));
  // The next message is for wherever the peer is now.
  ASSERT_EQ(transport_.asked.size(), 1U);
  EXPECT_EQ((*unpack(transport_.asked[0].envelope))[0], std::string("B") + kMajorVersion);
}

TEST_F(RouterTest, ABroadcastIsHeldUntilItIsKnownToHaveGone) {
  send("one");
  answer(found(Verdict::kSent, "there"));
  send("two");
  const std::uint64_t before = router_.last_held();
  const auto moved = router_.begin_check(peer(1));
  const std::uint64_t last = router_.last_held();
  // The check may find that it has to wait.
  EXPECT_TRUE(router_.holds_broadcasts(last));
  EXPECT_FALSE(router_.holds_broadcasts(before));
  const Router::Sent right{peer(3), moved[0].node, moved[0].at};
  bool is_checked = false;
  router_.await_passed_on(
      peer(1), moved, {right},
      [&](Router::Place place) { is_checked = !router_.begin_check(peer(1), place).empty(); },
      [] {});
  EXPECT_TRUE(router_.holds_broadcasts(last));
  const std::string asked = transport_.asked.back().envelope;
  const Fields request = *unpack(asked);
  EXPECT_TRUE(router_.take_arrival({"C1", request[2], request[3]}));
  // It is the same broadcast that is checked again, and not a later one.
  EXPECT_TRUE(is_checked);
  EXPECT_TRUE(router_.holds_broadcasts(last));
  router_.end_check(peer(1));
  EXPECT_FALSE(router_.holds_broadcasts(router_.last_held()));
}

TEST_F(RouterTest, ABroadcastBeginsAnewBehindWhatIsSoughtByThen) {
  send("one");
  answer(found(Verdict::kSent, "there"));
  send("two");
  std::vector<std::string> sent;
  const auto moved = router_.begin_check(peer(1));
  router_.await_passed_on(
      peer(1), moved, {}, [&](Router::Place) { sent.emplace_back("broadcast"); },
      [&] { sent.emplace_back("no"); });
  // The node has stopped, and nobody has heard the second.
  answer(heard_by(0));
  answer(heard_by(0));  // nor the question, of which there is one for each
  EXPECT_EQ(answer(heard_by(0)), "there 2");
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_EQ(answer(found(Verdict::kSent, "elsewhere")), "find two");
  router_.tidy(Clock::now());
  EXPECT_THAT(sent, ElementsAre("broadcast"));
}

TEST_F(RouterTest, ABroadcastInLineDoesNotOutliveTheLink) {
  send("one");
  answer(found(Verdict::kSent, "there"));
  EXPECT_TRUE(router_.take_moved({"F1", to_hex(peer(2)), "there"}));
  send("two");
  std::vector<std::string> sent;
  router_.send_in_line(
      peer(1), 100, [&](Router::Place) { sent.emplace_back("broadcast"); },
      [&] { sent.emplace_back("no"); });
  send("three");
  state_.set(NodeState::State::kDegraded);
  router_.went_down();
  EXPECT_THAT(sent, ElementsAre("no"));
  EXPECT_EQ(shared_.outage_messages, 2U);
  EXPECT_FALSE(router_.holds_back_anything());
  EXPECT_FALSE(router_.holds_broadcasts(router_.last_held()));
}

TEST_F(RouterTest, WhoDoesNotHaveTheTargetPassesAMessageOnAndTellsTheSendersNode) {
  Directed message{peer(1), peer(2), pack({"game"}), "one"};
  const std::string bytes = directed_envelope("origin", 7, true, message);
  const auto envelope = read_directed(*unpack(bytes));
  ASSERT_TRUE(envelope);
  router_.take_delivered(*envelope, RouteOutcome::kNotFound);
  EXPECT_THAT(transport_.told, ElementsAre("origin F1"));
  ASSERT_EQ(transport_.asked.size(), 1U);
  EXPECT_FALSE(transport_.asked.front().patient);
  EXPECT_EQ(answer(found(Verdict::kNowhere)), "find one");
  EXPECT_THAT(transport_.told, ElementsAre("origin F1", "origin A1"));
}

TEST_F(RouterTest, NodesOfAnotherKindGetWhatNobodyOfOursHas) {
  send("one");
  answer(found(Verdict::kStrangers));
  EXPECT_THAT(transport_.to_strangers, ElementsAre("one"));
  EXPECT_THAT(outcomes_, ElementsAre(std::pair("one", RouteOutcome::kDelivered)));
  EXPECT_TRUE(transport_.strangers);
}

TEST_F(RouterTest, WhatHasArrivedLeavesNoTimerBehind) {
  bool has_arrived = false;
  router_.await_all_at("there", [&] { has_arrived = true; });
  const std::string envelope = transport_.asked.front().envelope;
  const Fields request = *unpack(envelope);
  answer(heard_by(1));
  EXPECT_EQ(loop_.timers(), 1U);
  EXPECT_TRUE(router_.take_arrival({"C1", request[2], request[3]}));
  EXPECT_TRUE(has_arrived);
  EXPECT_EQ(loop_.timers(), 0U);
}

}  // namespace
}  // namespace peer_broker_kit
