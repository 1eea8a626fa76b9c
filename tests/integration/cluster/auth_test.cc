// What auth plugins decide holds on all nodes: docs/protocol.md, "C.3 Authentication".
#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/tcp_proxy.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

/// Redis is taken for away after 200 ms, but no node is taken for dead.
constexpr const char* kPatientNodes = "beat_ms: 100, lease_ms: 20000, timeout_ms: 200";

class ClusterAuthTest : public ClusterTest {
 protected:
  /// A node with the plugin tests/plugin/fixtures/auth_token.cc.
  ServerProcess& start_auth_node(std::uint16_t redis_port = 0) {
    ServerProcess& node = start_node_with(fmt(
        R"(plugins: {broker: {name: redis, options: {addr: "127.0.0.1:%", %}}, auth: {name: token,
            file: "%/auth_token.so"}})",
        redis_port == 0 ? redis().port() : redis_port, kPatientNodes, PEER_TEST_PLUGIN_DIR));
    wait_for_state(node, "connected");
    return node;
  }
  void SetUp() override {
    first_ = &start_auth_node();
    second_ = &start_auth_node();
    for (ServerProcess* node : {first_, second_}) wait_for_nodes(*node, 2);
  }
  ServerProcess& first() { return *first_; }
  ServerProcess& second() { return *second_; }

  static TestPeer knock(ServerProcess& node, std::string_view token, std::string_view key,
                        std::string_view more = {}) {
    TestPeer peer(node.port());
    peer.send("register",
              fmt(R"({"public_key":"%","alias":"%","token":"%"%})", key, key, token, more));
    return peer;
  }
  static TestPeer admitted(ServerProcess& node, std::string_view token, std::string_view key,
                           std::string_view more = {}) {
    TestPeer peer = knock(node, token, key, more);
    peer.next("registered");
    return peer;
  }
  static TestPeer revoke(ServerProcess& node, std::string_view key) {
    return admitted(node, "revoke", "moderator", fmt(R"(,"peer":"%")", fingerprint_of(key)));
  }
  static void expect_revoked(TestPeer& peer) {
    peer.expect_error(401, "revoked");
    peer.ws().expect_close(4003, "revoked");
  }

 private:
  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(ClusterAuthTest, ARevokedPeerEndsOnWhicheverNodeItIs) {
  TestPeer alice = admitted(first(), "good", "alice");
  alice.join("game");
  TestPeer bob = admitted(second(), "good", "bob");
  bob.join("game");
  alice.next("peer_joined");
  const TestPeer moderator = revoke(second(), "alice");
  expect_revoked(alice);
  EXPECT_EQ(bob.next("peer_left")["from"].str(), fingerprint_of("alice"));
  admitted(first(), "good", "alice");
}

TEST_F(ClusterAuthTest, ARevocationThatRedisDoesNotTakeNowIsSentLater) {
  TestPeer alice = admitted(first(), "good", "alice");
  redis().kill();
  for (ServerProcess* node : {&first(), &second()}) wait_for_state(*node, "degraded");
  const TestPeer moderator = revoke(second(), "alice");
  alice.round_trip();
  redis().restart();
  expect_revoked(alice);
}

TEST_F(ClusterAuthTest, ANodeThatWasCutOffFindsWhatItHasMissed) {
  TcpProxy proxy(redis().port());
  ServerProcess& third = start_auth_node(proxy.port());
  TestPeer alice = admitted(third, "good", "alice");
  TestPeer bob = admitted(third, "good", "bob");
  proxy.hold();
  wait_for_state(third, "degraded");
  const TestPeer moderator = revoke(second(), "alice");
  alice.round_trip();
  proxy.cut(TcpProxy::Cut::kReset);
  proxy.release();
  expect_revoked(alice);
  bob.round_trip();
}

TEST_F(ClusterAuthTest, WhoHasNotProvedTheKeyReplacesNobodyOnAnotherNode) {
  TestPeer alice = admitted(first(), "proved", "alice");
  TestPeer guest = knock(second(), "good", "alice");
  guest.expect_error(401, "key proof required");
  guest.ws().expect_close(4003, "key proof required");
  alice.round_trip();
  TestPeer again = admitted(second(), "proved", "alice");
  alice.ws().expect_close(4001);
  again.ws().close();
  again.ws().stream().expect_end();
  // The key is free again, also for who does not prove it.
  const Deadline deadline;
  for (bool in = false; !in;) {
    ASSERT_FALSE(deadline.passed());
    in = knock(first(), "good", "alice").next()["type"].str() == "registered";
  }
}

TEST_F(ClusterAuthTest, AProofIsSeenOnOtherNodes) {
  TestPeer alice = admitted(first(), "proved", "alice");
  alice.join("game");
  TestPeer bob = admitted(second(), "good", "bob");
  const Json peers = bob.join("game")["payload"]["peers"];
  EXPECT_THAT(peers[0].text(), HasSubstr(R"("proved":true)"));
  EXPECT_FALSE(peers[1]["proved"].exists());
}

TEST_F(ClusterAuthTest, OfTwoThatCouldNotKnowOfEachOtherWhoHasProvedTheKeyStays) {
  redis().kill();
  for (ServerProcess* node : {&first(), &second()}) wait_for_state(*node, "degraded");
  TestPeer alice = admitted(first(), "proved", "alice");
  TestPeer guest = admitted(second(), "good", "alice");  // the newer one
  redis().restart();
  guest.ws().expect_close(4001);
  alice.round_trip();
  TestPeer later = knock(second(), "good", "alice");
  later.expect_error(401, "key proof required");
}

}  // namespace
}  // namespace peer::test
