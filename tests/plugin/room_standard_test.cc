#include <gmock/gmock.h>

#include <optional>

#include "tests/plugin/loading.h"

namespace peer {
namespace {

using namespace sdk;
using testing::IsEmpty;

const Fingerprint kAnn = peer_number(1);
const Fingerprint kBob = peer_number(2);
const Fingerprint kCat = peer_number(3);

class RoomStandardTest : public testing::Test {
 protected:
  RoomDecision decide(RoomAction action, const Fingerprint& actor, const Fingerprint& target = {}) {
    const Value fields{Value::Object{{"max_size", asked_}}};
    const RoomView room{"den", kAnn, max_size_, members_, {}};
    return loaded_.plugins.room_policies.front()->decide(
        room, {action, actor, target, "vote", fields, at(0)});
  }
  std::uint32_t size_for(const Value& asked) {
    asked_ = asked;
    return decide(RoomAction::kCreate, kAnn).max_size;
  }

  const Loaded loaded_ = load({});
  std::vector<Fingerprint> members_{kAnn, kBob, kCat};
  std::uint32_t max_size_ = 4;
  Value asked_;
};

TEST_F(RoomStandardTest, TheCreatorOwnsTheRoom) {
  members_.clear();
  const RoomDecision decision = decide(RoomAction::kCreate, kBob);
  EXPECT_FALSE(decision.refusal);
  EXPECT_EQ(decision.owner, kBob);
}

TEST_F(RoomStandardTest, AnAskedSizeIsGranted) {
  EXPECT_EQ(size_for({1.0}), 1u);
  EXPECT_EQ(size_for({8.0}), 8u);
  EXPECT_EQ(size_for({30.0}), 30u);
}

TEST_F(RoomStandardTest, ALargerSizeIsCapped) {
  EXPECT_EQ(size_for({31.0}), 30u);
  EXPECT_EQ(size_for({1e300}), 30u);
  EXPECT_EQ(size_for({HUGE_VAL}), 30u);
}

TEST_F(RoomStandardTest, NullZeroAndLessAreTheDefault) {
  EXPECT_EQ(size_for({}), 20u);
  EXPECT_EQ(size_for({0.0}), 20u);
  EXPECT_EQ(size_for({-0.0}), 20u);
  EXPECT_EQ(size_for({-5.0}), 20u);
  EXPECT_EQ(size_for({-HUGE_VAL}), 20u);
}

TEST_F(RoomStandardTest, AJoinChangesNeitherOwnerNorSize) {
  const RoomDecision decision = decide(RoomAction::kJoin, peer_number(4));
  EXPECT_FALSE(decision.refusal);
  EXPECT_EQ(decision.owner, kAnn);
  EXPECT_EQ(decision.max_size, 4u);
}

TEST_F(RoomStandardTest, AFullRoomRefuses) {
  max_size_ = 3;
  const RoomDecision decision = decide(RoomAction::kJoin, peer_number(4));
  ASSERT_TRUE(decision.refusal);
  EXPECT_EQ(decision.refusal->code, 429);
  EXPECT_EQ(decision.refusal->message, "room full");
}

TEST_F(RoomStandardTest, TheOwnerMayKick) {
  const RoomDecision decision = decide(RoomAction::kKick, kAnn, kBob);
  EXPECT_FALSE(decision.refusal);
  EXPECT_EQ(decision.owner, kAnn);
  EXPECT_EQ(decision.max_size, 4u);
}

TEST_F(RoomStandardTest, NobodyElseMayKick) {
  const RoomDecision decision = decide(RoomAction::kKick, kBob, kCat);
  ASSERT_TRUE(decision.refusal);
  EXPECT_EQ(decision.refusal->code, 403);
  EXPECT_EQ(decision.refusal->message, "only room owner can kick");
}

TEST_F(RoomStandardTest, TheLongestPresentMemberInherits) {
  EXPECT_EQ(decide(RoomAction::kLeave, kAnn).owner, kBob);
  members_ = {kCat, kBob};
  EXPECT_EQ(decide(RoomAction::kLeave, kAnn).owner, kCat);
}

TEST_F(RoomStandardTest, AnotherMembersLeaveKeepsTheOwner) {
  const RoomDecision decision = decide(RoomAction::kLeave, kBob);
  EXPECT_EQ(decision.owner, kAnn);
  EXPECT_EQ(decision.max_size, 4u);
}

TEST_F(RoomStandardTest, OtherMessagesAreRefused) {
  const RoomDecision decision = decide(RoomAction::kMessage, kAnn);
  ASSERT_TRUE(decision.refusal);
  EXPECT_EQ(decision.refusal->code, 400);
  EXPECT_THAT(loaded_.plugins.room_policies.front()->message_types(), IsEmpty());
}

TEST_F(RoomStandardTest, KeepsNoStateSendsNothingAndNeverWakes) {
  for (const RoomAction action : {RoomAction::kCreate, RoomAction::kJoin, RoomAction::kLeave,
                                  RoomAction::kKick, RoomAction::kTimer}) {
    const RoomDecision decision = decide(action, kAnn, kBob);
    EXPECT_FALSE(decision.refusal);
    EXPECT_EQ(decision.state, "");
    EXPECT_TRUE(decision.messages.empty());
    EXPECT_EQ(decision.wake_after.count(), 0);
  }
}

}  // namespace
}  // namespace peer
