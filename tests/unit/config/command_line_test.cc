#include "core/config/command_line.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

CommandLine parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "peer-server");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLineTest, NoArgumentsAskForNothing) {
  const CommandLine command_line = parse_command_line(0, nullptr);
  EXPECT_EQ(command_line.config_file, std::nullopt);
  EXPECT_THAT(command_line.settings, IsEmpty());
  EXPECT_THAT(command_line.mistakes, IsEmpty());
  EXPECT_FALSE(command_line.help || command_line.version || command_line.check_config);
}

TEST(CommandLineTest, FileIsNamedInEveryFormOfTheGuide) {
  for (const std::vector<const char*>& form :
       std::vector<std::vector<const char*>>{{"-config", "c.json"},
                                             {"--config", "c.json"},
                                             {"--config=c.json"},
                                             {"-config=c.json"}}) {
    EXPECT_EQ(parse(form).config_file, "c.json");
    EXPECT_THAT(parse(form).mistakes, IsEmpty());
  }
}

TEST(CommandLineTest, OptionsMayBeMixed) {
  const CommandLine command_line = parse(
      {"--set", "a=b=c", "--port-file", "-", "--set=x=", "--check-config", "--version", "-h"});
  EXPECT_THAT(command_line.mistakes, IsEmpty());
  EXPECT_THAT(command_line.settings, ElementsAre(Pair("a", "b=c"), Pair("x", "")));
  EXPECT_EQ(command_line.port_file, "-");
  EXPECT_TRUE(command_line.help && command_line.version && command_line.check_config);
}

TEST(CommandLineTest, AllMistakesAreListed) {
  EXPECT_THAT(
      parse({"--prot-file", "x", "--port", "80", "stray", "--config", "--config=", "--config=a",
             "--config=b", "--set", "port", "--set==1", "--help=yes", "--", "--port-file"})
          .mistakes,
      ElementsAre("command line: '--prot-file': unknown option; did you mean '--port-file'?",
                  "command line: '--port': unknown option; write --set port=VALUE",
                  "command line: argument 5: expected an option; write --config FILE or --set "
                  "KEY=VALUE",
                  "command line: --config: expected a file, got nothing",
                  "command line: --config: expected a file, got nothing",
                  "command line: --config: given twice; remove one",
                  "command line: --set: expected key=value, such as --set max_peers=500",
                  "command line: --set: expected key=value, such as --set max_peers=500",
                  "command line: --help: expected no value; remove it",
                  "command line: '--': unknown option",
                  "command line: --port-file: expected a file, got nothing"));
}

TEST(CommandLineTest, NoMistakeShowsAValue) {
  for (const std::vector<const char*>& form :
       std::vector<std::vector<const char*>>{{"--redis-password=hunter2"},
                                             {"--redis-password", "hunter2"},
                                             {"--set", "redis_password", "hunter2"},
                                             {"--set", "hunter2"},
                                             {"hunter2"},
                                             {"--set", "redis_pasword=hunter2"},
                                             {"--set", "redis_password=hunter2\n"},
                                             {"--set", "plugins.auth.options=hunter2"}}) {
    const std::vector<std::string> mistakes = load_config(parse(form), {}).mistakes;
    EXPECT_THAT(mistakes, testing::Not(IsEmpty()));
    EXPECT_THAT(mistakes, testing::Each(testing::Not(testing::HasSubstr("hunter2"))));
  }
}

TEST(CommandLineTest, SettingsAreCheckedLikeAFile) {
  EXPECT_THAT(load_config(parse({"--set", "port=http", "--set", "max_peer=1", "--set",
                                 "plugins.auth=open", "--set", "plugins.auth.nam=open"}),
                          {})
                  .mistakes,
              ElementsAre("command line: port: expected an integer from 0 to 65535, got 'http'",
                          "command line: max_peer: unknown key; did you mean 'max_peers'?",
                          "command line: plugins.auth: duplicate key; remove one",
                          "command line: plugins.auth: expected a map {name, file, options}, got "
                          "'open'; write {name: ...}"));
}

TEST(CommandLineTest, LastSettingOfAKeyCounts) {
  EXPECT_EQ(load_config(parse({"--set", "port=1", "--set", "port=2"}), {}).config.port, 2);
  EXPECT_EQ(load_config(parse({"--set", "port_file=/a", "--port-file", "/b"}), {}).config.port_file,
            "/b");
}

TEST(CommandLineTest, HelpFitsOnOneScreen) {
  const std::string help = help_text();
  EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 30);
  std::size_t start = 0;
  for (std::size_t end = help.find('\n'); end != std::string::npos; end = help.find('\n', start)) {
    EXPECT_LE(end - start, 95U) << help.substr(start, end - start);
    start = end + 1;
  }
}

}  // namespace
}  // namespace peer
