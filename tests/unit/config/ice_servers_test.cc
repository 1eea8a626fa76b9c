#include "core/config/ice_servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"
#include "core/config/print_config.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

LoadedConfig load_entry(const std::string& entry) {
  return load_config_text("ice_servers:\n  - " + entry, "/c.yaml");
}
std::string mistake_of(const std::string& entry) {
  const LoadedConfig loaded = load_entry(entry);
  return loaded.mistakes.size() == 1 ? loaded.mistakes.front() : "";
}
IceServer server_of(const std::string& entry) {
  const LoadedConfig loaded = load_entry(entry);
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  return loaded.config.ice_servers.empty() ? IceServer() : loaded.config.ice_servers.front();
}

TEST(IceUrlTest, WhatBrowsersTakeIsTaken) {
  for (const char* url :
       {"stun:a.example", "stun:a.example:3478", "stun:192.0.2.1", "stun:[2001:db8::1]",
        "stun:[::1]:3478", "turn:a-b.example", "turn:a?transport=udp", "turn:a:1?transport=tcp",
        "turns:a:65535", "turns:[::1]:5349?transport=tcp"}) {
    EXPECT_EQ(ice_url_fault(url), nullptr) << url;
  }
}

TEST(IceUrlTest, WhatABrowserWouldRefuseIsRefused) {
  for (const char* url : {"",
                          "a.example",
                          "http://a",
                          "STUN:a",
                          "stun:",
                          "stun://a",
                          "turn://a",
                          "turn:a/b",
                          "turn:user@a",
                          "stun:a?transport=udp",
                          "turn:a?transport=tls",
                          "turn:a?x=1",
                          "turn:a?",
                          "turn:a:0",
                          "turn:a:65536",
                          "turn:a:",
                          "turn:a:b",
                          "turn:[::1",
                          "turn:[a]",
                          "turn:[::1]x",
                          "turn:::1",
                          "turn:10.0.0.256",
                          "turn:a..b",
                          "turn:[fe80::1%eth0]",
                          "turn:a b",
                          "stuns:a",
                          "turn:?transport=udp"}) {
    EXPECT_NE(ice_url_fault(url), nullptr) << url;
  }
}

TEST(IceServersConfigTest, EveryFieldIsRead) {
  EXPECT_EQ(
      server_of("{urls: [\"stun:a\", \"turn:a\"], secrets: [new, old], ttl: 1h}"),
      (IceServer{
          .urls = {"stun:a", "turn:a"}, .secrets = {"new", "old"}, .ttl = std::chrono::hours(1)}));
  EXPECT_EQ(server_of("{urls: \"turn:a\", username: u, credential: c}"),
            (IceServer{.urls = {"turn:a"}, .username = "u", .credential = "c"}));
}

TEST(IceServersConfigTest, ASecretMayBeInAFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("secret", "from a file\n");
  EXPECT_THAT(server_of("{urls: [\"turn:a\"], secret_file: " + path + "}").secrets,
              ElementsAre("from a file"));
}

TEST(IceServersConfigTest, EveryMistakeIsToldWithItsPlace) {
  const LoadedConfig loaded = load_config_text(
      "ice_servers:\n"
      "  - {urls: [\"stun:a\", \"http://b\"]}\n"
      "  - {urls: [\"turn:a\"]}\n"
      "  - {}\n"
      "  - text\n",
      "/c.yaml");
  EXPECT_THAT(
      loaded.mistakes,
      ElementsAre("/c.yaml:2: ice_servers.0.urls.1: expected a URL that begins with stun:, turn: "
                  "or turns:, got 'http://b'",
                  "/c.yaml:3: ice_servers.1: expected a secret, or username and credential: a "
                  "browser refuses a turn: URL without",
                  "/c.yaml:4: ice_servers.2.urls: expected at least one URL",
                  "/c.yaml:5: ice_servers.3: expected a map such as {urls: "
                  "[\"stun:stun.example.com\"]}, got a string (not shown)"));
  EXPECT_THAT(loaded.config.ice_servers, IsEmpty());
}

TEST(IceServersConfigTest, CredentialsAreOfOneKindAndComplete) {
  EXPECT_THAT(mistake_of("{urls: [\"turn:a\"], username: u}"), HasSubstr("a secret, or username"));
  EXPECT_THAT(mistake_of("{urls: [\"turn:a\"], credential: c}"),
              HasSubstr("a secret, or username"));
  EXPECT_THAT(mistake_of("{urls: [\"turn:a\"], secret: s, username: u, credential: c}"),
              HasSubstr("not all of them"));
  EXPECT_THAT(mistake_of("{urls: [\"turn:a\"], secret: s, secrets: [t]}"),
              HasSubstr("one of secret, secrets and secret_file"));
  EXPECT_THAT(mistake_of("{urls: [\"turn:a\"], secret: s, password: p}"),
              HasSubstr("got 'password'"));
}

TEST(IceServersConfigTest, ATtlAndAUsernameHaveBounds) {
  EXPECT_THAT(mistake_of("{urls: [\"turn:a\"], secret: s, ttl: 0s}"),
              HasSubstr("ice_servers.0.ttl"));
  EXPECT_THAT(mistake_of("{urls: [\"turn:a\"], secret: s, ttl: 9000h}"),
              HasSubstr("ice_servers.0.ttl"));
  const std::string longest(509, 'u');
  EXPECT_EQ(server_of("{urls: [\"turn:a\"], credential: c, username: " + longest + "}").username,
            longest);
  EXPECT_THAT(mistake_of("{urls: [\"turn:a\"], credential: c, username: " + longest + "u}"),
              HasSubstr("ice_servers.0.username"));
}

TEST(IceServersConfigTest, NothingThatMayBeSecretIsShown) {
  for (const char* entry :
       {"{urls: [\"turn:u:hunter2@a\"], secret: s}", "{urls: [\"turn:a\"], secret: [hunter2]}",
        "{urls: [\"turn:a\"], credential: {a: hunter2}, username: u}"}) {
    const LoadedConfig loaded = load_entry(entry);
    EXPECT_FALSE(loaded.mistakes.empty()) << entry;
    for (const std::string& mistake : loaded.mistakes) {
      EXPECT_THAT(mistake, Not(HasSubstr("hunter2")));
    }
  }
  EXPECT_THAT(print_config(load_entry("{urls: [\"turn:a\"], secret: hunter2}")),
              AllOf(HasSubstr("# ice_servers: (not shown)"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(print_config(load_entry("{urls: [\"stun:a\"]}")),
              HasSubstr("ice_servers: [{\"urls\""));
}

TEST(IceServersConfigTest, TheEnvironmentTakesJson) {
  const LoadedConfig loaded =
      load_config({}, {{"PEER_ICE_SERVERS", R"([{"urls":["turn:a"],"secret":"s"}])"}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.config.ice_servers,
              ElementsAre(IceServer{.urls = {"turn:a"}, .secrets = {"s"}}));
  EXPECT_THAT(load_config({}, {{"PEER_ICE_SERVERS", "turn:a"}}).mistakes,
              ElementsAre(HasSubstr("expected a list")));
}

TEST(IceServersConfigTest, ASecretForAStunServerIsWarnedOf) {
  EXPECT_THAT(load_entry("{urls: [\"stun:a\"], secret: s}").warnings,
              ElementsAre(HasSubstr("ice_servers.0: a stun: URL needs no credentials")));
}

}  // namespace
}  // namespace peer
