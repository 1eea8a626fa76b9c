#include "waits.h"

#include <gtest/gtest.h>

namespace peer_skill {
namespace {

using std::chrono::milliseconds;

TEST(RecentWaitsTest, TheMedianIsOfTheLatestFifty) {
  RecentWaits waits;
  EXPECT_FALSE(waits.median());
  waits.add(milliseconds(7));
  EXPECT_EQ(waits.median(), milliseconds(7));
  for (int i = 0; i < 50; ++i) waits.add(milliseconds(1000 + i));
  EXPECT_EQ(waits.median(), milliseconds(1025));
}

TEST(RecentWaitsTest, ATicketOfAClockAheadHasNotWaited) {
  RecentWaits waits;
  waits.add(milliseconds(-5));
  EXPECT_EQ(waits.median(), milliseconds(0));
}

TEST(WaitBookTest, KindsOfANamespaceAreKeptApart) {
  WaitBook book;
  book.of("lobby", "a")->add(milliseconds(5));
  EXPECT_EQ(book.of("lobby", "a")->median(), milliseconds(5));
  EXPECT_FALSE(book.of("lobby", "b")->median());
  EXPECT_FALSE(book.of("arena", "a")->median());
}

TEST(WaitBookTest, WhatWasAskedForLongestAgoIsForgotten) {
  WaitBook book;
  book.of("lobby", "old")->add(milliseconds(5));
  book.of("lobby", "kept")->add(milliseconds(5));
  for (std::size_t i = 2; i < WaitBook::kMostKinds; ++i) {
    static_cast<void>(book.of("lobby", std::to_string(i)));
  }
  EXPECT_TRUE(book.of("lobby", "kept")->median());
  static_cast<void>(book.of("lobby", "one more"));
  EXPECT_TRUE(book.of("lobby", "kept")->median());
  EXPECT_FALSE(book.of("lobby", "old")->median());
}

}  // namespace
}  // namespace peer_skill
