#include "core/config/load_config.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/mistakes.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

LoadedConfig load_file(const std::string& path) {
  CommandLine command_line;
  command_line.config_file = path;
  return load_config(command_line, {});
}

TEST(LoadConfigTest, NothingGivenIsTheDefaults) {
  const LoadedConfig loaded = load_config({}, {});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config, Config{});
}

TEST(LoadConfigTest, EmptyValuesAreTheDefaults) {
  for (const char* text : {"", "{}", "# only a comment\n",
                           "host: \"\"\nport: \"\"\nloops:\n"
                           "read_timeout: ''\nreserved_namespaces:\nbroker_type: ''\nplugins:\n",
                           "plugins: {directory: '', broker: , auth: ''}",
                           R"({"host": null, "tls_cert": "", "plugins": null})"}) {
    const LoadedConfig loaded = load_config_text(text, "c.yaml");
    EXPECT_THAT(loaded.mistakes, IsEmpty()) << text;
    EXPECT_EQ(loaded.config, Config{}) << text;
  }
}

TEST(LoadConfigTest, GuidesProductionConfigLoadsButForTls) {
  const std::string guide = R"({
  "host": "0.0.0.0",
  "port": 8080,
  "max_peers": 50000,
  "shard_count": 64,
  "write_timeout": "10s",
  "read_timeout": "60s",
  "ping_interval": "30s",
  "pong_wait": "35s",
  "max_message_size": 65536,
  "broker_type": "redis",
  "redis_addr": "redis:6379",
  "rate_limit_per_sec": 50,
  "rate_limit_burst": 100,
  "tls_cert": "/etc/ssl/cert.pem",
  "tls_key": "/etc/ssl/key.pem",
  "compression_enabled": false,
  "send_buffer_size": 64
})";
  const LoadedConfig loaded = load_config_text(guide, "config.json");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.config.tls_cert, "/etc/ssl/cert.pem");
  EXPECT_EQ(loaded.config.tls_key, "/etc/ssl/key.pem");
  EXPECT_EQ(loaded.config.max_peers, 50000U);
  EXPECT_EQ(loaded.config.rate_limit_burst, 100U);
  EXPECT_EQ(loaded.config.send_buffer_size, 64U);
  EXPECT_EQ(loaded.config.plugins.broker.front().name, "redis");
}

TEST(LoadConfigTest, JsonAndYamlAreEqual) {
  const std::string yaml =
      "port: 9000\nread_timeout: 1m30s\nstats_access: loopback\nstats_list_rooms: true\n"
      "reserved_namespaces: [\"a*\", b]\nplugins:\n"
      "  auth: {name: jwt, options: {leeway: 5, ratio: 0.5, on: true, keys: [x, y], s: \"5\"}}\n";
  const std::string json =
      "{\"port\": 9000,\n\"read_timeout\": 90000,\n\"stats_access\": \"loopback\",\n"
      "\"stats_list_rooms\": true,\n\"reserved_namespaces\": [\"a*\", \"b\"],\n\"plugins\": {\n"
      "  \"auth\": {\"name\": \"jwt\", \"options\": {\"leeway\": 5, \"ratio\": 0.5, \"on\": true,"
      " \"keys\": [\"x\", \"y\"], \"s\": \"5\"}}}}\n";
  const LoadedConfig from_yaml = load_config_text(yaml, "c");
  const LoadedConfig from_json = load_config_text(json, "c");
  EXPECT_THAT(from_yaml.mistakes, IsEmpty());
  EXPECT_THAT(from_json.mistakes, IsEmpty());
  EXPECT_EQ(from_yaml.config, from_json.config);
  EXPECT_NE(from_yaml.config, Config{});
}

struct Mistake {
  std::string text;
  std::string line;
};

class MistakeTest : public testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsOneLineWithFileLineKeyAndWhatToDo) {
  EXPECT_THAT(mistakes_in(GetParam().text), ElementsAre(GetParam().line));
}

INSTANTIATE_TEST_SUITE_P(
    Values, MistakeTest,
    testing::Values(
        Mistake{"\nport: 8o", "c.yaml:2: port: expected an integer from 0 to 65535, got '8o'"},
        Mistake{"port: 65536", "c.yaml:1: port: expected an integer from 0 to 65535, got '65536'"},
        Mistake{"port: -1", "c.yaml:1: port: expected an integer from 0 to 65535, got '-1'"},
        Mistake{"port: 80.0", "c.yaml:1: port: expected an integer from 0 to 65535, got '80.0'"},
        Mistake{"port: 99999999999999999999",
                "c.yaml:1: port: expected an integer from 0 to 65535, got '99999999999999999999'"},
        Mistake{"port: '8080'",
                "c.yaml:1: port: expected an integer from 0 to 65535, got the string '8080'; "
                "remove the quotes"},
        Mistake{"port: [1]", "c.yaml:1: port: expected an integer from 0 to 65535, got a list"},
        Mistake{"port: {a: 1}", "c.yaml:1: port: expected an integer from 0 to 65535, got a map"},
        Mistake{"host: 127",
                "c.yaml:1: host: expected an IP address or a host name, without a port, got '127'"},
        Mistake{"host: 127.0.0.1:8080",
                "c.yaml:1: host: expected an IP address or a host name, without a port, got "
                "'127.0.0.1:8080'"},
        Mistake{"host: ${HOST}",
                "c.yaml:1: host: expected an IP address or a host name, without a port, got "
                "'${HOST}'"},
        Mistake{"host: \"a\\nb\"",
                "c.yaml:1: host: expected an IP address or a host name, without a port, got the "
                "string 'a\\x0ab'"},
        Mistake{"allowed_origins: [\"*.example.com\", https://a.example/x]",
                "c.yaml:1: allowed_origins: expected a list of at most 1000 origins such as "
                "https://example.com or *.example.com, got a list; 'https://a.example/x' has a "
                "path"},
        Mistake{"trusted_proxies: [::1, localhost]",
                "c.yaml:1: trusted_proxies: expected a list of at most 1000 addresses or ranges "
                "such as 10.0.0.0/8, got a list; 'localhost' is none"},
        Mistake{"shard_count: 48",
                "c.yaml:1: shard_count: expected a power of two from 1 to 65536, got '48'"},
        Mistake{"rate_limit_shards: 0",
                "c.yaml:1: rate_limit_shards: expected a power of two from 1 to 65536, got '0'"},
        Mistake{"ping_interval: 0s",
                "c.yaml:1: ping_interval: expected a duration from 1ms to 24h "
                "such as '1m30s', '1.5s' or 1500 (ms), got '0s'"},
        Mistake{"match_timeout: 25h",
                "c.yaml:1: match_timeout: expected a duration from 0s to 24h "
                "such as '1m30s', '1.5s' or 1500 (ms), got '25h'"},
        Mistake{"stats_list_rooms: yes",
                "c.yaml:1: stats_list_rooms: expected true or false, got 'yes'"},
        Mistake{"stats_list_rooms: 'true'",
                "c.yaml:1: stats_list_rooms: expected true or false, "
                "got the string 'true'; remove the quotes"},
        Mistake{"stats_access: all",
                "c.yaml:1: stats_access: expected one of public, loopback, off, got 'all'"},
        Mistake{"log_level: verbose",
                "c.yaml:1: log_level: expected one of warn, info, none, fatal, critical, "
                "error, warning, notice, information, debug, trace, got 'verbose'"},
        Mistake{"reserved_namespaces: admin",
                "c.yaml:1: reserved_namespaces: expected a list of at most 1000 names, none of "
                "them empty, got 'admin'"},
        Mistake{"broker_type: Redis",
                "c.yaml:1: broker_type: expected a name of a-z, 0-9 and _, got 'Redis'"}));

INSTANTIATE_TEST_SUITE_P(
    Keys, MistakeTest,
    testing::Values(
        Mistake{"\nmax_peer: 1", "c.yaml:2: max_peer: unknown key; did you mean 'max_peers'?"},
        Mistake{"colour: red",
                "c.yaml:1: colour: unknown key; config/peer-server.yaml names all keys"},
        Mistake{"port: 1\n\nport: 1",
                "c.yaml:3: port: duplicate key, first set on line 1; remove one"},
        Mistake{"{\"port\": 1,\n\"port\": 1}",
                "c.yaml:2: port: duplicate key, first set on line 1; remove one"}));

INSTANTIATE_TEST_SUITE_P(
    Files, MistakeTest,
    testing::Values(Mistake{"- port", "c.yaml:1: expected keys such as 'port: 8080', got a list"},
                    Mistake{
                        "port 8080",
                        "c.yaml:1: expected keys such as 'port: 8080', got a string (not shown)"},
                    Mistake{"a: 1\nb: [", "c.yaml:2: YAML: end of sequence flow not found"},
                    Mistake{"{\"a\": 1,\n}", "c.yaml:2: JSON: expected a key in double quotes"},
                    Mistake{std::string(1024 * 1024 + 1, ' '), "c.yaml:1: larger than 1 MiB"}));

INSTANTIATE_TEST_SUITE_P(
    ValuesThatDoNotGoTogether, MistakeTest,
    testing::Values(
        Mistake{"tls_key: key.pem", "c.yaml:1: tls_key: expected tls_cert with it, or neither"},
        Mistake{"port: 9090\nmetrics_enabled: true\nmetrics_port: 9090",
                "c.yaml:3: metrics_port: expected another port than port (9090)"},
        Mistake{"shutdown_timeout: 2s\nshutdown_spread: 2s",
                "c.yaml:2: shutdown_spread: expected less than shutdown_timeout (2s), got 2s"},
        Mistake{"port: 1\ntls_cert: cert.pem",
                "c.yaml:2: tls_cert: expected tls_key with it, or neither"},
        Mistake{"\nmax_meta_size: 1048577",
                "c.yaml:2: max_meta_size: expected at most max_peer_state (1048576), got 1048577; "
                "lower it or raise max_peer_state"},
        Mistake{"max_peer_state: 8000",
                "c.yaml:1: max_meta_size: expected at most max_peer_state (8000), got 8192; lower "
                "it or raise max_peer_state"}));

TEST(LoadConfigTest, BooleansHaveTheFormsOfYaml12) {
  for (const char* text : {"true", "True", "TRUE"}) {
    EXPECT_TRUE(
        load_config_text(std::string("stats_list_rooms: ") + text, "c").config.stats_list_rooms)
        << text;
  }
  for (const char* text : {"false", "False", "FALSE"}) {
    EXPECT_FALSE(
        load_config_text(std::string("exempt_loopback: ") + text, "c").config.exempt_loopback)
        << text;
  }
  EXPECT_THAT(mistakes_in("exempt_loopback: tRUE"), SizeIs(1));
}

TEST(LoadConfigTest, LevelsHaveTheNamesThatPeopleKnow) {
  EXPECT_EQ(load_config_text("log_level: info", "c").config.log_level, "information");
  EXPECT_EQ(load_config_text("log_level: warn", "c").config.log_level, "warning");
}

TEST(LoadConfigTest, AHostLosesItsBrackets) {
  EXPECT_EQ(load_config_text("host: '[::]'", "c").config.host, "::");
  EXPECT_EQ(load_config_text("host: '::'", "c").config.host, "::");
}

TEST(LoadConfigTest, ATimeBelowASecondOfAKeyInSecondsIsAWarning) {
  const LoadedConfig loaded = load_config_text(
      "ping_interval: 30\npong_wait: 35ms\nread_timeout: 1s\nwrite_timeout: 10000\n"
      "drain_delay: 0\nmatch_timeout: '5'\n",
      "c.yaml");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.warnings,
              ElementsAre("c.yaml:1: ping_interval is 30 ms; did you mean 30s?",
                          "c.yaml:2: pong_wait is 35 ms; it is meant to be a second or more",
                          "c.yaml:6: match_timeout is 5 ms; did you mean 5s?"));
  EXPECT_THAT(
      load_config({}, {{"PEER_SHUTDOWN_TIMEOUT", "5"}}).warnings,
      ElementsAre("environment variable PEER_SHUTDOWN_TIMEOUT: shutdown_timeout is 5 ms; did "
                  "you mean 5s?"));
}

TEST(LoadConfigTest, ListsAllTenMistakesAtOnce) {
  EXPECT_THAT(mistakes_in("port: a\nloops: b\nhost: 1\nshard_count: 3\nread_timeout: x\n"
                          "max_peers: 0\nmax_peers: 1\nnonsense: 1\ncompression_enabled: maybe\n"
                          "plugins: {auth: {name: '!'}}\n"),
              SizeIs(10));
}

TEST(LoadConfigTest, AfterAHundredMistakesTheRestIsCounted) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += "unknown_" + std::to_string(i) + ": 1\n";
  const std::vector<std::string> mistakes = mistakes_in(text);
  ASSERT_THAT(mistakes, SizeIs(101));
  EXPECT_EQ(mistakes.back(), "... and 50 more");
}

TEST(LoadConfigTest, NoMistakeShowsASecret) {
  for (const char* text :
       {"redis_password: [hunter2]", "redis_password: \"hunter2\\n\"", "redis_pasword: hunter2",
        "redis_password:hunter2\nport: 1", "redis_password: {hunter2: 1}", "redis_password:hunter2",
        "redis_password: *hunter2", "redis_password: &hunter2", "redis_password: !hunter2 x",
        "redis_password: %hunter2", "redis_password: @hunter2", "redis_password: 'hunter2",
        "{\"redis_password\": hunter2}", "? redis_password:hunter2\n: 1",
        "redis_addr: http://:hunter2@localhost:6379", "redis_addr: hunter2", "tls_key: hunter2",
        "plugins: {auth: {options: hunter2}}", "plugins: {auth: {options: {key: [[hunter2]]}}}"}) {
    const std::vector<std::string> mistakes = mistakes_in(text);
    EXPECT_THAT(mistakes, Not(IsEmpty())) << text;
    EXPECT_THAT(mistakes, testing::Each(Not(HasSubstr("hunter2")))) << text;
  }
}

TEST(LoadConfigTest, LongAndUnprintableValuesAreCutAndEscaped) {
  EXPECT_THAT(mistakes_in("port: " + std::string(500, 'x')),
              ElementsAre("c.yaml:1: port: expected an integer from 0 to 65535, got '" +
                          std::string(60, 'x') + "...'"));
  EXPECT_THAT(mistakes_in("port: \"\\x1b[2J\""), ElementsAre(HasSubstr("'\\x1b[2J'")));
}

TEST(LoadConfigTest, FilesThatCannotBeReadAreMistakes) {
  const TemporaryDirectory directory;
  const std::string missing = directory.path("none.yaml");
  const std::string folder = directory.path("");
  const std::string large = directory.write("large.yaml", std::string(1024 * 1024 + 1, '#'));
  EXPECT_THAT(load_file(missing).mistakes,
              ElementsAre(missing + ": cannot be opened: No such file or directory"));
  EXPECT_THAT(load_file(folder).mistakes,
              ElementsAre(folder + ": expected a file, got a directory"));
  EXPECT_THAT(load_file(large).mistakes, ElementsAre(large + ": larger than 1024 KiB"));
}

TEST(LoadConfigTest, MistakesOfAllLayersAreListedTogether) {
  const TemporaryDirectory directory;
  CommandLine command_line;
  command_line.config_file = directory.write("c.yaml", "port: [");
  command_line.settings = {{"loops", "many"}};
  command_line.mistakes = {"command line: something"};
  EXPECT_THAT(load_config(command_line, {{"PEER_MAX_PEERS", "0"}}).mistakes,
              ElementsAre("command line: something", HasSubstr("c.yaml:1: YAML"),
                          HasSubstr("environment variable PEER_MAX_PEERS: max_peers: expected"),
                          HasSubstr("command line: loops: expected")));
}

TEST(LoadConfigTest, RelativePathsAreRelativeToTheFile) {
  const TemporaryDirectory directory;
  const std::string file =
      directory.write("c.yaml",
                      "port_file: ../port\nlog_file: l\ntls_cert: c.pem\ntls_key: k/k.pem\n"
                      "plugins: {directory: ./plugins/x, broker: {file: b.so}}\n");
  const LoadedConfig loaded = load_file(file);
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.config.port_file,
            (std::filesystem::path(file).parent_path().parent_path() / "port").string());
  EXPECT_EQ(loaded.config.log_file, directory.path("l"));
  EXPECT_EQ(loaded.config.tls_cert, directory.path("c.pem"));
  EXPECT_EQ(loaded.config.tls_key, directory.path("k/k.pem"));
  EXPECT_EQ(loaded.config.plugins.directory, directory.path("plugins/x"));
  EXPECT_EQ(loaded.config.plugins.broker.front().file, directory.path("b.so"));
}

}  // namespace
}  // namespace peer
