// Tickets that can be cancelled and expire: docs/protocol.md, "C.2 Tickets".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::UnorderedElementsAre;

class TicketsTest : public ServerTest {
 protected:
  void SetUp() override {
    alice.emplace(peer_in("lobby", "alice"));
    bob.emplace(peer_in("lobby", "bob"));
    alice->next("peer_joined");
  }
  void TearDown() override {
    alice.reset();
    bob.reset();
    ServerTest::TearDown();
  }
  /// Asks for a match with further fields and an id; returns the ticket of the waiting reply.
  static Json wait_with_ticket(TestPeer& peer, std::string_view more = {}) {
    peer.send("match", fmt(R"({"namespace":"lobby"%%})", more.empty() ? "" : ",", more),
              R"("id":1)");
    const Json reply = peer.next("match");
    EXPECT_EQ(reply["payload"]["status"].str(), "waiting");
    EXPECT_TRUE(reply["payload"]["ticket"].exists());
    return reply["payload"]["ticket"];
  }
  static Json match(TestPeer& peer, std::string_view more = {}) {
    peer.send("match", fmt(R"({"namespace":"lobby"%%})", more.empty() ? "" : ",", more));
    return peer.next();
  }
  static void cancel(TestPeer& peer) {
    peer.send("match_cancel", R"({"namespace":"lobby"})", R"("id":2)");
  }

  std::optional<TestPeer> alice, bob;
};

TEST_F(TicketsTest, AMatchOfTheGuideHasNoTicket) {
  EXPECT_THAT(match(*alice)["payload"].keys(), UnorderedElementsAre("status"));
}

TEST_F(TicketsTest, ARequestWithAnIdOrATimeoutHasATicket) {
  wait_with_ticket(*alice);
  EXPECT_TRUE(match(*bob, R"("group_size":3,"timeout_ms":60000)")["payload"]["ticket"].exists());
}

TEST_F(TicketsTest, ACancelledTicketDoesNotMatch) {
  const Json ticket = wait_with_ticket(*alice);
  cancel(*alice);
  const Json reply = alice->next("match_cancelled");
  EXPECT_EQ(reply["payload"]["ticket"], ticket);
  EXPECT_EQ(reply["id"], "2"_json);
  EXPECT_EQ(match(*bob)["type"].str(), "match");
  alice->expect_silence();
}

TEST_F(TicketsTest, CancellingWithoutATicketIsRefused) {
  alice->send("match_cancel", R"({"namespace":"lobby"})");
  EXPECT_EQ(alice->next("error")["type"].str(), "error");
  alice->expect_refused(message("match_cancel"), 400, "namespace required");
  alice->expect_refused(message("match_cancel", R"({"namespace":5})"), 400,
                        "namespace must be a string");
  alice->expect_silence();
}

TEST_F(TicketsTest, ATicketExpiresAfterItsTimeout) {
  alice->send("match", R"({"namespace":"lobby","timeout_ms":100})");
  const Json ticket = alice->next("match")["payload"]["ticket"];
  const Json expired = alice->next("match_expired");
  EXPECT_EQ(expired["payload"]["ticket"], ticket);
  EXPECT_EQ(expired["payload"]["namespace"].str(), "lobby");
  EXPECT_EQ(match(*bob)["type"].str(), "match");
  alice->expect_silence();
}

TEST_F(TicketsTest, TheServersMatchTimeoutAppliesToRequestsWithAnId) {
  alice.reset();
  bob.reset();
  start({"match_timeout=100ms"});
  alice.emplace(peer_in("lobby", "alice"));
  const Json ticket = wait_with_ticket(*alice);
  EXPECT_EQ(alice->next("match_expired")["payload"]["ticket"], ticket);
}

TEST_F(TicketsTest, ATicketEndsInExactlyOneWay) {
  // Carol's ticket lasts longer than the others': when it has expired, theirs would have, too.
  TestPeer carol = peer_in("lobby", "carol");
  TestPeer dave = peer_in("lobby", "dave");
  alice->next("peer_joined");
  alice->next("peer_joined");
  bob->next("peer_joined");
  bob->next("peer_joined");
  carol.next("peer_joined");
  wait_with_ticket(*alice, R"("timeout_ms":150)");
  match(*bob);
  alice->next("matched");
  wait_with_ticket(dave, R"("timeout_ms":150,"group_size":4)");
  cancel(dave);
  dave.next("match_cancelled");
  wait_with_ticket(*alice, R"("timeout_ms":150,"criteria":{"x":1})");
  const Json second = wait_with_ticket(*alice, R"("timeout_ms":100000,"criteria":{"x":2})");
  wait_with_ticket(carol, R"("timeout_ms":400,"group_size":5)");
  carol.next("match_expired");
  expect_silence_of({&*alice, &*bob, &dave});
  cancel(*alice);
  EXPECT_EQ(alice->next("match_cancelled")["payload"]["ticket"], second);
}

TEST_F(TicketsTest, ATicketOfAPeerThatLeftDoesNotExpire) {
  wait_with_ticket(*alice, R"("timeout_ms":100)");
  alice->send("leave", R"({"namespace":"lobby"})");
  bob->next("peer_left");
  wait_with_ticket(*bob, R"("timeout_ms":300)");
  bob->next("match_expired");
  alice->expect_silence();
}

TEST_F(TicketsTest, AnEqualRequestKeepsItsTicket) {
  const Json ticket = wait_with_ticket(*alice, R"("criteria":{"x":1,"y":2})");
  EXPECT_EQ(wait_with_ticket(*alice, R"("criteria":{"y":2,"x":1})"), ticket);
  EXPECT_NE(wait_with_ticket(*alice, R"("criteria":{"y":2})").text(), ticket.text());
}

TEST_F(TicketsTest, AWrongTimeoutIsRefused) {
  for (const char* timeout : {"2.5", R"("5")", "true", "{}"}) {
    alice->send("match", fmt(R"({"namespace":"lobby","timeout_ms":%})", timeout));
    alice->expect_error_like(400, "^timeout_ms must be an? integer$");
  }
}

}  // namespace
}  // namespace peer::test
