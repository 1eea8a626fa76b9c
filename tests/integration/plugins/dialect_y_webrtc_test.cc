// Clients of y-webrtc, through a real server (plugins/dialect_y_webrtc/README.md).
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/server_test.h"
#include "tests/support/ws_client.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class YWebrtcTest : public ServerTest {
 protected:
  void start(std::string_view options = "path: /y", std::vector<std::string> settings = {}) {
    settings.emplace_back("loops=2");
    start_with({.settings = std::move(settings),
                .config = fmt("plugins: {dialects: [{name: y_webrtc, options: {%}}]}", options)});
  }
  WsClient client(std::string path = "/y") {
    return WsClient(Dial{.port = port(), .path = std::move(path)});
  }
  static std::string ask(WsClient& client, std::string_view text) {
    client.send_text(text);
    return client.read_text();
  }
  /// All that it has said so far has been heard, and nothing else has come back.
  static void settle(WsClient& client) {
    EXPECT_EQ(ask(client, R"({"type":"ping"})"), R"({"type":"pong"})");
  }
  WsClient subscriber(std::string_view topic) {
    WsClient made = client();
    subscribe(made, fmt(R"("%")", topic));
    return made;
  }
  /// "t0","t1",...: so many.
  static std::string topics(int count) {
    std::string list;
    for (int i = 0; i < count; ++i) list += fmt(R"(%"t%")", i == 0 ? "" : ",", i);
    return list;
  }
  static std::set<std::string> names(std::string_view prefix, int count) {
    std::set<std::string> all;
    for (int i = 0; i < count; ++i) all.insert(fmt("%%", prefix, i));
    return all;
  }
  /// These have members, and no other.
  void wait_for_namespaces(const std::set<std::string>& expected) {
    const Deadline deadline;
    for (;;) {
      const auto found = http_json("/stats")["namespaces"].keys();
      if (std::set<std::string>(found.begin(), found.end()) == expected) return;
      ASSERT_FALSE(deadline.passed()) << found.size() << " namespaces";
    }
  }
  static void subscribe(WsClient& client, std::string_view topics) {
    client.send_text(fmt(R"({"type":"subscribe","topics":[%]})", topics));
    settle(client);
  }
};

TEST_F(YWebrtcTest, APingIsAnswered) {
  start();
  WsClient alice = client();
  settle(alice);
}

TEST_F(YWebrtcTest, APublishedMessageReachesAllSubscribersByteForByte) {
  start();
  WsClient alice = subscriber("a");
  WsClient bob = subscriber("a");
  WsClient carol = subscriber("b");
  alice.send_text(R"({ "type":"publish" ,"topic":"a","x":1e999,"d":"\u00e9" })");
  const std::string expected =
      R"({ "type":"publish" ,"topic":"a","x":1e999,"d":"\u00e9" ,"clients":2})";
  EXPECT_EQ(alice.read_text(), expected);
  EXPECT_EQ(bob.read_text(), expected);
  settle(carol);
}

TEST_F(YWebrtcTest, TheNumberOfClientsStandsInPlaceOfAForgedOne) {
  start();
  WsClient alice = subscriber("a");
  EXPECT_EQ(ask(alice, R"({"clients":[7],"type":"publish","topic":"a","data":{"clients":3}})"),
            R"({"clients":1,"type":"publish","topic":"a","data":{"clients":3}})");
}

TEST_F(YWebrtcTest, WhoPublishesNeedNotSubscribe) {
  start();
  WsClient alice = client();
  WsClient bob = subscriber("a");
  alice.send_text(R"({"type":"publish","topic":"a"})");
  settle(alice);
  EXPECT_EQ(bob.read_text(), R"({"type":"publish","topic":"a","clients":1})");
}

TEST_F(YWebrtcTest, SubscribingTwiceIsOnce) {
  start();
  WsClient alice = client();
  subscribe(alice, R"("a","a")");
  subscribe(alice, R"("a")");
  EXPECT_EQ(ask(alice, R"({"type":"publish","topic":"a"})"),
            R"({"type":"publish","topic":"a","clients":1})");
  settle(alice);
}

TEST_F(YWebrtcTest, UnsubscribingEndsIt) {
  start();
  WsClient alice = subscriber("a");
  WsClient bob = subscriber("a");
  alice.send_text(R"({"type":"unsubscribe","topics":["a","other"]})");
  settle(alice);
  EXPECT_EQ(ask(bob, R"({"type":"publish","topic":"a"})"),
            R"({"type":"publish","topic":"a","clients":1})");
  settle(alice);
}

TEST_F(YWebrtcTest, AThousandTopicsMayStandInOneMessage) {
  start("path: /y", {"rate_limit_burst=10000"});
  WsClient alice = client();
  WsClient bob = subscriber("t999");
  subscribe(alice, topics(1001));
  EXPECT_EQ(ask(bob, R"({"type":"publish","topic":"t999"})"),
            R"({"type":"publish","topic":"t999","clients":2})");
  EXPECT_EQ(alice.read_text(), R"({"type":"publish","topic":"t999","clients":2})");
  // What is more is passed over, and told to the operator.
  bob.send_text(R"({"type":"publish","topic":"t1000"})");
  settle(bob);
  settle(alice);
  server().wait_for_output("subscribes to more than 1000 topics in one message");
  alice.send_text(fmt(R"({"type":"unsubscribe","topics":[%]})", topics(1001)));
  settle(alice);
  EXPECT_EQ(ask(bob, R"({"type":"publish","topic":"t999"})"),
            R"({"type":"publish","topic":"t999","clients":1})");
  settle(alice);
}

TEST_F(YWebrtcTest, TheNumberOfTopicsIsAnOptionAndNoneIsTooManyToUnsubscribe) {
  start("max_topics_per_message: 2");
  WsClient alice = client();
  subscribe(alice, R"("t0","t1","t2")");
  subscribe(alice, R"("t3","t4")");
  WsClient bob = client();
  for (const char* topic : {"t0", "t1", "t2", "t3", "t4"}) {
    bob.send_text(fmt(R"({"type":"publish","topic":"%"})", topic));
  }
  settle(bob);
  for (const char* topic : {"t0", "t1", "t3", "t4"}) {
    EXPECT_EQ(alice.read_text(), fmt(R"({"type":"publish","topic":"%","clients":1})", topic));
  }
  alice.send_text(fmt(R"({"type":"unsubscribe","topics":[%]})", topics(5)));
  settle(alice);
  wait_for_namespaces({});
}

TEST_F(YWebrtcTest, WhatTheRateRefusesIsAskedForAgain) {
  start("namespace: yjs/", {"rate_limit_burst=60"});
  WsClient alice = client();
  alice.send_text(fmt(R"({"type":"subscribe","topics":[%]})", topics(100)));
  wait_for_namespaces(names("yjs/t", 100));
  alice.send_text(fmt(R"({"type":"unsubscribe","topics":[%]})", topics(100)));
  wait_for_namespaces({});
}

TEST_F(YWebrtcTest, ATopicAboveTheNamespacesOfAPeerIsPassedOverAndLogged) {
  start("namespace: yjs/", {"max_namespaces_per_peer=2"});
  WsClient alice = client();
  subscribe(alice, topics(3));
  wait_for_namespaces(names("yjs/t", 2));
  server().wait_for_output("a client cannot subscribe to a topic: too many namespaces");
  alice.send_text(R"({"type":"unsubscribe","topics":["t0"]})");
  subscribe(alice, R"("t2")");
  wait_for_namespaces({"yjs/t1", "yjs/t2"});
}

TEST_F(YWebrtcTest, NonsenseIsPassedOver) {
  start();
  WsClient alice = client();
  for (const char* text :
       {"", "nonsense", "[]", "7", "{}", R"({"type":7})", R"({"type":"other"})",
        R"({"type":"subscribe"})", R"({"type":"subscribe","topics":"a"})",
        R"({"type":"unsubscribe","topics":{}})", R"({"type":"publish"})",
        R"({"type":"publish","topic":7})", R"({"type":"publish","topic":"nobody"})",
        R"({"type":"subscribe","topics":["\ud800"]})"}) {
    alice.send_text(text);
  }
  settle(alice);
  subscribe(alice, R"(7,null,["b"],{},"a")");
  EXPECT_EQ(ask(alice, R"({"type":"publish","topic":"a"})"),
            R"({"type":"publish","topic":"a","clients":1})");
}

TEST_F(YWebrtcTest, ATopicMayBeAnyText) {
  start();
  const std::string topic = std::string(10'000, 'x') + R"(\u0000 \"/)";
  WsClient alice = subscriber(topic);
  EXPECT_THAT(ask(alice, fmt(R"({"type":"publish","topic":"%"})", topic)),
              HasSubstr(R"("clients":1)"));
}

TEST_F(YWebrtcTest, WhoHasGoneIsNoSubscriber) {
  start();
  WsClient alice = subscriber("a");
  WsClient bob = subscriber("a");
  bob.close();
  wait_for_peers(1);
  EXPECT_EQ(ask(alice, R"({"type":"publish","topic":"a"})"),
            R"({"type":"publish","topic":"a","clients":1})");
}

TEST_F(YWebrtcTest, NativePeersMeetItInTheNamespaceOfTheOptions) {
  start("namespace: yjs/");
  WsClient alice = subscriber("a");
  TestPeer bob = peer_in("yjs/a", "bob");
  EXPECT_EQ(ask(alice, R"({"type":"publish","topic":"a","data":1})"),
            R"({"type":"publish","topic":"a","data":1,"clients":2})");
  EXPECT_EQ(bob.next("broadcast")["payload"]["data"],
            R"({"type":"publish","topic":"a","data":1,"clients":2})"_json);
  bob.send("broadcast", R"({"namespace":"yjs/a","data":{"b": 2}})");
  EXPECT_EQ(alice.read_text(), R"({"type":"publish","topic":"a","data":{"b": 2}})");
  bob.send("broadcast", R"({"namespace":"yjs/a","data":{"type":"publish","topic":"a"}})");
  EXPECT_EQ(alice.read_text(), R"({"type":"publish","topic":"a"})");
}

TEST_F(YWebrtcTest, ANativePeerPublishesToNoTopicButItsOwn) {
  start("namespace: yjs/");
  WsClient alice = client();
  subscribe(alice, R"("a","secret")");
  TestPeer bob = peer_in("yjs/a", "bob");
  bob.send("broadcast", R"({"namespace":"yjs/a","data":{"type":"publish","topic":"secret"}})");
  EXPECT_EQ(alice.read_text(),
            R"({"type":"publish","topic":"a","data":{"type":"publish","topic":"secret"}})");
}

TEST_F(YWebrtcTest, WhoIsPutOutOfARoomIsNoSubscriberAndMaySubscribeAgain) {
  start("namespace: yjs/");
  TestPeer owner = peer("owner");
  owner.create_room("yjs/a");
  WsClient alice = subscriber("a");
  const std::string fingerprint = owner.next("peer_joined")["from"].str();
  owner.send("kick", fmt(R"({"room_id":"yjs/a","fingerprint":"%"})", fingerprint));
  owner.next("peer_left");
  settle(alice);
  alice.send_text(R"({"type":"publish","topic":"a"})");
  EXPECT_EQ(owner.next("broadcast")["payload"]["data"],
            R"({"type":"publish","topic":"a","clients":1})"_json);
  settle(alice);
  subscribe(alice, R"("a")");
  EXPECT_EQ(owner.next("peer_joined")["from"].str(), fingerprint);
  EXPECT_EQ(ask(alice, R"({"type":"publish","topic":"a"})"),
            R"({"type":"publish","topic":"a","clients":2})");
}

TEST_F(YWebrtcTest, OneDialectMayStandThereWithSeveralPaths) {
  start_with({.config = "plugins:\n  dialects:\n    - {name: y_webrtc}\n"
                        "    - {name: y_webrtc, options: {path: /other}}\n"});
  WsClient alice = subscriber("a");
  WsClient bob = client("/other/");
  subscribe(bob, R"("a")");
  EXPECT_EQ(ask(alice, R"({"type":"publish","topic":"a"})"),
            R"({"type":"publish","topic":"a","clients":1})");
  settle(bob);
}

TEST_F(YWebrtcTest, ClashesOfPathsAreMistakesOfTheConfiguration) {
  ServerProcess server(
      {.config = "plugins:\n  dialects:\n    - {name: y_webrtc}\n    - {name: y_webrtc}\n"
                 "    - {name: y_webrtc, options: {path: /health}}\n"
                 "    - {name: y_webrtc, options: {path: nonsense}}\n",
       .arguments = {"--check-config"}});
  EXPECT_EQ(server.wait_exit(), 78);
  EXPECT_THAT(server.output(), HasSubstr(":4: plugins.dialects[1]: plugin 'y_webrtc' has the same "
                                         "paths and keys as plugins.dialects[0]"));
  EXPECT_THAT(server.output(), HasSubstr(":5: plugins.dialects[2]: plugin 'y_webrtc' wants to "
                                         "upgrade at /health, which is the server's"));
  EXPECT_THAT(server.output(), HasSubstr(":6: plugins.dialects[3]: plugin 'y_webrtc' wants to "
                                         "upgrade at what is no path"));
}

}  // namespace
}  // namespace peer::test
