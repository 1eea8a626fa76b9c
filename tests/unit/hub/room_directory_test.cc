#include "core/hub/namespace_directory.h"
#include "tests/unit/hub/hub_test.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RoomDirectoryTest : public test::HubTest {
 protected:
  std::uint64_t version() { return directory_.room("den")->version; }
  /// The room "den" of "ann", who is its first member.
  JoinResult make_den() { return {JoinStatus::kJoined, create_room("den", "ann"), 1, {}}; }

  const Room changed_{fingerprint_of("bob"), 9, "changed"};
};

TEST_F(RoomDirectoryTest, ANewRoomHasItsCreatorAsFirstMember) {
  const Namespace* ns = make_den().ns;
  ASSERT_NE(ns, nullptr);
  const auto room = directory_.room("den");
  ASSERT_TRUE(room);
  EXPECT_EQ(room->ns, ns);
  EXPECT_EQ(room->room.owner, fingerprint_of("ann"));
  EXPECT_EQ(room->room.max_size, 5U);
  EXPECT_EQ(room->room.state, "new");
  EXPECT_THAT(room->members, ElementsAre(fingerprint_of("ann")));
  EXPECT_TRUE(is_member("ann", ns));
  EXPECT_TRUE(mail_.empty());
}

TEST_F(RoomDirectoryTest, ANameInUseCannotBecomeARoom) {
  make_den();
  join("lobby", "bob");
  EXPECT_EQ(create_room("den", "bob"), nullptr);
  EXPECT_EQ(create_room("lobby", "ann"), nullptr);
  EXPECT_EQ(directory_.room("den")->room.owner, fingerprint_of("ann"));
  EXPECT_EQ(list("lobby"), R"("bob")");
}

TEST_F(RoomDirectoryTest, JoiningARoomAsANamespaceDoesNothing) {
  make_den();
  EXPECT_EQ(join("den", "bob").status, JoinStatus::kIsRoom);
  EXPECT_EQ(list("den"), R"("ann")");
  EXPECT_TRUE(mail_.empty());
}

TEST_F(RoomDirectoryTest, AJoinStoresWhatThePolicyMadeOfTheRoom) {
  make_den();
  const JoinResult bob = join_room("den", "bob", version(), changed_);
  EXPECT_EQ(bob.status, JoinStatus::kJoined);
  EXPECT_EQ(bob.page.peers, R"("ann","bob")");
  EXPECT_EQ(bob.page.total, 2U);
  EXPECT_EQ(directory_.room("den")->room.state, "changed");
  EXPECT_EQ(directory_.room("den")->room.owner, fingerprint_of("bob"));
  EXPECT_THAT(mail_of("ann"), ElementsAre("+bob"));
  EXPECT_THAT(mail_of("bob"), IsEmpty());
}

TEST_F(RoomDirectoryTest, AJoinOnAnOldVersionDoesNothing) {
  make_den();
  const std::uint64_t old = version();
  join_room("den", "bob", old, directory_.room("den")->room);
  mail_.clear();
  EXPECT_EQ(join_room("den", "cy", old, changed_).status, JoinStatus::kConflict);
  EXPECT_EQ(list("den"), R"("ann","bob")");
  EXPECT_EQ(directory_.room("den")->room.state, "new");
  EXPECT_FALSE(is_member("cy", directory_.find("den")));
  EXPECT_TRUE(mail_.empty());
}

TEST_F(RoomDirectoryTest, ARoomThatIsGoneOrNeverWasCannotBeJoined) {
  join("lobby", "bob");
  EXPECT_EQ(join_room("den", "cy", 1, changed_).status, JoinStatus::kGone);
  EXPECT_EQ(join_room("lobby", "cy", 1, changed_).status, JoinStatus::kGone);
  const JoinResult ann = make_den();
  const std::uint64_t last = version();
  leave(ann, "ann");
  EXPECT_EQ(join_room("den", "cy", last, changed_).status, JoinStatus::kGone);
}

TEST_F(RoomDirectoryTest, EveryChangeThatThePolicyCanSeeMakesANewVersion) {
  make_den();
  const std::uint64_t created = version();
  const JoinResult bob = join_room("den", "bob", version(), changed_);
  const std::uint64_t joined = version();
  commit("den", version(), changed_);
  const std::uint64_t committed = version();
  leave(bob, "bob");
  EXPECT_LT(created, joined);
  EXPECT_LT(joined, committed);
  EXPECT_LT(committed, version());
}

TEST_F(RoomDirectoryTest, ARefreshIsNoNewVersion) {
  const JoinResult ann = make_den();
  const std::uint64_t before = version();
  directory_.refresh(*ann.ns, ann.joined, R"("Ann")");
  EXPECT_EQ(version(), before);
  EXPECT_EQ(list("den"), R"("Ann")");
}

TEST_F(RoomDirectoryTest, ACommitStoresTheRoomAndIsAnnouncedToAllMembers) {
  make_den();
  join_room("den", "bob", version(), directory_.room("den")->room);
  mail_.clear();
  EXPECT_TRUE(commit("den", version(), changed_, {{std::nullopt, text_frame("updated")}}));
  EXPECT_EQ(directory_.room("den")->room.max_size, 9U);
  EXPECT_THAT(mail_of("ann"), ElementsAre("updated"));
  EXPECT_THAT(mail_of("bob"), ElementsAre("updated"));
}

TEST_F(RoomDirectoryTest, ACommitWithoutAnAnnouncementIsSilent) {
  make_den();
  EXPECT_TRUE(commit("den", version(), changed_));
  EXPECT_EQ(directory_.room("den")->room.state, "changed");
  EXPECT_TRUE(mail_.empty());
}

TEST_F(RoomDirectoryTest, ACommitOnAnOldVersionDoesNothing) {
  make_den();
  const std::uint64_t old = version();
  commit("den", old, directory_.room("den")->room);
  EXPECT_FALSE(commit("den", old, changed_, {{std::nullopt, text_frame("updated")}}));
  EXPECT_FALSE(commit("nowhere", old, changed_, {{std::nullopt, text_frame("updated")}}));
  EXPECT_EQ(directory_.room("den")->room.state, "new");
  EXPECT_TRUE(mail_.empty());
}

TEST_F(RoomDirectoryTest, ALeaveHandsOutTheRoomThatRemains) {
  const JoinResult ann = make_den();
  join_room("den", "bob", version(), directory_.room("den")->room);
  join_room("den", "cy", version(), directory_.room("den")->room);
  mail_.clear();
  const auto left = leave(ann, "ann");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->version, version());
  EXPECT_EQ(left->room.owner, fingerprint_of("ann"));  // until the policy is asked
  EXPECT_THAT(left->members, ElementsAre(fingerprint_of("bob"), fingerprint_of("cy")));
  EXPECT_THAT(mail_of("bob"), ElementsAre("-ann"));
}

TEST_F(RoomDirectoryTest, TheLastToLeaveFreesTheName) {
  const JoinResult ann = make_den();
  EXPECT_FALSE(leave(ann, "ann"));
  EXPECT_FALSE(directory_.room("den"));
  EXPECT_EQ(join("den", "bob").status, JoinStatus::kJoined);
  EXPECT_FALSE(directory_.room("den"));
}

TEST_F(RoomDirectoryTest, AMessageToARoomReachesAllMembersOrTheOneMeant) {
  make_den();
  join_room("den", "bob", version(), directory_.room("den")->room);
  mail_.clear();
  commit("den", version(), changed_,
         {{std::nullopt, text_frame("all")}, {fingerprint_of("bob"), text_frame("bob only")}});
  EXPECT_THAT(mail_of("ann"), ElementsAre("all"));
  EXPECT_THAT(mail_of("bob"), ElementsAre("all", "bob only"));
  EXPECT_FALSE(mail_.went_astray());
}

TEST_F(RoomDirectoryTest, AMessageToARoomReachesNoStranger) {
  make_den();
  join("lobby", "bob");
  commit("den", version(), changed_, {{fingerprint_of("bob"), text_frame("x")}});
  EXPECT_TRUE(mail_.empty());
}

}  // namespace
}  // namespace peer
