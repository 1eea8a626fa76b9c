// Files, environment, command line: docs/configuration.md.
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kBadConfiguration = 78;  // EX_CONFIG of sysexits.h

class ConfigTest : public ServerTest {
 protected:
  /// The server must refuse to start and tell why; returns what it wrote.
  static std::string refusal_of(const ServerOptions& options) {
    ServerProcess process(options);
    const auto code = process.wait_exit();
    EXPECT_EQ(code, std::optional(kBadConfiguration)) << process.output();
    return process.output();
  }
  static std::string refusal_of_setting(std::string setting) {
    SCOPED_TRACE(setting);
    ServerOptions options;
    options.settings.push_back(std::move(setting));
    return refusal_of(options);
  }
  static std::string refusal_of_file(std::string content) {
    SCOPED_TRACE(content);
    ServerOptions options;
    options.config = std::move(content);
    return refusal_of(options);
  }
  std::int64_t max_peers() { return http_json("/health")["max_peers"].number(); }
};

TEST_F(ConfigTest, TheDefaultsAreTheGuides) {
  EXPECT_EQ(max_peers(), 100'000);
  EXPECT_EQ(http_json("/stats")["plugins"]["broker"]["name"].str(), "local");
}

TEST_F(ConfigTest, AnUnknownKeySuggestsTheNearest) {
  EXPECT_THAT(refusal_of_file("max_peer: 5\n"), AllOf(HasSubstr("max_peer"), HasSubstr("max_peers"),
                                                      HasSubstr("peer-server.yaml:1")));
  EXPECT_THAT(refusal_of_setting("pingintervall=5s"), HasSubstr("ping_interval"));
}

TEST_F(ConfigTest, AWrongValueIsRefusedByItsKey) {
  for (const char* setting :
       {"port=65536", "port=-1", "port=x", "shard_count=3", "shard_count=0", "shard_count=131072",
        "ping_interval=10x", "pong_wait=-5s", "max_message_size=1k", "compression_enabled=maybe",
        "stats_access=friends", "rate_limit_shards=5", "max_peers=2.5",
        "max_peers=99999999999999999999"}) {
    const std::string text(setting);
    EXPECT_THAT(refusal_of_setting(text), HasSubstr(text.substr(0, text.find('='))));
  }
}

TEST_F(ConfigTest, AWrongValueInAFileIsRefusedByItsLine) {
  EXPECT_THAT(refusal_of_file("# first\nmax_peers: many\n"),
              AllOf(HasSubstr("peer-server.yaml:2"), HasSubstr("max_peers")));
}

TEST_F(ConfigTest, ADuplicateKeyIsRefused) {
  EXPECT_THAT(refusal_of_file("max_peers: 5\nmax_peers: 5\n"), HasSubstr("max_peers"));
}

TEST_F(ConfigTest, ABrokenFileIsRefused) {
  refusal_of_file("max_peers: [5\n");
  refusal_of_file("- max_peers\n");
  ServerOptions missing;
  missing.arguments = {"-config", "/nonexistent/peer-server.yaml"};
  EXPECT_THAT(refusal_of(missing), HasSubstr("/nonexistent/peer-server.yaml"));
}

TEST_F(ConfigTest, ABrokerTypeThatContradictsThePluginSectionIsRefused) {
  EXPECT_THAT(refusal_of_file("broker_type: redis\nplugins: {broker: {name: local}}\n"),
              HasSubstr("broker_type"));
}

TEST_F(ConfigTest, AnUnknownPluginIsRefused) {
  EXPECT_THAT(refusal_of_file("plugins: {match_strategy: {name: fif}}\n"), HasSubstr("fif"));
}

TEST_F(ConfigTest, AnUnknownOptionOfAPluginIsRefused) {
  EXPECT_THAT(refusal_of_file("plugins: {room_policy: {name: standard, options: {nope: 1}}}\n"),
              HasSubstr("nope"));
}

TEST_F(ConfigTest, OptionsOfTheRoomPolicyAreApplied) {
  start_with({.config = "plugins:\n  room_policy: {name: standard, options: {default_size: 3, "
                        "max_size: 5}}\n"});
  TestPeer alice = peer("alice");
  EXPECT_EQ(alice.create_room("one")["payload"]["max_size"].number(), 3);
  EXPECT_EQ(alice.create_room("two", R"("max_size":9)")["payload"]["max_size"].number(), 5);
}

TEST_F(ConfigTest, TheEnvironmentAloneConfiguresPlugins) {
  start_with({.environment = {{"PEER_PLUGINS__ROOM_POLICY__NAME", "standard"},
                              {"PEER_PLUGINS__ROOM_POLICY__OPTIONS__MAX_SIZE", "5"},
                              {"PEER_PLUGINS__ROOM_POLICY__OPTIONS__DEFAULT_SIZE", "3"}}});
  TestPeer alice = peer("alice");
  EXPECT_EQ(alice.create_room("one")["payload"]["max_size"].number(), 3);
  EXPECT_EQ(alice.create_room("two", R"("max_size":9)")["payload"]["max_size"].number(), 5);
}

TEST_F(ConfigTest, TheGuidesJsonFileIsAccepted) {
  start_with({.config = R"({
  "host": "0.0.0.0",
  "port": 8080,
  "max_peers": 15000,
  "shard_count": 64,
  "write_timeout": "10s",
  "read_timeout": "60s",
  "ping_interval": "30s",
  "pong_wait": "35s",
  "max_message_size": 65536,
  "broker_type": "local",
  "redis_addr": "redis:6379",
  "redis_password": "",
  "redis_db": 0,
  "rate_limit_per_sec": 50,
  "rate_limit_burst": 100,
  "rate_limit_shards": 32,
  "tls_cert": "",
  "tls_key": "",
  "metrics_enabled": false,
  "metrics_port": 9090,
  "compression_enabled": false,
  "send_buffer_size": 64
})",
              .config_name = "config.json"});
  EXPECT_EQ(max_peers(), 15'000);
}

TEST_F(ConfigTest, AFileIsNamedInThreeWays) {
  const TempDir dir;
  const std::string file = dir.write("c.yaml", "max_peers: 11\n");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"-config", file}, {"--config", file}, {"--config=" + file}}) {
    start_with({.arguments = arguments});
    EXPECT_EQ(max_peers(), 11) << arguments.front();
  }
}

TEST_F(ConfigTest, DurationsAreSumsOfUnitsOrMilliseconds) {
  for (const char* duration : {"1h", "1m30s", "1.5s", "1500ms", "1h2m3s4ms5us", "90000"}) {
    start_with({.settings = {std::string("write_timeout=") + duration}});
    EXPECT_EQ(http_get(port(), "/health").status, 200) << duration;
  }
}

TEST_F(ConfigTest, APlainNumberIsMilliseconds) {
  start({"read_timeout=150"});
  HttpClient(port()).stream().expect_end();
}

TEST_F(ConfigTest, TheEnvironmentBeatsTheFileAndTheCommandLineBeatsBoth) {
  ServerOptions options;
  options.config = "max_peers: 1\nsend_buffer_size: 5\n";
  start_with(options);
  EXPECT_EQ(max_peers(), 1);
  options.environment["PEER_MAX_PEERS"] = "2";
  start_with(options);
  EXPECT_EQ(max_peers(), 2);
  options.settings.push_back("max_peers=3");
  start_with(options);
  EXPECT_EQ(max_peers(), 3);
}

TEST_F(ConfigTest, EveryKeyHasAVariable) {
  start_with({.environment = {{"PEER_STATS_ACCESS", "off"}, {"PEER_SEND_BUFFER", "64"}}});
  EXPECT_NE(http_get(port(), "/stats").status, 200);
}

TEST_F(ConfigTest, AnEmptyVariableCountsAsUnset) {
  start_with({.config = "max_peers: 4\n", .environment = {{"PEER_MAX_PEERS", ""}}});
  EXPECT_EQ(max_peers(), 4);
}

TEST_F(ConfigTest, AWrongVariableIsRefusedByItsName) {
  ServerOptions options;
  options.environment["PEER_MAX_PEERS"] = "many";
  EXPECT_THAT(refusal_of(options), HasSubstr("PEER_MAX_PEERS"));
}

TEST_F(ConfigTest, WhatContainerPlatformsInjectIsAWarning) {
  start_with({.environment = {{"PEER_SERVER_PORT_8080_TCP", "tcp://10.0.0.1:8080"},
                              {"PEER_PORT", "tcp://10.0.0.1:8080"}}});
  EXPECT_THAT(server().output(), HasSubstr("PEER_SERVER_PORT_8080_TCP"));
  EXPECT_EQ(http_get(port(), "/health").status, 200);
}

TEST_F(ConfigTest, AnEmptyStringInAFileIsTheDefault) {
  start_with({.config = "redis_password: ''\ntls_cert: ''\nbroker_type: ''\nmax_peers: 6\n"});
  EXPECT_EQ(max_peers(), 6);
}

TEST_F(ConfigTest, MorePeersThanFileDescriptorsIsNoReasonNotToStart) {
  start({"max_peers=5000000"});
  EXPECT_EQ(max_peers(), 5'000'000);
  EXPECT_THAT(server().output(), HasSubstr("max_peers"));
}

TEST_F(ConfigTest, ASecondServerOnThePortIsRefused) {
  ServerOptions options;
  options.settings = {fmt("port=%", static_cast<int>(port()))};
  ServerProcess second(options);
  EXPECT_NE(second.wait_exit().value_or(0), 0) << second.output();
}

}  // namespace
}  // namespace peer::test
