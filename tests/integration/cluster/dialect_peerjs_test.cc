// PeerJS clients on two nodes: their ids, and what waits for them, are those of all.
#include <csignal>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/support/peerjs_client.h"

namespace peer::test {
namespace {

using testing::UnorderedElementsAre;

class PeerJsClusterTest : public ClusterTest {
 protected:
  void start_pair(std::string_view options = {}) {
    first_ = &start_peerjs(options);
    second_ = &start_peerjs(options);
    for (ServerProcess* node : {first_, second_}) {
      wait_for_state(*node, "connected");
      wait_for_nodes(*node, 2);
    }
  }
  ServerProcess& start_peerjs(std::string_view options) {
    return start_node_with(
        fmt("plugins:\n"
            "  broker: {name: redis, options: {addr: '127.0.0.1:%', %}}\n"
            "  dialects: [{name: peerjs, options: {%}}]\n",
            static_cast<int>(redis().port()), kQuick, options));
  }
  static PeerJsEntry entry(ServerProcess& node, std::string_view id, std::string_view token = "t") {
    return {.port = node.port(), .id = std::string(id), .token = std::string(token)};
  }
  static PeerJsClient enter(ServerProcess& node, std::string_view id) {
    return PeerJsClient::enters(entry(node, id));
  }

  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(PeerJsClusterTest, AClientOnAnotherNodeIsReached) {
  start_pair();
  PeerJsClient alice = enter(*first_, "alice");
  PeerJsClient bob = enter(*second_, "bob");
  const std::string payload = R"({"n":12345678901234567890,"a":"\u00e4"})";
  alice.send_to("bob", payload);
  bob.expect("alice", payload);
  bob.send_to("alice", "1", "ANSWER");
  alice.expect("bob", "1", "ANSWER");
  alice.send_to("bob", "2", "LEAVE");
  bob.expect("alice", "2", "LEAVE");
}

TEST_F(PeerJsClusterTest, AnIdIsTakenOnAllNodes) {
  start_pair();
  PeerJsClient alice = enter(*first_, "alice");
  PeerJsClient::knocks(entry(*second_, "alice", "another"))
      .expect_refused(R"({"type":"ID-TAKEN","payload":{"msg":"ID is taken"}})");
  PeerJsClient bob = enter(*second_, "bob");
  bob.send_to("alice", "1");
  alice.expect("bob", "1");
  alice.close();
  // It is free once the other node has heard of that.
  const Deadline deadline;
  for (;;) {
    PeerJsClient again = PeerJsClient::knocks(entry(*second_, "alice", "another"));
    if (again.next() == kPeerJsOpen) break;
    ASSERT_FALSE(deadline.passed());
  }
}

TEST_F(PeerJsClusterTest, TheSameTokenTakesOverFromAnotherNode) {
  start_pair();
  PeerJsClient old = enter(*first_, "alice");
  PeerJsClient now = enter(*second_, "alice");
  old.expect_end();
  PeerJsClient bob = enter(*first_, "bob");
  bob.send_to("alice", "1");
  now.expect("bob", "1");
}

TEST_F(PeerJsClusterTest, WhoComesInTimeOnAnotherNodeGetsWhatWaits) {
  start_pair("expire_timeout: 20s");
  PeerJsClient alice = enter(*first_, "alice");
  for (const char* payload : {"1", "2", "3"}) alice.send_to("bob", payload);
  alice.send_to("alice", "0");
  alice.expect("alice", "0");
  PeerJsClient bob = enter(*second_, "bob");
  for (const char* payload : {"1", "2", "3"}) bob.expect("alice", payload);
  alice.send_to("bob", "4");
  bob.expect("alice", "4");
}

TEST_F(PeerJsClusterTest, ALeaveDoesNotWaitBehindAnOffer) {
  start_pair("expire_timeout: 20s");
  PeerJsClient alice = enter(*first_, "alice");
  PeerJsClient carol = enter(*second_, "carol");
  for (const char* id : {"b1", "b2", "b3"}) {
    alice.send_to(id, "1");
    alice.send_to(id, "2", "LEAVE");
    alice.send_to(id, "3", "ANSWER");
  }
  // The way there and back is behind the answers that nobody has these ids.
  alice.send_to("carol", "0");
  carol.expect("alice", "0");
  carol.send_to("alice", "0");
  alice.expect("carol", "0");
  for (const char* id : {"b1", "b2", "b3"}) {
    PeerJsClient bob = enter(*second_, id);
    bob.expect("alice", "1");
    bob.expect("alice", "3", "ANSWER");
  }
}

TEST_F(PeerJsClusterTest, WhoIsOnNoNodeExpiresOnceForEachSender) {
  start_pair("expire_timeout: 300ms");
  PeerJsClient alice = enter(*first_, "alice");
  PeerJsClient bob = enter(*second_, "bob");
  alice.send_to("nobody", "1");
  alice.send_to("nobody", "2");
  bob.send_to("nobody", "3");
  alice.expect_expired("nobody");
  bob.expect_expired("nobody");
  alice.send_to("barrier", "4");
  alice.expect_expired("barrier");
}

TEST_F(PeerJsClusterTest, WhoGoesWithItsNodeIsNotThere) {
  start_pair("expire_timeout: 300ms");
  PeerJsClient alice = enter(*first_, "alice");
  {
    PeerJsClient bob = enter(*second_, "bob");
    second_->signal(SIGKILL);
    EXPECT_EQ(second_->wait_exit(), 128 + SIGKILL);
  }
  wait_for_nodes(*first_, 1);
  alice.send_to("bob", "1");
  alice.expect_expired("bob");
  PeerJsClient bob = PeerJsClient::enters(entry(*first_, "bob", "another"));
  alice.send_to("bob", "2");
  bob.expect("alice", "2");
}

TEST_F(PeerJsClusterTest, TheIdsOfAllNodesAreListed) {
  start_pair("allow_discovery: true");
  PeerJsClient alice = enter(*first_, "alice");
  PeerJsClient bob = enter(*second_, "bob");
  TestPeer native = peer(*second_, "native");
  bob.send_to("alice", "1");
  alice.expect("bob", "1");  // so the first node knows of both
  const HttpReply reply = http_get(first_->port(), "/peerjs/peers");
  EXPECT_EQ(reply.status, 200);
  const Json list = Json::parse(reply.body);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < list.size(); ++i) ids.push_back(list[i].str());
  EXPECT_THAT(ids, UnorderedElementsAre("alice", "bob"));
}

TEST_F(PeerJsClusterTest, ANativePeerOnAnotherNodeGetsAnOffer) {
  start_pair("namespace: lobby");
  TestPeer native = peer_in(*second_, "lobby", "native");
  PeerJsClient alice = enter(*first_, "alice");
  const std::string alice_is = native.next("peer_joined")["from"].str();
  alice.send_to(native.fingerprint(), "1.0");
  const Json offer = native.next("signal");
  EXPECT_EQ(offer["from"].str(), alice_is);
  EXPECT_EQ(offer["payload"]["type"].str(), "OFFER");
  native.send_to(alice_is, R"({"type":"ANSWER","payload":2.0})");
  alice.expect(native.fingerprint(), "2.0", "ANSWER");
}

}  // namespace
}  // namespace peer::test
