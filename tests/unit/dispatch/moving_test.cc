// A session on its way between nodes (docs/resume.md, "On another node"), as the node at one end
// sees it: the test is the other node.
#include "core/base/packed_bytes.h"
#include "core/session/session_moves.h"
#include "core/wire/notices.h"
#include "tests/unit/dispatch/resume_test.h"

namespace peer::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kFar = "far";

/// What one node says to another.
struct Said {
  MoveStep step = MoveStep::kClaim;
  std::uint64_t number = 0;
  std::string body;
};

class MovingTest : public SharedResumeTest {
 protected:
  MovingTest() { broker_.finds_sessions = true; }
  /// All that this node has said so far.
  std::vector<Said> said() {
    std::vector<Said> all;
    for (const std::string& text : broker_.node_talk()) {
      PackedReader reader(text);
      Said& one = all.emplace_back();
      one.step = static_cast<MoveStep>(reader.number());
      static_cast<void>(reader.number());
      one.number = reader.number();
      one.body = reader.text();
    }
    return all;
  }
  /// The other node says it of a claim by loop 0.
  void hear(MoveStep step, std::uint64_t number, std::string_view body) {
    PackedWriter writer;
    writer.number(static_cast<std::uint64_t>(step)).number(0).number(number).text(body);
    host().node_says(kFar, writer.take());
    settle();
  }
  std::size_t members_of_lobby() {
    std::size_t count = 0;
    on_loop(0, [&] { count = node().namespaces.find("lobby")->members.size(); });
    return count;
  }
  static sdk::TakeOutcome taken() {
    sdk::TakeOutcome outcome;
    outcome.status = sdk::TakeStatus::kTaken;
    outcome.memberships = {{"lobby", std::nullopt}};
    return outcome;
  }

  /// "alice" has her session at the other node, and is a member of the lobby. Her client asks for
  /// it here, and the broker is about to be asked for it. Returns the number of the claim.
  std::uint64_t begin_to_come() {
    broker_.takes.hold();
    newcomer_ = std::make_unique<Client>(connect());
    newcomer_->send("resume", resume_payload(std::string(32, 'x'), 0));
    settle();
    const std::uint64_t number = said().back().number;
    MovingIdentity identity;
    identity.peer = {peer_named("alice"), 1};
    identity.alias = "alice";
    identity.memberships.push_back({"lobby", {}, {}, object("alice"), 0, {}, {}});
    identity.memberships.back().object = with_fingerprints(identity.memberships.back().object);
    hear(MoveStep::kOffer, number, packed(identity));
    broker_.takes.wait();
    return number;
  }
  /// The broker has given it, and the other node gives what it has.
  void end_to_come(std::uint64_t number) {
    broker_.takes.release(taken());
    settle();
    hear_rest(number);
  }
  void hear_rest(std::uint64_t number) {
    MovingRest rest;
    rest.token = fingerprint_of(std::string(32, 'x'));
    rest.ends = rest.window = milliseconds(60'000);
    hear(MoveStep::kRest, number, packed(rest));
  }
  /// Her client is back.
  Client& alice() { return *newcomer_; }
  /// It leaves, and comes again.
  static void leave_and_come(Client& bob) {
    bob.send("leave", kLobby);
    bob.send("join", kLobby);
  }

 private:
  std::unique_ptr<Client> newcomer_;
};

// Of a join by way of the broker she would hear at the other node, behind which comes what she has
// heard here.
TEST_F(MovingTest, WhoLeavesAndComesWhileAnotherComesIsSeenToDoSoInThatOrder) {
  Client bob = peer_in("lobby", "bob");
  const std::uint64_t number = begin_to_come();
  leave_and_come(bob);
  EXPECT_TRUE(bob.waits());
  end_to_come(number);
  EXPECT_THAT(alice().read(), HasSubstr("resumed"));
  EXPECT_EQ(alice().read(), peer_left("lobby", "bob"));
  EXPECT_EQ(alice().read(), peer_joined("lobby", "bob"));
  EXPECT_THAT(bob.read(), HasSubstr("peer_list"));
}

TEST_F(MovingTest, NorDoesAChangeOfARoomComeAheadOfWhatItsOwnerDidBefore) {
  Client bob = owner_of("lobby", "bob", 4);
  Client carol = peer("carol");
  static_cast<void>(carol.ask("join_room", R"({"room_id":"lobby"})"));
  EXPECT_EQ(bob.read(), peer_joined("lobby", "carol"));
  static_cast<void>(begin_to_come());
  bob.send("kick", R"({"room_id":"lobby","fingerprint":"<carol>"})");
  EXPECT_TRUE(bob.waits());
  EXPECT_THAT(carol.heard(), IsEmpty());
  broker_.takes.release();
  EXPECT_EQ(bob.read(), peer_left("lobby", "carol"));
}

TEST_F(MovingTest, NobodyWaitsForWhoComesElsewhere) {
  Client bob = peer("bob");
  static_cast<void>(begin_to_come());
  EXPECT_THAT(bob.ask("join", R"({"namespace":"den"})"), HasSubstr("peer_list"));
}

TEST_F(MovingTest, WhoHasGoneMeanwhileDoesNotJoin) {
  Client bob = peer("bob");
  const std::uint64_t number = begin_to_come();
  bob.send("join", kLobby);
  settle();
  leave(bob);
  end_to_come(number);
  EXPECT_THAT(alice().read(), HasSubstr("resumed"));
  EXPECT_TRUE(alice().waits());
  EXPECT_EQ(members_of_lobby(), 1U);
}

// Where what the nodes share is in several parts, each node is told by itself that the session has
// gone over. Of one that has all of it, but is unknown to the broker, the answer would be undone.
TEST_F(MovingTest, WhatTheOtherNodeGivesAheadOfTheBrokersAnswerWaitsForThat) {
  Client bob = peer_in("lobby", "bob");
  const std::uint64_t number = begin_to_come();
  hear_rest(number);
  EXPECT_TRUE(alice().waits());
  broker_.takes.release(taken());
  EXPECT_THAT(alice().read(), HasSubstr("resumed"));
  signal(bob, "<alice>", "1");
  EXPECT_THAT(alice().read(), HasSubstr(R"("payload":1)"));
  EXPECT_THAT(broker_.told(), Not(Contains("unregister alice")));
  EXPECT_EQ(members_of_lobby(), 2U);
}

TEST_F(MovingTest, WhatWaitsForTheBrokersAnswerIsGoneIfThatIsNo) {
  Client bob = peer_in("lobby", "bob");
  const std::uint64_t number = begin_to_come();
  hear_rest(number);
  sdk::TakeOutcome too_often;
  too_often.status = sdk::TakeStatus::kTooOften;
  broker_.takes.release(too_often);
  EXPECT_THAT(alice().end(), ElementsAre("1013 replaced too often"));
  EXPECT_EQ(said().back().step, MoveStep::kCancel);
  EXPECT_EQ(members_of_lobby(), 1U);
  EXPECT_FALSE(node().peers.find(peer_named("alice")));
}

// She is away for the move alone. Who watches hears so only if she stays, and nobody comes for her.
TEST_F(MovingTest, AJoinThatIsAnsweredOnTheWayTellsNobodyThatItsPeerIsAway) {
  Client alice = resumable("alice");
  broker_.joins.hold();
  join(alice);
  broker_.joins.wait();
  PackedWriter claim;
  claim.text(bytes_of(fingerprint_of(token("alice")))).number(0);
  hear(MoveStep::kClaim, 7, claim.take());
  EXPECT_THAT(alice.end(), ElementsAre("4001 replaced by a newer connection"));
  broker_.joins.release();
  while (said().empty() || said().back().step != MoveStep::kOffer) settle();
  EXPECT_THAT(broker_.told(), Not(Contains("away alice lobby")));
  hear(MoveStep::kCancel, 7, bytes_of(peer_named("alice")));
  EXPECT_THAT(broker_.told(), Contains("away alice lobby").Times(1));
}

// The other node has been told that she knows.
TEST_F(MovingTest, WhatWhoDoesNotComeHasHeardGoesBack) {
  Client bob = peer_in("lobby", "bob");
  Client carol = peer_in("lobby", "carol");
  static_cast<void>(bob.read());
  const std::uint64_t number = begin_to_come();
  bob.send("broadcast", R"({"namespace":"lobby","data":1})");
  signal(bob, "<alice>", "2");
  bob.send("leave", kLobby);
  EXPECT_THAT(bob.heard(), IsEmpty());
  sdk::TakeOutcome gone;
  gone.status = sdk::TakeStatus::kGone;
  broker_.takes.release(gone);
  settle();
  std::vector<Said> all = said();
  std::erase_if(
      all, [&](const Said& one) { return one.number != number || one.step == MoveStep::kClaim; });
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].step, MoveStep::kHeard);
  EXPECT_EQ(all[1].step, MoveStep::kCancel);
  const std::optional<HeardMeanwhile> heard = read_heard(all[0].body);
  ASSERT_TRUE(heard);
  EXPECT_EQ(name_of(heard->peer), "alice");
  std::vector<std::string> texts;
  for (const FrameRef& frame : heard->frames) texts.push_back(with_names(text_of(frame)));
  EXPECT_THAT(texts, ElementsAre(HasSubstr(R"("data":1)"), HasSubstr(R"("payload":2)"),
                                 peer_left("lobby", "bob")));
  EXPECT_EQ(members_of_lobby(), 1U);
  EXPECT_FALSE(node().peers.find(peer_named("alice")));
}

// The same, seen from the node that keeps the session.
TEST_F(MovingTest, WhatItWasSentWhereItDidNotGoComesToAPeerThatStays) {
  Client bob = resumable("bob");
  join(bob);
  EXPECT_THAT(bob.read(), HasSubstr("peer_list"));
  PackedWriter claim;
  claim.text(bytes_of(fingerprint_of(token("bob")))).number(1);
  hear(MoveStep::kClaim, 7, claim.take());
  EXPECT_THAT(bob.end(), ElementsAre("4001 replaced by a newer connection"));
  ASSERT_EQ(said().back().step, MoveStep::kOffer);
  const HeardMeanwhile heard{peer_named("bob"), {text_frame("1"), text_frame(R"({"two":2})")}};
  hear(MoveStep::kHeard, 8, packed(heard));  // not the claim that it was offered to
  hear(MoveStep::kHeard, 7, packed(heard));
  hear(MoveStep::kCancel, 7, bytes_of(peer_named("bob")));
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 1), HasSubstr("resumed"));
  EXPECT_EQ(again.read(), "1");
  EXPECT_EQ(again.read(), R"({"two":2})");
  EXPECT_TRUE(again.waits());
}

}  // namespace
}  // namespace peer::test
