// Clients of y-webrtc, through a real server (plugins/dialect_y_webrtc/README.md).
#include <string>

#include "tests/support/server_test.h"
#include "tests/support/ws_client.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class YWebrtcTest : public ServerTest {
 protected:
  void start(std::string_view options = "path: /y") {
    start_with({.settings = {"loops=2"},
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
