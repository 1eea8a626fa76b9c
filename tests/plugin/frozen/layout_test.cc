#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

#include "tests/support/run_program.h"

namespace peer {
namespace {

/// What a build of layout.cc prints: "size AuthGrant" -> 168.
std::map<std::string, long> layout_of(const std::string& program) {
  std::map<std::string, long> layout;
  std::istringstream lines(test::run_program("'" + program + "'").output);
  std::string rule;
  std::string name;
  for (std::string rest; lines >> rule && std::getline(lines >> std::ws, rest);) {
    const std::size_t blank = rest.rfind(' ');
    layout[rule + " " + rest.substr(0, blank)] = std::stol(rest.substr(blank + 1));
  }
  return layout;
}

/// What a plugin that was built with the frozen headers would meet in today's server.
std::string fault_between(const std::map<std::string, long>& frozen,
                          const std::map<std::string, long>& now) {
  std::string faults;
  for (const auto& [key, value] : frozen) {
    const auto found = now.find(key);
    const long today = found == now.end() ? -1 : found->second;
    const bool is_fine = key.starts_with("least ") ? today >= value : today == value;
    if (!is_fine)
      faults += key + " was " + std::to_string(value) + ", is " + std::to_string(today) + "\n";
  }
  return faults;
}

class LayoutTest : public testing::TestWithParam<const char*> {};

TEST_P(LayoutTest, IsThatOfToday) {
  const auto frozen = layout_of(GetParam());
  const auto now = layout_of(PEER_LAYOUT_NOW);
  ASSERT_GT(frozen.size(), 90U);
  EXPECT_EQ(fault_between(frozen, now), "") << "see sdk/README.md, \"What may grow, and where\": "
                                               "raise what has to rise, and freeze the SDK anew";
}

INSTANTIATE_TEST_SUITE_P(Frozen, LayoutTest, testing::Values(PEER_FROZEN_LAYOUTS));

TEST(LayoutRulesTest, OnlyWhatIsReadMayGrow) {
  const std::map<std::string, long> frozen{{"size A", 8}, {"least B", 8}, {"at B.b", 4}};
  const auto fault_after = [&](const char* key, long value) {
    auto now = frozen;
    now[key] = value;
    return fault_between(frozen, now);
  };
  EXPECT_EQ(fault_after("least B", 16), "");
  EXPECT_EQ(fault_after("size A", 16), "size A was 8, is 16\n");
  EXPECT_EQ(fault_after("least B", 4), "least B was 8, is 4\n");
  EXPECT_EQ(fault_after("at B.b", 8), "at B.b was 4, is 8\n");
  EXPECT_EQ(fault_after("size C", 16), "");
}

}  // namespace
}  // namespace peer
