#include <chrono>
#include <future>

#include "tests/unit/dispatch/node_test.h"

// What other nodes say to this one (BrokerHost), and a broker that says nothing.
namespace peer::test {
namespace {

using sdk::RouteOutcome;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OtherNodesTest : public ClusterTest {
 protected:
  // A message for a peer of this node from far-1, which is in `ns`.
  RouteOutcome deliver(std::string_view to, std::string_view ns, std::string_view text = "{}") {
    sdk::DirectedMessage message{peer_named("far-1"), peer_named(to), {&ns, 1}, text};
    return host().deliver(message);
  }
  static sdk::Registered registered(std::string_view name, std::uint64_t number) {
    return {peer_named(name), number};
  }
};

TEST_F(OtherNodesTest, AMessageIsDeliveredByteForByte) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 1);
  EXPECT_EQ(deliver("alice", "lobby", R"({ "type":"x", "payload":1e999 })"),
            RouteOutcome::kDelivered);
  EXPECT_EQ(alice.read(), R"({ "type":"x", "payload":1e999 })");
}

TEST_F(OtherNodesTest, AMessageIs404Then403) {
  const Client alice = peer_in("lobby", "alice");
  EXPECT_EQ(deliver("nobody", "lobby"), RouteOutcome::kNotFound);
  EXPECT_EQ(deliver("alice", "hall"), RouteOutcome::kForbidden);
}

TEST_F(OtherNodesTest, WhatIsNotCheckedMustBeJson) {
  Client alice = peer_in("lobby", "alice");
  sdk::DirectedMessage message{peer_named("far-1"), peer_named("alice"), {}, "{"};
  message.is_checked = false;
  message.namespaces_unknown = true;
  EXPECT_EQ(host().deliver(message), RouteOutcome::kDropped);
  EXPECT_EQ(host().deliver(sdk::NamespaceMessage{"lobby", peer_named("far-1"), {}, "{", false}),
            0U);
  message.text = "{}";
  EXPECT_EQ(host().deliver(message), RouteOutcome::kDelivered);
  EXPECT_THAT(alice.heard(), ElementsAre("{}"));
}

TEST_F(OtherNodesTest, ABroadcastReachesAllMembersButTheExcluded) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  static_cast<void>(alice.heard());
  const sdk::Fingerprint excluded = peer_named("bob");
  EXPECT_EQ(
      host().deliver(sdk::NamespaceMessage{"lobby", peer_named("far-1"), {&excluded, 1}, "{}"}),
      1U);
  EXPECT_EQ(host().deliver(sdk::NamespaceMessage{"nowhere", peer_named("far-1"), {}, "{}"}), 0U);
  EXPECT_THAT(alice.heard(), ElementsAre("{}"));
  EXPECT_THAT(bob.heard(), IsEmpty());
}

TEST_F(OtherNodesTest, APeerThatRegistersElsewhereEndsHere) {
  loops_ = 2;
  Client alice = peer_in("lobby", "alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  host().replaced(registered("alice", 1));
  EXPECT_THAT(alice.end(), Contains("4001 replaced by a newer connection"));
  EXPECT_THAT(bob.heard(), ElementsAre(peer_left("lobby", "alice")));
}

TEST_F(OtherNodesTest, AnOlderRegistrationThanThePresentOneIsNotEnded) {
  Client alice = peer("alice");
  host().replaced(registered("alice", 7));
  host().alias_lost(registered("alice", 7));
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(OtherNodesTest, ALostAliasDoesNotLeadHereAnyMore) {
  Client alice = peer_in("lobby", "alice");
  host().alias_lost(registered("alice", 1));
  settle();
  EXPECT_EQ(alice.ask(R"({"type":"signal","to":"alice"})"), error(404, "peer not found"));
}

TEST_F(OtherNodesTest, ARoomThatIsAnothersByNowIsClosed) {
  Client alice = owner_of("room", "alice");
  host().room_closed("room", registered("alice", 1));
  EXPECT_EQ(alice.read(),
            R"({"type":"room_closed","namespace":"room","payload":{"room_id":"room"},"ts":0})");
  EXPECT_EQ(alice.ask("leave", R"({"namespace":"room"})"), error(403, "not in namespace"));
}

TEST_F(OtherNodesTest, NothingOfARoomComesBehindItsEnd) {
  loops_ = 2;
  Client alice = owner_of("room", "alice", 4, 0);
  Client bob = peer_in("room", "bob", 1);
  EXPECT_EQ(alice.read(), peer_joined("room", "bob"));
  std::promise<void> go;
  node().loops[0]->post([goes = go.get_future().share()] { goes.wait(); });
  host().room_closed("room", registered("alice", 1));
  host().room_closed("room", registered("bob", 2));
  on_loop(1, [] {});  // he has gone, and alice has mail
  go.set_value();
  EXPECT_EQ(alice.read(), peer_left("room", "bob"));
  EXPECT_EQ(alice.read(),
            R"({"type":"room_closed","namespace":"room","payload":{"room_id":"room"},"ts":0})");
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(OtherNodesTest, WhatIsSaidOfWhoIsNotHereIsNothing) {
  Client alice = peer("alice");
  const sdk::Registered nobody = registered("nobody", 1);
  host().replaced(nobody);
  host().alias_lost(nobody);
  host().room_closed("room", nobody);
  host().kicked("room", nobody.peer, nobody.peer);
  host().member_reaped("room", nobody.peer);
  host().room_changed({"room", {nobody.peer, 2, ""}, {}});
  host().ticket_removed("lobby", 1);
  host().ticket_waits("lobby", 1);
  host().matching_moved("lobby");
  host().matched({"lobby", "5", {}});
  EXPECT_THAT(alice.heard(), IsEmpty());
  EXPECT_THAT(log(), IsEmpty());
}

TEST_F(OtherNodesTest, TheBrokersWarningsNameIt) {
  host().log_warning("no answer from 127.0.0.1");
  EXPECT_THAT(log(), ElementsAre("plugin 'test': no answer from 127.0.0.1"));
}

// One deadline for all of them, for it is real time: 2 s.
TEST_F(OtherNodesTest, ABrokerThatNeverAnswersCannotKnow) {
  loops_ = 2;
  Client owner = owner_of("room", "owner", 9, 0);
  Client member = peer_in("room", "member", 1);
  Client lister = peer_in("lobby", "lister");
  Client canceller = peer_in("hall", "canceller");
  EXPECT_THAT(canceller.ask("match", R"({"namespace":"hall"})"), HasSubstr("waiting"));
  Client matcher = peer_in("hall", "matcher");
  Client joiner = peer("joiner");
  Client creator = peer("creator");
  Client informed = peer("informed", 1);
  Client resolver = peer("resolver", 1);
  Client router = peer("router");
  Client newcomer = connect(1);
  broker_.registrations.hold();
  broker_.resolutions.hold();
  broker_.routes.hold();
  broker_.joins.hold();
  broker_.lists.hold();
  broker_.readings.hold();
  broker_.ticket_ends.hold();
  broker_.additions.hold();

  newcomer.send("register", R"({"public_key":"new","alias":"new"})");
  lister.send("discover", R"({"namespace":"lobby"})");
  canceller.send("match_cancel", R"({"namespace":"hall"})", R"("id":1)");
  matcher.send("match", R"({"namespace":"hall"})", R"("id":1)");
  joiner.send("join", R"({"namespace":"lobby"})");
  creator.send("create_room", R"({"room_id":"new"})");
  informed.send("room_info", R"({"room_id":"room"})");
  resolver.send(R"({"type":"signal","to":"far-1","id":1})");
  router.send(R"({"type":"signal","to":"<far-1>","id":1})");

  EXPECT_THAT(newcomer.read(), HasSubstr("registered"));
  EXPECT_EQ(lister.read(), peer_list("lobby", {"lister"}));
  EXPECT_EQ(joiner.read(), peer_list("lobby", {"lister", "joiner"}));
  EXPECT_THAT(creator.read(), HasSubstr("room_created"));
  EXPECT_EQ(informed.read(), room_info("room", "owner", 9, 2));
  EXPECT_EQ(resolver.read(), error(503, "cluster unavailable", "1"));
  EXPECT_EQ(router.read(), error(503, "cluster unavailable", "1"));
  EXPECT_EQ(canceller.read(), peer_joined("hall", "matcher"));
  EXPECT_THAT(canceller.read(), HasSubstr("match_cancelled"));
  EXPECT_THAT(matcher.read(), HasSubstr("waiting"));
  EXPECT_THAT(log(), Each(HasSubstr("did not answer in time")));
}

}  // namespace
}  // namespace peer::test
