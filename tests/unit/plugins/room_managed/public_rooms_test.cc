#include "tests/unit/plugins/room_managed/managed_rooms_test.h"

// Rooms that are listed, and rooms that wait for their members.
namespace peer_managed {
namespace {

TEST_F(ManagedRoomsTest, APublicRoomIsListedWithWhatANewcomerNeedsToKnow) {
  create({{"public", {true}}});
  EXPECT_EQ(listed(kBob), R"({"has_password":false,"locked":false})");
  create_with(
      "x", {{"public", {true}}, {"locked", {true}}, {"info", {Value::Object{{"map", {"dust"}}}}}});
  EXPECT_EQ(listed(kBob), R"({"has_password":true,"locked":true,"info":{"map":"dust"}})");
  EXPECT_TRUE(described().listed);
}

TEST_F(ManagedRoomsTest, ARoomThatIsNotPublicIsNotListed) {
  create();
  EXPECT_EQ(listed(kAnn), "");
  EXPECT_FALSE(described().listed);
  say(kAnn, "room_update", {{"public", {true}}});
  EXPECT_NE(listed(kBob), "");
  say(kAnn, "room_update", {{"public", {}}});
  EXPECT_EQ(listed(kBob), "");
}

TEST_F(ManagedRoomsTest, WhoIsBannedDoesNotSeeTheRoomForAsLong) {
  create({{"public", {true}}});
  ban(kBob, {60.0});
  EXPECT_EQ(listed(kBob), "");
  EXPECT_NE(listed(kCat), "");
  now_ += 60s;
  EXPECT_NE(listed(kBob), "");
}

TEST_F(ManagedRoomsTest, TheCoreHearsOfListsAndWaitsWhereTheOptionsHaveThem) {
  RoomTraits traits;
  ManagedRooms(options_).traits(traits);
  EXPECT_FALSE(traits.lists_rooms);
  EXPECT_FALSE(traits.keeps_empty_rooms);
  options_.list_rooms = true;
  options_.empty_timeout = 5min;
  ManagedRooms(options_).traits(traits);
  EXPECT_TRUE(traits.lists_rooms);
  EXPECT_TRUE(traits.keeps_empty_rooms);
  create();
  EXPECT_EQ(described().keep_empty, 5min);
}

TEST_F(ManagedRoomsTest, WhoComesFirstIntoARoomThatHasWaitedOwnsIt) {
  create({{"locked", {false}}});
  members_.clear();  // the last one goes without a question
  EXPECT_EQ(join(kBob), "");
  EXPECT_EQ(owner_, kBob);
  EXPECT_EQ(join(kAnn), "");
  EXPECT_EQ(owner_, kBob);
}

TEST_F(ManagedRoomsTest, AWaitingRoomKeepsItsRules) {
  create_with("x", {{"max_size", {1.0}}});
  ban(kCat);
  members_.clear();
  EXPECT_EQ(join(kCat), "403 banned");
  EXPECT_EQ(join(kBob), "403 wrong password");
  EXPECT_EQ(join(kAnn), "");  // its owner is never refused
  EXPECT_EQ(owner_, kAnn);
}

TEST_F(ManagedRoomsTest, WithSuccessionNoneAWaitingRoomStaysItsOwners) {
  options_.succession = Succession::kNone;
  create();
  members_.clear();
  EXPECT_EQ(join(kBob), "");
  EXPECT_EQ(owner_, kAnn);
}

TEST_F(ManagedRoomsTest, WhatTheLastMemberHadProvedIsForgottenWithIt) {
  proved_ = {kBob};
  create();
  join(kBob);
  EXPECT_EQ(read_state(state_)->proved, std::vector<Fingerprint>{kBob});
  members_.clear();
  join(kCat);
  EXPECT_TRUE(read_state(state_)->proved.empty());
  EXPECT_FALSE(read_state(state_)->owner_proved);
}

}  // namespace
}  // namespace peer_managed
