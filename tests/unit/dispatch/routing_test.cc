#include "core/protocol/message.h"
#include "tests/unit/dispatch/node_test.h"

// signal, relay, broadcast (docs/protocol.md, "signal", "relay", "broadcast").
namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string signal(std::string_view from, std::string_view to, std::string_view payload = "1") {
  std::string text = R"({"type":"signal","from":"<)" + std::string(from) + R"(>","to":"<)";
  return text.append(to).append(">\",\"payload\":").append(payload) + ",\"ts\":0}";
}

std::string broadcast(std::string_view from) {
  return R"({"type":"broadcast","from":"<)" + std::string(from) +
         R"(>","namespace":"lobby","payload":{"namespace":"lobby","data":1},"ts":0})";
}

constexpr std::string_view kToLobby = R"({"namespace":"lobby","data":1})";

class RoutingTest : public NodeTest {};

TEST_F(RoutingTest, ASignalReachesAPeerByFingerprintAndAlias) {
  Client alice = peer_in("lobby", "alice");
  Client bob = peer_in("lobby", "bob");
  bob.send(R"({"type":"signal","to":"alice","payload":1})");
  bob.send(R"({"type":"signal","to":"<alice>","payload":{"a" : 1e999}})");
  EXPECT_THAT(alice.heard(), ElementsAre(peer_joined("lobby", "bob"), signal("bob", "alice"),
                                         signal("bob", "alice", R"({"a" : 1e999})")));
  EXPECT_THAT(bob.heard(), IsEmpty());
}

TEST_F(RoutingTest, ASignalReachesAnotherLoopAndIsAcknowledged) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  EXPECT_EQ(bob.ask(R"({"type":"signal","to":"alice","id":"x","payload":1})"), ack("\"x\"", 1));
  EXPECT_THAT(alice.heard(), ElementsAre(peer_joined("lobby", "bob"), signal("bob", "alice")));
}

TEST_F(RoutingTest, Is400Then404Then403) {
  Client alice = peer("alice");
  const Client bob = peer("bob");
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":7})"), error(400, "to must be a string"));
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":""})"), error(400, "target peer required"));
  EXPECT_EQ(alice.ask(R"({"type":"relay"})"), error(400, "target peer required"));
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"nobody"})"), error(404, "peer not found"));
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"<nobody>"})"), error(404, "peer not found"));
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"bob"})"), error(403, "no shared namespace"));
}

TEST_F(RoutingTest, FanOutIsBoundedBehindAllOtherChecks) {
  config_.fanout_limit_per_sec = 1;
  Client alice = peer_in("lobby", "alice");
  EXPECT_THAT(alice.ask(R"({"type":"signal","to":"alice"})"), HasSubstr("signal"));
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"alice"})"), error(429, "rate limited"));
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"bob"})"), error(404, "peer not found"));
}

TEST_F(RoutingTest, ABroadcastReachesTheOthersOfAllLoops) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 0);
  Client carol = peer_in("lobby", "carol", 1);
  static_cast<void>(alice.heard());
  static_cast<void>(bob.heard());
  EXPECT_EQ(alice.ask("broadcast", kToLobby, R"("id":1)"), ack("1", 2));
  EXPECT_EQ(bob.read(), broadcast("alice"));
  EXPECT_EQ(carol.read(), broadcast("alice"));
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(RoutingTest, WhoIsExcludedHearsNothing) {
  Client alice = peer_in("lobby", "alice");
  Client bob = peer_in("lobby", "bob");
  static_cast<void>(alice.heard());
  EXPECT_EQ(
      alice.ask("broadcast", R"({"namespace":"lobby","exclude":["nobody","bob"]})", R"("id":1)"),
      ack("1", 0));
  EXPECT_THAT(bob.heard(), IsEmpty());
}

TEST_F(RoutingTest, ABroadcastIs400Then403) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("broadcast", R"({"namespace":"lobby","exclude":[7]})"),
            error(400, "exclude must be an array of strings"));
  EXPECT_EQ(alice.ask("broadcast", kToLobby), error(403, "not in namespace"));
}

// --- With other nodes

class SharedRoutingTest : public ClusterTest {
 protected:
  // What alice hears when her signal to a peer elsewhere has this outcome; with an id, or without.
  std::vector<std::string> told(Client& alice, sdk::RouteOutcome outcome, bool with_id) {
    broker_.routes.always(outcome);
    alice.send(std::string(R"({"type":"signal","to":"<far-1>")") + (with_id ? ",\"id\":1}" : "}"));
    return alice.heard();
  }
};

TEST_F(SharedRoutingTest, EachOutcomeOfARoute) {
  Client alice = peer_in("lobby", "alice");
  using sdk::RouteOutcome;
  EXPECT_THAT(told(alice, RouteOutcome::kDelivered, true), ElementsAre(ack("1", 1)));
  EXPECT_THAT(told(alice, RouteOutcome::kDropped, true), ElementsAre(ack("1", 0, 1)));
  EXPECT_THAT(told(alice, RouteOutcome::kNotFound, true),
              ElementsAre(error(404, "peer not found", "1")));
  EXPECT_THAT(told(alice, RouteOutcome::kForbidden, true),
              ElementsAre(error(403, "no shared namespace", "1")));
  EXPECT_THAT(told(alice, RouteOutcome::kUnavailable, true),
              ElementsAre(error(503, "cluster unavailable", "1")));
  EXPECT_THAT(told(alice, RouteOutcome::kDelivered, false), IsEmpty());
  EXPECT_THAT(told(alice, RouteOutcome::kDropped, false), IsEmpty());
  EXPECT_THAT(told(alice, RouteOutcome::kNotFound, false),
              ElementsAre(error(404, "peer not found")));
  EXPECT_THAT(told(alice, RouteOutcome::kForbidden, false),
              ElementsAre(error(403, "no shared namespace")));
  EXPECT_THAT(told(alice, RouteOutcome::kUnavailable, false), IsEmpty());
}

TEST_F(SharedRoutingTest, ABrokerThatThrowsIsUnavailable) {
  Client alice = peer("alice");
  broker_.routes.fail();
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"<far-1>","id":1})"),
            error(503, "cluster unavailable", "1"));
  alice.send(R"({"type":"signal","to":"<far-1>"})");
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(SharedRoutingTest, TheSenderGoesOnMeanwhile) {
  broker_.routes.hold();
  Client alice = peer("alice");
  alice.send(R"({"type":"signal","to":"<far-1>","id":1})");
  EXPECT_EQ(alice.ask(R"({"type":"ping"})"), R"({"type":"pong"})");
  broker_.routes.release(sdk::RouteOutcome::kDelivered);
  EXPECT_EQ(alice.read(), ack("1", 1));
}

TEST_F(SharedRoutingTest, ALateErrorIsCountedAsOneOfTheMessageItAnswers) {
  broker_.routes.hold();
  Client alice = peer("alice");
  alice.send(R"({"type":"signal","to":"<far-1>","id":1})");
  alice.send(R"({"type":"relay","to":"<far-1>"})");
  EXPECT_EQ(alice.ask(R"({"type":"ping"})"), R"({"type":"pong"})");
  broker_.routes.release(sdk::RouteOutcome::kForbidden);
  EXPECT_EQ(alice.read(), error(403, "no shared namespace", "1"));
  broker_.routes.release(sdk::RouteOutcome::kNotFound);
  EXPECT_EQ(alice.read(), error(404, "peer not found"));
  EXPECT_EQ(errors(MessageType::kSignal, 403), 1U);
  EXPECT_EQ(errors(MessageType::kRelay, 404), 1U);
}

TEST_F(SharedRoutingTest, AnErrorBehindAnAliasIsCountedAsOneOfTheMessageItAnswers) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask(R"({"type":"relay","to":"nobody"})"), error(404, "peer not found"));
  EXPECT_EQ(errors(MessageType::kRelay, 404), 1U);
}

TEST_F(SharedRoutingTest, AnOutcomeForWhoHasGoneIsNothing) {
  broker_.routes.hold();
  Client alice = peer("alice");
  alice.send(R"({"type":"signal","to":"<far-1>","id":1})");
  alice.send(R"({"type":"signal","to":"<far-1>"})");
  broker_.routes.wait(2);
  leave(alice);
  broker_.routes.release();
  broker_.routes.release();
  settle();
  EXPECT_THAT(broker_.told(), ElementsAre("unregister alice"));
}

TEST_F(SharedRoutingTest, APeerHereIsNeverAskedFor) {
  broker_.routes.fail();
  broker_.resolutions.fail();
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"alice","payload":1})"), signal("alice", "alice"));
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(SharedRoutingTest, AnAliasElsewhereIsResolvedFirst) {
  broker_.routes.always(sdk::RouteOutcome::kDelivered);
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"far-1","id":1})"), ack("1", 1));
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"nobody","id":2})"),
            error(404, "peer not found", "2"));
}

TEST_F(SharedRoutingTest, AnAliasThatCannotBeKnownIsUnavailable) {
  Client alice = peer("alice");
  broker_.resolutions.always({});
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"far-1","id":1})"),
            error(503, "cluster unavailable", "1"));
  broker_.resolutions.fail();
  alice.send(R"({"type":"signal","to":"far-1"})");
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(SharedRoutingTest, AForeignAliasIsRoutedByName) {
  broker_.resolutions.always({.known = true, .holders = {std::nullopt}, .foreign = true});
  broker_.routes.always(sdk::RouteOutcome::kDelivered);
  EXPECT_EQ(peer("alice").ask(R"({"type":"signal","to":"abroad","id":1})"), ack("1", 1));
}

TEST_F(SharedRoutingTest, ABrokerThatAnswersForTooFewAliasesKnowsNoneOfTheRest) {
  broker_.resolutions.always({.known = true, .holders = {}});
  EXPECT_EQ(peer("alice").ask(R"({"type":"signal","to":"abroad"})"), error(404, "peer not found"));
}

TEST_F(SharedRoutingTest, FurtherMessagesWaitForAnAlias) {
  broker_.resolutions.hold();
  broker_.routes.always(sdk::RouteOutcome::kDelivered);
  Client alice = peer("alice");
  alice.send(R"({"type":"signal","to":"far-1","id":1})");
  alice.send(R"({"type":"ping"})");
  broker_.resolutions.wait();
  EXPECT_TRUE(alice.waits());
  broker_.resolutions.release();
  EXPECT_EQ(alice.read(), ack("1", 1));
  EXPECT_EQ(alice.read(), R"({"type":"pong"})");
}

TEST_F(SharedRoutingTest, AnAliasForWhoHasGoneIsNothing) {
  broker_.resolutions.hold();
  Client alice = peer_in("lobby", "alice");
  alice.send("broadcast", R"({"namespace":"lobby","exclude":["abroad"]})");
  broker_.resolutions.wait();
  leave(alice);
  broker_.resolutions.release();
  settle();
  EXPECT_THAT(broker_.told(), ElementsAre("leave lobby alice", "unregister alice"));
}

TEST_F(SharedRoutingTest, ABroadcastCountsTheCopiesElsewhere) {
  elsewhere("join lobby 1");
  elsewhere("join lobby 2");
  Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(alice.ask("broadcast", kToLobby, R"("id":1)"), ack("1", 2));
  EXPECT_EQ(alice.ask("broadcast", R"({"namespace":"lobby","exclude":["far-1"]})", R"("id":2)"),
            ack("2", 1));
}

TEST_F(SharedRoutingTest, ABroadcastGoesOutThoughExcludedAliasesCannotBeKnown) {
  broker_.resolutions.fail();
  Client alice = peer_in("lobby", "alice");
  Client bob = peer_in("lobby", "bob");
  alice.send("broadcast", R"({"namespace":"lobby","data":1,"exclude":["far-1"]})");
  EXPECT_EQ(bob.read(), broadcast("alice"));
}

TEST_F(SharedRoutingTest, WhoIsKickedBeforeItsBroadcastGoesOutIsNoMember) {
  Client alice = peer_in("lobby", "alice");
  broker_.resolutions.hold();
  alice.send("broadcast", R"({"namespace":"lobby","exclude":["far-1"]})", R"("id":1)");
  broker_.resolutions.wait();
  host().kicked("lobby", peer_named("alice"), peer_named("far-2"));
  settle();
  broker_.resolutions.release();
  EXPECT_THAT(alice.read(), HasSubstr(R"("type":"kick","from":"<far-2>")"));
  EXPECT_EQ(alice.read(), error(403, "not in namespace", "1"));
}

}  // namespace
}  // namespace peer::test
