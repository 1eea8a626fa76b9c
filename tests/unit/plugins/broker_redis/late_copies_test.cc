#include "late_copies.h"

#include <string>

#include <gtest/gtest.h>

namespace peer_redis {
namespace {

using std::chrono::milliseconds;

class LateCopiesTest : public testing::Test {
 protected:
  LateCopies copies_;
  Time now_ = Clock::now();
};

TEST_F(LateCopiesTest, WhatCameByTheLinkBeforeIsACopyOnce) {
  copies_.note("c", "twice", now_);
  copies_.note("c", "twice", now_);
  copies_.note("c", "once", now_);
  EXPECT_FALSE(copies_.take("c", "once", now_));
  copies_.expect(now_);
  EXPECT_TRUE(copies_.take("c", "once", now_));
  EXPECT_FALSE(copies_.take("c", "once", now_));
  EXPECT_TRUE(copies_.take("c", "twice", now_));
  EXPECT_TRUE(copies_.take("c", "twice", now_));
  EXPECT_FALSE(copies_.take("c", "twice", now_));
  EXPECT_FALSE(copies_.take("d", "once", now_));
}

TEST_F(LateCopiesTest, OnlyForAMomentBeforeAndAfter) {
  copies_.note("c", "old", now_);
  now_ += LateCopies::kMaxDelay + milliseconds(1);
  copies_.note("c", "new", now_);
  copies_.expect(now_);
  EXPECT_FALSE(copies_.take("c", "old", now_));
  EXPECT_FALSE(copies_.take("c", "new", now_ + LateCopies::kMaxDelay));
}

TEST_F(LateCopiesTest, AnAttemptThatFailsChangesNothing) {
  copies_.note("c", "a", now_);
  copies_.expect(now_);
  copies_.expect(now_);
  EXPECT_TRUE(copies_.take("c", "a", now_));
}

TEST_F(LateCopiesTest, TheOldestAreForgottenBeyondTheBound) {
  for (std::size_t i = 0; i <= LateCopies::kMaxNoted; ++i) {
    copies_.note("c", std::to_string(i), now_);
  }
  copies_.expect(now_);
  EXPECT_FALSE(copies_.take("c", "0", now_));
  EXPECT_TRUE(copies_.take("c", "1", now_));
}

}  // namespace
}  // namespace peer_redis
