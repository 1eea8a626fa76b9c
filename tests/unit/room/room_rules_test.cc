#include "core/room/room_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace peer {
namespace {

using namespace std::chrono_literals;
using sdk::RoomAction;
using testing::ElementsAre;
using testing::SizeIs;

const Fingerprint kAnn = fingerprint_of("ann");
const Fingerprint kBob = fingerprint_of("bob");
const Fingerprint kStranger = fingerprint_of("stranger");
const sdk::Value kFields{sdk::Value::Object{{"secret", {std::string("sesame")}}}};

constexpr RoomAction kActions[] = {RoomAction::kCreate, RoomAction::kJoin,    RoomAction::kLeave,
                                   RoomAction::kKick,   RoomAction::kMessage, RoomAction::kTimer};

// Decides as the test says; by itself it keeps the room as it is, with bob as its owner.
class TestPolicy final : public sdk::RoomPolicy {
 public:
  std::function<void(const sdk::RoomView&, const sdk::RoomRequest&, sdk::RoomDecision&)> on_decide;

  sdk::RoomDecision decide(const sdk::RoomView& room,
                           const sdk::RoomRequest& request) const override {
    sdk::RoomDecision decision{{}, kBob, 7, "kept", {}, {}};
    if (on_decide) on_decide(room, request, decision);
    return decision;
  }
};

// The room "den" of ann, with bob in it.
class RoomRulesTest : public testing::Test {
 protected:
  RoomVerdict judge_action(RoomAction action, const Fingerprint& actor = kBob) {
    return judge({policy_, calls_}, "den", snapshot_,
                 {action, actor, {}, {}, kFields, sdk::Instant(5ms)});
  }
  /// The verdict on a message, when the policy changes its decision so.
  RoomVerdict judge_decision(const std::function<void(sdk::RoomDecision&)>& change) {
    policy_.on_decide = [change](const auto&, const auto&, auto& decision) { change(decision); };
    return judge_action(RoomAction::kMessage);
  }
  RoomVerdict judge_message(const std::string& type, const std::string& payload) {
    return judge_decision([&](sdk::RoomDecision& decision) {
      decision.messages = {{std::nullopt, "fine", "{}"}, {kBob, type, payload}};
    });
  }
  /// That message goes, with a word in the log; the rest of the decision stays.
  void expect_dropped(const std::string& type, const std::string& payload) {
    const std::uint64_t before = faults();
    const RoomVerdict verdict = judge_message(type, payload);
    EXPECT_FALSE(verdict.failed) << type << payload;
    ASSERT_THAT(verdict.messages, SizeIs(1)) << type << payload;
    EXPECT_EQ(verdict.messages[0].type, "fine");
    EXPECT_EQ(verdict.room.state, "kept");
    EXPECT_EQ(faults(), before + 1);
  }
  void expect_kept(const std::string& type, const std::string& payload) {
    EXPECT_THAT(judge_message(type, payload).messages, SizeIs(2)) << type << payload;
    EXPECT_EQ(faults(), 0U);
  }
  std::uint64_t faults() const { return calls_.counts().errors; }

  TestPolicy policy_;
  PluginCalls calls_{"room_policy", "test"};
  RoomSnapshot snapshot_{nullptr, {kAnn, 5, "state"}, 3, {kAnn, kBob}};
};

TEST_F(RoomRulesTest, ThePolicySeesTheRoomAndTheRequest) {
  policy_.on_decide = [](const sdk::RoomView& room, const sdk::RoomRequest& request, auto&) {
    EXPECT_EQ(room.room_id, "den");
    EXPECT_EQ(room.owner, kAnn);
    EXPECT_EQ(room.max_size, 5U);
    EXPECT_EQ(room.state, "state");
    EXPECT_THAT(room.members, ElementsAre(kAnn, kBob));
    EXPECT_EQ(request.action, RoomAction::kKick);
    EXPECT_EQ(request.actor, kAnn);
    EXPECT_EQ(request.fields, kFields);
    EXPECT_EQ(request.now, sdk::Instant(5ms));
  };
  EXPECT_FALSE(judge_action(RoomAction::kKick, kAnn).failed);
  EXPECT_EQ(calls_.counts().calls, 1U);
}

TEST_F(RoomRulesTest, ADecisionThatMakesSenseIsTheVerdict) {
  const RoomVerdict verdict = judge_decision([](sdk::RoomDecision& decision) {
    decision.messages = {{kAnn, "vote", "[1]"}, {std::nullopt, "result", "null"}};
    decision.wake_after = 30s;
  });
  EXPECT_FALSE(verdict.failed);
  EXPECT_FALSE(verdict.refusal);
  EXPECT_EQ(verdict.room.owner, kBob);
  EXPECT_EQ(verdict.room.max_size, 7U);
  EXPECT_EQ(verdict.room.state, "kept");
  ASSERT_THAT(verdict.messages, SizeIs(2));
  EXPECT_EQ(verdict.messages[0].to, kAnn);
  EXPECT_EQ(verdict.messages[1].type, "result");
  EXPECT_EQ(verdict.wake_after, 30s);
  EXPECT_EQ(faults(), 0U);
}

TEST_F(RoomRulesTest, ARefusalIsTheVerdictWhateverElseIsDecided) {
  policy_.on_decide = [](const auto&, const auto&, sdk::RoomDecision& decision) {
    decision = {sdk::RoomRefusal{429, "room full"}, kStranger, 0,
                std::string(100'000, 'x'),          {},        1s};
  };
  for (const RoomAction action :
       {RoomAction::kCreate, RoomAction::kJoin, RoomAction::kKick, RoomAction::kMessage}) {
    const RoomVerdict verdict = judge_action(action);
    EXPECT_FALSE(verdict.failed);
    ASSERT_TRUE(verdict.refusal);
    EXPECT_EQ(verdict.refusal->code, 429);
    EXPECT_EQ(verdict.refusal->message, "room full");
    EXPECT_EQ(verdict.wake_after, 0s);
  }
  EXPECT_EQ(faults(), 0U);
}

TEST_F(RoomRulesTest, WhatHasHappenedAlreadyCannotBeRefused) {
  policy_.on_decide = [](const auto&, const auto&, sdk::RoomDecision& decision) {
    decision.refusal = sdk::RoomRefusal{403, "stay"};
  };
  for (const RoomAction action : {RoomAction::kLeave, RoomAction::kTimer}) {
    const RoomVerdict verdict = judge_action(action, kStranger);
    EXPECT_FALSE(verdict.failed);
    EXPECT_FALSE(verdict.refusal);
    EXPECT_EQ(verdict.room.owner, kBob);
  }
}

TEST_F(RoomRulesTest, AThrowingPolicyFailsTheRequest) {
  policy_.on_decide = [](const auto&, const auto&, auto&) { throw std::runtime_error("no"); };
  for (const RoomAction action : kActions) EXPECT_TRUE(judge_action(action).failed);
  policy_.on_decide = [](const auto&, const auto&, auto&) { throw 42; };
  for (const RoomAction action : kActions) EXPECT_TRUE(judge_action(action).failed);
  EXPECT_EQ(faults(), 12U);
}

TEST_F(RoomRulesTest, AnOwnerWhoIsNoMemberIsAFault) {
  const auto choose_stranger = [](sdk::RoomDecision& decision) { decision.owner = kStranger; };
  EXPECT_TRUE(judge_decision(choose_stranger).failed);
  EXPECT_EQ(faults(), 1U);
}

TEST_F(RoomRulesTest, WhoIsOnTheWayInMayBecomeTheOwner) {
  policy_.on_decide = [](const auto&, const auto&, auto& decision) { decision.owner = kStranger; };
  EXPECT_FALSE(judge_action(RoomAction::kJoin, kStranger).failed);
  snapshot_ = {};
  EXPECT_FALSE(judge_action(RoomAction::kCreate, kStranger).failed);
}

TEST_F(RoomRulesTest, WhoIsOnTheWayOutOrOutsideMayNot) {
  policy_.on_decide = [](const auto&, const auto&, auto& decision) { decision.owner = kStranger; };
  for (const RoomAction action :
       {RoomAction::kLeave, RoomAction::kKick, RoomAction::kMessage, RoomAction::kTimer}) {
    EXPECT_TRUE(judge_action(action, kStranger).failed);
  }
}

TEST_F(RoomRulesTest, ARoomForNobodyIsAFault) {
  EXPECT_TRUE(judge_decision([](auto& decision) { decision.max_size = 0; }).failed);
  EXPECT_FALSE(judge_decision([](auto& decision) { decision.max_size = 1; }).failed);
}

TEST_F(RoomRulesTest, TheStateIsAtMost64KiB) {
  EXPECT_FALSE(judge_decision([](auto& decision) { decision.state.assign(65536, 'x'); }).failed);
  EXPECT_TRUE(judge_decision([](auto& decision) { decision.state.assign(65537, 'x'); }).failed);
}

TEST_F(RoomRulesTest, TheStateMayBeAnyBytes) {
  const std::string bytes("\0\xff\"\n", 4);
  EXPECT_EQ(judge_decision([&](auto& decision) { decision.state = bytes; }).room.state, bytes);
}

TEST_F(RoomRulesTest, AMessageMustNotPretendToBeTheProtocols) {
  for (const char* type :
       {"", "register", "join", "leave", "signal", "broadcast", "kick", "ping"}) {
    expect_dropped(type, "{}");
  }
}

TEST_F(RoomRulesTest, TheTypeOfAMessageMustBeUtf8) {
  for (const char* type : {"\xff", "\xC0\x80", "\xED\xA0\x80"}) expect_dropped(type, "{}");
}

TEST_F(RoomRulesTest, ATypeThatOnlyThePolicyKnowsIsKept) {
  expect_kept(
      "stra\xC3\x9F"
      "e \"1\"",
      "{}");
}

TEST_F(RoomRulesTest, TheBodyOfAMessageMustBeOneJsonValue) {
  for (const char* payload :
       {"", "{", "{} {}", "{},\"type\":\"kick\"", "nul", "\"\xff\"", "[1,]"}) {
    expect_dropped("vote", payload);
  }
}

TEST_F(RoomRulesTest, AnyJsonValueIsABodyOfAMessage) {
  for (const char* payload : {"{}", "null", "[1, 2]", "\"x\"", "1e999"}) {
    expect_kept("vote", payload);
  }
}

TEST_F(RoomRulesTest, AFaultHandsOutNothingOfTheDecision) {
  const RoomVerdict verdict = judge_decision([](auto& decision) {
    decision.max_size = 0;
    decision.messages = {{std::nullopt, "fine", "{}"}};
  });
  EXPECT_TRUE(verdict.failed);
  EXPECT_THAT(verdict.messages, SizeIs(0));
  EXPECT_EQ(verdict.room.state, "");
  EXPECT_EQ(faults(), 1U);
}

}  // namespace
}  // namespace peer
