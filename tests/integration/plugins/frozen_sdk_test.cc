// Plugins that were built with the headers of released SDKs (tests/plugin/frozen), one of each
// kind, in one server of today's.
#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {
namespace {

class FrozenSdkTest : public PluginServerTest, public testing::WithParamInterface<const char*> {
 protected:
  void start_frozen() {
    start_with({.config = fmt("plugins:\n"
                              "  directories: ['%/frozen/%']\n"
                              "  broker: {name: counting}\n"
                              "  match_strategy: {name: fifo}\n"
                              "  room_policy: {name: secret}\n"
                              "  auth: {name: key, options: {keys: [sesame]}}\n",
                              PEER_TEST_PLUGIN_DIR, GetParam())});
  }
  TestPeer connect_with(const char* path) {
    return ServerTest::connect({.port = server().port(), .path = path});
  }
};

TEST_P(FrozenSdkTest, PluginsOfEveryKindServePeers) {
  start_frozen();
  TestPeer alice = connect_with("/ws?key=sesame");
  alice.register_as("alice");
  TestPeer bob = connect_with("/ws?key=sesame");
  bob.register_as("bob");
  TestPeer eve = connect_with("/ws?key=basil");
  eve.send("register", R"({"public_key":"eve"})");
  eve.expect_error(401, "wrong key");

  alice.create_room("den", R"("secret":"xyzzy")");
  bob.send("join_room", R"({"room_id":"den","secret":"plugh"})");
  bob.expect_error(403, "wrong secret");
  bob.send("join_room", R"({"room_id":"den","secret":"xyzzy"})");
  bob.next("peer_list");
  alice.next("peer_joined");

  alice.send("match", R"({"namespace":"den"})");
  EXPECT_EQ(alice.next("match")["payload"]["status"].str(), "waiting");
  bob.send("match", R"({"namespace":"den"})");
  alice.next("matched");
  bob.next("matched");

  // To a peer that is nowhere: the broker counts it, and says so at its end.
  alice.send_to(std::string(64, 'f'), "1");
  alice.expect_error_like(404, "not found");
  EXPECT_THAT(log_at_the_end(), testing::HasSubstr("1 messages went to unknown peers"));
}

INSTANTIATE_TEST_SUITE_P(Each, FrozenSdkTest, testing::Values(PEER_FROZEN_SDKS));

}  // namespace
}  // namespace peer::test
