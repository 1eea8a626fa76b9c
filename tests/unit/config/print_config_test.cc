#include "core/config/print_config.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/keys.h"
#include "core/config/plugin_kinds.h"
#include "tests/unit/config/other_values.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// What differs when the same settings stand elsewhere.
Config without_places(Config config) {
  PluginsConfig& plugins = config.plugins;
  for (const PluginKind& kind : kPluginKinds) {
    for (PluginChoice& choice : plugins.*kind.choices) {
      choice.where.clear();
      choice.option_where.clear();
    }
  }
  return config;
}

LoadedConfig load(const std::string& text) { return load_config_text(text, "/etc/peer/c.yaml"); }

void expect_to_load_to_the_same(const LoadedConfig& loaded) {
  const std::string printed = print_config(loaded);
  EXPECT_EQ(without_places(load(printed).config), without_places(loaded.config)) << printed;
}

TEST(PrintConfigTest, WhatIsPrintedLoadsToTheSame) {
  expect_to_load_to_the_same(load(""));
  for (const auto& [key, value] : kOtherValues) {
    const LoadedConfig loaded = load(key + ": " + value);
    if (!is_secret(*find_config_key(key), loaded.config)) expect_to_load_to_the_same(loaded);
  }
}

TEST(PrintConfigTest, PluginsAndOptionsOfEveryTypeLoadToTheSame) {
  expect_to_load_to_the_same(load(R"(
plugins:
  directory: ../plugins
  auth: {name: jwt, file: "sub dir/jwt.so"}
  room_policy:
    name: "wide"
    options: {flag: true, count: -9223372036854775808, whole: 3.0, small: 1.5e-300,
              text: "3", empty: "", "null": "\" \\ \n \x7f \u00e9", list: ["a, b", "true"], none: []}
)"));
}

TEST(PrintConfigTest, EachValueSaysWhereItComesFrom) {
  const TemporaryDirectory directory;
  CommandLine command_line;
  command_line.config_file = directory.write(
      "c.yaml",
      "max_peers: 5\nport: 1\nhost: ''\nplugins:\n  auth: {name: jwt,\n    options: {a: 1}}\n");
  command_line.settings = {{"port", "3"}, {"plugins.auth.options.b", "x"}};
  const LoadedConfig loaded = load_config(
      command_line, {{"PEER_PORT", "2"}, {"PEER_BROKER", "redis"}, {"REDIS_ADDR", "redis:1"}});
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  const std::string file = *command_line.config_file;
  EXPECT_THAT(
      print_config(loaded),
      AllOf(ContainsRegex("\nhost: \"0.0.0.0\" +# default\n"),
            ContainsRegex("\nmax_peers: 5 +# " + file + ":1\n"),
            ContainsRegex("\nport: 3 +# command line\n"),
            ContainsRegex("\nbroker_type: \"redis\" +# environment variable PEER_BROKER\n"),
            ContainsRegex("\n    name: \"redis\" +# environment variable PEER_BROKER\n"),
            ContainsRegex("\n      \"addr\": \"redis:1\" +# environment variable REDIS_ADDR"),
            ContainsRegex("\n      \"db\": 0 +# default\n"),
            ContainsRegex("\n    name: \"jwt\" +# " + file + ":5\n"),
            ContainsRegex("\n      \"a\": 1 +# " + file + ":6\n"),
            ContainsRegex("\n      \"b\": \"x\" +# command line\n")));
}

TEST(PrintConfigTest, TheLaterOfBrokerTypeAndItsSectionIsNamed) {
  const TemporaryDirectory directory;
  CommandLine command_line;
  command_line.config_file = directory.write("c.yaml", "broker_type: redis\n");
  command_line.settings = {{"plugins.broker.name", "local"}};
  EXPECT_THAT(print_config(load_config(command_line, {})),
              ContainsRegex("\nbroker_type: \"local\" +# command line\n"));
  command_line.settings = {{"broker_type", ""}};
  EXPECT_THAT(print_config(load_config(command_line, {})),
              ContainsRegex("\nbroker_type: \"local\" +# default\n"));
}

TEST(PrintConfigTest, SecretsAreNotShown) {
  const TemporaryDirectory directory;
  const std::string secret = directory.write("secret", "hunter2\n");
  CommandLine command_line;
  command_line.settings = {{"broker_type", "redis"}};
  const LoadedConfig from_file = load_config(command_line, {{"REDIS_PASSWORD_FILE", secret}});
  EXPECT_THAT(print_config(from_file),
              AllOf(Not(HasSubstr("hunter2")),
                    ContainsRegex("\n# redis_password: \\(not shown\\) +# environment variable "
                                  "REDIS_PASSWORD_FILE\n"),
                    ContainsRegex("\n      # \"password\": \\(not shown\\) +# environment variable "
                                  "REDIS_PASSWORD_FILE\n")));
  const LoadedConfig options = load(
      "plugins: {auth: {name: jwt, options: {api_key: hunter2, keys: [hunter2], "
      "db: 'postgres://user:hunter2@host/', all: ['amqp://u:hunter2@host'], shown: x}}}");
  EXPECT_THAT(print_config(options),
              AllOf(Not(HasSubstr("hunter2")), HasSubstr("\"shown\": \"x\"")));
  EXPECT_THAT(load(print_config(from_file)).config.redis_password, IsEmpty());
}

TEST(PrintConfigTest, WordsOfAnOptionsNameMakeItASecret) {
  for (const char* name : {"password", "redis-password", "jwt_secret", "api.key", "tokens"}) {
    EXPECT_TRUE(is_secret_option(name, std::string("x"))) << name;
  }
  for (const char* name : {"addr", "keyspace", "monkey", "tokenizer", ""}) {
    EXPECT_FALSE(is_secret_option(name, std::string("x"))) << name;
  }
}

TEST(PrintConfigTest, NoFileNameCanEndAComment) {
  LoadedConfig loaded = load_config_text("port: 1", "/a\nport: 2\n/c.yaml");
  const std::string printed = print_config(loaded);
  EXPECT_EQ(load(printed).config.port, 1);
}

}  // namespace
}  // namespace peer
