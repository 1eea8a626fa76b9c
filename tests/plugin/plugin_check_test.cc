#include <gmock/gmock.h>

#include <peer/sdk/plugin.h>

#include "tests/plugin/loading.h"
#include "tests/support/run_program.h"

namespace peer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// The program peer-plugin-check, run on real files.
test::ProgramResult check(const std::string& arguments) {
  return test::run_program(std::string("'") + PEER_PLUGIN_CHECK + "' " + arguments + " 2>&1");
}
test::ProgramResult check_bad(const std::string& name) {
  return check(kBadPluginDir + "/room_" + name + ".so");
}

TEST(PluginCheckTest, AGoodPluginIsDescribed) {
  const auto run = check(kTestPluginDir + "/examples/room_secret.so");
  EXPECT_EQ(run.exit_status, 0) << run.output;
  EXPECT_THAT(run.output,
              AllOf(HasSubstr("plugin      room_policy 'secret' 1.0.0"),
                    HasSubstr("interface   RoomPolicy API 1, this server has 1"),
                    HasSubstr("ABI         " PEER_SDK_ABI_TAG), HasSubstr("libstdc++.so.6"),
                    HasSubstr("exports     peer_plugin_descriptor\n"),
                    HasSubstr("    size: an integer from 1 to 1000, default 20"),
                    HasSubstr("this server loads it")));
}

// What the server ships is a model for others.
TEST(PluginCheckTest, NothingIsFoundInTheShippedPlugins) {
  const auto run = check(kPluginDir + "/*.so " + kTestPluginDir + "/examples/*.so");
  EXPECT_EQ(run.exit_status, 0) << run.output;
  EXPECT_THAT(run.output, AllOf(HasSubstr("auth 'jwt'"), HasSubstr("broker 'redis'"),
                                HasSubstr("match_strategy 'skill'")));
}

TEST(PluginCheckTest, MessageTypesOfARoomPolicyAreNamed) {
  EXPECT_THAT(check(kTestPluginDir + "/room_voting.so").output, HasSubstr("messages    vote"));
  const auto claiming = test::run_program("PEER_FAULT=takes_join '" PEER_PLUGIN_CHECK
                                          "' '" PEER_FAULTY_DIR "/room_faulty.so'");
  EXPECT_EQ(claiming.exit_status, 1) << claiming.output;
  EXPECT_THAT(claiming.output, HasSubstr("a message type of the protocol; rename it"));
}

TEST(PluginCheckTest, WhatAServerRefusesIsAnErrorWithWhatToDo) {
  const std::pair<const char*, const char*> refused[] = {
      {"wrong_api", "RoomPolicy API 2, this server has 1; rebuild it with this server's SDK"},
      {"wrong_abi", "built for ABI 'itanium-libc++-sdk1', this server is"},
      {"newer_revision", "; update the server"},
      {"no_descriptor",
       "exports no peer_plugin_descriptor; end its main source file with PEER_PLUGIN(...)"},
      {"undefined_symbol", "undefined symbol: a_function_that_nobody_has; install what it needs"},
      {"static_throw",
       "its static constructors end the process (Aborted); what runs there may not"},
      {"static_exit", "its static constructors end the process (exit status 3)"},
      {"factory_aborts",
       "its factory, or its destructor, ends the process (Aborted); what runs there"},
      {"no_such_file", "No such file"},
  };
  for (const auto& [name, words] : refused) {
    const auto run = check_bad(name);
    EXPECT_EQ(run.exit_status, 1) << name;
    EXPECT_THAT(run.output,
                AllOf(HasSubstr("  error: "), HasSubstr(words), Not(HasSubstr("loads it"))));
  }
}

TEST(PluginCheckTest, AFileThatHangsCostsAMessageAndNotTheTool) {
  const auto run = check("--timeout 1 " + kBadPluginDir + "/hanging/room_static_hang.so " +
                         kTestPluginDir + "/examples/room_secret.so");
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_THAT(run.output, AllOf(HasSubstr("its static constructors end never, or not within 1 s"),
                                HasSubstr("room_policy 'secret'")));
}

TEST(PluginCheckTest, VisibleNamesAreAWarning) {
  const auto run = check_bad("visible");
  EXPECT_EQ(run.exit_status, 3) << run.output;
  EXPECT_THAT(run.output,
              AllOf(HasSubstr("VisibleRooms::decide(peer::sdk::RoomView const&"),
                    HasSubstr("-fvisibility=hidden"), HasSubstr("this server loads it")));
}

TEST(PluginCheckTest, ADefaultThatIsRefusedIsAWarning) {
  const auto run = check_bad("bad_default");
  EXPECT_EQ(run.exit_status, 3) << run.output;
  EXPECT_THAT(run.output,
              HasSubstr("option size: expected an integer from 1 to 9, and its default is 0"));
}

TEST(PluginCheckTest, AFileThatNoNameLeadsToIsAWarning) {
  const auto run = check(kTestPluginDir + "/match_of_other_compiler.so");
  EXPECT_EQ(run.exit_status, 3) << run.output;
  EXPECT_THAT(run.output, HasSubstr("a server looks for it in a file match_criteria.so"));
}

TEST(PluginCheckTest, WrongArgumentsAreTold) {
  EXPECT_EQ(check("").exit_status, 2);
  EXPECT_EQ(check("--fast a.so").exit_status, 2);
  EXPECT_EQ(check("--timeout 0 a.so").exit_status, 2);
  EXPECT_EQ(check("--help").exit_status, 0);
}

}  // namespace
}  // namespace peer
