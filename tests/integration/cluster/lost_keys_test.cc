// Keys that Redis has thrown away, or that somebody has deleted: each is put back.
#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

struct LostKey {
  const char* name;
  const char* key;  ///< % for a fingerprint or a node
};

class LostKeyTest : public PairTest, public testing::WithParamInterface<LostKey> {
 protected:
  std::string key() {
    const std::string_view pattern = GetParam().key;
    if (!pattern.ends_with('%')) return "peer:{0}:" + std::string(pattern);
    return "peer:{0}:" + fmt(pattern, pattern == "n:%" ? node_of(first()) : alice().fingerprint());
  }
  static std::string node_of(ServerProcess& node) {
    return Json::parse(http_get(node.port(), "/stats").body)["node_id"].str();
  }
};

TEST_P(LostKeyTest, IsPutBackAndNobodyHearsOfIt) {
  start_pair();
  bob().create_room("den");
  alice().join("den");
  expect_news(bob(), "peer_joined", alice());
  RedisClient client = redis().client();
  ASSERT_EQ(client.command({"DEL", key()}).at(0), "1") << key();
  const Deadline deadline;
  while (client.command({"EXISTS", key()}).at(0) == "0") ASSERT_FALSE(deadline.passed()) << key();
  expect_whole({{"game", {&alice(), &bob()}}, {"den", {&alice(), &bob()}}});
  for (const char* ns : {"game", "den"}) {
    alice().send("broadcast", fmt(R"({"namespace":"%","data":1})", ns));
    EXPECT_EQ(bob().next("broadcast")["payload"]["data"].number(), 1);
  }
  bob().send_to("alice", "2");
  EXPECT_EQ(alice().next("signal")["payload"].number(), 2);
  bob().send("kick", fmt(R"({"room_id":"den","fingerprint":"%"})", alice().fingerprint()));
  alice().next("kick");
  expect_silence_of({&alice()});
  expect_whole({{"game", {&alice(), &bob()}}, {"den", {&bob()}}});
}

INSTANTIATE_TEST_SUITE_P(Keys, LostKeyTest,
                         testing::Values(LostKey{"PeersOfANode", "n:%"}, LostKey{"Peer", "p:%"},
                                         LostKey{"Memberships", "m:%"}, LostKey{"Alias", "a:alice"},
                                         LostKey{"Namespace", "s:game"},
                                         LostKey{"Members", "sm:game"}, LostKey{"Order", "sz:game"},
                                         LostKey{"Counts", "sn:game"}, LostKey{"Room", "s:den"},
                                         LostKey{"MembersOfARoom", "sm:den"},
                                         LostKey{"OrderOfARoom", "sz:den"},
                                         LostKey{"CountsOfARoom", "sn:den"}),
                         [](const auto& test) { return test.param.name; });

TEST_F(ClusterTest, EachOfManyPeersIsLookedAt) {
  ServerProcess& node = start_node("beat_ms: 20, lease_ms: 600");
  std::vector<TestPeer> peers;
  for (int i = 0; i < 200; ++i) {
    peers.push_back(peer(node, fmt("peer-%", i)));
    peers.back().send("join", fmt(R"({"namespace":"space-%"})", i));
    peers.back().next("peer_list");
  }
  RedisClient client = redis().client();
  for (int i = 0; i < 200; ++i) {
    client.command({"DEL", fmt("peer:{0}:sn:space-%", i)});
    client.command({"DEL", "peer:{0}:p:" + peers[static_cast<std::size_t>(i)].fingerprint()});
  }
  const Deadline deadline;
  const auto back = [&](int i) {
    return client
               .command({"EXISTS", fmt("peer:{0}:sn:space-%", i),
                         "peer:{0}:p:" + peers[static_cast<std::size_t>(i)].fingerprint()})
               .at(0) == "2";
  };
  for (int i = 0; i < 200; ++i) {
    while (!back(i)) ASSERT_FALSE(deadline.passed()) << i;
  }
}

TEST_F(ClusterTest, APolicyThatThrowsKeysAwayIsWarnedOf) {
  ServerProcess& safe = start_node();
  redis().command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  ServerProcess& warned = start_node();
  wait_for_output(warned, "the maxmemory-policy of Redis is allkeys-lru");
  EXPECT_EQ(safe.output().find("maxmemory-policy"), std::string::npos) << safe.output();
}

TEST_F(ClusterTest, WhoMayNotAskForThePolicyIsPartOfTheClusterAllTheSame) {
  redis().command({"ACL", "SETUSER", "default", "-info"});
  ServerProcess& node = start_node();
  EXPECT_EQ(node.output().find("out of reach"), std::string::npos) << node.output();
  redis().command({"ACL", "SETUSER", "default", "+info"});
}

}  // namespace
}  // namespace peer::test
