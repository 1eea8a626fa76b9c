#include "core/config/nearest.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace peer {
namespace {

const std::vector<std::string> kKnown = {"port", "max_peers", "max_exclude", "host"};

TEST(NearestTest, FindsWhatATypingMistakeMeant) {
  EXPECT_EQ(nearest("max_peer", kKnown), "max_peers");
  EXPECT_EQ(nearest("maxPeers", kKnown), "max_peers");
  EXPECT_EQ(nearest("MAX_PEERS", kKnown), "max_peers");
  EXPECT_EQ(nearest("prot", std::vector<std::string>{"pros", "port"}), "pros");
  EXPECT_EQ(nearest("hst", kKnown), "host");
  EXPECT_EQ(nearest("prot", kKnown), "port");
}

TEST(NearestTest, IsSilentWhenNothingIsClose) {
  EXPECT_EQ(nearest("colour", kKnown), std::nullopt);
  EXPECT_EQ(nearest("", kKnown), std::nullopt);
  EXPECT_EQ(nearest(std::string(65, 'a'), {std::string(65, 'a')}), std::nullopt);
  EXPECT_EQ(did_you_mean("colour", kKnown), "");
}

TEST(NearestTest, HintIsAQuestion) {
  EXPECT_EQ(did_you_mean("max_peer", kKnown), "; did you mean 'max_peers'?");
}

}  // namespace
}  // namespace peer
