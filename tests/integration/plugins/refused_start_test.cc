// Plugins that stop the start, with words for the operator: sdk/README.md, "What the server
// refuses".
#include <filesystem>

#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr int kBadConfiguration = 78;  // EX_CONFIG of sysexits.h

/// Starts a server with this `plugins` section, which must end with 78; returns what it wrote.
std::string refusal_of(const std::string& plugins) {
  ServerProcess process({.config = "plugins:\n" + plugins});
  EXPECT_EQ(process.wait_exit(), std::optional(kBadConfiguration)) << process.output();
  return process.output();
}

std::string plugin_of_file(const std::string& name, const std::string& file) {
  return fmt("  room_policy: {name: %, file: '%'}\n", name, file);
}

TEST(RefusedStartTest, AMissingPluginIsNamedWithThoseThatThereAre) {
  EXPECT_THAT(refusal_of("  match_strategy: {name: fif}\n"),
              AllOf(HasSubstr("peer-server.yaml:2: plugins.match_strategy.name: no plugin named "
                              "'fif'; known: criteria")));
}

TEST(RefusedStartTest, AMissingFileIsNamed) {
  EXPECT_THAT(refusal_of(plugin_of_file("voting", "/nonexistent/room_voting.so")),
              HasSubstr("plugins.room_policy.file: no file '/nonexistent/room_voting.so'"));
}

TEST(RefusedStartTest, AFileThatAnyUserCanWriteToIsRefused) {
  const TempDir dir;
  const fs::path file = dir.path() / "room_voting.so";
  fs::copy_file(test_plugin_file("room_voting"), file);
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(refusal_of(plugin_of_file("voting", file)),
              AllOf(HasSubstr("cannot load plugin '" + file.string() + "'"),
                    HasSubstr("any user can write to it"), HasSubstr("chmod o-w")));
}

TEST(RefusedStartTest, AFileInADirectoryThatAnyUserCanWriteToIsRefused) {
  const TempDir dir;
  const fs::path folder = dir.path() / "open";
  fs::create_directory(folder);
  fs::copy_file(test_plugin_file("room_voting"), folder / "room_voting.so");
  fs::permissions(folder, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(refusal_of(plugin_of_file("voting", folder / "room_voting.so")),
              HasSubstr("any user can write to its directory"));
}

TEST(RefusedStartTest, AnUnknownOptionIsNamedWithThoseThatThereAre) {
  EXPECT_THAT(refusal_of(test_plugin("broker", "broker_slow", "delay: 5")),
              AllOf(HasSubstr("plugins.broker.options.delay: unknown option of 'slow'"),
                    HasSubstr("delay_ms (an integer from 0 to 60000, default 20)")));
}

TEST(RefusedStartTest, AWrongOptionIsNamedWithWhatIsExpected) {
  for (const char* value : {"-1", "60001", "soon", "2.5"}) {
    EXPECT_THAT(refusal_of(test_plugin("broker", "broker_slow", fmt("delay_ms: %", value))),
                HasSubstr("plugins.broker.options.delay_ms: expected an integer from 0 to 60000"))
        << value;
  }
}

TEST(RefusedStartTest, APluginOfAnotherKindIsRefused) {
  EXPECT_THAT(refusal_of(test_plugin("broker", "room_voting")),
              HasSubstr("a plugin of kind 'room_policy', expected 'broker'"));
}

TEST(RefusedStartTest, APluginOfAnotherNameIsRefused) {
  EXPECT_THAT(refusal_of(plugin_of_file("throwing", test_plugin_file("room_voting"))),
              HasSubstr("it calls itself 'voting', expected 'throwing'"));
}

TEST(RefusedStartTest, AFileThatIsNoPluginIsRefused) {
  const TempDir dir;
  for (const std::string& content : {std::string(),
                                     std::string("\x7f"
                                                 "ELF"),
                                     std::string(5000, 'x')}) {
    EXPECT_THAT(refusal_of(plugin_of_file("voting", dir.write("room_voting.so", content))),
                HasSubstr("cannot load plugin"));
  }
}

TEST(RefusedStartTest, APolicyThatClaimsATypeOfTheProtocolIsRefused) {
  const std::string plugins =
      test_plugin("room_policy", "room_claiming", "types: [vote, join, matched, '']");
  using Arguments = std::vector<std::string>;
  for (const Arguments& arguments : {Arguments{"--check-config"}, Arguments{}}) {
    ServerProcess process({.config = "plugins:\n" + plugins, .arguments = arguments});
    EXPECT_EQ(process.wait_exit(), std::optional(kBadConfiguration)) << process.output();
    EXPECT_THAT(
        process.output(),
        AllOf(HasSubstr("peer-server.yaml:2: plugins.room_policy: plugin 'claiming' wants to "
                        "answer 'join', which is a message type of the protocol"),
              HasSubstr("wants to answer 'matched', which"),
              HasSubstr("wants to answer messages without a type"),
              testing::Not(HasSubstr("'vote'"))));
  }
}

TEST(RefusedStartTest, APolicyThatCannotSayItsTypesIsRefused) {
  EXPECT_THAT(refusal_of(test_plugin("room_policy", "room_claiming", "types: ['!']")),
              HasSubstr("plugin 'claiming' cannot say which message types it answers"));
}

TEST(RefusedStartTest, AllMistakesAreReportedAtOnce) {
  EXPECT_THAT(refusal_of("  match_strategy: {name: fif}\n" + test_plugin("auth", "room_voting") +
                         test_plugin("broker", "broker_slow", "delay: 5")),
              AllOf(HasSubstr("plugins.match_strategy"), HasSubstr("plugins.auth"),
                    HasSubstr("plugins.broker.options.delay")));
}

}  // namespace
}  // namespace peer::test
