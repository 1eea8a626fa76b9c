#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peer_skill {
namespace {

using peer::sdk::PluginConfig;
using peer::sdk::PluginOption;
using peer::sdk::PluginOptionMap;
using peer::sdk::PluginOptionMaps;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Map = std::map<std::string, PluginOption, std::less<>>;

PluginOption map_of(Map options) {
  PluginOptionMaps maps;
  maps.maps.push_back(PluginOptionMap{std::move(options)});
  return maps;
}
PluginOption rules(Map fields) { return map_of(std::move(fields)); }
std::string text(const char* value) { return value; }

std::vector<std::string> mistakes_of(Map options) {
  PluginConfig config(std::move(options));
  [[maybe_unused]] const Options read = read_options(config);
  std::vector<std::string> all = config.mistakes();
  for (const std::string& key : config.unread()) all.push_back("unread " + key);
  return all;
}

TEST(SkillOptionsTest, WithoutOptionsAllFieldsAreEqual) {
  PluginConfig config;
  const Options options = read_options(config);
  EXPECT_THAT(options.ranges, IsEmpty());
  EXPECT_THAT(options.overlaps, IsEmpty());
  EXPECT_FALSE(options.fill_after);
  EXPECT_EQ(options.search_limit, 10'000U);
  EXPECT_THAT(config.mistakes(), IsEmpty());
}

TEST(SkillOptionsTest, RulesAreReadInTheOrderThatIsGiven) {
  PluginConfig config({{"rules", rules({{"a", map_of({{"kind", text("range")}, {"tolerance", 1}})},
                                        {"b", map_of({{"kind", text("range")},
                                                      {"tolerance", 2.5},
                                                      {"widen_per_second", 3},
                                                      {"max_tolerance", 9}})},
                                        {"c", map_of({{"kind", text("overlap")}})},
                                        {"d", map_of({{"kind", text("equal")}})}})},
                       {"fill_after", text("10s")},
                       {"min_group", 3}});
  const Options options = read_options(config, {"b", "d", "c", "a"});
  EXPECT_THAT(config.mistakes(), IsEmpty());
  EXPECT_THAT(config.unread(), IsEmpty());
  ASSERT_EQ(options.ranges.size(), 2U);
  EXPECT_EQ(options.ranges[0].field, "b");
  EXPECT_EQ(options.ranges[0].tolerance, 2.5);
  EXPECT_EQ(options.ranges[0].widen_per_second, 3);
  EXPECT_EQ(options.ranges[0].max_tolerance, 9);
  EXPECT_EQ(options.ranges[1].field, "a");
  EXPECT_THAT(options.overlaps, ElementsAre("c"));
  EXPECT_EQ(options.fill_after, std::chrono::seconds(10));
  EXPECT_EQ(options.min_group, 3U);
}

TEST(SkillOptionsTest, AllMistakesAreListed) {
  EXPECT_THAT(
      mistakes_of(
          {{"rules",
            rules({{"a", map_of({{"kind", text("near")}})},
                   {"b", map_of({{"kind", text("range")}})},
                   {"c", map_of({{"kind", text("range")}, {"tolerance", 5}, {"max_tolerance", 4}})},
                   {"d", map_of({{"kind", text("overlap")}, {"tolerance", 4}})},
                   {"e", map_of({{"tolerance", 4}})}})},
           {"min_group", 3},
           {"search_limit", 1}}),
      testing::UnorderedElementsAre(
          HasSubstr("rules.a.kind: expected equal, range or overlap"),
          HasSubstr("rules.b.tolerance: expected a number, got nothing"),
          HasSubstr("rules.c.max_tolerance: expected at least tolerance"),
          HasSubstr("unread rules.d.tolerance"), HasSubstr("rules.e.kind"),
          HasSubstr("unread rules.e.tolerance"), HasSubstr("min_group: expected fill_after"),
          HasSubstr("search_limit: expected an integer from 100")));
}

TEST(SkillOptionsTest, ALargestToleranceWithoutWideningMeansNothing) {
  EXPECT_THAT(mistakes_of({{"rules", rules({{"a", map_of({{"kind", text("range")},
                                                          {"tolerance", 5},
                                                          {"max_tolerance", 40}})}})}}),
              ElementsAre(HasSubstr("rules.a.max_tolerance: expected widen_per_second beside it")));
}

TEST(SkillOptionsTest, RulesHaveABound) {
  Map fields;
  for (char name = 'a'; name <= 'q'; ++name) {
    fields.emplace(std::string(1, name), map_of({{"kind", text("equal")}}));
  }
  EXPECT_THAT(mistakes_of({{"rules", rules(fields)}}),
              ElementsAre(HasSubstr("rules: expected at most 16 fields")));
}

}  // namespace
}  // namespace peer_skill
