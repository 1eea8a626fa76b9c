#include "core/config/keys.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"
#include "tests/unit/config/other_values.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Config with_only(const std::string& key, const std::string& value) {
  return load_config_text(key + ": " + value, "/c.yaml").config;
}

TEST(ConfigKeysTest, EveryKeySetsAMemberOfItsOwn) {
  for (const ConfigKey& key : config_keys()) {
    ASSERT_TRUE(kOtherValues.contains(key.name)) << key.name;
    const Config changed = with_only(key.name, kOtherValues.at(key.name));
    EXPECT_NE(changed, Config{}) << key.name;
    for (const auto& [other, value] : kOtherValues) {
      EXPECT_TRUE(other == key.name || with_only(other, value) != changed) << key.name << other;
    }
  }
  EXPECT_EQ(config_keys().size(), kOtherValues.size());
}

TEST(ConfigKeysTest, EveryKeyCanBeSetInTheEnvironmentAndOnTheCommandLine) {
  for (const auto& [name, value] : kOtherValues) {
    if (find_config_key(name)->list) continue;
    const Config from_file = with_only(name, value);
    CommandLine command_line;
    command_line.settings = {{name, value}};
    Config from_argument = load_config(command_line, {}).config;
    Config from_variable = load_config({}, {{find_config_key(name)->variables[0], value}}).config;
    for (Config* config : {&from_argument, &from_variable}) {
      config->plugins.broker.front().where = from_file.plugins.broker.front().where;
      if (name.starts_with("tls_")) config->tls_cert = from_file.tls_cert;  // another directory
      if (name.starts_with("tls_")) config->tls_key = from_file.tls_key;
      EXPECT_EQ(*config, from_file) << name;
    }
  }
}

TEST(ConfigKeysTest, NoVariableSetsTwoKeys) {
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys()) {
    for (const std::string& name : key.variables) EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(ConfigKeysTest, EmptyValueOnTheCommandLineIsTheDefault) {
  CommandLine command_line;
  for (const auto& [name, value] : kOtherValues) command_line.settings.emplace_back(name, "");
  Environment environment;
  for (const auto& [name, value] : kOtherValues) {
    environment[find_config_key(name)->variables[0]] = value;
  }
  environment["PEER_RESERVED_NAMESPACES"] = "a,b";
  environment["PEER_TRUSTED_PROXIES"] = "10.0.0.0/8,::1";
  environment["PEER_ALLOWED_ORIGINS"] = "https://a.example,*.b.example";
  environment["PEER_SUBPROTOCOLS"] = "chat.v1,chat.v2";
  const LoadedConfig loaded = load_config(command_line, environment);
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.config, Config{});
}

TEST(ConfigKeysTest, ListsAreSplitAtCommasOrWrittenAsJson) {
  CommandLine command_line;
  command_line.settings = {{"reserved_namespaces", "[\"a,b\", \"c\"]"}};
  EXPECT_THAT(load_config({}, {{"PEER_RESERVED_NAMESPACES", "a,b*"}}).config.reserved_namespaces,
              ElementsAre("a", "b*"));
  EXPECT_THAT(load_config(command_line, {}).config.reserved_namespaces, ElementsAre("a,b", "c"));
}

TEST(ConfigKeysTest, AddressesNeedAPortOrAreUrlsOfRedis) {
  for (const char* good : {"localhost:6379", "10.0.0.1:1", "'[::1]:6379'", "a:1,b:2", "redis://a",
                           "rediss://u:p@a:1/2", "unix:///a.sock", "/:1"}) {
    const bool is_good = load_config_text("redis_addr: " + std::string(good), "c").mistakes.empty();
    EXPECT_EQ(is_good, good[0] != '/') << good;
  }
  for (const char* bad : {"localhost", "localhost:", "':6379'", "a:0", "a:65536", "http://a:1",
                          "'p@a:1'", "'p@a:1,b:2'", "a:b"}) {
    EXPECT_FALSE(load_config_text("redis_addr: " + std::string(bad), "c").mistakes.empty()) << bad;
  }
}

}  // namespace
}  // namespace peer
