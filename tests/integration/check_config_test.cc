// What an operator asks before a start: --check-config, --print-config, --list-plugins.
#include "tests/support/dev_certificate.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int code = -1;
  std::string output;
};

Outcome run(const ServerOptions& options) {
  ServerProcess process(options);
  const int code = process.wait_exit().value_or(-1);
  return {code, process.output()};
}

Outcome check(std::string config, std::string name = "peer-server.yaml") {
  return run({.config = std::move(config),
              .config_name = std::move(name),
              .arguments = {"--check-config"}});
}

// The file's ten mistakes, each of another kind, by line and key.
constexpr int kMistakes = 10;
const char* const kTenMistakes[kMistakes] = {
    ":2: prot: unknown key; did you mean 'port'?",
    ":3: max_peers: expected an integer from 1 to 10000000, got the string 'many'",
    ":4: shard_count: expected a power of two from 1 to 65536, got '48'",
    ":5: ping_interval: expected a duration from 1ms to 24h",
    ":7: loops: duplicate key, first set on line 6; remove one",
    ":8: trusted_proxies: expected a list of at most 1000 addresses or ranges",
    ":9: allowed_origins: expected a list of at most 1000 origins",
    ":11: tls_key: cannot read '",
    ":13: plugins.broker.name: expected 'redis' as in broker_type",
    (":14: plugins.room_policy.options.max_siez: unknown option of 'standard'; did you mean "
     "'max_size'?"),
};

void expect_the_ten_mistakes(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 78) << outcome.output;
  for (const char* mistake : kTenMistakes) EXPECT_THAT(outcome.output, HasSubstr(mistake));
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), kMistakes)
      << outcome.output;
}

TEST(CheckConfigTest, TenMistakesAreTenLines) {
  const DevCertificate certificate;
  expect_the_ten_mistakes(check(fmt(R"(# ten of them
prot: 8080
max_peers: "many"
shard_count: 48
ping_interval: 10x
loops: 1
loops: 2
trusted_proxies: [10.0.0.0/33]
allowed_origins: [https://example.com/path]
tls_cert: %
tls_key: nowhere/key.pem
broker_type: redis
plugins: {broker: {name: local},
  room_policy: {options: {max_siez: 10}}}
)",
                                    certificate.certificate())));
}

TEST(CheckConfigTest, TenMistakesOfJsonAreTenLines) {
  const DevCertificate certificate;
  expect_the_ten_mistakes(check(fmt(R"({
"prot": 8080,
"max_peers": "many",
"shard_count": 48,
"ping_interval": "10x",
"loops": 1,
"loops": 2,
"trusted_proxies": ["10.0.0.0/33"],
"allowed_origins": ["https://example.com/path"],
"tls_cert": "%",
"tls_key": "nowhere/key.pem",
"broker_type": "redis",
"plugins": {"broker": {"name": "local"},
  "room_policy": {"options": {"max_siez": 10}}}
})",
                                    certificate.certificate()),
                                "peer-server.json"));
}

TEST(CheckConfigTest, ASoundConfigurationIsSaidToBeSoundAndNothingListens) {
  const DevCertificate certificate;
  const Outcome outcome =
      check(fmt("tls_cert: %\ntls_key: %\nbroker_type: redis\nredis_addr: 127.0.0.1:1\n",
                certificate.certificate(), certificate.key()));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.output, "configuration ok\n");
}

TEST(CheckConfigTest, AKeyOfAnotherCertificateIsAMistake) {
  const DevCertificate one;
  const DevCertificate other;
  const Outcome outcome = check(fmt("tls_cert: %\ntls_key: %\n", one.certificate(), other.key()));
  EXPECT_EQ(outcome.code, 78);
  EXPECT_THAT(outcome.output, HasSubstr("peer-server.yaml:2: tls_key: the key in "));
}

TEST(CheckConfigTest, AFileThatCannotBeReadIsTheOnlyMistake) {
  const Outcome outcome = check("plugins: {directory: /nonexistent}\nport: [\n");
  EXPECT_EQ(outcome.code, 78);
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
}

TEST(CheckConfigTest, AQuoteThatIsNeverClosedIsAMistakeOfItsLine) {
  const Outcome outcome = check("loops: 1\nredis_password: \"abc\nport: 9000\nmax_peers: 5\n");
  EXPECT_EQ(outcome.code, 78);
  EXPECT_THAT(outcome.output,
              HasSubstr("peer-server.yaml:2: quoted text does not end on its line"));
}

TEST(CheckConfigTest, AHostWithAPortQuotesOrAPlaceholderIsAMistake) {
  for (const char* host : {"127.0.0.1:1", "'\"::\"'", "${HOST}", "'[::]:80'"}) {
    const Outcome outcome = check(fmt("host: %\n", host));
    EXPECT_EQ(outcome.code, 78) << host;
    EXPECT_THAT(outcome.output, HasSubstr("peer-server.yaml:1: host: expected an IP address"));
  }
  EXPECT_EQ(check("host: '[::]'\n").output, "configuration ok\n");
}

TEST(CheckConfigTest, ATimeWithoutItsUnitIsAWarning) {
  const Outcome outcome = check("ping_interval: 30\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.output,
              HasSubstr("peer-server.yaml:1: ping_interval is 30 ms; did you mean 30s?"));
}

TEST(CheckConfigTest, TheEnvironmentAloneIsChecked) {
  const TempDir dir;
  const auto check_environment = [](std::map<std::string, std::string> environment) {
    return run({.arguments = {"--check-config"}, .environment = std::move(environment)});
  };
  const Outcome sound =
      check_environment({{"PEER_PLUGINS__BROKER__NAME", "redis"},
                         {"PEER_PLUGINS__BROKER__OPTIONS__ADDR", "127.0.0.1:1"},
                         {"PEER_PLUGINS__BROKER__OPTIONS__PASSWORD_FILE", dir.write("p", "x\n")},
                         {"PEER_PLUGINS__ROOM_POLICY__OPTIONS__MAX_SIZE", "25"}});
  EXPECT_EQ(sound.output, "configuration ok\n");
  const Outcome typo = check_environment({{"PEER_PLUGINS__AUHT__NAME", "open"}});
  EXPECT_EQ(typo.code, 78);
  EXPECT_THAT(typo.output,
              HasSubstr("environment variable PEER_PLUGINS__AUHT__NAME: sets nothing"));
  const Outcome unknown = check_environment({{"PEER_PLUGINS__ROOM_POLICY__OPTIONS__SIZE", "1"}});
  EXPECT_EQ(unknown.code, 78);
  EXPECT_THAT(unknown.output, HasSubstr("plugins.room_policy.options.size: unknown option"));
}

TEST(CheckConfigTest, WhatIsWrongWithACertificateIsAWarning) {
  const auto check_certificate = [](const IssuedCertificate& certificate) {
    return check(fmt("tls_cert: %\ntls_key: %\n", certificate.certificate(), certificate.key()));
  };
  const Outcome sound = check_certificate(IssuedCertificate({}));
  EXPECT_EQ(sound.output, "configuration ok\n");
  const Outcome bad = check_certificate(
      IssuedCertificate({.days = -1, .with_intermediate = false, .with_names = false}));
  EXPECT_EQ(bad.code, 0);
  EXPECT_THAT(bad.output, AllOf(HasSubstr("it has expired, at "), HasSubstr("its chain is missing"),
                                HasSubstr("'TestIssuer'"), HasSubstr("it has no subjectAltName")));
}

TEST(CheckConfigTest, TheShippedFilesAreSound) {
  for (const char* name : {"peer-server.yaml", "production.yaml"}) {
    const Outcome outcome = check(read_file(std::string(PEER_CONFIG_DIR) + "/" + name));
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_EQ(outcome.output, "configuration ok\n") << name;
  }
}

TEST(PrintConfigTest, WhatIsPrintedIsAConfigurationToStartWith) {
  const Outcome printed = run({.settings = {"plugins.room_policy.options.max_size=25"},
                               .config = "\nmax_peers: 5\n",
                               .arguments = {"--print-config"},
                               .environment = {{"PEER_LOOPS", "2"}}});
  EXPECT_EQ(printed.code, 0);
  EXPECT_THAT(printed.output,
              AllOf(ContainsRegex("\nmax_peers: 5 +# .*peer-server.yaml:2\n"),
                    ContainsRegex("\nloops: 2 +# environment variable PEER_LOOPS\n"),
                    ContainsRegex("\n      \"max_size\": 25 +# command line\n"),
                    ContainsRegex("\nlog_level: \"information\" +# default\n")));
  EXPECT_EQ(check(printed.output).output, "configuration ok\n");
}

TEST(PrintConfigTest, MistakesArePrintedInstead) {
  const Outcome outcome = run({.config = "port: x\n", .arguments = {"--print-config"}});
  EXPECT_EQ(outcome.code, 78);
  EXPECT_THAT(outcome.output, Not(HasSubstr("max_peers")));
}

TEST(ListPluginsTest, EveryShippedPluginIsListedWithItsOptions) {
  const Outcome outcome = run({.arguments = {"--list-plugins"}});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(
      outcome.output,
      AllOf(
          ContainsRegex("broker local 1.0.0 /.*/broker_local.so \\(configured\\)\n    no options"),
          ContainsRegex("broker redis 1.0.0 /.*/broker_redis.so\n    addr: a string, default "
                        "localhost:[0-9]+\n(    .*\n)*    password: a string, default \"\"\n"),
          ContainsRegex(
              "auth jwt 1.0.0 /.*/auth_jwt.so\n    keys: a list of maps, default \\[\\]\n"),
          ContainsRegex("auth keyproof 1.0.0 /.*/auth_keyproof.so\n    mode: a string"),
          ContainsRegex("match_strategy criteria 1.0.0 /.*/match_criteria.so \\(conf"),
          ContainsRegex("room_policy standard 1.0.0 /.*/room_standard.so \\(configured\\)\n    "
                        "default_size: an integer from 1 to 100000, default 20\n    max_size: an "
                        "integer from 1 to 100000, default 30\n"),
          ContainsRegex("auth open 1.0.0 /.*/auth_open.so \\(configured\\)\n    no options")));
}

TEST(ListPluginsTest, AFileThatIsNoPluginIsListedWithTheReason) {
  const TempDir dir;
  const std::string file = dir.write("room_voting.so", "no plugin");
  EXPECT_THAT(
      run({.settings = {"plugins.room_policy.name=voting", "plugins.room_policy.file=" + file},
           .arguments = {"--list-plugins"}})
          .output,
      HasSubstr("room_policy voting ? " + file +
                " (configured)\n    cannot be loaded: not a shared object\n"));
}

}  // namespace
}  // namespace peer::test
