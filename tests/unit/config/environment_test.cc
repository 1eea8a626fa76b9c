#include "core/config/environment.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST(EnvironmentTest, GuidesExampleForANodeWorks) {
  const LoadedConfig loaded = load_config(
      {}, {{"PEER_PORT", "8081"}, {"PEER_BROKER", "redis"}, {"REDIS_ADDR", "redis:6379"}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config.port, 8081);
  EXPECT_EQ(loaded.config.plugins.broker.front().name, "redis");
  EXPECT_EQ(loaded.config.plugins.broker.front().where, "environment variable PEER_BROKER");
  EXPECT_EQ(std::get<std::string>(loaded.config.plugins.broker.front().options.at("addr")),
            "redis:6379");
}

TEST(EnvironmentTest, OrderIsDefaultsFileEnvironmentCommandLine) {
  const TemporaryDirectory directory;
  CommandLine command_line;
  command_line.config_file = directory.write("c.yaml", "loops: 1\nmax_peers: 1\nport: 1\n");
  command_line.settings = {{"port", "3"}};
  const Config config =
      load_config(command_line, {{"PEER_MAX_PEERS", "2"}, {"PEER_PORT", "2"}}).config;
  EXPECT_EQ(config.max_exclude, Config{}.max_exclude);
  EXPECT_EQ(config.loops, 1U);
  EXPECT_EQ(config.max_peers, 2U);
  EXPECT_EQ(config.port, 3);
}

TEST(EnvironmentTest, EmptyVariablesAreUnset) {
  const TemporaryDirectory directory;
  CommandLine command_line;
  command_line.config_file = directory.write("c.yaml", "port: 1\n");
  const LoadedConfig loaded = load_config(
      command_line, {{"PEER_PORT", ""}, {"PEER_NO_KEY", ""}, {"REDIS_PASSWORD_FILE", ""}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config.port, 1);
}

TEST(EnvironmentTest, WhatAContainerPlatformInjectsIsIgnoredWithAWarning) {
  const LoadedConfig loaded = load_config({}, {{"PEER_PORT", "tcp://10.0.0.1:8080"},
                                               {"PEER_PORT_8080_TCP_ADDR", "10.0.0.1"},
                                               {"PEER_SERVICE_HOST", "10.0.0.1"},
                                               {"PEERS", "1"},
                                               {"PATH", "/bin"}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.warnings,
              ElementsAre(HasSubstr("environment variable PEER_PORT: ignored"),
                          HasSubstr("environment variable PEER_PORT_8080_TCP_ADDR: ignored"),
                          HasSubstr("environment variable PEER_SERVICE_HOST: ignored")));
  EXPECT_EQ(loaded.config, Config{});
}

TEST(EnvironmentTest, MisspelledVariableIsSuggested) {
  EXPECT_THAT(load_config({}, {{"PEER_MAX_PEER", "5"}}).warnings,
              ElementsAre("environment variable PEER_MAX_PEER: ignored: sets no key; did you mean "
                          "'PEER_MAX_PEERS'?"));
}

TEST(EnvironmentTest, BadValueIsAMistake) {
  EXPECT_THAT(load_config({}, {{"PEER_PORT", "http"}}).mistakes,
              ElementsAre("environment variable PEER_PORT: port: expected an integer from 0 to "
                          "65535, got 'http'"));
}

TEST(EnvironmentTest, TwoNamesOfOneKeyAreAMistake) {
  EXPECT_THAT(load_config({}, {{"PEER_BROKER", "local"}, {"PEER_BROKER_TYPE", "redis"}}).mistakes,
              ElementsAre("environment variable PEER_BROKER: PEER_BROKER_TYPE sets broker_type "
                          "too; unset one of them"));
  EXPECT_THAT(load_config({}, {{"REDIS_PASSWORD", "a"}, {"REDIS_PASSWORD_FILE", "/b"}}).mistakes,
              SizeIs(1));
}

TEST(EnvironmentTest, NumbersAreStringsWhereAStringIsExpected) {
  EXPECT_EQ(load_config({}, {{"REDIS_PASSWORD", "12345"}}).config.redis_password, "12345");
  EXPECT_EQ(load_config({}, {{"REDIS_PASSWORD", "tcp://x"}}).config.redis_password, "tcp://x");
}

TEST(EnvironmentTest, SecretComesFromItsFileWithoutTheLastNewline) {
  const TemporaryDirectory directory;
  const std::string one = directory.write("one", "a b\n");
  const std::string two = directory.write("two", "12\r\n");
  EXPECT_EQ(load_config({}, {{"REDIS_PASSWORD_FILE", one}}).config.redis_password, "a b");
  EXPECT_EQ(load_config({}, {{"PEER_REDIS_PASSWORD_FILE", two}}).config.redis_password, "12");
}

TEST(EnvironmentTest, SecretFileThatCannotServeIsAMistakeThatShowsNothingOfIt) {
  const TemporaryDirectory directory;
  for (const std::string& path :
       {directory.path("hunter2"), directory.path(""), directory.write("empty_hunter2", "\n"),
        directory.write("lines", "hunter2\nhunter2\n"),
        directory.write("large", std::string(64 * 1024, 'x') + "hunter2")}) {
    const LoadedConfig loaded = load_config({}, {{"REDIS_PASSWORD_FILE", path}});
    EXPECT_THAT(loaded.mistakes, ElementsAre(HasSubstr("variable REDIS_PASSWORD_FILE: "))) << path;
    EXPECT_THAT(loaded.mistakes, ElementsAre(Not(HasSubstr("hunter2")))) << path;
    EXPECT_EQ(loaded.config.redis_password, "");
  }
}

TEST(EnvironmentTest, ASecretsFileMayBeNamedInTheConfigurationFile) {
  const TemporaryDirectory directory;
  static_cast<void>(directory.write("secret", "hunter2\n"));
  CommandLine command_line;
  command_line.config_file = directory.write("c.yaml", "redis_password_file: ./secret\n");
  const LoadedConfig loaded = load_config(command_line, {});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.config.redis_password, "hunter2");
  EXPECT_EQ(loaded.origins.at("redis_password"), *command_line.config_file + ":1");
  EXPECT_EQ(load_config(command_line, {{"REDIS_PASSWORD", "later"}}).config.redis_password,
            "later");
}

TEST(EnvironmentTest, ASecretAndItsFileInOneFileAreAMistake) {
  EXPECT_THAT(
      load_config_text("redis_password_file: /x\nredis_password: hunter2\n", "c.yaml").mistakes,
      ElementsAre("c.yaml:1: redis_password_file: redis_password is set too; remove one of "
                  "them"));
  EXPECT_THAT(
      load_config_text("redis_password: ''\nredis_password_file: /none\n", "c.yaml").mistakes,
      ElementsAre("c.yaml:2: redis_password_file: the file that it names: cannot be opened: "
                  "No such file or directory"));
  const LoadedConfig unset =
      load_config_text("redis_password: x\nredis_password_file: ''\n", "c.yaml");
  EXPECT_THAT(unset.mistakes, IsEmpty());
  EXPECT_EQ(unset.config.redis_password, "x");
}

TEST(EnvironmentTest, OnlySecretsComeFromFiles) {
  EXPECT_THAT(load_config({}, {{"PEER_MAX_PEERS_FILE", "/x"}}).warnings, SizeIs(1));
  EXPECT_THAT(load_config({}, {{"PEER_PORT_FILE", "/run/port"}}).config.port_file, "/run/port");
}

}  // namespace
}  // namespace peer
