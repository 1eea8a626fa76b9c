// The HTTP side of the port and the upgrade: docs/protocol.md, "Endpoint", "D. HTTP".
#include <ctime>

#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr std::string_view kUpgradeLines = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
constexpr std::string_view kVersionLine = "Sec-WebSocket-Version: 13\r\n";
constexpr std::string_view kKeyLine = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

class ConnectionTest : public ServerTest {
 protected:
  HttpReply upgrade_with(std::initializer_list<std::string_view> headers) {
    std::string text;
    for (const auto header : headers) text.append(header);
    return HttpClient(port()).request("GET", "/ws", text);
  }
  int status_of(std::string_view request) {
    HttpClient client(port());
    client.stream().write(request);
    return client.read_reply().status;
  }
};

TEST_F(ConnectionTest, AnUpgradeOfVersion13IsAccepted) {
  EXPECT_EQ(upgrade_with({kUpgradeLines, kVersionLine, kKeyLine}).status, 101);
}

TEST_F(ConnectionTest, HeaderNamesAndTokensOfAnUpgradeAreComparedWithoutCase) {
  EXPECT_EQ(upgrade_with({"UPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\n", kVersionLine,
                          kKeyLine})
                .status,
            101);
}

TEST_F(ConnectionTest, AQueryBehindTheEndpointIsAccepted) {
  HttpClient client(port());
  client.stream().write(upgrade_request("/ws?token=abc"));
  EXPECT_EQ(client.read_reply().status, 101);
}

TEST_F(ConnectionTest, AWrongVersionIs426WithTheRightOne) {
  HttpReply reply = upgrade_with({kUpgradeLines, "Sec-WebSocket-Version: 8\r\n", kKeyLine});
  EXPECT_EQ(reply.status, 426);
  EXPECT_EQ(reply.headers["sec-websocket-version"], "13");
}

TEST_F(ConnectionTest, AMissingVersionIs426WithTheRightOne) {
  HttpReply reply = upgrade_with({kUpgradeLines, kKeyLine});
  EXPECT_EQ(reply.status, 426);
  EXPECT_EQ(reply.headers["sec-websocket-version"], "13");
}

TEST_F(ConnectionTest, TheEndpointWithoutUpgradeIs400) {
  EXPECT_EQ(upgrade_with({}).status, 400);
  EXPECT_EQ(upgrade_with({"Connection: Upgrade\r\n", kVersionLine, kKeyLine}).status, 400);
  EXPECT_EQ(upgrade_with({"Upgrade: websocket\r\n", kVersionLine, kKeyLine}).status, 400);
  EXPECT_EQ(
      upgrade_with({"Upgrade: h2c\r\nConnection: Upgrade\r\n", kVersionLine, kKeyLine}).status,
      400);
}

TEST_F(ConnectionTest, AnUpgradeWithoutAKeyOf16BytesIs400) {
  EXPECT_EQ(upgrade_with({kUpgradeLines, kVersionLine}).status, 400);
  EXPECT_EQ(upgrade_with({kUpgradeLines, kVersionLine, "Sec-WebSocket-Key: \r\n"}).status, 400);
  EXPECT_EQ(upgrade_with({kUpgradeLines, kVersionLine, "Sec-WebSocket-Key: c2hvcnQ=\r\n"}).status,
            400);
  EXPECT_EQ(
      upgrade_with({kUpgradeLines, kVersionLine, "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n"})
          .status,
      400);
}

TEST_F(ConnectionTest, OtherPathsAre404) {
  EXPECT_EQ(http_get(port(), "/").status, 404);
  EXPECT_EQ(http_get(port(), "/wsx").status, 404);
  EXPECT_EQ(http_get(port(), "/health/x").status, 404);
}

TEST_F(ConnectionTest, OtherMethodsAre405WithAllow) {
  for (const char* path : {"/ws", "/health", "/ready", "/stats"}) {
    HttpReply reply = HttpClient(port()).request("POST", path, "Content-Length: 0\r\n");
    EXPECT_EQ(reply.status, 405) << path;
    EXPECT_THAT(reply.headers["allow"], HasSubstr("GET")) << path;
  }
}

TEST_F(ConnectionTest, MalformedRequestsAre400) {
  EXPECT_EQ(status_of("NONSENSE\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /health XYZ\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /health HTTP/1.1\r\nHost : a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /health HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"), 400);
  EXPECT_EQ(status_of(std::string_view("GET /health HTTP/1.1\r\nHost: a\0b\r\n\r\n", 35)), 400);
}

TEST_F(ConnectionTest, AnEndlessHeaderBlockIsCutOff) {
  HttpClient client(port());
  std::string text = "GET /health HTTP/1.1\r\nHost: a\r\nX: ";
  text.append(64 * 1024, 'x');
  client.stream().write_some(text);
  client.stream().expect_end();
}

TEST_F(ConnectionTest, OtherPathsKeepTheConnectionAlive) {
  HttpClient client(port());
  EXPECT_EQ(client.request("GET", "/health").status, 200);
  EXPECT_EQ(client.request("GET", "/nowhere").status, 404);
  EXPECT_EQ(client.request("GET", "/stats").status, 200);
}

TEST_F(ConnectionTest, RequestsInOneWriteAreAnsweredInOrder) {
  HttpClient client(port());
  client.stream().write(
      "GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.read_reply().status, 404);
}

TEST_F(ConnectionTest, ConnectionCloseEndsTheConnectionAfterTheReply) {
  HttpClient client(port());
  EXPECT_EQ(client.request("GET", "/health", "Connection: close\r\n").status, 200);
  client.stream().expect_end();
}

TEST_F(ConnectionTest, AKeptAliveConnectionCanUpgrade) {
  HttpClient client(port());
  EXPECT_EQ(client.request("GET", "/health").status, 200);
  client.stream().write(upgrade_request());
  EXPECT_EQ(client.read_reply().status, 101);
}

TEST_F(ConnectionTest, HeadIsAnsweredWithoutABody) {
  HttpClient client(port());
  EXPECT_EQ(client.request("HEAD", "/health").status, 200);
  const HttpReply next = client.request("GET", "/health");
  EXPECT_EQ(next.status, 200);
  EXPECT_FALSE(next.body.empty());
}

TEST_F(ConnectionTest, ReadTimeoutBoundsTheHeaderBlock) {
  start({"read_timeout=200ms"});
  HttpClient client(port());
  client.stream().write("GET /ws HTTP/1.1\r\nHost: a\r\n");
  client.stream().expect_end();
}

TEST_F(ConnectionTest, ReadTimeoutBoundsAHeaderBlockThatTricklesIn) {
  start({"read_timeout=300ms"});
  HttpClient idle(port());
  HttpClient trickling(port());
  trickling.stream().write("GET /ws HTTP/1.1\r\n");
  idle.stream().expect_end();
  trickling.stream().write_some("X: 1\r\n");
  trickling.stream().expect_end();
}

TEST_F(ConnectionTest, ReadTimeoutBoundsAnIdleKeepAlive) {
  start({"read_timeout=200ms"});
  HttpClient client(port());
  EXPECT_EQ(client.request("GET", "/health").status, 200);
  client.stream().expect_end();
}

TEST_F(ConnectionTest, ReadTimeoutDoesNotApplyToAWebSocket) {
  start({"read_timeout=150ms"});
  TestPeer alice = peer("alice");
  // The server itself measures the time: each of these connections lasts one read_timeout.
  for (int i = 0; i < 3; ++i) TcpStream(port()).expect_end();
  alice.round_trip();
}

TEST_F(ConnectionTest, AFrameBehindTheUpgradeInOneWriteIsProcessed) {
  WsClient client(Dial{
      .port = port(),
      .behind_upgrade = encode({.payload = message("register", R"({"public_key":"alice"})")})});
  EXPECT_EQ(Json::parse(client.read_text())["type"].str(), "registered");
}

TEST_F(ConnectionTest, HealthTellsStatusPeersMaximumAndTime) {
  start({"max_peers=7"});
  TestPeer alice = peer("alice");
  const auto before = std::time(nullptr);
  const Json health = http_json("/health");
  EXPECT_THAT(health.keys(), UnorderedElementsAre("status", "peers", "max_peers", "timestamp"));
  EXPECT_EQ(health["status"].str(), "ok");
  EXPECT_EQ(health["peers"].number(), 1);
  EXPECT_EQ(health["max_peers"].number(), 7);
  EXPECT_NEAR(static_cast<double>(health["timestamp"].number()), static_cast<double>(before), 60);
}

TEST_F(ConnectionTest, HealthCountsRegisteredPeersOnly) {
  TestPeer silent = connect();
  TestPeer alice = peer("alice");
  EXPECT_EQ(http_json("/health")["peers"].number(), 1);
  alice.close();
  wait_for_peers(0);
}

TEST_F(ConnectionTest, JsonIsServedAsJson) {
  for (const char* path : {"/health", "/stats"}) {
    EXPECT_THAT(http_get(port(), path).headers["content-type"], HasSubstr("application/json"));
  }
}

TEST_F(ConnectionTest, ReadyIs200WhenTheServerTakesPeers) {
  EXPECT_EQ(http_get(port(), "/ready").status, 200);
}

TEST_F(ConnectionTest, StatsTellNamespacesWithTheirCountsButOnlyTheNumberOfRooms) {
  start({"max_peers=9"});
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  bob.create_room("secret-room");
  const HttpReply reply = http_get(port(), "/stats");
  const Json stats = Json::parse(reply.body);
  EXPECT_EQ(stats["total_peers"].number(), 2);
  EXPECT_EQ(stats["max_peers"].number(), 9);
  EXPECT_EQ(stats["namespaces"], R"({"lobby":2})"_json);
  EXPECT_EQ(stats["rooms"].number(), 1);
  EXPECT_GE(stats["uptime_seconds"].number(), 0);
  for (const char* key : {"shards", "node_id", "messages", "plugins"}) {
    EXPECT_TRUE(stats[key].exists()) << key;
  }
  EXPECT_THAT(reply.body, testing::Not(HasSubstr("secret-room")));
}

TEST_F(ConnectionTest, StatsNameThePluginOfEachKindWithItsVersion) {
  const Json plugins = http_json("/stats")["plugins"];
  EXPECT_EQ(plugins.size(), 4U) << plugins;
  EXPECT_EQ(plugins["broker"]["name"].str(), "local");
  for (const auto& kind : plugins.keys()) {
    EXPECT_FALSE(plugins[kind]["name"].str().empty()) << kind;
    EXPECT_TRUE(plugins[kind]["version"].exists()) << kind;
  }
}

TEST_F(ConnectionTest, StatsForgetANamespaceWithoutMembers) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.send("leave", R"({"namespace":"lobby"})");
  alice.round_trip();
  EXPECT_EQ(http_json("/stats")["namespaces"], "{}"_json);
}

TEST_F(ConnectionTest, StatsListRoomsOnlyWhenTold) {
  start({"stats_list_rooms=true"});
  TestPeer alice = peer("alice");
  alice.create_room("secret-room");
  EXPECT_THAT(http_get(port(), "/stats").body, HasSubstr("secret-room"));
}

TEST_F(ConnectionTest, StatsForLoopbackAreServedToLoopback) {
  start({"stats_access=loopback"});
  EXPECT_EQ(http_get(port(), "/stats").status, 200);
}

TEST_F(ConnectionTest, StatsCanBeSwitchedOff) {
  start({"stats_access=off"});
  EXPECT_THAT(http_get(port(), "/stats").status, AnyOf(403, 404));
}

}  // namespace
}  // namespace peer::test
