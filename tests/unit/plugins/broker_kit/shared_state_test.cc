#include "plugins/broker_kit/shared_state.h"

#include <gtest/gtest.h>

#include "plugins/broker_kit/outage_queue.h"

namespace peer_broker_kit {
namespace {

TEST(SharedState, WhatWaitsInAPartOrIsDroppedThereCountsInTheWhole) {
  SharedState whole;
  SharedState parts[2];
  for (SharedState& part : parts) part.be_part_of(whole);
  OutageQueue first(parts[0]);
  OutageQueue second(parts[1]);
  for (OutageQueue* queue : {&first, &first, &second}) {
    OutageQueue::Waiting waiting{300, [] {}, [] {}, Clock::now()};
    ASSERT_TRUE(queue->push(waiting));
  }
  ++parts[1].dropped;
  EXPECT_EQ(whole.outage_messages, 3U);
  EXPECT_EQ(whole.outage_bytes, 900U);
  EXPECT_EQ(whole.dropped, 1U);
  first.flush();
  EXPECT_EQ(parts[0].outage_messages, 0U);
  EXPECT_EQ(whole.outage_messages, 1U);
  EXPECT_EQ(whole.outage_bytes, 300U);
  second.give_up_all();
  EXPECT_EQ(whole.outage_messages, 0U);
  EXPECT_EQ(whole.outage_bytes, 0U);
}

}  // namespace
}  // namespace peer_broker_kit
