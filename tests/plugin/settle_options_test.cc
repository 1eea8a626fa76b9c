#include "core/plugin/settle_options.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "core/config/load_config.h"
#include "tests/plugin/loading.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using Option = sdk::PluginConfig::Option;
using Strings = std::vector<std::string>;

class SettleOptionsTest : public testing::Test {
 protected:
  void read_environment(const std::string& option, const std::string& value) {
    environment_["PEER_PLUGINS__AUTH__OPTIONS__" + option] = value;
    choice_ = load_config({}, environment_).config.plugins.auth.front();
  }
  /// As a plugin that asks for these; whether it has to be made again.
  template <typename Ask>
  bool settle(Ask ask) {
    sdk::PluginConfig config(choice_.options);
    ask(config);
    return settle_options(choice_, config, mistakes_);
  }

  Environment environment_;
  PluginChoice choice_;
  Strings mistakes_;
  TemporaryDirectory directory_;
};

TEST_F(SettleOptionsTest, ANumberWithoutATypeIsTextWhereThePluginExpectsText) {
  read_environment("PASSWORD", "0012");
  read_environment("FLAG", "true");
  read_environment("COUNT", "12");
  EXPECT_TRUE(settle([](sdk::PluginConfig& config) {
    config.string("password", "");
    config.string("flag", "");
    config.integer("count", 1, 1, 100);
  }));
  EXPECT_THAT(choice_.options,
              ElementsAre(Pair("count", Option(INT64_C(12))), Pair("flag", Option("true")),
                          Pair("password", Option("0012"))));
}

TEST_F(SettleOptionsTest, TextIsSplitAtCommasWhereThePluginExpectsAList) {
  read_environment("KEYS", "a,12");
  EXPECT_TRUE(settle([](sdk::PluginConfig& config) { config.strings("keys"); }));
  EXPECT_THAT(choice_.options, ElementsAre(Pair("keys", Option(Strings{"a", "12"}))));
}

TEST_F(SettleOptionsTest, TextIsSplitAtCommasWhereThePluginExpectsIntegers) {
  read_environment("HOURS", "22,23");
  read_environment("SIZES", "7");
  EXPECT_TRUE(settle([](sdk::PluginConfig& config) {
    config.integers("hours", 0, 23);
    config.integers("sizes", 1, 10);
  }));
  EXPECT_THAT(choice_.options, ElementsAre(Pair("hours", Option(Strings{"22", "23"})),
                                           Pair("sizes", Option(Strings{"7"}))));
}

TEST_F(SettleOptionsTest, WhatAFileSaysKeepsItsType) {
  choice_ = load_config_text("plugins: {auth: {options: {password: 12}}}", "c")
                .config.plugins.auth.front();
  EXPECT_FALSE(settle([](sdk::PluginConfig& config) { config.string("password", ""); }));
}

TEST_F(SettleOptionsTest, ASecretIsReadFromItsFile) {
  read_environment("PASSWORD_FILE", directory_.write("p", "12\n"));
  EXPECT_TRUE(settle([](sdk::PluginConfig& config) { config.string("password", ""); }));
  EXPECT_THAT(choice_.options, ElementsAre(Pair("password", Option("12"))));
  EXPECT_THAT(mistakes_, IsEmpty());
}

TEST_F(SettleOptionsTest, APluginThatAsksForTheFileItselfGetsItsPath) {
  read_environment("SECRET_FILE", "/s");
  EXPECT_FALSE(settle([](sdk::PluginConfig& config) {
    config.string("secret", "");
    config.string("secret_file", "");
  }));
  EXPECT_THAT(choice_.options, ElementsAre(Pair("secret_file", Option("/s"))));
}

TEST_F(SettleOptionsTest, OnlySecretsComeFromFiles) {
  read_environment("ADDR_FILE", "/s");
  EXPECT_FALSE(settle([](sdk::PluginConfig& config) { config.string("addr", ""); }));
}

TEST_F(SettleOptionsTest, AFileThatCannotBeReadIsAMistakeThatDoesNotNameIt) {
  read_environment("PASSWORD_FILE", directory_.path("hunter2"));
  EXPECT_TRUE(settle([](sdk::PluginConfig& config) { config.string("password", ""); }));
  EXPECT_THAT(mistakes_, ElementsAre("password_file: the file that it names: cannot be opened: No "
                                     "such file or directory"));
}

TEST(LoaderEnvironmentTest, OptionsOfARealPluginComeFromTheEnvironment) {
  const TemporaryDirectory directory;
  const auto mistakes_with = [](const Environment& more) {
    Environment environment{{"PEER_PLUGINS__BROKER__NAME", "redis"},
                            {"PEER_PLUGINS__BROKER__OPTIONS__ADDR", "127.0.0.1:1"}};
    environment.insert(more.begin(), more.end());
    const LoadedConfig loaded = load_config({}, environment);
    EXPECT_THAT(loaded.mistakes, IsEmpty());
    return load(loaded.config.plugins).mistakes;
  };
  EXPECT_THAT(mistakes_with({{"PEER_PLUGINS__BROKER__OPTIONS__PASSWORD", "12"}}), IsEmpty());
  EXPECT_THAT(mistakes_with(
                  {{"PEER_PLUGINS__BROKER__OPTIONS__PASSWORD_FILE", directory.write("p", "x\n")}}),
              IsEmpty());
  EXPECT_THAT(mistakes_with({{"PEER_PLUGINS__BROKER__OPTIONS__PASSWORD_FILE", "/none"}}),
              ElementsAre("environment variable PEER_PLUGINS__BROKER__OPTIONS__PASSWORD_FILE: "
                          "plugins.broker.options.password_file: the file that it names: cannot "
                          "be opened: No such file or directory"));
  EXPECT_THAT(mistakes_with({{"PEER_PLUGINS__BROKER__OPTIONS__PASSWROD", "x"}}),
              ElementsAre(HasSubstr("environment variable PEER_PLUGINS__BROKER__OPTIONS__PASSWROD: "
                                    "plugins.broker.options.passwrod: unknown option of 'redis'; "
                                    "did you mean 'password'?")));
}

}  // namespace
}  // namespace peer
