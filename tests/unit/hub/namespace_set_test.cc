#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "core/hub/namespace_directory.h"
#include "core/hub/namespace_set.h"

namespace peer {
namespace {

class NamespaceSetTest : public testing::Test {
 protected:
  NamespaceSet set_of(const std::vector<std::size_t>& indexes) {
    NamespaceSet set;
    for (const std::size_t index : indexes) set.insert(&namespaces_[index]);
    return set;
  }

  std::deque<Namespace> namespaces_ = [] {
    std::deque<Namespace> made;
    for (int i = 0; i < 8; ++i) made.emplace_back("ns");
    return made;
  }();
};

TEST_F(NamespaceSetTest, IsSortedAndHasNothingTwiceInWhateverOrderItWasFilled) {
  const NamespaceSet set = set_of({5, 1, 7, 1, 0, 5});
  EXPECT_EQ(set.size(), 4U);
  EXPECT_TRUE(std::is_sorted(set.begin(), set.end(), std::less<>()));
}

TEST_F(NamespaceSetTest, ErasingTakesThatOneOnly) {
  NamespaceSet set = set_of({1, 3, 5});
  set.erase(&namespaces_[3]);
  set.erase(&namespaces_[4]);
  EXPECT_EQ(set, set_of({1, 5}));
  set.erase(&namespaces_[1]);
  EXPECT_EQ(set, set_of({5}));
  set.erase(&namespaces_[1]);
  EXPECT_EQ(set, set_of({5}));
  set.erase(&namespaces_[5]);
  EXPECT_TRUE(set.empty());
}

TEST_F(NamespaceSetTest, OneTakesNoMoreThanItsPointer) {
  EXPECT_EQ(sizeof(NamespaceSet), sizeof(void*));
  EXPECT_TRUE(contains(set_of({3}), &namespaces_[3]));
  EXPECT_FALSE(contains(set_of({3}), nullptr));
  EXPECT_FALSE(contains({}, nullptr));
}

TEST_F(NamespaceSetTest, ACopyHasItsOwn) {
  for (const std::vector<std::size_t>& indexes : {std::vector<std::size_t>{}, {3}, {1, 3, 5}}) {
    NamespaceSet set = set_of(indexes);
    NamespaceSet copy = set;
    set.clear();
    EXPECT_EQ(copy, set_of(indexes));
    set = std::move(copy);
    EXPECT_EQ(set, set_of(indexes));
    copy = set;
    EXPECT_EQ(copy, set);
  }
}

TEST_F(NamespaceSetTest, IntersectsWhenOneIsInBothWhereverItStands) {
  for (std::size_t shared = 0; shared < 8; ++shared) {
    EXPECT_TRUE(intersects(set_of({0, 2, 4, 6, shared}), set_of({shared})));
    EXPECT_TRUE(intersects(set_of({shared}), set_of({1, 3, 5, 7, shared})));
  }
}

TEST_F(NamespaceSetTest, DoesNotIntersectWithoutACommonOne) {
  EXPECT_FALSE(intersects(set_of({0, 2, 4, 6}), set_of({1, 3, 5, 7})));
  EXPECT_FALSE(intersects(set_of({0, 1}), set_of({6, 7})));
  EXPECT_FALSE(intersects({}, set_of({1})));
  EXPECT_FALSE(intersects(set_of({1}), {}));
  EXPECT_FALSE(intersects({}, {}));
}

}  // namespace
}  // namespace peer
