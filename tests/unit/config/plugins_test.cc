#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"
#include "tests/unit/config/mistakes.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Option = sdk::PluginConfig::Option;

PluginsConfig plugins_in(const std::string& text) {
  const LoadedConfig loaded = load_config_text(text, "/etc/c.yaml");
  EXPECT_THAT(loaded.mistakes, IsEmpty()) << text;
  return loaded.config.plugins;
}

/// A file's text, the environment and settings over it.
Config layered(const std::string& text, const Environment& environment,
               std::vector<std::pair<std::string, std::string>> settings = {}) {
  const TemporaryDirectory directory;
  CommandLine command_line;
  command_line.config_file = directory.write("c.yaml", text);
  command_line.settings = std::move(settings);
  const LoadedConfig loaded = load_config(command_line, environment);
  EXPECT_THAT(loaded.mistakes, IsEmpty()) << text;
  return loaded.config;
}

TEST(PluginsTest, SectionNamesPluginFileAndOptions) {
  const PluginsConfig plugins = plugins_in(
      "plugins:\n  directory: plugins\n  room_policy:\n    name: wide\n    file: x/wide.so\n"
      "    options: {max_size: 30}\n");
  EXPECT_EQ(plugins.directory, "/etc/plugins");
  EXPECT_EQ(plugins.room_policy.front().name, "wide");
  EXPECT_EQ(plugins.room_policy.front().file, "/etc/x/wide.so");
  EXPECT_EQ(plugins.room_policy.front().where, "/etc/c.yaml:4");
  EXPECT_THAT(plugins.room_policy.front().options,
              ElementsAre(Pair("max_size", Option(std::int64_t{30}))));
  EXPECT_EQ(plugins.auth, PluginsConfig{}.auth);
}

struct TypedOption {
  std::string text;
  Option value;
};

class OptionTest : public testing::TestWithParam<TypedOption> {};

TEST_P(OptionTest, HasTheTypeOfTheCoreSchema) {
  const PluginsConfig plugins =
      plugins_in("plugins: {auth: {options: {a: " + GetParam().text + "}}}");
  EXPECT_THAT(plugins.auth.front().options, ElementsAre(Pair("a", GetParam().value)))
      << GetParam().text;
}

using Strings = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    All, OptionTest,
    testing::Values(TypedOption{"true", true}, TypedOption{"False", false},
                    TypedOption{"yes", "yes"}, TypedOption{"off", "off"},
                    TypedOption{"12", std::int64_t{12}}, TypedOption{"-12", std::int64_t{-12}},
                    TypedOption{"+12", std::int64_t{12}}, TypedOption{"010", std::int64_t{10}},
                    TypedOption{"0x1F", std::int64_t{31}}, TypedOption{"0o17", std::int64_t{15}},
                    TypedOption{"-9223372036854775808", INT64_MIN}, TypedOption{"1.5", 1.5},
                    TypedOption{"-.5", -0.5}, TypedOption{"1.", 1.0}, TypedOption{"1e3", 1000.0},
                    TypedOption{"+1.0", 1.0}, TypedOption{"1.2.3", "1.2.3"}, TypedOption{"-", "-"},
                    TypedOption{".", "."}, TypedOption{"e3", "e3"}, TypedOption{"0x", "0x"},
                    TypedOption{"1h", "1h"}, TypedOption{"'12'", "12"},
                    TypedOption{"\"true\"", "true"}, TypedOption{"''", ""},
                    TypedOption{"[]", Strings{}}, TypedOption{"[x, '1']", Strings{"x", "1"}},
                    TypedOption{"[22, -1, 007]", Strings{"22", "-1", "007"}}));

TEST(PluginsTest, OptionsOfAnotherShapeAreMistakes) {
  for (const char* text : {"[[a]]", "[1.5]", "[a, true]", "[{a: b}, c]", "[~]", ".inf", "-.Inf",
                           ".nan", "9223372036854775808", "1e999"}) {
    EXPECT_THAT(
        mistakes_in("plugins:\n  auth:\n    options:\n      a: " + std::string(text)),
        ElementsAre(testing::StartsWith(
            "c.yaml:4: plugins.auth.options.a: expected a boolean, a finite number, an "
            "integer of 64 bits, a string, a list of strings or of integers, a map, or a list of "
            "maps, got ")))
        << text;
  }
}

TEST(PluginsTest, NullOptionIsNotGiven) {
  EXPECT_THAT(plugins_in("plugins: {auth: {options: {a: ~, b: }}}").auth.front().options,
              IsEmpty());
}

TEST(PluginsTest, MistakesNameTheWholePath) {
  EXPECT_THAT(
      mistakes_in("plugins:\n  match_strategy:\n    name: Fif\n    opts: {}\n  rooms: {}\n"
                  "  auth: open\n  broker:\n    name: local\n    name: local\n"
                  "    options: [a]\n  directory: 5\n"),
      ElementsAre(
          "c.yaml:3: plugins.match_strategy.name: expected a name of a-z, 0-9 and _, got "
          "'Fif'",
          "c.yaml:4: plugins.match_strategy.opts: unknown key; known: name, file, options, as, "
          "namespaces",
          "c.yaml:5: plugins.rooms: unknown key; known: directory, directories, broker, "
          "match_strategy, room_policy, auth, dialects",
          "c.yaml:6: plugins.auth: expected a map {name, file, options}, got 'open'; write {name: "
          "...}",
          "c.yaml:9: plugins.broker.name: duplicate key, first set on line 8; remove one",
          "c.yaml:10: plugins.broker.options: expected a map of options, got a list",
          "c.yaml:11: plugins.directory: expected the path of a directory, got '5'"));
  EXPECT_THAT(mistakes_in("plugins: [a]"),
              ElementsAre("c.yaml:1: plugins: expected a map, got a list"));
  EXPECT_THAT(mistakes_in("plugins: {auth: {nam: open}}"),
              ElementsAre("c.yaml:1: plugins.auth.nam: unknown key; did you mean 'name'?; known: "
                          "name, file, options, as"));
}

TEST(PluginsTest, BrokerTypeIsShortForTheSection) {
  EXPECT_EQ(plugins_in("broker_type: nats").broker.front().name, "nats");
  EXPECT_EQ(plugins_in("broker_type: nats").broker.front().where, "/etc/c.yaml:1");
  EXPECT_EQ(
      plugins_in("plugins: {broker: {options: {a: b}}}\nbroker_type: nats").broker.front().options,
      plugins_in("plugins: {broker: {name: nats, options: {a: b}}}").broker.front().options);
}

TEST(PluginsTest, BrokerTypeThatContradictsTheSectionIsAMistake) {
  EXPECT_THAT(mistakes_in("broker_type: redis\nplugins:\n  broker: {name: local}"),
              ElementsAre("c.yaml:3: plugins.broker.name: expected 'redis' as in broker_type "
                          "(c.yaml:1), got 'local'; remove one of them"));
  EXPECT_THAT(mistakes_in("plugins:\n  broker: {name: redis}\nbroker_type: redis"), IsEmpty());
  EXPECT_THAT(mistakes_in("plugins:\n  broker: {name: redis}\nbroker_type: ''"), IsEmpty());
}

TEST(PluginsTest, EnvironmentChoosesAnotherBrokerThanTheFile) {
  const Config config = layered("plugins: {broker: {name: nats, file: n.so, options: {a: 1}}}",
                                {{"PEER_BROKER", "local"}});
  EXPECT_EQ(config.plugins.broker.front().name, "local");
  EXPECT_EQ(config.plugins.broker.front().file, "");
  EXPECT_THAT(config.plugins.broker.front().options, IsEmpty());
}

TEST(PluginsTest, NamingTheSameBrokerKeepsItsOptions) {
  const Config config = layered("plugins: {broker: {name: nats, options: {a: 1}}}",
                                {{"PEER_BROKER", "nats"}}, {{"plugins.broker.options.b", "2"}});
  EXPECT_THAT(config.plugins.broker.front().options,
              ElementsAre(Pair("a", Option(std::int64_t{1})), Pair("b", Option(std::int64_t{2}))));
}

TEST(PluginsTest, RedisKeysAreOptionsOfTheBrokerRedis) {
  EXPECT_THAT(plugins_in("broker_type: redis\nredis_addr: a:1\nredis_db: 2\nredis_password: p")
                  .broker.front()
                  .options,
              ElementsAre(Pair("addr", Option("a:1")), Pair("db", Option(std::int64_t{2})),
                          Pair("password", Option("p"))));
  EXPECT_THAT(
      plugins_in("broker_type: redis").broker.front().options,
      ElementsAre(Pair("addr", Option("localhost:6379")), Pair("db", Option(std::int64_t{0}))));
  EXPECT_THAT(plugins_in("redis_addr: a:1").broker.front().options, IsEmpty());
}

TEST(PluginsTest, OptionGivenInTheSectionWinsUnlessALaterLayerSetsTheKey) {
  const std::string file =
      "redis_addr: a:1\nplugins: {broker: {name: redis, options: {addr: 'b:2'}}}";
  const auto addr = [](const Config& config) {
    return std::get<std::string>(config.plugins.broker.front().options.at("addr"));
  };
  EXPECT_EQ(addr(layered(file, {})), "b:2");
  EXPECT_EQ(addr(layered(file, {{"REDIS_ADDR", "c:3"}})), "c:3");
  EXPECT_EQ(addr(layered(file, {{"REDIS_ADDR", "c:3"}}, {{"plugins.broker.options.addr", "d:4"}})),
            "d:4");
}

TEST(PluginsTest, SettingsOfTheCommandLineReachEveryPart) {
  const Config config = layered("", {},
                                {{"plugins.auth.options.a.b", "\"12\""},
                                 {"plugins.auth.options.list", "[\"x\"]"},
                                 {"plugins.auth.options.n", "1.5"},
                                 {"plugins.auth.name", "jwt"},
                                 {"plugins.auth.name", "token"},
                                 {"plugins.directory", "/plugins/../p"}});
  EXPECT_EQ(config.plugins.directory, "/p");
  EXPECT_EQ(config.plugins.auth.front().name, "token");
  EXPECT_EQ(config.plugins.auth.front().where, "command line");
  EXPECT_THAT(config.plugins.auth.front().options,
              ElementsAre(Pair("a.b", Option("12")), Pair("list", Option(Strings{"x"})),
                          Pair("n", Option(1.5))));
}

TEST(PluginsTest, TheEnvironmentReachesEveryPart) {
  const Config config = layered("plugins: {auth: {name: token, options: {a: 1}}}",
                                {{"PEER_PLUGINS__AUTH__NAME", "jwt"},
                                 {"PEER_PLUGINS__AUTH__FILE", "/x/jwt.so"},
                                 {"PEER_PLUGINS__AUTH__OPTIONS__LEEWAY", "5"},
                                 {"PEER_PLUGINS__AUTH__OPTIONS__A__B", "true"},
                                 {"PEER_PLUGINS__AUTH__OPTIONS__NAME", "n"},
                                 {"PEER_PLUGINS__AUTH__OPTIONS__LIST", "[\"x\"]"},
                                 {"PEER_PLUGINS__MATCH_STRATEGY__NAME", "skill"},
                                 {"PEER_PLUGINS__ROOM_POLICY__NAME", ""},
                                 {"PEER_PLUGINS__DIRECTORY", "/plugins"}});
  const PluginChoice& auth = config.plugins.auth.front();
  EXPECT_EQ(auth.name, "jwt");
  EXPECT_EQ(auth.file, "/x/jwt.so");
  EXPECT_EQ(auth.where, "environment variable PEER_PLUGINS__AUTH__NAME");
  EXPECT_THAT(auth.options,
              ElementsAre(Pair("a.b", Option(true)), Pair("leeway", Option(INT64_C(5))),
                          Pair("list", Option(Strings{"x"})), Pair("name", Option("n"))));
  EXPECT_THAT(auth.option_text,
              ElementsAre(Pair("a.b", "true"), Pair("leeway", "5"), Pair("name", "n")));
  EXPECT_EQ(config.plugins.match_strategy.front().name, "skill");
  EXPECT_EQ(config.plugins.room_policy.front().name, "standard");
  EXPECT_EQ(config.plugins.directory, "/plugins");
}

TEST(PluginsTest, TheEnvironmentStandsBetweenFileAndCommandLine) {
  const std::string file = "plugins: {auth: {options: {a: 1, b: 1, c: 1}}}";
  const Config config = layered(
      file, {{"PEER_PLUGINS__AUTH__OPTIONS__B", "2"}, {"PEER_PLUGINS__AUTH__OPTIONS__C", "2"}},
      {{"plugins.auth.options.c", "3"}});
  EXPECT_THAT(config.plugins.auth.front().options,
              ElementsAre(Pair("a", Option(INT64_C(1))), Pair("b", Option(INT64_C(2))),
                          Pair("c", Option(INT64_C(3)))));
}

TEST(PluginsTest, AnUnknownVariableOfPluginsIsAMistake) {
  for (const char* name :
       {"PEER_PLUGINS__AUTH", "PEER_PLUGINS__AUTH__", "PEER_PLUGINS__AUHT__NAME",
        "PEER_PLUGINS__AUTH__NAMES", "PEER_PLUGINS__AUTH__NAME__X", "PEER_PLUGINS__auth__NAME",
        "PEER_PLUGINS__AUTH__OPTIONS", "PEER_PLUGINS__AUTH__OPTIONS__", "PEER_PLUGINS__",
        "PEER_PLUGINS__DIRECTORY__X", "PEER_PLUGINS__AUTH__OPTIONS__A-B"}) {
    const LoadedConfig loaded = load_config({}, {{name, "x"}});
    EXPECT_THAT(loaded.mistakes, ElementsAre(testing::HasSubstr(": sets nothing; expected")))
        << name;
    EXPECT_THAT(loaded.warnings, IsEmpty()) << name;
  }
}

TEST(PluginsTest, ABrokerOfTheEnvironmentMayNotContradictItself) {
  EXPECT_THAT(
      load_config({}, {{"PEER_BROKER", "redis"}, {"PEER_PLUGINS__BROKER__NAME", "local"}}).mistakes,
      ElementsAre(testing::HasSubstr("expected 'redis' as in broker_type")));
}

TEST(PluginsTest, OptionsThatNameFilesAreRelativeToTheConfigurationFile) {
  const PluginsConfig plugins =
      plugins_in("plugins: {auth: {file: a.so, options: {jwks_file: keys/jwks.json, profile: x}}}");
  EXPECT_EQ(plugins.auth.front().file, "/etc/a.so");
  EXPECT_THAT(
      plugins.auth.front().options,
      ElementsAre(Pair("jwks_file", Option("/etc/keys/jwks.json")), Pair("profile", Option("x"))));
}

TEST(PluginsTest, ASecretAndItsFileAreOneOptionOfWhichTheLaterLayerCounts) {
  const auto options = [](const std::string& in_file, const Environment& environment) {
    return layered(
               "plugins: {broker: {name: redis, options: {addr: 'a:1', db: 1, " + in_file + "}}}",
               environment)
        .plugins.broker.front()
        .options;
  };
  EXPECT_FALSE(options("password: x", {{"PEER_PLUGINS__BROKER__OPTIONS__PASSWORD_FILE", "/p"}})
                   .contains("password"));
  EXPECT_FALSE(options("password_file: /p", {{"PEER_PLUGINS__BROKER__OPTIONS__PASSWORD", "x"}})
                   .contains("password_file"));
  EXPECT_FALSE(options("password_file: /p", {{"REDIS_PASSWORD", "x"}}).contains("password_file"));
  EXPECT_THAT(mistakes_in("plugins: {auth: {options: {secret: x,\n secret_file: y}}}"),
              ElementsAre("c.yaml:2: plugins.auth.options.secret_file: secret is set too; remove "
                          "one of them"));
}

}  // namespace
}  // namespace peer
