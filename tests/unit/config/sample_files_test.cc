#include <set>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/keys.h"
#include "core/config/load_config.h"
#include "core/config/read_text.h"

namespace peer {
namespace {

using testing::IsEmpty;

const std::string kFolder = PEER_SOURCE_DIR "/config/";

LoadedConfig load_sample(const std::string& name) {
  CommandLine command_line;
  command_line.config_file = kFolder + name;
  return load_config(command_line, {});
}

TEST(SampleFilesTest, EveryKeyIsThereWithItsDefault) {
  LoadedConfig loaded = load_sample("peer-server.yaml");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  PluginsConfig& plugins = loaded.config.plugins;
  for (PluginChoice* choice :
       {&plugins.broker, &plugins.match_strategy, &plugins.room_policy, &plugins.auth}) {
    EXPECT_NE(choice->where, "default");
    choice->where = "default";
  }
  EXPECT_EQ(loaded.config, Config{});
}

TEST(SampleFilesTest, PeerServerYamlNamesTheKeysOfTheTableAndNoOthers) {
  const auto text = read_file(kFolder + "peer-server.yaml", kMaxConfigSize);
  const ConfigTree tree = read_yaml(*text);
  std::set<std::string> in_file;
  for (const ConfigNode& node : std::get<ConfigNode>(tree).children) in_file.insert(node.key);
  std::set<std::string> in_table = {"plugins"};
  for (const ConfigKey& key : config_keys()) in_table.insert(key.name);
  EXPECT_EQ(in_file, in_table);
}

TEST(SampleFilesTest, ProductionYamlLoadsAndIsStricterThanTheDefaults) {
  const LoadedConfig loaded = load_sample("production.yaml");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_LT(loaded.config.rate_limit_per_sec, Config{}.rate_limit_per_sec);
  EXPECT_NE(loaded.config.stats_access, StatsAccess::kPublic);
}

}  // namespace
}  // namespace peer
