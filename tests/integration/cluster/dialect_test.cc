// Clients that speak another protocol, on several nodes: docs/dialects.md.
#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/redis_client.h"
#include "tests/support/ws_client.h"

namespace peer::test {
namespace {

class DialectClusterTest : public ClusterTest {
 protected:
  ServerProcess& start_dialect_node() {
    ServerProcess& node = start_node_with(
        fmt(R"(plugins: {broker: {name: redis, options: {addr: "127.0.0.1:%", %}}, )"
            R"(dialects: [{name: y_webrtc}, {name: lines, file: "%/examples/dialect_lines.so"}]})",
            redis().port(), kQuick, PEER_TEST_PLUGIN_DIR));
    wait_for_state(node, "connected");
    return node;
  }
  void SetUp() override {
    first_ = &start_dialect_node();
    second_ = &start_dialect_node();
    wait_for_nodes(*first_, 2);
    wait_for_nodes(*second_, 2);
  }
  static WsClient client(ServerProcess& node, std::string path) {
    return WsClient(Dial{.port = node.port(), .path = std::move(path)});
  }
  static std::string ask(WsClient& client, std::string_view text) {
    client.send_text(text);
    return client.read_text();
  }
  static WsClient subscriber(ServerProcess& node, std::string_view topic) {
    WsClient made = client(node, "/y");
    made.send_text(fmt(R"({"type":"subscribe","topics":["%"]})", topic));
    EXPECT_EQ(ask(made, R"({"type":"ping"})"), R"({"type":"pong"})");
    return made;
  }

  ServerProcess* first_ = nullptr;
  ServerProcess* second_ = nullptr;
};

TEST_F(DialectClusterTest, SubscribersOfATopicAreReachedAndCountedOnAllNodes) {
  WsClient alice = subscriber(*first_, "a");
  WsClient bob = subscriber(*second_, "a");
  WsClient carol = client(*second_, "/y");
  const std::string told = R"({"type":"publish","topic":"a","clients":2})";
  EXPECT_EQ(ask(alice, R"({"type":"publish","topic":"a"})"), told);
  EXPECT_EQ(bob.read_text(), told);
  carol.send_text(R"({"type":"publish","topic":"a","data":1})");
  const std::string other = R"({"type":"publish","topic":"a","data":1,"clients":2})";
  EXPECT_EQ(alice.read_text(), other);
  EXPECT_EQ(bob.read_text(), other);
}

TEST_F(DialectClusterTest, WhoHasLeftOnAnotherNodeIsCountedNoMore) {
  WsClient alice = subscriber(*first_, "a");
  WsClient bob = subscriber(*second_, "a");
  bob.send_text(R"({"type":"unsubscribe","topics":["a"]})");
  EXPECT_EQ(ask(bob, R"({"type":"ping"})"), R"({"type":"pong"})");
  // The leaving is told behind the answer: what bob publishes comes behind both.
  bob.send_text(R"({"type":"publish","topic":"a","data":1})");
  EXPECT_EQ(alice.read_text(), R"({"type":"publish","topic":"a","data":1,"clients":1})");
}

/// Up to its close frame, which is empty.
void expect_end(WsClient& client) {
  Frame frame = client.read_frame();
  while (frame.opcode != kClose) frame = client.read_frame();
  EXPECT_EQ(frame.payload, "");
}

TEST_F(DialectClusterTest, WhoShowsTheSameTokenTakesTheIdOverOnAnotherNode) {
  WsClient older = client(*first_, "/lines?name=ann&token=x");
  EXPECT_EQ(older.read_text(), "HELLO ann");
  WsClient newer = client(*second_, "/lines?name=ann&token=x");
  EXPECT_EQ(newer.read_text(), "HELLO ann");
  expect_end(older);
}

TEST_F(DialectClusterTest, ToWhoShowsAnotherTokenTheIdIsTakenOnAllNodes) {
  WsClient older = client(*first_, "/lines?name=ann&token=x");
  EXPECT_EQ(older.read_text(), "HELLO ann");
  for (const char* path : {"/lines?name=ann&token=y", "/lines?name=ann"}) {
    WsClient other = client(*second_, path);
    EXPECT_EQ(other.read_text(), "SORRY id taken");
    expect_end(other);
  }
  EXPECT_EQ(ask(older, "JOIN den"), "JOINED");
}

TEST_F(DialectClusterTest, ATokenThatRedisHasLostIsPutBack) {
  WsClient older = client(*first_, "/lines?name=ann&token=x");
  EXPECT_EQ(older.read_text(), "HELLO ann");
  using namespace std::string_literals;
  const std::string key = "peer:{0}:p:" + fingerprint_of("\0dialect\0lines\0/lines\0ann"s);
  RedisClient redis = this->redis().client();
  ASSERT_EQ(redis.command({"DEL", key}).at(0), "1");
  const Deadline deadline;
  while (redis.command({"EXISTS", key}).at(0) == "0") ASSERT_FALSE(deadline.passed());
  WsClient other = client(*second_, "/lines?name=ann&token=y");
  EXPECT_EQ(other.read_text(), "SORRY id taken");
}

}  // namespace
}  // namespace peer::test
