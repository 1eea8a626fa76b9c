#include "tests/support/json.h"
#include "tests/unit/dispatch/node_test.h"

#include "core/http/metrics.h"
#include "core/server/node.h"

// /health, /ready, /stats and /metrics of a node alone, and of one whose broker is not well.
namespace peer::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Json body_of(const std::string& response) {
  return Json::parse(response.substr(response.find("\r\n\r\n") + 4));
}

sdk::BrokerStatus degraded() {
  sdk::BrokerStatus status;
  status.state = sdk::BrokerStatus::State::kDegraded;
  status.ready = false;
  status.nodes = 3;
  status.latency = std::chrono::microseconds(-5);
  status.dropped = 7;
  return status;
}

class EndpointsTest : public NodeTest {};
class SharedEndpointsTest : public ClusterTest {};

TEST_F(EndpointsTest, HealthCountsPeers) {
  const Client alice = peer("alice");
  const std::string response = http("GET", "/health");
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(body_of(response)["status"].str(), "ok");
  EXPECT_EQ(body_of(response)["peers"].number(), 1);
  EXPECT_EQ(body_of(response)["max_peers"].number(), 100);
}

TEST_F(EndpointsTest, ANodeThatDrainsIsNeitherHealthyNorReady) {
  node().draining = true;
  EXPECT_THAT(http("GET", "/health"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(http("GET", "/ready"), HasSubstr(R"({"ready":false,"reasons":["draining"]})"));
  EXPECT_THAT(http("GET", "/stats"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(EndpointsTest, ANodeAloneIsReady) {
  EXPECT_THAT(http("GET", "/ready"), HasSubstr(R"({"ready":true,"reasons":[]})"));
  EXPECT_EQ(body_of(http("GET", "/stats"))["broker"]["state"].str(), "standalone");
}

TEST_F(EndpointsTest, StatsListNamespacesAndCountRooms) {
  const Client alice = peer_in("lobby", "alice");
  const Client bob = owner_of("room", "bob");
  const Json stats = body_of(http("GET", "/stats"));
  EXPECT_EQ(stats["namespaces"].text(), R"({"lobby":1})");
  EXPECT_EQ(stats["rooms"].number(), 1);
  EXPECT_FALSE(stats["room_list"].exists());
  EXPECT_EQ(stats["messages"]["by_type"]["join"].number(), 1);
}

TEST_F(EndpointsTest, StatsListRoomsWhereThatIsWanted) {
  config_.stats_list_rooms = true;
  const Client bob = owner_of("room", "bob");
  EXPECT_EQ(body_of(http("GET", "/stats"))["room_list"].text(), R"({"room":1})");
}

TEST_F(EndpointsTest, StatsAreForWhomTheyAreConfigured) {
  config_.stats_access = StatsAccess::kLoopback;
  EXPECT_THAT(http("GET", "/stats", true), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(http("GET", "/stats", false), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(http("GET", "/health", false), StartsWith("HTTP/1.1 200 "));
}

TEST_F(EndpointsTest, StatsThatAreOffAreNotThere) {
  config_.stats_access = StatsAccess::kOff;
  EXPECT_THAT(http("GET", "/stats"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(EndpointsTest, OtherPathsAndMethodsAreRefused) {
  EXPECT_THAT(http("GET", "/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(http("POST", "/health"), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  EXPECT_THAT(http("POST", "/ws"), HasSubstr("\r\nAllow: GET\r\n"));
  EXPECT_THAT(http("POST", "/nothing"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(EndpointsTest, AHeadHasNoBody) {
  EXPECT_TRUE(http("HEAD", "/health").ends_with("\r\n\r\n"));
}

TEST_F(SharedEndpointsTest, ABrokerThatCannotReachTheOthersIsSaidSo) {
  broker_.set_status(degraded());
  EXPECT_THAT(http("GET", "/ready"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(http("GET", "/ready"), HasSubstr(R"({"ready":false,"reasons":["broker degraded"]})"));
  EXPECT_THAT(http("GET", "/health"), StartsWith("HTTP/1.1 200 "));
  const Json broker = body_of(http("GET", "/stats"))["broker"];
  EXPECT_EQ(broker["state"].str(), "degraded");
  EXPECT_EQ(broker["nodes"].number(), 3);
  EXPECT_EQ(broker["latency_us"].number(), 0);
  EXPECT_EQ(broker["dropped"].number(), 7);
}

TEST_F(SharedEndpointsTest, ADegradedBrokerMayBeReadyAllTheSame) {
  sdk::BrokerStatus status = degraded();
  status.ready = true;
  broker_.set_status(status);
  EXPECT_THAT(http("GET", "/ready"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(SharedEndpointsTest, OfSeveralPartsTheCountOfThoseOutOfReachIsSaid) {
  sdk::BrokerStatus status = degraded();
  status.parts_away = 21;
  broker_.set_status(status);
  EXPECT_THAT(http("GET", "/ready"),
              HasSubstr(R"("reasons":["broker degraded, parts out of reach: 21"])"));
  EXPECT_EQ(body_of(http("GET", "/stats"))["broker"]["parts_away"].number(), 21);
  EXPECT_THAT(render_metrics(node()), HasSubstr("\npeer_server_broker_parts_away 21\n"));
}

TEST_F(SharedEndpointsTest, BothReasonsAreGiven) {
  sdk::BrokerStatus status = degraded();
  status.state = sdk::BrokerStatus::State::kResyncing;
  broker_.set_status(status);
  node().draining = true;
  EXPECT_THAT(http("GET", "/ready"), HasSubstr(R"("reasons":["draining","broker resyncing"])"));
}

TEST_F(SharedEndpointsTest, MetricsCountTheFaultsOfPlugins) {
  broker_.routes.fail();
  Client alice = peer("alice");
  EXPECT_THAT(alice.ask(R"({"type":"signal","to":"<far-1>","id":1})"), HasSubstr("503"));
  const std::string metrics = render_metrics(node());
  EXPECT_THAT(metrics, ContainsRegex(R"(plugin_errors_total\{[^}]*kind="broker"[^}]*\} 1)"));
  EXPECT_THAT(metrics, Not(HasSubstr("far")));
}

}  // namespace
}  // namespace peer::test
