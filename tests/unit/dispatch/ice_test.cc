#include "core/protocol/message.h"
#include "tests/unit/dispatch/node_test.h"

// `ice_servers`, and `want` of register (docs/protocol.md, "ice_servers").
namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class IceTest : public NodeTest {};

TEST_F(IceTest, NothingIsConfiguredByDefault) {
  EXPECT_EQ(peer("alice").ask("ice_servers", "{}", R"("id":1)"),
            R"({"type":"ice_servers","id":1,"payload":{"ice_servers":[],"ttl_ms":0}})");
}

TEST_F(IceTest, TheListIsTheConfigurations) {
  config_.ice_servers = {{.urls = {"stun:a"}}};
  EXPECT_EQ(peer("alice").ask(R"({"type":"ice_servers"})"),
            R"({"type":"ice_servers","payload":{"ice_servers":[{"urls":["stun:a"]}],"ttl_ms":0}})");
}

TEST_F(IceTest, TheUsernameIsThePeersOwn) {
  config_.ice_servers = {{.urls = {"turn:a"}, .secrets = {"s"}}};
  EXPECT_THAT(peer("alice").ask("ice_servers", "{}"), HasSubstr(":<alice>\",\"credential\":\""));
}

TEST_F(IceTest, RegisteredCarriesThemForWhoWantsThem) {
  config_.ice_servers = {{.urls = {"stun:a"}}};
  EXPECT_EQ(
      connect().ask("register", R"({"public_key":"alice","alias":"alice","want":["ice_servers"]})"),
      R"({"type":"registered","from":"<alice>","payload":{"fingerprint":"<alice>",)"
      R"("alias":"alice","ice_servers":[{"urls":["stun:a"]}],"ttl_ms":0}})");
  EXPECT_THAT(connect().ask("register", R"({"public_key":"bob","want":null})"),
              Not(HasSubstr("ice_servers")));
}

TEST_F(IceTest, AnotherWordIsRefused) {
  Client alice = connect();
  alice.send("register", R"({"public_key":"alice","want":["ice_servers","tea"]})");
  EXPECT_THAT(alice.end(),
              ElementsAre(error(400, "want: unknown 'tea'"), "1008 want: unknown 'tea'"));
  Client bob = connect();
  bob.send("register", R"({"public_key":"bob","want":"ice_servers"})");
  EXPECT_THAT(bob.end(), ElementsAre(error(400, "want must be an array of strings"),
                                     "1008 want must be an array of strings"));
}

TEST_F(IceTest, ItIsForRegisteredPeersOnly) {
  Client alice = connect();
  alice.send("ice_servers", "{}");
  EXPECT_THAT(alice.end(), ElementsAre(error(400, "first message must be register"),
                                       "1008 first message must be register"));
}

TEST_F(IceTest, ItIsCountedAndCostsATokenLikeAnyMessage) {
  config_.rate_limit_per_sec = 1;
  config_.rate_limit_burst = 1;
  Client alice = peer("alice");
  EXPECT_THAT(alice.ask("ice_servers", "{}"), HasSubstr("ttl_ms"));
  EXPECT_EQ(alice.ask("ice_servers", "{}"), error(429, "rate limited"));
  EXPECT_EQ(handled(MessageType::kIceServers), 1U);
}

}  // namespace
}  // namespace peer::test
