#include "plugins/broker_kit/cluster_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace peer_broker_kit {
namespace {

using testing::ElementsAre;

TEST(ClusterView, WhenANodeGoesOnlyWhatWasItsOwnChangesHands) {
  const std::vector<std::string> all{"a", "b", "c"};
  const std::vector<std::string> left{"a", "b"};
  std::map<std::string, int> shares;
  for (int i = 0; i < 300; ++i) {
    const std::string subject = "namespace " + std::to_string(i);
    const std::string before(chosen_node(subject, all));
    ++shares[before];
    if (before == "c") continue;
    EXPECT_EQ(chosen_node(subject, left), before);
  }
  for (const std::string& node : all) EXPECT_GT(shares[node], 50) << node;
}

TEST(ClusterView, TheOrderOfTheNodesDoesNotMatter) {
  EXPECT_EQ(chosen_node("ns", {"a", "b", "c"}), chosen_node("ns", {"c", "a", "b"}));
  EXPECT_EQ(chosen_node("ns", {}), "");
}

TEST(ClusterView, SaysWhetherTheNodesHaveChanged) {
  ClusterView view("a");
  EXPECT_FALSE(view.set_nodes({"a"}));
  EXPECT_TRUE(view.set_nodes({"a", "b"}));
  EXPECT_FALSE(view.set_nodes({"a", "b"}));
}

// Should what is shared be lost, it is these that have to put it back.
TEST(ClusterView, NodesOfWhenAllWasWholeAndThoseHeardOfSinceAreNeighbours) {
  ClusterView view("a");
  view.set_nodes({"a", "b"});
  view.all_is_whole();
  view.set_nodes({"a"});
  view.hear_of("c");
  view.hear_of("a");
  EXPECT_THAT(view.neighbours(), ElementsAre("a", "b", "c"));
  view.all_is_whole();
  EXPECT_THAT(view.neighbours(), ElementsAre("a"));
}

}  // namespace
}  // namespace peer_broker_kit
