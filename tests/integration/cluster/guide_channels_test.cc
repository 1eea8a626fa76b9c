// A node of another kind, that knows only the three channels of the original implementation.
#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class GuideChannelsTest : public ClusterTest {
 protected:
  void publish(const std::string& channel, const std::string& text) {
    redis().command({"PUBLISH", "peer:" + channel, text});
  }
  /// Waits for the beat that sees who else listens: from then on an unknown alias is no error.
  static void wait_until_heard(TestPeer& peer) {
    const std::string nobody = fingerprint_of("nobody");
    while (true) {
      peer.send("signal", "0", fmt(R"("to":"%","id":0)", nobody));
      if (peer.next()["type"].str() == "ack") return;
    }
  }
  static std::string stranger() { return fingerprint_of("stranger"); }
};

/// A message as the original implementation publishes it, but for `from` and `node_id`, and what a
/// client here gets of it, but for `from`. $A is the fingerprint of the client, $B of another one.
struct Form {
  const char* name;
  const char* channel;
  const char* published;
  const char* received;
};

class OriginalFormTest : public GuideChannelsTest, public testing::WithParamInterface<Form> {
 protected:
  static std::string filled(std::string text, const TestPeer& a, const TestPeer& b) {
    for (const auto& [mark, peer] : {std::pair{"$A", &a}, std::pair{"$B", &b}}) {
      for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
        text.replace(at, 2, peer->fingerprint());
      }
    }
    return text;
  }
};

TEST_P(OriginalFormTest, ReachesTheClientInTheEnvelopeOfTheProtocol) {
  ServerProcess& node = start_node();
  TestPeer alice = peer_in(node, "game", "alice");
  TestPeer bob = peer_in(node, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  const std::string from = fmt(R"({"from":"%",)", stranger());
  const auto [name, channel, published, received] = GetParam();
  publish(channel, from + filled(published, alice, bob) + R"(,"node_id":"go-1"})");
  const std::string got = alice.next_text();
  EXPECT_EQ(Json::parse(got), Json::parse(from + filled(received, alice, bob) + "}"));
  EXPECT_THAT(got, HasSubstr("1.0"));  // byte for byte
  if (std::string_view(name) == "Broadcast") {
    EXPECT_EQ(bob.next_text(), got);
  } else {
    bob.expect_silence();
  }
  EXPECT_THAT(node.output(), testing::Not(HasSubstr("not the protocol's JSON")));
}

INSTANTIATE_TEST_SUITE_P(
    Forms, OriginalFormTest,
    testing::Values(
        Form{"Signal", "signal", R"("type":"signal","to":"$A","payload":{"a": 1.0},"ts":5)",
             R"("type":"signal","to":"$A","payload":{"a": 1.0},"ts":5)"},
        Form{"SignalWithAnAliasAndANamespace", "signal",
             R"("type":"signal","to":"alice","namespace":"game","payload":[1.0],"ts":5)",
             R"("type":"signal","to":"$A","payload":[1.0],"ts":5)"},
        Form{"Relay", "relay", R"("type":"relay","to":"$A","payload":"1.0","ts":5,"namespace":"")",
             R"("type":"relay","to":"$A","payload":"1.0","ts":5)"},
        Form{"Broadcast", "broadcast",
             R"("type":"broadcast","payload":{"namespace":"game","data":{"a": 1.0}},"ts":5)",
             R"("type":"broadcast","namespace":"game","payload":{"namespace":"game",)"
             R"("data":{"a": 1.0}},"ts":5)"},
        Form{"BroadcastToBut", "broadcast",
             R"("type":"broadcast","payload":{"namespace":"game","data":[1.0],"exclude":["$B"]},)"
             R"("ts":5)",
             R"("type":"broadcast","namespace":"game","payload":{"namespace":"game",)"
             R"("data":[1.0]},"ts":5)"},
        Form{"BroadcastToButAnAlias", "broadcast",
             R"("type":"broadcast","to":"","payload":{"exclude":["bob","$B"],"data":[1.0],)"
             R"("namespace":"game"},"ts":5,"namespace":"game")",
             R"("type":"broadcast","namespace":"game","payload":{"namespace":"game",)"
             R"("data":[1.0]},"ts":5)"}),
    [](const auto& test) { return test.param.name; });

TEST_F(GuideChannelsTest, OptionalFieldsMayBeAbsent) {
  TestPeer alice = peer_in(start_node(), "game", "alice");
  const std::string head = fmt(R"({"from":"%","node_id":"go-1",)", stranger());
  publish("signal", head + fmt(R"("type":"signal","to":"%"})", alice.fingerprint()));
  const Json signal = alice.next("signal");
  EXPECT_FALSE(signal["payload"].exists());
  EXPECT_GT(signal["ts"].number(), 1e12);  // of the node that delivers it
  publish("broadcast", head + R"("type":"broadcast","payload":{"namespace":"game"}})");
  const Json broadcast = alice.next("broadcast");
  EXPECT_EQ(broadcast["payload"], R"({"namespace":"game"})"_json);
  EXPECT_EQ(broadcast["namespace"].str(), "game");
}

TEST_F(GuideChannelsTest, AnotherNodeHearsWhatItMayKnowTheTargetOf) {
  ServerProcess& node = start_node(kQuick, {"rate_limit_per_sec=1000000"});
  TestPeer alice = peer_in(node, "game", "alice");
  RedisSubscriber other(redis().port(), {"peer:signal", "peer:relay", "peer:broadcast"});
  wait_until_heard(alice);
  while (other.next().text.find(R"("payload":0)") == std::string::npos) continue;

  alice.send_to(stranger(), R"({"sdp":1.0})", "relay");
  RedisSubscriber::Message heard = other.next();
  while (heard.channel == "peer:signal") heard = other.next();
  EXPECT_EQ(heard.channel, "peer:relay");
  const Json relay = Json::parse(heard.text);
  EXPECT_EQ(relay["from"].str(), alice.fingerprint());
  EXPECT_EQ(relay["to"].str(), stranger());
  EXPECT_EQ(relay["ns"], R"(["game"])"_json);
  EXPECT_TRUE(relay["node_id"].exists() && relay["ts"].exists());

  alice.send("broadcast", R"({"namespace":"game","data":3})");
  heard = other.next();
  EXPECT_EQ(heard.channel, "peer:broadcast");
  EXPECT_EQ(Json::parse(heard.text)["namespace"].str(), "game");
}

TEST_F(GuideChannelsTest, APayloadOfAnotherNodeIsForwardedByteForByteIfItIsJson) {
  TestPeer alice = peer_in(start_node(), "game", "alice");
  const std::string head =
      fmt(R"({"type":"signal","from":"%","to":"alice","node_id":"x","payload":)", stranger());
  for (const std::string payload : {"01", R"({"a":1e999x})"})
    publish("signal", head + payload + "}");
  for (const std::string payload :
       {"1e999", "1180591620717411303424", R"("\ud800")", R"({"a":1,"a":2})"}) {
    publish("signal", head + payload + "}");
    const std::string text = alice.next_text();
    EXPECT_THAT(text, HasSubstr("\"payload\":" + payload));
    EXPECT_THAT(text, HasSubstr(alice.fingerprint()));  // not the alias that was meant
  }
}

TEST_F(GuideChannelsTest, AnAliasThatNobodyHoldsMayBeKnownToAnotherNode) {
  ServerProcess& node = start_node(kQuick, {"rate_limit_per_sec=1000000"});
  TestPeer alice = peer_in(node, "game", "alice");
  RedisSubscriber other(redis().port(), {"peer:signal", "peer:relay"});
  wait_until_heard(alice);
  alice.send("relay", "1", R"("to":"go \"peer\"","id":7)");
  EXPECT_EQ(alice.next("ack")["payload"]["delivered"].number(), 1);
  RedisSubscriber::Message heard = other.next();
  while (heard.channel == "peer:signal") heard = other.next();
  EXPECT_EQ(Json::parse(heard.text)["to"].str(), "go \"peer\"");
}

TEST_F(GuideChannelsTest, WhatGoesBetweenOurNodesIsHeardByOthersAndArrivesOnce) {
  ServerProcess& node = start_node(kQuick, {"rate_limit_per_sec=1000000"});
  TestPeer alice = peer_in(node, "game", "alice");
  TestPeer bob = peer_in(start_node(), "game", "bob");
  expect_news(alice, "peer_joined", bob);
  RedisSubscriber other(redis().port(), {"peer:signal", "peer:relay"});
  wait_until_heard(alice);
  for (int i = 1; i <= 2; ++i) {  // sought, and by a known route
    alice.send_to(bob.fingerprint(), std::to_string(i), "relay");
    RedisSubscriber::Message heard = other.next();
    while (heard.channel == "peer:signal") heard = other.next();
    EXPECT_EQ(Json::parse(heard.text)["to"].str(), bob.fingerprint());
    EXPECT_EQ(bob.next("relay")["payload"].number(), i);
  }
  bob.expect_silence();
}

TEST_F(GuideChannelsTest, BetweenOurNodesABroadcastArrivesOnceWhileOthersListen) {
  ServerProcess& node = start_node(kQuick, {"rate_limit_per_sec=1000000"});
  TestPeer alice = peer_in(node, "game", "alice");
  TestPeer bob = peer_in(start_node(), "game", "bob");
  expect_news(alice, "peer_joined", bob);
  RedisSubscriber other(redis().port(), {"peer:broadcast"});
  wait_until_heard(alice);
  alice.send("broadcast", R"({"namespace":"game","data":1})");
  EXPECT_EQ(bob.next("broadcast")["payload"]["data"].number(), 1);
  EXPECT_EQ(other.next().channel, "peer:broadcast");
  alice.send_to(bob.fingerprint(), "2");
  EXPECT_EQ(bob.next("signal")["payload"].number(), 2);
}

TEST_F(GuideChannelsTest, ABoundaryThatIsToldIsKept) {
  TestPeer alice = peer_in(start_node(), "game", "alice");
  const std::string head = fmt(R"({"type":"signal","from":"%","to":"%","node_id":"x","payload":)",
                               stranger(), alice.fingerprint());
  publish("signal", head + R"(1,"ns":["other"]})");
  publish("signal", head + R"(2,"ns":["other","game"]})");
  EXPECT_EQ(alice.next("signal")["payload"].number(), 2);
}

TEST_F(GuideChannelsTest, StrictNodesDropWhatDoesNotTellItsNamespaces) {
  TestPeer alice = peer_in(start_node(fmt("%, legacy_strict: true", kQuick)), "game", "alice");
  const std::string head = fmt(R"({"type":"signal","from":"%","to":"%","node_id":"x","payload":)",
                               stranger(), alice.fingerprint());
  publish("signal", head + "1}");
  publish("signal", head + R"(2,"ns":["game"]})");
  EXPECT_EQ(alice.next("signal")["payload"].number(), 2);
}

TEST_F(GuideChannelsTest, WithoutTheGuidesChannelsNobodyListensThere) {
  start_node(fmt("%, legacy_channels: false", kQuick));
  EXPECT_THAT(redis().command({"PUBSUB", "CHANNELS", "peer:[srb]*"}), ElementsAre());
}

TEST_F(GuideChannelsTest, HostileMessagesCostAWarningEach) {
  ServerProcess& node = start_node();
  TestPeer alice = peer_in(node, "game", "alice");
  const std::string own = redis().command({"PUBSUB", "CHANNELS", "peer:n:*"}).at(0);
  for (const std::string& text :
       std::vector<std::string>{"", "{", "null", "[]", R"({"type":"signal"})", "1:S,", "1:J,2:ns,",
                                "1:E,4294967295:x,", "99999999999999999999:x,", "1:R,,", "1:?,",
                                std::string(100000, '['), std::string("\0\xff", 2)}) {
    redis().command({"PUBLISH", own, text});
    for (const char* channel : {"signal", "relay", "broadcast"}) publish(channel, text);
  }
  publish("signal", fmt(R"({"type":"signal","from":"%","to":"%","node_id":"x","payload":1})",
                        stranger(), alice.fingerprint()));
  EXPECT_EQ(alice.next("signal")["payload"].number(), 1);
  wait_for_output(node, "malformed message");
}

}  // namespace
}  // namespace peer::test
