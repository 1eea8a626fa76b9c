#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/plugin_config.h>
#include <peer/sdk/result.h>

namespace peer::sdk {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

struct Interface {
  virtual ~Interface() = default;
};
struct Mine final : Interface {};

Result<std::unique_ptr<Interface>> make(bool good) {
  if (!good) return Error{"no"};
  return std::make_unique<Mine>();
}

TEST(ResultTest, AFactoryReturnsItsOwnClass) {
  EXPECT_NE(dynamic_cast<Mine*>(make(true)->get()), nullptr);
  EXPECT_EQ(make(false).error().message, "no");
}

TEST(ResultTest, WhatIsNoValueDoesNotConvert) {
  EXPECT_FALSE((std::is_convertible_v<int, Result<std::string>>));
  EXPECT_FALSE((std::is_convertible_v<std::unique_ptr<Interface>, Result<std::unique_ptr<Mine>>>));
  EXPECT_FALSE((std::is_convertible_v<Result<int>, Result<bool>>));
  EXPECT_TRUE((std::is_convertible_v<const char*, Result<std::string>>));
}

PluginConfig with(std::string key, PluginConfig::Option option) {
  return PluginConfig({{std::move(key), std::move(option)}});
}

TEST(PluginConfigTest, ADurationIsTextOrANumberOfMilliseconds) {
  EXPECT_EQ(with("wait", "1m30s").duration("wait", 1s, 0s, 1h), 90s);
  EXPECT_EQ(with("wait", 250).duration("wait", 1s, 0s, 1h), 250ms);
  EXPECT_EQ(PluginConfig().duration("wait", 1s, 0s, 1h), 1s);
}

TEST(PluginConfigTest, ADurationHasBounds) {
  for (const PluginConfig::Option& wrong :
       {PluginConfig::Option("2h"), PluginConfig::Option("soon"), PluginConfig::Option(-1),
        PluginConfig::Option(1.5), PluginConfig::Option(true)}) {
    PluginConfig config = with("wait", wrong);
    EXPECT_EQ(config.duration("wait", 1s, 0s, 1h), 1s);
    EXPECT_THAT(config.mistakes(), ElementsAre("wait: expected a duration from 0s to 1h"));
    EXPECT_EQ(config.known().front().default_value, "1s");
  }
}

TEST(PluginConfigTest, ANumberIsNoText) {
  constexpr double kLow = -1e300;  // one less is the same number
  for (const PluginConfig::Option& wrong :
       {PluginConfig::Option("5"), PluginConfig::Option(true), PluginConfig::Option(2e300)}) {
    PluginConfig config = with("share", wrong);
    EXPECT_EQ(config.number("share", 0.5, kLow, 1e300), 0.5);
    EXPECT_EQ(config.mistakes().size(), 1U);
  }
  EXPECT_EQ(with("share", 3).number("share", 0.5, kLow, 1e300), 3);
}

TEST(PluginConfigTest, ANumberIsToldWithAllItsDigits) {
  PluginConfig config = with("share", "much");
  EXPECT_EQ(config.number("share", 1e-7, 0.25, 1'000'000), 1e-7);
  EXPECT_THAT(config.mistakes(), ElementsAre("share: expected a number from 0.25 to 1000000"));
  EXPECT_EQ(config.known().front().default_value, "0.0000001");
}

TEST(PluginConfigTest, AListOfIntegersIsReadFromTheirTexts) {
  using Texts = std::vector<std::string>;
  EXPECT_THAT(with("hours", Texts{"22", "0", "-1"}).integers("hours", -1, 23),
              ElementsAre(22, 0, -1));
  EXPECT_THAT(PluginConfig().integers("hours", 0, 23), IsEmpty());
  for (const PluginConfig::Option& wrong :
       {PluginConfig::Option(Texts{"1", "24"}), PluginConfig::Option(Texts{"1x"}),
        PluginConfig::Option(Texts{""}), PluginConfig::Option(Texts{"0x10"}),
        PluginConfig::Option(Texts{"99999999999999999999"}), PluginConfig::Option(7)}) {
    PluginConfig config = with("hours", wrong);
    EXPECT_THAT(config.integers("hours", 0, 23), IsEmpty());
    EXPECT_THAT(config.mistakes(), ElementsAre("hours: expected a list of integers from 0 to 23"));
    EXPECT_EQ(config.known().front().default_value, "[]");
  }
}

TEST(PluginConfigTest, WhatIsRequiredAndMissingIsAMistake) {
  PluginConfig config;
  EXPECT_EQ(config.required_string("url"), "");
  EXPECT_EQ(config.required_integer("size", 2, 9), 2);
  EXPECT_THAT(config.required_strings("keys"), IsEmpty());
  EXPECT_THAT(config.mistakes(),
              ElementsAre("url: expected a string, got nothing; it is required",
                          "size: expected an integer from 2 to 9, got nothing; it is required",
                          "keys: expected a list of strings, got nothing; it is required"));
  for (const PluginConfig::Known& option : config.known()) {
    EXPECT_EQ(option.default_value, PluginConfig::kRequired);
  }
}

TEST(PluginConfigTest, WhatIsRequiredIsNotEmpty) {
  PluginConfig config({{"url", ""}, {"keys", std::vector<std::string>()}, {"size", 10}});
  static_cast<void>(config.required_string("url"));
  static_cast<void>(config.required_strings("keys"));
  static_cast<void>(config.required_integer("size", 2, 9));
  EXPECT_THAT(config.mistakes(), ElementsAre("url: expected a string that is not empty",
                                             "keys: expected a list that is not empty",
                                             "size: expected an integer from 2 to 9"));
}

TEST(PluginConfigTest, WhatIsRequiredAndThereIsRead) {
  PluginConfig config({{"url", "x"}, {"keys", std::vector<std::string>{"a"}}, {"size", 3}});
  EXPECT_EQ(config.required_string("url"), "x");
  EXPECT_THAT(config.required_strings("keys"), ElementsAre("a"));
  EXPECT_EQ(config.required_integer("size", 2, 9), 3);
  EXPECT_THAT(config.mistakes(), IsEmpty());
  EXPECT_THAT(config.unread(), IsEmpty());
}

PluginOptionMaps map_of(std::map<std::string, PluginOption, std::less<>> options) {
  return {{{std::move(options)}}, false};
}

TEST(PluginConfigTest, AMapIsAskedLikeTheOptionsThemselves) {
  PluginConfig config = with("tls", map_of({{"port", 5}, {"typo", true}}));
  PluginConfig& tls = config.map("tls");
  EXPECT_EQ(tls.integer("port", 1, 1, 9), 5);
  EXPECT_EQ(tls.string("ca", "none"), "none");
  EXPECT_THAT(config.unread(), ElementsAre("tls.typo"));
  ASSERT_EQ(config.known().size(), 3U);
  EXPECT_EQ(config.known()[1].key, "tls.port");
}

TEST(PluginConfigTest, AMapThatIsAbsentOrWrongHasNoOptions) {
  PluginConfig config = with("tls", "x");
  EXPECT_EQ(config.map("tls").integer("port", 1, 1, 9), 1);
  EXPECT_EQ(config.map("other").integer("port", 2, 1, 9), 2);
  EXPECT_THAT(config.mistakes(), ElementsAre("tls: expected a map"));
}

TEST(PluginConfigTest, MistakesInAListOfMapsHaveTheWholePath) {
  PluginOptionMaps keys{{{{{"kid", "a"}}}, {{{"kid", 5}, {"more", map_of({{"x", 1}})}}}}, true};
  PluginConfig config = with("keys", keys);
  const std::vector<PluginConfig*> maps = config.maps("keys");
  ASSERT_EQ(maps.size(), 2U);
  for (PluginConfig* map : maps) static_cast<void>(map->required_string("kid"));
  maps[1]->map("more").integer("x", 5, 5, 9);
  EXPECT_THAT(config.mistakes(), ElementsAre("keys[1].kid: expected a string",
                                             "keys[1].more.x: expected an integer from 5 to 9"));
  EXPECT_THAT(config.unread(), IsEmpty());
}

TEST(PluginConfigTest, AnEmptyListIsOneOfMapsToo) {
  PluginConfig config = with("keys", std::vector<std::string>());
  EXPECT_THAT(config.maps("keys"), IsEmpty());
  EXPECT_THAT(config.mistakes(), IsEmpty());
  EXPECT_THAT(with("keys", map_of({})).maps("keys"), IsEmpty());
}

TEST(PluginConfigTest, PairsAreAMap) {
  PluginConfig config = with("headers", std::vector<std::string>{"a=1", "b=x=y", "c="});
  EXPECT_THAT(config.pairs("headers"),
              ElementsAre(Pair("a", "1"), Pair("b", "x=y"), Pair("c", "")));
  EXPECT_THAT(config.mistakes(), IsEmpty());
}

TEST(PluginConfigTest, WrongPairsAreAMistake) {
  using List = std::vector<std::string>;
  for (const PluginConfig::Option& wrong :
       {PluginConfig::Option(List{"a=1", "a=2"}), PluginConfig::Option(List{"=1"}),
        PluginConfig::Option(List{"a"}), PluginConfig::Option("a=1")}) {
    PluginConfig config = with("headers", wrong);
    EXPECT_THAT(config.pairs("headers"), IsEmpty());
    EXPECT_THAT(config.mistakes(),
                ElementsAre("headers: expected a list of \"name=value\", each name once"));
  }
}

/// AuthGrant as revision 1 had it. Plugins that were built with it hand over such objects.
struct GrantOfRevision1 {
  std::optional<std::string> identity;
  std::optional<std::string> alias;
  std::optional<Instant> expires;
  std::vector<std::string> namespaces;
  std::optional<std::uint32_t> rate_per_second;
  bool may_create_rooms = true;
};

TEST(AuthGrantTest, IsAsLongAsItWas) {
  EXPECT_EQ(sizeof(AuthGrant), sizeof(GrantOfRevision1));
  EXPECT_EQ(sizeof(AuthVerdict),
            sizeof(std::variant<GrantOfRevision1, AuthRejection, AuthChallenge, AuthPass>));
}

std::vector<Fingerprint> with_values(std::uint64_t step, std::size_t count) {
  std::vector<Fingerprint> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t value = (i + 1) * step;
    std::memcpy(all[i].bytes.data() + 8, &value, sizeof value);
  }
  return all;
}

// Whose keys have been tried until their fingerprints would be in one bucket of a table of that
// size.
TEST(FingerprintHashTest, ClientsCannotChooseTheirBucket) {
  constexpr std::size_t kPeers = 2000;
  std::unordered_set<Fingerprint> table;
  for (const Fingerprint& peer : with_values(1, kPeers)) table.insert(peer);
  const std::size_t buckets = table.bucket_count();
  table.clear();
  for (const Fingerprint& peer : with_values(buckets, kPeers)) table.insert(peer);
  ASSERT_EQ(table.bucket_count(), buckets);
  std::size_t most = 0;
  for (std::size_t i = 0; i < buckets; ++i) most = std::max(most, table.bucket_size(i));
  EXPECT_LT(most, kPeers / 10);
}

}  // namespace
}  // namespace peer::sdk
