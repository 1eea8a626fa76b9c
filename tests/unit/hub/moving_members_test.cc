// Members whose sessions are on their way from or to another node (Member::Move): what they hear
// here, and of what the broker is told that they know it.
#include "tests/unit/hub/hub_test.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MovingMembersTest : public test::HubTest {
 protected:
  JoinResult come(std::string_view ns, const std::string& peer, const Room* room = nullptr) {
    const std::string object = object_of(peer);
    Joiner silent = joiner(peer, object);
    silent.announcement = {};
    return directory_.come(ns, silent, room, false);
  }
  std::vector<std::string> told_of_broadcast() {
    std::vector<Fingerprint> told;
    static_cast<void>(directory_.recipients("lobby", {}, &told));
    std::vector<std::string> names;
    for (const Fingerprint& peer : told) {
      for (const char* name : {"a", "b", "moving"}) {
        if (peer == fingerprint_of(name)) names.emplace_back(name);
      }
    }
    return names;
  }
  std::size_t hear_broadcast_of_others() {
    std::size_t count = 0;
    for (const auto& loop : directory_.recipients("lobby", {})) count += loop.size();
    return count;
  }
};

TEST_F(MovingMembersTest, NobodyHearsOfWhoComesOrIsReleased) {
  join("lobby", "a");
  const JoinResult coming = come("lobby", "moving");
  EXPECT_TRUE(is_member("moving", coming.ns));
  directory_.release(*coming.ns, coming.joined, fingerprint_of("moving"));
  EXPECT_FALSE(is_member("moving", directory_.find("lobby")));
  EXPECT_THAT(mail_of("a"), IsEmpty());
  EXPECT_EQ(list("lobby"), "\"a\"");
}

TEST_F(MovingMembersTest, TheLatestThatComesIsKnown) {
  join("lobby", "a");
  EXPECT_EQ(directory_.last_coming("lobby"), 0U);
  const JoinResult first = come("lobby", "moving");
  const JoinResult second = come("lobby", "b");
  EXPECT_EQ(directory_.last_coming("lobby"), second.joined);
  EXPECT_EQ(directory_.last_coming("lobby", first.joined), first.joined);
  EXPECT_EQ(directory_.last_coming("den"), 0U);
  directory_.end_move(*first.ns, first.joined, std::nullopt);
  EXPECT_EQ(directory_.last_coming("lobby", first.joined), 0U);
  EXPECT_EQ(directory_.last_coming("lobby"), second.joined);
  directory_.release(*second.ns, second.joined, fingerprint_of("b"));
  EXPECT_EQ(directory_.last_coming("lobby"), 0U);
}

// Nobody looks for who comes unless the count says that somebody does.
TEST_F(MovingMembersTest, WhoLeavesOnTheWayDoesNotComeAnyMore) {
  join("lobby", "a");
  const JoinResult leaving = come("lobby", "moving");
  static_cast<void>(directory_.leave(*leaving.ns, leaving.joined, fingerprint_of("moving"), {}));
  const JoinResult other = come("lobby", "b");
  directory_.begin_move(*other.ns, other.joined);
  EXPECT_EQ(directory_.last_coming("lobby"), 0U);
  const JoinResult third = come("lobby", "moving");
  EXPECT_EQ(directory_.last_coming("lobby"), third.joined);
}

// News of its join there, which are late here.
TEST_F(MovingMembersTest, WhoComesIsAMemberElsewhereStill) {
  join("lobby", "a");
  const JoinResult coming = come("lobby", "moving");
  directory_.announce_joined("lobby", fingerprint_of("moving"), text_frame("+moving"),
                             text_frame("-moving"));
  EXPECT_THAT(mail_of("a"), ElementsAre("+moving"));
  directory_.end_move(*coming.ns, coming.joined, std::nullopt);
  EXPECT_EQ(hear_broadcast_of_others(), 2U);
}

TEST_F(MovingMembersTest, ANamespaceEndsWithTheLastThatIsReleased) {
  const Room room{fingerprint_of("b"), 4, "state"};
  const JoinResult coming = come("den", "moving", &room);
  EXPECT_EQ(all().at("den"), "1 room");
  directory_.release(*coming.ns, coming.joined, fingerprint_of("moving"));
  EXPECT_THAT(all(), IsEmpty());
}

TEST_F(MovingMembersTest, WhoComesHearsWhatMembersHereDoAndTheBrokerKnows) {
  const JoinResult a = join("lobby", "a");
  join("lobby", "b");
  const JoinResult coming = come("lobby", "moving");
  EXPECT_THAT(told_of_broadcast(), ElementsAre("moving"));
  const LeaveResult left = directory_.leave(*a.ns, a.joined, fingerprint_of("a"), text_frame("-a"));
  EXPECT_THAT(left.told, ElementsAre(fingerprint_of("moving")));
  EXPECT_THAT(mail_of("moving"), ElementsAre("-a"));
  directory_.end_move(*coming.ns, coming.joined, std::nullopt);
  EXPECT_THAT(told_of_broadcast(), IsEmpty());
}

TEST_F(MovingMembersTest, WhoComesHearsNothingOfWhatAllNodesHear) {
  const JoinResult a = join("lobby", "a");
  const JoinResult coming = come("lobby", "moving");
  directory_.announce_joined("lobby", fingerprint_of("far"), text_frame("+far"), {});
  directory_.announce_left("lobby", text_frame("-far"));
  join("lobby", "b");  // as the broker has told all nodes
  EXPECT_EQ(hear_broadcast_of_others(), 2U);
  // A kick: the other nodes have been told with it.
  directory_.leave(*a.ns, a.joined, fingerprint_of("a"), text_frame("-a"), true);
  EXPECT_THAT(mail_of("moving"), IsEmpty());
  directory_.end_move(*coming.ns, coming.joined, std::nullopt);
  directory_.announce_left("lobby", text_frame("-far"));
  EXPECT_EQ(hear_broadcast_of_others(), 2U);
  EXPECT_THAT(mail_of("moving"), ElementsAre("-far"));
}

TEST_F(MovingMembersTest, WhoIsLeavingHearsAllUntilItIsReleased) {
  const JoinResult a = join("lobby", "a");
  const JoinResult leaving = join("lobby", "moving");
  directory_.begin_move(*leaving.ns, leaving.joined);
  EXPECT_THAT(told_of_broadcast(), ElementsAre("moving"));
  EXPECT_EQ(hear_broadcast_of_others(), 2U);
  directory_.announce_left("lobby", text_frame("-far"));
  const LeaveResult left = directory_.leave(*a.ns, a.joined, fingerprint_of("a"), text_frame("-a"));
  EXPECT_THAT(left.told, ElementsAre(fingerprint_of("moving")));
  EXPECT_THAT(mail_of("moving"), ElementsAre("-far", "-a"));
}

TEST_F(MovingMembersTest, WhoKnowsItIsNotToldByAnotherNode) {
  join("lobby", "a");
  join("lobby", "b");
  mail_.clear();
  directory_.announce_left("lobby", text_frame("-far"), std::vector{fingerprint_of("b")});
  EXPECT_THAT(mail_of("a"), ElementsAre("-far"));
  EXPECT_THAT(mail_of("b"), IsEmpty());
}

// Of several streams each has its own place at which it has gone over.
TEST_F(MovingMembersTest, WhoHasLeftOneNamespaceHearsNothingOfItHere) {
  const JoinResult a = join("lobby", "a");
  const JoinResult leaving = join("lobby", "moving");
  const Fingerprint moving = fingerprint_of("moving");
  directory_.member_moved("lobby", moving, false, std::nullopt);  // it does not move
  directory_.begin_move(*leaving.ns, leaving.joined);
  mail_.clear();
  directory_.announce_left("lobby", text_frame("-far"));
  directory_.member_moved("lobby", moving, false, std::nullopt);
  directory_.announce_joined("lobby", fingerprint_of("far"), text_frame("+far"), {});
  directory_.announce_joined("lobby", moving, text_frame("+moving"), text_frame("-moving"));
  EXPECT_EQ(hear_broadcast_of_others(), 1U);
  EXPECT_THAT(told_of_broadcast(), IsEmpty());
  const LeaveResult left = directory_.leave(*a.ns, a.joined, fingerprint_of("a"), text_frame("-a"));
  EXPECT_THAT(left.told, IsEmpty());
  EXPECT_THAT(mail_of("moving"), ElementsAre("-far"));
  EXPECT_THAT(mail_of("a"), ElementsAre("-far", "+far", "+moving"));
}

TEST_F(MovingMembersTest, WhoHasComeToOneNamespaceHearsAllThere) {
  const Room before{fingerprint_of("a"), 4, "old"};
  const JoinResult coming = come("den", "moving", &before);
  const Fingerprint moving = fingerprint_of("moving");
  directory_.announce_left("den", text_frame("-far"));
  directory_.member_moved("den", moving, true, Room{fingerprint_of("a"), 4, "new"});
  EXPECT_EQ(directory_.last_coming("den"), 0U);
  directory_.announce_joined("den", fingerprint_of("far"), text_frame("+far"), {});
  directory_.apply_to_room("den", {{fingerprint_of("a"), 4, "newer"}, {}});
  // As it was at the step.
  directory_.end_move(*coming.ns, coming.joined, Room{fingerprint_of("a"), 4, "new"});
  EXPECT_THAT(mail_of("moving"), ElementsAre("+far"));
  EXPECT_EQ(directory_.room("den")->room.state, "newer");
}

TEST_F(MovingMembersTest, WhoEndsOnItsWayInIsAMemberElsewhere) {
  join("lobby", "a");
  const Room room{fingerprint_of("b"), 4, "state"};
  const JoinResult coming = come("lobby", "moving", &room);
  const LeaveResult left =
      directory_.leave(*coming.ns, coming.joined, fingerprint_of("moving"), text_frame("-moving"));
  EXPECT_FALSE(left.was_room);
  EXPECT_THAT(mail_of("a"), IsEmpty());
}

TEST_F(MovingMembersTest, ARoomIsAsTheBrokerSaysWhenSomebodyHasCome) {
  const Room before{fingerprint_of("b"), 4, "old"};
  const JoinResult coming = come("den", "moving", &before);
  directory_.end_move(*coming.ns, coming.joined, Room{fingerprint_of("moving"), 5, "new"});
  const auto room = directory_.room("den");
  ASSERT_TRUE(room);
  EXPECT_EQ(room->room.state, "new");
  EXPECT_EQ(room->room.owner, fingerprint_of("moving"));
}

}  // namespace
}  // namespace peer
