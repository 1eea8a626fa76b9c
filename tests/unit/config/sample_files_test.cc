#include <set>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/keys.h"
#include "core/config/load_config.h"
#include "core/config/plugin_kinds.h"
#include "core/config/read_text.h"

namespace peer {
namespace {

using testing::IsEmpty;
using testing::Not;

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
  for (const PluginKind& kind : kPluginKinds) {
    if (kind.use == PluginUse::kAll) continue;  // there is none by default
    PluginChoice* choice = &(plugins.*kind.choices).front();
    EXPECT_NE(choice->where, "default");
    choice->where = "default";
    choice->options.clear();  // whose defaults the plugins know: tests/plugin/loader_test.cc
    choice->option_where.clear();
  }
  EXPECT_EQ(loaded.config, Config{});
}

TEST(SampleFilesTest, PeerServerYamlNamesTheKeysOfTheTableAndNoOthers) {
  const auto text = read_file(kFolder + "peer-server.yaml", kMaxConfigSize);
  const ConfigTree tree = read_yaml(*text);
  std::set<std::string> in_file;
  for (const ConfigNode& node : std::get<ConfigNode>(tree).children) in_file.insert(node.key);
  std::set<std::string> in_table = {"plugins"};
  for (const ConfigKey& key : config_keys()) {
    in_table.insert(key.name);
    if (key.secret) in_table.insert(key.name + "_file");
  }
  EXPECT_EQ(in_file, in_table);
}

TEST(SampleFilesTest, ProductionYamlIsStricterThanTheDefaults) {
  const LoadedConfig loaded = load_sample("production.yaml");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const Config& config = loaded.config;
  const Config defaults;
  EXPECT_NE(config.stats_access, StatsAccess::kPublic);
  EXPECT_THAT(config.allowed_origins, Not(IsEmpty()));
  EXPECT_THAT(config.trusted_proxies, Not(IsEmpty()));
  EXPECT_THAT(config.reserved_namespaces, Not(IsEmpty()));
  EXPECT_LT(config.read_timeout, defaults.read_timeout);
  EXPECT_GT(config.fanout_limit_per_sec, 0U);
  EXPECT_GT(config.max_namespaces_per_peer, 0U);
  EXPECT_GT(config.send_buffer_bytes, 0U);
  for (const auto bound :
       {&Config::max_peers, &Config::max_namespace_size, &Config::max_connections_per_ip,
        &Config::connection_rate_per_ip, &Config::connection_burst_per_ip,
        &Config::max_unregistered, &Config::max_unregistered_per_ip, &Config::max_meta_size,
        &Config::max_peer_list_size, &Config::discover_limit_max, &Config::rate_limit_per_sec,
        &Config::rate_limit_burst, &Config::rate_limit_flood, &Config::match_group_max}) {
    EXPECT_LT(config.*bound, defaults.*bound);
  }
}

TEST(SampleFilesTest, TheNodeOfAClusterLoads) {
  const LoadedConfig loaded = load_sample("cluster/node.yaml");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.config.plugins.broker.front().name, "redis");
}

}  // namespace
}  // namespace peer
