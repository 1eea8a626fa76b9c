#include "core/base/spare_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace peer {
namespace {

using testing::ElementsAre;
using testing::Pair;

using Names = std::map<int, std::string>;

TEST(SpareNodesTest, EntriesThatComeBackAreAsNew) {
  Names names;
  SpareNodes<Names> spare;
  spare.add_last(names, 1)->second = "a";
  spare.add_last(names, 2)->second = "b";
  const std::string* const memory = &names.at(1);
  spare.erase(names, names.find(1));
  EXPECT_THAT(names, ElementsAre(Pair(2, "b")));
  const auto added = spare.add_last(names, 3);
  EXPECT_EQ(&added->second, memory);
  EXPECT_EQ(added->second, "");
  EXPECT_THAT(names, ElementsAre(Pair(2, "b"), Pair(3, "")));
  spare.erase_key(names, 2);
  spare.add_last(names, 4);
  EXPECT_THAT(names, ElementsAre(Pair(3, ""), Pair(4, "")));
}

TEST(SpareNodesTest, AnEntryIsAtItsPlaceEvenIfItIsNotTheLast) {
  Names names;
  SpareNodes<Names> spare;
  for (const int key : {5, 9}) spare.add_last(names, key);
  spare.erase(names, names.find(9));
  spare.add_last(names, 1)->second = "first";
  EXPECT_THAT(names, ElementsAre(Pair(1, "first"), Pair(5, "")));
}

TEST(SpareNodesTest, WhatAnEntryHeldEndsWithIt) {
  std::map<int, std::shared_ptr<int>> map;
  SpareNodes<std::map<int, std::shared_ptr<int>>> spare;
  const auto held = std::make_shared<int>(1);
  for (int key = 0; key < 6; ++key) spare.add_last(map, key)->second = held;
  for (int i = 0; i < 2; ++i) spare.erase(map, map.begin());
  while (!map.empty()) spare.erase_key(map, map.begin()->first);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace peer
