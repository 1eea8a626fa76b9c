// What the members of this node hear of those on other nodes.
#include "tests/unit/hub/hub_test.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MembersElsewhereTest : public test::HubTest {
 protected:
  /// By the node's own truth, while what is elsewhere cannot be known.
  JoinResult join_alone(const std::string& peer) {
    const std::string object = object_of(peer);
    Joiner lone = joiner(peer, object);
    lone.alone = true;
    return directory_.join("lobby", lone, 1000, {});
  }
  void hear_joined(const std::string& peer) {
    directory_.announce_joined("lobby", fingerprint_of(peer), text_frame("+" + peer),
                               text_frame("-" + peer));
  }
  void hear_departed(const std::string& peer) {
    directory_.announce_departed("lobby", fingerprint_of(peer), text_frame("-" + peer));
  }
};

TEST_F(MembersElsewhereTest, AreAnnouncedToTheMembersHere) {
  join("lobby", "a");
  hear_joined("far");
  directory_.announce_left("lobby", text_frame("-far"));
  EXPECT_THAT(mail_of("a"), ElementsAre("+far", "-far"));
}

// The broker's page may be older than what the members have been told.
TEST_F(MembersElsewhereTest, WhoIsKnownToHaveGoneIsInNoPageThatABrokerHasMade) {
  join("lobby", "a");
  const JoinResult b = join("lobby", "b");
  hear_departed("b");
  sdk::MemberPage page;
  page.total = 3;
  page.members = {{fingerprint_of("a"), true, false, "\"a\""},
                  {fingerprint_of("b"), true, false, "\"b\""},
                  {fingerprint_of("far"), false, false, "\"far\""}};
  const PeerPage shown = directory_.list("lobby", page, {50, 1000});
  EXPECT_EQ(shown.peers, R"("a","far")");
  EXPECT_EQ(shown.total, 2U);
  directory_.leave(*b.ns, b.joined, fingerprint_of("b"), {});
  page.members.erase(page.members.begin() + 1);
  EXPECT_EQ(directory_.list("lobby", page, {50, 1000}).peers, R"("a","far")");
}

TEST_F(MembersElsewhereTest, AreUnknownToWhoJoinedAloneUntilItIsShownThem) {
  join("lobby", "a");
  EXPECT_FALSE(directory_.has_lone_members("lobby"));
  join_alone("b");
  EXPECT_TRUE(directory_.has_lone_members("lobby"));
  hear_joined("far");
  directory_.announce_left("lobby", text_frame("-far"));
  join("lobby", "c");
  EXPECT_THAT(mail_of("b"), ElementsAre("+c"));
  directory_.show_members("lobby", {text_frame("+d"), text_frame("+e")});
  EXPECT_FALSE(directory_.has_lone_members("lobby"));
  hear_joined("f");
  EXPECT_THAT(mail_of("b"), ElementsAre("+c", "+d", "+e", "+f"));
  EXPECT_THAT(mail_of("a"), ElementsAre("+b", "+far", "-far", "+c", "+f"));
}

TEST_F(MembersElsewhereTest, AreShownOnce) {
  join_alone("a");
  directory_.show_members("lobby", {text_frame("+far")});
  directory_.show_members("lobby", {text_frame("+far")});
  EXPECT_THAT(mail_of("a"), ElementsAre("+far"));
}

TEST_F(MembersElsewhereTest, AMemberThatIsElsewhereByNowIsAnnouncedAsGoneOnce) {
  join("lobby", "a");
  const JoinResult moved = join("lobby", "moved");
  hear_departed("moved");
  hear_departed("moved");
  hear_joined("moved");
  leave(moved, "moved");
  EXPECT_THAT(mail_of("a"), ElementsAre("+moved", "-moved", "+moved"));
  EXPECT_THAT(mail_of("moved"), IsEmpty());
}

TEST_F(MembersElsewhereTest, WhoNeverWasAMemberHereDoesNotDepart) {
  join("lobby", "a");
  where("stranger");
  hear_departed("stranger");
  hear_departed("far");
  EXPECT_THAT(mail_of("a"), IsEmpty());
}

}  // namespace
}  // namespace peer
