#include "core/plugin/loader.h"

#include <gmock/gmock.h>

#include "core/config/load_config.h"
#include "core/config/read_text.h"
#include "core/config/write_yaml.h"
#include "core/plugin/list_plugins.h"
#include "tests/plugin/loading.h"
#include "tests/support/temp_dir.h"

namespace peer {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LoaderTest, TheDefaultsLoad) {
  const Loaded loaded = load({});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_NE(loaded.plugins.broker.object, nullptr);
  EXPECT_NE(loaded.plugins.match_strategies.at(0).object, nullptr);
  EXPECT_NE(loaded.plugins.room_policies.at(0).object, nullptr);
  EXPECT_NE(loaded.plugins.auths.at(0).object, nullptr);
}

TEST(LoaderTest, InfosAreInTheOrderOfKinds) {
  const Loaded loaded = load({});
  ASSERT_EQ(loaded.plugins.infos().size(), 4u);
  EXPECT_EQ(loaded.plugins.infos()[0].kind, "broker");
  EXPECT_EQ(loaded.plugins.infos()[1].kind, "match_strategy");
  EXPECT_EQ(loaded.plugins.infos()[2].kind, "room_policy");
  EXPECT_EQ(loaded.plugins.infos()[3].kind, "auth");
  EXPECT_EQ(loaded.plugins.infos()[1].name, "criteria");
  EXPECT_EQ(loaded.plugins.infos()[1].version, "1.0.0");
  EXPECT_EQ(loaded.plugins.infos()[1].file, kPluginDir + "/match_criteria.so");
}

TEST(LoaderTest, OptionsInPeerServerYamlHaveTheirDefaults) {
  const auto text = read_file(PEER_SOURCE_DIR "/config/peer-server.yaml", kMaxConfigSize);
  ASSERT_TRUE(text);
  const PluginsConfig config = load_config_text(*text, "/peer-server.yaml").config.plugins;
  const auto plugins = list_plugins(config, kPluginDir);
  ASSERT_TRUE(plugins) << plugins.error().message;
  const std::string listed = *plugins;
  EXPECT_THAT(config.room_policy.front().options, SizeIs(2));
  for (const auto& [key, value] : config.room_policy.front().options) {
    EXPECT_THAT(listed, ContainsRegex("    " + key + ": [^\n]+, default " + to_yaml(value) + "\n"));
  }
}

TEST(LoaderTest, APluginCanBeLoadedTwice) {
  const Loaded first = load({});
  const Loaded second = load({});
  EXPECT_THAT(second.mistakes, IsEmpty());
  EXPECT_NE(first.plugins.auths.at(0).object, second.plugins.auths.at(0).object);
}

PluginChoice word(const std::string& as = {}) {
  PluginChoice made = choice("word", kTestPluginDir + "/auth_word.so");
  made.as = as;
  return made;
}

TEST(LoaderTest, AListIsLoadedInItsOrderWithNamesOfTheirOwn) {
  PluginsConfig config;
  config.auth = {word(), word("second"), word(), default_plugin("open")};
  const Loaded loaded = load(config);
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  std::vector<std::string> labels;
  for (const auto& auth : loaded.plugins.auths) labels.push_back(auth.record->info.label);
  EXPECT_THAT(labels, ElementsAre("word", "second", "word#3", "open"));
}

TEST(LoaderTest, OneThatNeverPassesStandsLast) {
  PluginsConfig config;
  config.auth = {word(), default_plugin("open"), word()};
  EXPECT_THAT(load(config).mistakes,
              ElementsAre("default: plugins.auth[1]: plugin 'open' never passes, so that what "
                          "follows it could never be asked; put it last"));
}

TEST(LoaderTest, DirectoriesAreSearchedBeforeTheShippedOne) {
  PluginsConfig config;
  config.directories = {kTestPluginDir, kTestPluginDir + "/examples"};
  config.auth = {default_plugin("key"), default_plugin("word")};
  config.auth[0].options = {{"keys", std::vector<std::string>{"a"}}};
  EXPECT_THAT(load(config).mistakes, ElementsAre(HasSubstr("'key' never passes")));
  config.auth = {default_plugin("word"), default_plugin("open")};
  const Loaded loaded = load(config);
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.plugins.auths.at(0).record->info.file, kTestPluginDir + "/auth_word.so");
  const auto listed = list_plugins(config, kPluginDir);
  EXPECT_THAT(*listed,
              HasSubstr("auth word 1.0.0 " + kTestPluginDir + "/auth_word.so (configured)"));
  EXPECT_THAT(*listed, HasSubstr("auth open 1.0.0 " + kPluginDir + "/auth_open.so (configured)"));
}

TEST(LoaderTest, APluginOfTheFirstSdkLoads) {
  const Loaded loaded = load(with_room_policy("old", kTestPluginDir + "/room_old.so"));
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.plugins.room_policies.at(0).record->revision, 0U);
}

TEST(LoaderTest, AMissingPluginNamesThoseOfItsKindThatAreThere) {
  PluginsConfig config;
  config.match_strategy.front().name = "fif";
  config.match_strategy.front().where = "peer-server.yaml:31";
  const Loaded loaded = load(config);
  EXPECT_THAT(
      loaded.mistakes,
      ElementsAre("peer-server.yaml:31: plugins.match_strategy.name: no plugin named 'fif'; "
                  "known: criteria, skill"));
}

TEST(LoaderTest, APluginOfAnotherKindIsToldFromNone) {
  PluginsConfig config;
  config.match_strategy.front().name = "standard";
  const Loaded loaded = load(config);
  EXPECT_THAT(loaded.mistakes,
              ElementsAre(HasSubstr("no plugin named 'standard' of this kind; there is one of kind "
                                    "room_policy; known: criteria, skill")));
}

TEST(LoaderTest, ADirectoryThatIsNotThereIsToldAsSuch) {
  std::vector<std::string> mistakes;
  const LoadedPlugins loaded = load_plugins({}, "/none/plugins", mistakes);
  ASSERT_THAT(mistakes, SizeIs(4));
  EXPECT_EQ(mistakes[0],
            "default: plugins.broker.name: no plugin named 'local'; the plugin directory "
            "'/none/plugins' cannot be read: No such file or directory");
  const auto listed = list_plugins({}, "/none/plugins");
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().message,
            "the plugin directory '/none/plugins' cannot be read: No such file or directory");
}

TEST(LoaderTest, AfterAMistakeNothingIsUsable) {
  PluginsConfig config;
  config.match_strategy.front().name = "fif";
  const Loaded loaded = load(config);
  EXPECT_EQ(loaded.plugins.broker.object, nullptr);
  EXPECT_THAT(loaded.plugins.auths, IsEmpty());
  EXPECT_THAT(loaded.plugins.infos(), IsEmpty());
}

TEST(LoaderTest, AllMistakesAreReportedInOneGo) {
  PluginsConfig config;
  config.broker.front().name = "pigeon";
  config.auth.front().name = "sesame";
  const Loaded loaded = load(config);
  EXPECT_THAT(loaded.mistakes, ElementsAre(HasSubstr("'pigeon'"), HasSubstr("'sesame'")));
}

TEST(LoaderTest, AnEmptyDirectoryIsNamed) {
  const test::TempDir empty;
  const Loaded loaded = load({}, empty.path());
  ASSERT_EQ(loaded.mistakes.size(), 4u);
  EXPECT_EQ(loaded.mistakes[0],
            "default: plugins.broker.name: no plugin named 'local'; there are none of this kind in "
            "'" +
                empty.path().string() + "'");
}

TEST(LoaderTest, ANameCannotLeaveTheDirectory) {
  PluginsConfig config;
  config.auth.front().name = "x/../../plugins/auth_open";
  const Loaded loaded = load(config);
  EXPECT_THAT(loaded.mistakes, ElementsAre(HasSubstr("is no plugin name")));
}

TEST(LoaderTest, AFileIsRelativeToThePluginDirectory) {
  PluginsConfig config;
  config.auth.front().file = "../plugins/auth_open.so";
  EXPECT_THAT(load(config).mistakes, IsEmpty());
}

TEST(LoaderTest, AMissingFileIsNamed) {
  PluginsConfig config;
  config.auth.front().file = "auth_opne.so";
  EXPECT_THAT(load(config).mistakes,
              ElementsAre("default: plugins.auth.file: no file '" + kPluginDir +
                          "/auth_opne.so'; known: http, jwt, keyproof, open"));
}

TEST(LoaderTest, AFileOfAnotherNameIsRefused) {
  PluginsConfig config;
  config.auth.front().name = "closed";
  config.auth.front().file = "auth_open.so";
  EXPECT_THAT(load(config).mistakes,
              ElementsAre(HasSubstr("it calls itself 'open', expected 'closed'")));
}

TEST(LoaderTest, OptionsReachThePlugin) {
  PluginsConfig config;
  config.room_policy.front().options = {{"default_size", std::int64_t{3}}};
  const Loaded loaded = load(config);
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  const sdk::Value fields{sdk::Value::Object{}};
  const sdk::RoomRequest request{sdk::RoomAction::kCreate, peer_number(1), {}, {}, fields, at(0)};
  EXPECT_EQ(loaded.plugins.room_policies.front()->decide({}, request).max_size, 3u);
}

TEST(LoaderTest, ABadOptionValueSaysWhatWasExpected) {
  PluginsConfig config;
  config.room_policy.front().where = "peer-server.yaml:9";
  config.room_policy.front().options = {{"default_size", std::string("many")}, {"max_size", false}};
  const std::string prefix = "peer-server.yaml:9: plugins.room_policy.options.";
  EXPECT_THAT(load(config).mistakes,
              ElementsAre(prefix + "default_size: expected an integer from 1 to 100000",
                          prefix + "max_size: expected an integer from 1 to 100000"));
}

TEST(LoaderTest, OptionsThatContradictEachOtherAreRefused) {
  PluginsConfig config;
  config.room_policy.front().options = {{"default_size", std::int64_t{31}}};
  EXPECT_THAT(load(config).mistakes,
              ElementsAre("default: plugins.room_policy.options.default_size: expected at most "
                          "max_size, which is 30"));
}

TEST(LoaderTest, AnUnknownOptionListsTheKnownOnes) {
  PluginsConfig config;
  config.room_policy.front().options = {{"defalt_size", std::int64_t{3}}};
  EXPECT_THAT(load(config).mistakes,
              ElementsAre("default: plugins.room_policy.options.defalt_size: unknown option of "
                          "'standard'; did you mean 'default_size'?; known: default_size (an "
                          "integer from 1 to 100000, default "
                          "20), max_size (an integer from 1 to 100000, default 30)"));
}

TEST(LoaderTest, APluginWithoutOptionsSaysSo) {
  PluginsConfig config;
  config.auth.front().options = {{"secret", std::string("x")}};
  EXPECT_THAT(load(config).mistakes,
              ElementsAre("default: plugins.auth.options.secret: unknown option of 'open'; it has "
                          "none"));
}

}  // namespace
}  // namespace peer
