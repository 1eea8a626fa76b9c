// Several plugins of a kind: how the `plugins` section says so, and what makes no sense in it.
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"
#include "core/config/print_config.h"
#include "tests/unit/config/mistakes.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Strings = std::vector<std::string>;

PluginsConfig list_in(const std::string& text) {
  const LoadedConfig loaded = load_config_text(text, "/etc/c.yaml");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  return loaded.config.plugins;
}

/// A file with environment and command line over it.
LoadedConfig over_file(const std::string& text, const Environment& environment,
                       std::vector<std::pair<std::string, std::string>> settings = {}) {
  const TemporaryDirectory directory;
  CommandLine command_line;
  command_line.config_file = directory.write("c.yaml", text);
  command_line.settings = std::move(settings);
  return load_config(command_line, environment);
}

constexpr const char* kTwoAuths =
    "plugins:\n"
    "  auth:\n"
    "    - {name: token, as: first, options: {a: 1}}\n"
    "    - {name: open}\n";

TEST(PluginListsTest, AuthTakesAListInItsOrder) {
  const PluginsConfig plugins = list_in(kTwoAuths);
  ASSERT_THAT(plugins.auth, SizeIs(2));
  EXPECT_EQ(plugins.auth[0].name, "token");
  EXPECT_EQ(plugins.auth[0].as, "first");
  EXPECT_EQ(plugins.auth[0].where, "/etc/c.yaml:3");
  EXPECT_EQ(plugins.auth[0].option_where.at("a"), "/etc/c.yaml:3");
  EXPECT_EQ(plugins.auth[1].name, "open");
  EXPECT_EQ(plugins.auth[1].where, "/etc/c.yaml:4");
}

TEST(PluginListsTest, AListOfOneIsThatOne) {
  EXPECT_EQ(list_in("plugins: {auth: [{name: token}]}").auth,
            list_in("plugins: {auth: {name: token}}").auth);
}

TEST(PluginListsTest, StrategiesAndPoliciesServeNamespaces) {
  const PluginsConfig plugins = list_in(
      "plugins:\n"
      "  match_strategy:\n"
      "    - {name: skill, namespaces: [\"ranked:*\", cup]}\n"
      "    - {name: criteria}\n");
  ASSERT_THAT(plugins.match_strategy, SizeIs(2));
  EXPECT_THAT(plugins.match_strategy[0].namespaces, ElementsAre("ranked:*", "cup"));
  EXPECT_THAT(plugins.match_strategy[1].namespaces, IsEmpty());
}

TEST(PluginListsTest, WhatNoPatternServesTheDefaultPluginDoes) {
  const PluginsConfig plugins =
      list_in("plugins: {room_policy: {name: voting, namespaces: ['vote:*']}}");
  ASSERT_THAT(plugins.room_policy, SizeIs(2));
  EXPECT_EQ(plugins.room_policy[1].name, "standard");
  EXPECT_EQ(plugins.room_policy[1].where, "default");
  EXPECT_THAT(list_in("plugins: {room_policy: {name: voting, namespaces: ['*']}}").room_policy,
              SizeIs(1));
}

TEST(PluginListsTest, WrongListsAreMistakesWithTheirPlace) {
  EXPECT_THAT(
      mistakes_in("plugins:\n"
                  "  auth: []\n"
                  "  broker: [{name: local}]\n"
                  "  match_strategy: [fifo, {options: {a: 1}}]\n"
                  "  room_policy:\n"
                  "    - {name: a, namespaces: ['']}\n"
                  "    - {name: b, namespaces: ['*x*']}\n"
                  "    - {name: c, namespaces: []}\n"),
      ElementsAre(
          "c.yaml:2: plugins.auth: expected a list of 1 to 64 plugins, got 0",
          "c.yaml:3: plugins.broker: expected a map {name, file, options}, got a list; there is "
          "one "
          "plugin of this kind",
          "c.yaml:4: plugins.match_strategy[0]: expected a map {name, file, options}, got 'fifo'; "
          "write {name: ...}",
          "c.yaml:4: plugins.match_strategy[1]: expected a name",
          "c.yaml:6: plugins.room_policy[0].namespaces: expected a list of at least one name, each "
          "exact, or a prefix followed by '*', got a list",
          "c.yaml:7: plugins.room_policy[1].namespaces: expected a list of at least one name, each "
          "exact, or a prefix followed by '*', got a list",
          "c.yaml:8: plugins.room_policy[2].namespaces: expected a list of at least one name, each "
          "exact, or a prefix followed by '*', got a list",
          HasSubstr("plugins.match_strategy[1]: expected namespaces, since"),
          HasSubstr("plugins.room_policy[1]: expected namespaces, since"),
          HasSubstr("plugins.room_policy[2]: expected namespaces, since")));
}

TEST(PluginListsTest, OneEntryServesTheRest) {
  EXPECT_THAT(
      mistakes_in("plugins:\n  room_policy:\n    - {name: a}\n    - {name: b}\n"),
      ElementsAre("c.yaml:4: plugins.room_policy[1]: expected namespaces, since "
                  "plugins.room_policy[0] (c.yaml:3) has none and serves the rest already"));
}

TEST(PluginListsTest, AnEntryThatServesEveryNameStandsLast) {
  EXPECT_THAT(
      mistakes_in("plugins:\n  room_policy:\n    - {name: a, namespaces: [z]}\n    - {name: b}\n"
                  "    - {name: c, namespaces: [\"r*\"]}\n    - {name: d, namespaces: [s]}\n"),
      ElementsAre("c.yaml:4: plugins.room_policy[1]: serves every name, and so hides "
                  "plugins.room_policy[2] (c.yaml:5), plugins.room_policy[3] (c.yaml:6); "
                  "put it last"));
}

TEST(PluginListsTest, AnEntryThatCanNeverBeReachedIsAMistake) {
  EXPECT_THAT(
      mistakes_in("plugins:\n  room_policy:\n    - {name: a, namespaces: [\"r*\"]}\n"
                  "    - {name: b, namespaces: [\"ranked:*\", rank]}\n"
                  "    - {name: c, namespaces: [\"ranked:*\", other]}\n"),
      ElementsAre("c.yaml:4: plugins.room_policy[1]: can never be reached: entries before it "
                  "serve all of its namespaces"));
  EXPECT_THAT(
      mistakes_in("plugins:\n  match_strategy:\n    - {name: b, namespaces: ['*']}\n"
                  "    - {name: a}\n"),
      ElementsAre("c.yaml:4: plugins.match_strategy[1]: can never be reached: another entry "
                  "serves the namespaces \"*\""));
}

TEST(PluginListsTest, OneNameInTheLogForOneEntry) {
  EXPECT_THAT(mistakes_in("plugins:\n  auth:\n    - {name: a, as: x}\n    - {name: b, as: x}\n"),
              ElementsAre("c.yaml:4: plugins.auth[1].as: expected another name than that of "
                          "plugins.auth[0] (c.yaml:3)"));
  EXPECT_THAT(mistakes_in("plugins: {auth: {as: X!}}"),
              ElementsAre(HasSubstr("plugins.auth.as: expected a name of a-z, 0-9 and _")));
}

TEST(PluginListsTest, EnvironmentAndCommandLineNameAnEntryByItsNumber) {
  const LoadedConfig loaded =
      over_file(kTwoAuths,
                {{"PEER_PLUGINS__AUTH__0__OPTIONS__A", "2"}, {"PEER_PLUGINS__AUTH__1__AS", "rest"}},
                {{"plugins.auth.0.options.b", "{\"c\": 1}"}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  const auto& auth = loaded.config.plugins.auth;
  EXPECT_EQ(std::get<std::int64_t>(auth[0].options.at("a")), 2);
  EXPECT_EQ(std::get<sdk::PluginOptionMaps>(auth[0].options.at("b")).maps.size(), 1U);
  EXPECT_EQ(auth[1].as, "rest");
}

TEST(PluginListsTest, OfAListTheEntryMustBeNamed) {
  EXPECT_THAT(
      over_file(kTwoAuths, {{"PEER_PLUGINS__AUTH__NAME", "open"}}).mistakes,
      ElementsAre("environment variable PEER_PLUGINS__AUTH__NAME: plugins.auth: is a list of "
                  "2 plugins; say of which this is, as in plugins.auth.0.name"));
  EXPECT_THAT(over_file(kTwoAuths, {{"PEER_PLUGINS__AUTH__3__NAME", "open"}}).mistakes,
              ElementsAre(HasSubstr("plugins.auth.3: expected one of the 2 entries of the list, "
                                    "from 0, or 2 to add one, and what to set in it")));
}

Strings names_of(const std::vector<PluginChoice>& list) {
  Strings names;
  for (const PluginChoice& choice : list) names.push_back(choice.name);
  return names;
}

TEST(PluginListsTest, TheNumberBehindTheLastOneAddsAnEntry) {
  const LoadedConfig loaded = over_file("plugins: {auth: {name: token}}", {},
                                        {{"plugins.dialects.1.name", "two"},
                                         {"plugins.dialects.0.options.path", "/a"},
                                         {"plugins.dialects.0.name", "one"},
                                         {"plugins.auth.1.name", "open"}});
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  ASSERT_THAT(names_of(loaded.config.plugins.dialects), ElementsAre("one", "two"));
  EXPECT_EQ(std::get<std::string>(loaded.config.plugins.dialects[0].options.at("path")), "/a");
  ASSERT_THAT(names_of(loaded.config.plugins.auth), ElementsAre("token", "open"));
  EXPECT_THAT(loaded.origins.at("plugins.auth[0].name"), HasSubstr("c.yaml:1"));
  EXPECT_EQ(loaded.origins.at("plugins.dialects[0].name"), "command line");
}

TEST(PluginListsTest, VariablesAddEntriesInTheOrderOfTheirNumbers) {
  Environment environment;
  Strings expected;
  for (int i = 0; i < 12; ++i) {
    expected.push_back("d" + std::to_string(i));
    environment["PEER_PLUGINS__DIALECTS__" + std::to_string(i) + "__NAME"] = expected.back();
    environment["PEER_PLUGINS__DIALECTS__" + std::to_string(i) + "__AS"] = "a" + expected.back();
  }
  const LoadedConfig loaded = over_file("", environment);
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  ASSERT_THAT(names_of(loaded.config.plugins.dialects), ElementsAreArray(expected));
  EXPECT_EQ(loaded.config.plugins.dialects[11].as, "ad11");
}

TEST(PluginListsTest, AnEntryIsAddedBehindTheLastOneAndWithAName) {
  const auto mistakes = [](const std::string& key) {
    return over_file("", {}, {{key, "x"}}).mistakes;
  };
  EXPECT_THAT(mistakes("plugins.dialects.1.name"),
              ElementsAre("command line: plugins.dialects.1: expected 0, since the list is empty, "
                          "and what to set in it"));
  EXPECT_THAT(mistakes("plugins.dialects.0.as"),
              ElementsAre("command line: plugins.dialects.0: expected a name, since the list has "
                          "no such entry yet"));
  EXPECT_THAT(mistakes("plugins.broker.1.name"),
              ElementsAre("command line: plugins.broker.1: expected one of the 1 entries of the "
                          "list, from 0, and what to set in it"));
  EXPECT_THAT(
      over_file("", {}, {{"plugins.dialects.0.name", "one"}, {"plugins.dialects.x.as", "a"}})
          .mistakes,
      ElementsAre(HasSubstr("plugins.dialects.x: expected one of the 1 entries of the "
                            "list, from 0, or 1 to add one")));
}

TEST(PluginListsTest, TheCommandLineReplacesAList) {
  const LoadedConfig loaded =
      over_file(kTwoAuths, {}, {{"plugins.auth", R"([{"name": "jwt"}, {"name": "open"}])"}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.config.plugins.auth[0].name, "jwt");
  EXPECT_THAT(loaded.config.plugins.auth[0].options, IsEmpty());
}

TEST(PluginListsTest, DialectsAreAListThatIsEmptyByDefault) {
  const auto names = [](const PluginsConfig& plugins) {
    Strings found;
    for (const PluginChoice& choice : plugins.dialects) found.push_back(choice.name);
    return found;
  };
  EXPECT_THAT(names(list_in("")), IsEmpty());
  EXPECT_THAT(names(list_in("plugins: {dialects: []}")), IsEmpty());
  EXPECT_THAT(names(list_in("plugins: {dialects: {name: one}}")), ElementsAre("one"));
  const std::string two = "plugins: {dialects: [{name: one}, {name: one, options: {path: /b}}]}";
  EXPECT_THAT(names(list_in(two)), ElementsAre("one", "one"));
  const LoadedConfig loaded = over_file(two, {{"PEER_PLUGINS__DIALECTS__1__NAME", "other"}},
                                        {{"plugins.dialects.0.as", "first"}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(names(loaded.config.plugins), ElementsAre("one", "other"));
  EXPECT_EQ(loaded.config.plugins.dialects[0].as, "first");
  const std::string printed = print_config(load_config_text(two, "/etc/c.yaml"));
  EXPECT_THAT(names(list_in(printed)), ElementsAre("one", "one"));
}

TEST(PluginListsTest, TheKindOfDialectsIsWrittenAsAList) {
  const LoadedConfig loaded = load_config_text("plugins: {dialect: {name: one}}", "/etc/c.yaml");
  EXPECT_THAT(loaded.mistakes, ElementsAre(HasSubstr("unknown key; did you mean 'dialects'?")));
}

TEST(PluginListsTest, DirectoriesAreAListBesideTheShippedOne) {
  const PluginsConfig plugins = list_in("plugins: {directories: [mine, /opt/theirs]}");
  EXPECT_THAT(plugins.directories, ElementsAre("/etc/mine", "/opt/theirs"));
  EXPECT_EQ(plugins.directory, "");
  EXPECT_THAT(over_file("", {{"PEER_PLUGINS__DIRECTORIES", "/a,/b"}}).config.plugins.directories,
              ElementsAre("/a", "/b"));
  EXPECT_THAT(mistakes_in("plugins: {directories: [1]}"),
              ElementsAre(HasSubstr("plugins.directories: expected a list of paths")));
}

TEST(PluginListsTest, MapsAndListsOfMapsAreOptions) {
  const PluginsConfig plugins = list_in(
      "plugins:\n"
      "  auth:\n"
      "    options:\n"
      "      tls: {ca_file: ca.pem}\n"
      "      keys:\n"
      "        - {kid: a, secret_file: a.key}\n"
      "        - kid: b\n");
  const PluginChoice& auth = plugins.auth.front();
  const auto& tls = std::get<sdk::PluginOptionMaps>(auth.options.at("tls"));
  EXPECT_FALSE(tls.is_list);
  EXPECT_EQ(std::get<std::string>(tls.maps[0].options.at("ca_file")), "/etc/ca.pem");
  const auto& keys = std::get<sdk::PluginOptionMaps>(auth.options.at("keys"));
  EXPECT_TRUE(keys.is_list);
  EXPECT_EQ(std::get<std::string>(keys.maps[0].options.at("secret_file")), "/etc/a.key");
  EXPECT_EQ(auth.option_where.at("keys[1].kid"), "/etc/c.yaml:7");
}

TEST(PluginListsTest, MistakesInMapsHaveTheWholePath) {
  EXPECT_THAT(mistakes_in("plugins:\n  auth:\n    options:\n      keys:\n"
                          "        - {kid: a, kid: b}\n        - {x: [[1]]}\n"
                          "        - {secret: s, secret_file: f}\n"),
              ElementsAre(HasSubstr("c.yaml:5: plugins.auth.options.keys[0].kid: duplicate key"),
                          HasSubstr("c.yaml:6: plugins.auth.options.keys[1].x: expected a boolean"),
                          HasSubstr("c.yaml:7: plugins.auth.options.keys[2].secret_file: secret is "
                                    "set too")));
}

TEST(PluginListsTest, WhatIsPrintedLoadsToTheSameLists) {
  const std::string text =
      std::string(kTwoAuths) +
      "  room_policy: {name: x, namespaces: ['a*'], options: {m: {n: [{o: 1}]}}}\n"
      "  directories: [/opt/p]\n";
  const LoadedConfig loaded = load_config_text(text, "/etc/c.yaml");
  const std::string printed = print_config(loaded);
  LoadedConfig again = load_config_text(printed, "/etc/d.yaml");
  EXPECT_THAT(again.mistakes, IsEmpty()) << printed;
  EXPECT_FALSE(print_config(again).empty());
  ASSERT_THAT(again.config.plugins.auth, SizeIs(2));
  EXPECT_EQ(again.config.plugins.auth[0].options, loaded.config.plugins.auth[0].options);
  ASSERT_THAT(again.config.plugins.room_policy, SizeIs(2));
  EXPECT_EQ(again.config.plugins.room_policy[0].options,
            loaded.config.plugins.room_policy[0].options);
  EXPECT_EQ(again.config.plugins.directories, loaded.config.plugins.directories);
  EXPECT_THAT(printed, testing::ContainsRegex("- name: \"x\" +# /etc/c.yaml:5"));
}

TEST(PluginListsTest, NoSecretInAMapIsPrinted) {
  const LoadedConfig loaded = load_config_text(
      "plugins: {auth: {options: {realms: [{name: a, secret: hunter2}]}}}", "/etc/c.yaml");
  EXPECT_THAT(print_config(loaded), testing::Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace peer
