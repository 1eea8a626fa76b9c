#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace peer_managed {
namespace {

using peer::sdk::PluginConfig;
using peer::sdk::PluginOption;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Map = std::map<std::string, PluginOption, std::less<>>;

std::string text(const char* value) { return value; }

TEST(ManagedOptionsTest, TheDefaultsAreThoseOfStandardRooms) {
  PluginConfig config;
  const Options options = read_options(config);
  EXPECT_EQ(options.default_size, 20U);
  EXPECT_EQ(options.max_size, 30U);
  EXPECT_EQ(options.succession, Succession::kOldest);
  EXPECT_FALSE(options.kick_bans);
  EXPECT_EQ(options.ban.count(), 0);
  EXPECT_FALSE(options.list_rooms);
  EXPECT_EQ(options.empty_timeout.count(), 0);
  EXPECT_THAT(config.mistakes(), IsEmpty());
}

TEST(ManagedOptionsTest, EachIsRead) {
  PluginConfig config(Map{{"default_size", 4},
                          {"max_size", 500},
                          {"ban", text("1h30m")},
                          {"kick_bans", true},
                          {"succession", text("none")},
                          {"list_rooms", true},
                          {"empty_timeout", text("720h")},
                          {"max_bans", 400},
                          {"max_invited", 1}});
  const Options options = read_options(config);
  EXPECT_THAT(config.mistakes(), IsEmpty());
  EXPECT_THAT(config.unread(), IsEmpty());
  EXPECT_EQ(options.default_size, 4U);
  EXPECT_EQ(options.max_size, 500U);
  EXPECT_EQ(options.ban, std::chrono::minutes(90));
  EXPECT_TRUE(options.kick_bans);
  EXPECT_EQ(options.succession, Succession::kNone);
  EXPECT_TRUE(options.list_rooms);
  EXPECT_EQ(options.empty_timeout, std::chrono::hours(720));
  EXPECT_EQ(options.max_bans, 400U);
  EXPECT_EQ(options.max_invited, 1U);
}

TEST(ManagedOptionsTest, AllMistakesAreToldAtOnce) {
  PluginConfig config(Map{{"default_size", 40},
                          {"max_size", 30},
                          {"ban", text("soon")},
                          {"kick_bans", text("yes")},
                          {"succession", text("eldest")},
                          {"list_rooms", 1},
                          {"empty_timeout", text("721h")},
                          {"max_bans", 401},
                          {"max_invited", 0},
                          {"max_sice", 3}});
  [[maybe_unused]] const Options options = read_options(config);
  EXPECT_THAT(config.mistakes(),
              ElementsAre(HasSubstr("default_size: expected at most max_size, which is 30"),
                          HasSubstr("ban: expected a duration from"),
                          HasSubstr("kick_bans: expected true or false"),
                          HasSubstr("succession: expected oldest, none or close"),
                          HasSubstr("list_rooms: expected true or false"),
                          HasSubstr("empty_timeout: expected a duration from"),
                          HasSubstr("max_bans: expected an integer from 1 to 400"),
                          HasSubstr("max_invited: expected an integer from 1 to 400")));
  EXPECT_THAT(config.unread(), ElementsAre("max_sice"));
}

TEST(ManagedOptionsTest, ARoomThatEndsWithItsOwnerWaitsForNobody) {
  PluginConfig config(Map{{"succession", text("close")}, {"empty_timeout", text("1m")}});
  [[maybe_unused]] const Options options = read_options(config);
  EXPECT_THAT(config.mistakes(), ElementsAre(HasSubstr("empty_timeout: expected 0 with succession "
                                                       "close, which ends a room with its owner")));
}

}  // namespace
}  // namespace peer_managed
