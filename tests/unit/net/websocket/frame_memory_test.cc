#include "core/net/websocket/frame_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "core/net/websocket/frame.h"

namespace peer {
namespace {

/// On a thread of its own, whose lists are empty.
template <typename Body>
void on_new_thread(Body body) {
  std::thread(body).join();
}

class FrameMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!FrameMemory::keeps()) GTEST_SKIP() << "nothing is kept in this build";
  }
};

TEST(FrameMemoryOfAnySizeTest, HasRoomForWhatIsAskedFor) {
  for (const std::size_t size : {1UL, 63UL, 64UL, 65UL, 4095UL, 4096UL, 4097UL, 100'000UL}) {
    const FrameMemory memory = FrameMemory::take(size);
    EXPECT_GE(memory.size, size);
    EXPECT_LT(memory.size, size + FrameMemory::kStep);
    std::memset(memory.bytes, 0xff, memory.size);
    FrameMemory::give_back(memory.bytes, memory.kind);
  }
}

TEST_F(FrameMemoryTest, WhatIsGivenBackIsTakenNext) {
  on_new_thread([] {
    const FrameMemory first = FrameMemory::take(400);
    const FrameMemory second = FrameMemory::take(401);
    FrameMemory::give_back(first.bytes, first.kind);
    FrameMemory::give_back(second.bytes, second.kind);
    EXPECT_EQ(FrameMemory::kept(), first.size + second.size);
    EXPECT_EQ(FrameMemory::take(390).bytes, second.bytes);
    EXPECT_EQ(FrameMemory::take(448).bytes, first.bytes);
    EXPECT_EQ(FrameMemory::kept(), 0U);
    FrameMemory::give_back(first.bytes, first.kind);
    FrameMemory::give_back(second.bytes, second.kind);
  });
}

TEST_F(FrameMemoryTest, AnotherSizeIsNotServedByIt) {
  on_new_thread([] {
    const FrameMemory small = FrameMemory::take(64);
    FrameMemory::give_back(small.bytes, small.kind);
    const FrameMemory large = FrameMemory::take(65);
    EXPECT_NE(large.bytes, small.bytes);
    FrameMemory::give_back(large.bytes, large.kind);
  });
}

TEST_F(FrameMemoryTest, AThreadKeepsABoundedPart) {
  on_new_thread([] {
    std::vector<FrameMemory> taken;
    for (int i = 0; i < 1000; ++i) taken.push_back(FrameMemory::take(1024));
    for (const FrameMemory& memory : taken) FrameMemory::give_back(memory.bytes, memory.kind);
    EXPECT_EQ(FrameMemory::kept(), FrameMemory::kKeptOfASize);
  });
}

TEST_F(FrameMemoryTest, LargePiecesAreNotKept) {
  on_new_thread([] {
    const FrameMemory memory = FrameMemory::take(FrameMemory::kLargestKept + 1);
    FrameMemory::give_back(memory.bytes, memory.kind);
    EXPECT_EQ(FrameMemory::kept(), 0U);
  });
}

TEST_F(FrameMemoryTest, IsKeptByTheThreadThatGivesItBack) {
  const std::size_t before = FrameMemory::kept();
  const FrameMemory memory = FrameMemory::take(3'000);
  const std::size_t after = FrameMemory::kept();
  on_new_thread([&] {
    FrameMemory::give_back(memory.bytes, memory.kind);
    EXPECT_EQ(FrameMemory::kept(), memory.size);
  });
  EXPECT_EQ(FrameMemory::kept(), after);
  EXPECT_LE(after, before);
}

TEST_F(FrameMemoryTest, AFrameGoesBackWithItsLastReference) {
  on_new_thread([] {
    FrameRef frame = text_frame("a message");
    const FrameRef other = frame;
    frame = FrameRef();
    EXPECT_EQ(FrameMemory::kept(), 0U);
  });
  on_new_thread([] {
    { const FrameRef frame = text_frame("a message"); }
    EXPECT_EQ(FrameMemory::kept(), FrameMemory::kStep);
  });
}

// The lists of its thread have ended by then.
struct Late {
  FrameRef frame;
};
thread_local Late late;

TEST_F(FrameMemoryTest, AFrameMayOutliveTheListsOfItsThread) {
  on_new_thread([] {
    late.frame = text_frame("first made, last destroyed");
    { const FrameRef opens_the_lists = text_frame("a message"); }
  });
}

}  // namespace
}  // namespace peer
