// /metrics: Prometheus text on a port of its own.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/dev_certificate.h"
#include "tests/support/free_port.h"
#include "tests/support/http_client.h"
#include "tests/support/run_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class MetricsTest : public ServerTest {
 protected:
  void start_metrics(std::vector<std::string> settings = {}) {
    settings.insert(settings.end(), {"metrics_enabled=true", "metrics_port=0"});
    start(std::move(settings));
    metrics_port_ = server().metrics_port();
  }
  std::string scrape() { return http_get(metrics_port_, "/metrics").body; }
  /// The value of one series as it stands in the text: `peer_server_peers`, or with labels.
  double value(const std::string& series) {
    std::istringstream lines(scrape());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
    }
    ADD_FAILURE() << "no " << series;
    return -1;
  }
  static std::string messages(std::string_view type) {
    return fmt(R"(peer_server_messages_total{type="%"})", type);
  }
  static std::string errors(std::string_view type, int code) {
    return fmt(R"(peer_server_message_errors_total{type="%",code="%"})", type, code);
  }
  std::set<std::string> families() {
    std::set<std::string> names;
    std::istringstream lines(scrape());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# TYPE ")) names.insert(line.substr(7, line.find(' ', 7) - 7));
    }
    return names;
  }

  std::uint16_t metrics_port_ = 0;
};

TEST_F(MetricsTest, AreOffByDefaultAndNeverOnThePeersPort) {
  EXPECT_THAT(server().output(), Not(HasSubstr("metrics at")));
  EXPECT_EQ(http_get(port(), "/metrics").status, 404);
}

TEST_F(MetricsTest, ThePortHasNothingElse) {
  start_metrics();
  EXPECT_EQ(http_get(metrics_port_, "/metrics").status, 200);
  EXPECT_THAT(http_get(metrics_port_, "/metrics").headers.at("content-type"),
              HasSubstr("text/plain; version=0.0.4"));
  for (const char* path : {"/", "/health", "/stats", "/ws", "/metrics/"}) {
    EXPECT_EQ(http_get(metrics_port_, path).status, 404) << path;
  }
  EXPECT_EQ(HttpClient(metrics_port_).request("POST", "/metrics").status, 405);
  HttpClient upgrade(metrics_port_);
  upgrade.stream().write(upgrade_request("/metrics"));
  EXPECT_EQ(upgrade.read_reply().status, 200);
}

TEST_F(MetricsTest, CountWhatHappens) {
  start_metrics({"rate_limit_burst=50", "rate_limit_per_sec=1"});
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  for (int i = 0; i < 7; ++i) {
    alice.send_to("bob", "1");
    bob.next("signal");
  }
  alice.expect_refused(message("signal", "1", R"("to":"nobody")"), 404, "peer not found");
  bob.expect_refused(message("leave", R"({"namespace":"elsewhere"})"), 403, "not in namespace");
  bob.create_room("den");
  alice.send("match", R"({"namespace":"lobby"})");
  alice.next("match");
  bob.send("match", R"({"namespace":"lobby"})");
  bob.next("matched");

  EXPECT_EQ(value("peer_server_peers"), 2);
  EXPECT_EQ(value(R"(peer_server_connections{state="registered"})"), 2);
  EXPECT_EQ(value("peer_server_namespaces"), 1);
  EXPECT_EQ(value("peer_server_rooms"), 1);
  EXPECT_EQ(value("peer_server_tickets"), 0);
  EXPECT_EQ(value("peer_server_match_wait_seconds_count"), 2);
  EXPECT_EQ(value(messages("signal")), 8);
  EXPECT_EQ(value(messages("join")), 2);
  EXPECT_EQ(value(messages("match")), 2);
  EXPECT_EQ(value(errors("signal", 404)), 1);
  EXPECT_EQ(value(errors("leave", 403)), 1);
  EXPECT_EQ(value(R"(peer_server_broker_state{state="standalone"})"), 1);
  EXPECT_EQ(value(R"(peer_server_broker_state{state="connected"})"), 0);
  EXPECT_EQ(value(R"(peer_server_plugin_errors_total{kind="broker",name="local"})"), 0);
  EXPECT_GT(value(R"(peer_server_plugin_calls_total{kind="match_strategy",name="criteria"})"), 0);
  EXPECT_GT(value("peer_server_received_bytes_total"), 500);
  EXPECT_GT(value("peer_server_sent_bytes_total"), 500);
  EXPECT_GT(value("peer_server_process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value("peer_server_process_open_fds"), 5);

  for (int i = 0; i < 60; ++i) alice.send(message("ping"));
  int limited = 0;
  for (int i = 0; i < 60; ++i) {
    Json answer = alice.next();
    while (answer["type"].str() == "matched") answer = alice.next();
    limited += answer["type"].str() == "error" ? 1 : 0;
  }
  EXPECT_GT(limited, 0);
  EXPECT_EQ(value("peer_server_rate_limited_total"), limited);
  EXPECT_EQ(value(errors("ping", 429)), limited);
}

TEST_F(MetricsTest, AFailedRegistrationIsAnErrorOfRegister) {
  start_metrics();
  TestPeer stranger = connect();
  stranger.send("register", "{}");
  stranger.next("error");
  EXPECT_EQ(value(errors("register", 400)), 1);
}

TEST_F(MetricsTest, TheLagOfEachLoopIsMeasured) {
  start_metrics({"loops=2"});
  const Deadline deadline;
  for (const char* loop : {"0", "1"}) {
    while (value(fmt(R"(peer_server_loop_lag_seconds_count{loop="%"})", loop)) == 0) {
      ASSERT_FALSE(deadline.passed());
    }
  }
}

TEST_F(MetricsTest, NothingThatAClientSaysIsInThem) {
  start_metrics();
  TestPeer alice = connect(Dial{.path = "/ws?xyzzy"});
  alice.register_as("xyzzy", R"("alias":"xyzzy","meta":{"xyzzy":1})");
  alice.join("xyzzy");
  alice.create_room("xyzzy-room");
  alice.expect_refused(message("xyzzy"), 400, "unknown message type");
  EXPECT_THAT(scrape(), Not(HasSubstr("xyzzy")));
  EXPECT_THAT(scrape(), Not(HasSubstr(alice.fingerprint())));
}

TEST_F(MetricsTest, PromtoolHasNothingToSay) {
  start_metrics();
  TestPeer alice = peer_in("lobby", "alice");
  const TempDir dir;
  const ProgramResult checked =
      run_program("promtool check metrics < '" + dir.write("metrics", scrape()) + "' 2>&1");
  EXPECT_EQ(checked.exit_status, 0);
  EXPECT_EQ(checked.output, "");
}

TEST_F(MetricsTest, TheEndOfTheCertificateIsAUnixTime) {
  const IssuedCertificate certificate({.days = 3});
  start_metrics({"tls_cert=" + certificate.certificate(), "tls_key=" + certificate.key()});
  using namespace std::chrono;
  const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch());
  const auto left =
      value("peer_server_tls_certificate_expiry_seconds") - static_cast<double>(now.count());
  EXPECT_LE(left, 3 * 24 * 3600);
  EXPECT_GT(left, 2 * 24 * 3600);
}

TEST_F(MetricsTest, WithoutTlsNoCertificateEnds) {
  start_metrics();
  EXPECT_THAT(scrape(), Not(HasSubstr("tls_certificate")));
}

TEST_F(MetricsTest, APortThatIsTakenStopsTheStart) {
  start_metrics();
  ServerProcess second(
      {.settings = {"metrics_enabled=true", "metrics_port=" + std::to_string(metrics_port_)}});
  EXPECT_EQ(second.wait_exit(), 1);
  EXPECT_THAT(second.output(), HasSubstr("metrics_port: cannot listen on 127.0.0.1:"));
}

// What people read and what they look at speak of metrics that exist, and of all of them.
TEST_F(MetricsTest, RequestsToTheServerApiAreCountedByStatus) {
  const std::uint16_t admin_port = free_port();
  start_metrics({fmt("admin_port=%", static_cast<int>(admin_port)),
                 "admin_token=an-admin-token-of-32-characters-"});
  const std::string token = "Authorization: Bearer an-admin-token-of-32-characters-\r\n";
  HttpClient client(admin_port);
  EXPECT_EQ(client.request("GET", "/v1/nodes", token).status, 200);
  EXPECT_EQ(client.request("GET", "/v1/peers", token).status, 200);
  EXPECT_EQ(client.request("GET", "/v1/peers/x", token).status, 404);
  EXPECT_EQ(client.request("GET", "/v1/nodes").status, 401);
  EXPECT_EQ(value(R"(peer_server_api_requests_total{code="200"})"), 2);
  EXPECT_EQ(value(R"(peer_server_api_requests_total{code="404"})"), 1);
  EXPECT_EQ(value(R"(peer_server_api_requests_total{code="401"})"), 1);
  EXPECT_EQ(value("peer_server_api_request_seconds_count"), 3);
  // Nobody has asked for webhooks.
  EXPECT_THAT(scrape(), testing::Not(HasSubstr("webhook")));
}

TEST_F(MetricsTest, TheDocumentAndTheDashboardKnowThem) {
  // With all that has series of its own.
  const DevCertificate certificate;
  start_metrics(certificate.settings({fmt("admin_port=%", static_cast<int>(free_port())),
                                      "admin_token=an-admin-token-of-32-characters-",
                                      R"(webhooks=[{"url":"http://127.0.0.1:9/","secret":"x"}])"}));
  const std::set<std::string> exported = families();
  const std::string page =
      read_file(std::filesystem::path(PEER_CONFIG_DIR) / "../docs/operating.md");
  for (const std::string& family : exported) {
    EXPECT_THAT(page, HasSubstr("`" + family.substr(std::string("peer_server_").size()) + "`"));
  }
  const std::regex name("peer_server_[a-z_]+");
  for (const char* file : {"grafana/peer-server.json", "prometheus/alerts.yaml"}) {
    const std::string text = read_file(std::filesystem::path(PEER_CONFIG_DIR) / file);
    int seen = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it, ++seen) {
      const std::string series =
          std::regex_replace(it->str(), std::regex("_(bucket|sum|count)$"), "");
      EXPECT_TRUE(exported.contains(series)) << file << ": " << it->str();
    }
    EXPECT_GT(seen, 5) << file;
  }
  EXPECT_NO_THROW(
      Json::parse(read_file(std::filesystem::path(PEER_CONFIG_DIR) / "grafana/peer-server.json")));
  EXPECT_EQ(run_program("promtool check rules '" PEER_CONFIG_DIR "/prometheus/alerts.yaml' 2>&1")
                .exit_status,
            0);
}

}  // namespace
}  // namespace peer::test
