#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace peer_peerjs {
namespace {

using namespace std::chrono_literals;
using peer::sdk::PluginConfig;
using peer::sdk::PluginOption;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Map = std::map<std::string, PluginOption, std::less<>>;

std::string words(std::string value) { return value; }

TEST(PeerJsOptionsTest, TheDefaultsAreThoseOfPeerServer) {
  PluginConfig config;
  const Options options = read_options(config);
  EXPECT_THAT(config.mistakes(), IsEmpty());
  EXPECT_EQ(options.path, "/");
  EXPECT_EQ(options.key, "peerjs");
  EXPECT_FALSE(options.allow_discovery);
  EXPECT_EQ(options.expire, 5s);
  EXPECT_EQ(options.alive, 90s);
  EXPECT_EQ(options.ns, "");
}

TEST(PeerJsOptionsTest, EachIsRead) {
  PluginConfig config(Map{{"path", words("/my/app")},
                          {"key", words("k-1.~_")},
                          {"allow_discovery", true},
                          {"expire_timeout", words("250ms")},
                          {"alive_timeout", words("2m")},
                          {"namespace", words("lobby")}});
  const Options options = read_options(config);
  EXPECT_THAT(config.mistakes(), IsEmpty());
  EXPECT_THAT(config.unread(), IsEmpty());
  EXPECT_EQ(options.path, "/my/app/");
  EXPECT_EQ(options.key, "k-1.~_");
  EXPECT_TRUE(options.allow_discovery);
  EXPECT_EQ(options.expire, 250ms);
  EXPECT_EQ(options.alive, 2min);
  EXPECT_EQ(options.ns, "lobby");
}

TEST(PeerJsOptionsTest, APathMayEndWithASlash) {
  PluginConfig config(Map{{"path", words("/myapp/")}});
  EXPECT_EQ(read_options(config).path, "/myapp/");
  EXPECT_THAT(config.mistakes(), IsEmpty());
}

TEST(PeerJsOptionsTest, PathsThatNoClientAsksForAreMistakes) {
  for (const char* path : {"myapp", "//", "/a//b", "/.", "/a/../b", "/a b", "/a%20b", "/a?b"}) {
    PluginConfig config(Map{{"path", words(path)}});
    const Options options = read_options(config);
    EXPECT_THAT(config.mistakes(), ElementsAre(HasSubstr("path: expected"))) << path;
    EXPECT_EQ(options.path, "/");
  }
}

TEST(PeerJsOptionsTest, AllMistakesAreToldAtOnce) {
  PluginConfig config(Map{{"path", words("/" + std::string(200, 'a'))},
                          {"key", words("a/b")},
                          {"allow_discovery", words("yes")},
                          {"expire_timeout", 0},
                          {"alive_timeout", words("1ms")}});
  static_cast<void>(read_options(config));
  EXPECT_THAT(config.mistakes(),
              ElementsAre(HasSubstr("path"), HasSubstr("key"), HasSubstr("allow_discovery"),
                          HasSubstr("expire_timeout"), HasSubstr("alive_timeout")));
}

}  // namespace
}  // namespace peer_peerjs
