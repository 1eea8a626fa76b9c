#include "core/net/websocket/frame.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace peer {
namespace {

std::string frame_text(const FrameRef& frame) {
  return {frame.bytes().begin(), frame.bytes().end()};
}

// RFC 6455 5.2: the first byte, then the length in 1, 3 or 9 bytes.
struct Framed {
  std::size_t size;
  std::string header;
};

class FrameSizeTest : public testing::TestWithParam<Framed> {};

TEST_P(FrameSizeTest, HasTheShortestHeaderAndThePayload) {
  const std::string payload(GetParam().size, 'x');
  const FrameRef frame = text_frame(payload);
  EXPECT_EQ(frame_text(frame), GetParam().header + payload);
  EXPECT_EQ(frame.size(), GetParam().header.size() + payload.size());
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, FrameSizeTest,
    testing::Values(Framed{0, std::string("\x81\0", 2)}, Framed{1, "\x81\x01"},
                    Framed{125, "\x81\x7d"}, Framed{126, std::string("\x81\x7e\0\x7e", 4)},
                    Framed{65535, "\x81\x7e\xff\xff"},
                    Framed{65536, std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10)}),
    [](const auto& framed) { return "Of" + std::to_string(framed.param.size); });

TEST(FrameBuilderTest, GrowsBeyondWhatWasExpected) {
  FrameBuilder builder(0);
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    builder.append(std::to_string(i)).append(",");
    expected.append(std::to_string(i)).append(",");
  }
  EXPECT_EQ(builder.size(), expected.size());
  EXPECT_EQ(frame_text(builder.finish_raw()), expected);
}

TEST(FrameBuilderTest, NeedsNotFillWhatWasExpected) {
  EXPECT_EQ(frame_text(FrameBuilder(1000).append("a").finish(Opcode::kText)),
            "\x81\x01"
            "a");
  EXPECT_EQ(frame_text(FrameBuilder(1000).finish(Opcode::kPing)), std::string("\x89\0", 2));
}

TEST(FrameBuilderTest, AppendsBytesAsTheyAre) {
  const std::string bytes("\0\xff\x80", 3);
  EXPECT_EQ(frame_text(FrameBuilder(1).append(bytes).append("").finish_raw()), bytes);
}

TEST(FrameBuilderTest, AppendsTheWholeRangeOfNumbers) {
  using Limits = std::numeric_limits<std::int64_t>;
  FrameBuilder builder(0);
  builder.append_number(0).append(" ").append_number(-1).append(" ");
  builder.append_number(Limits::max()).append(" ").append_number(Limits::min());
  EXPECT_EQ(frame_text(builder.finish_raw()), "0 -1 9223372036854775807 -9223372036854775808");
}

TEST(FrameBuilderTest, ExtendedBytesAreTheCallersToWrite) {
  FrameBuilder builder(2);
  builder.append("<");
  char* out = builder.extend(100);
  std::fill(out, out + 100, '-');
  EXPECT_EQ(frame_text(builder.append(">").finish_raw()), "<" + std::string(100, '-') + ">");
}

TEST(FrameBuilderTest, MayBeLeftUnfinished) {
  FrameBuilder builder(10);
  builder.append("given up");
  EXPECT_EQ(builder.size(), 8U);
}

TEST(ControlFrameTest, CarriesUpTo125Bytes) {
  EXPECT_EQ(frame_text(control_frame(Opcode::kPong, std::string(125, 'p'))),
            "\x8a\x7d" + std::string(125, 'p'));
}

TEST(CloseFrameTest, HasItsCodeInNetworkOrderAndItsReason) {
  EXPECT_EQ(frame_text(close_frame(CloseCode::kGoingAway, "bye")),
            "\x88\x05\x03\xe9"
            "bye");
  EXPECT_EQ(frame_text(close_frame(CloseCode::kReplaced, "")), "\x88\x02\x0f\xa1");
  EXPECT_EQ(frame_text(close_frame(CloseCode::kNormal, std::string(123, 'r'))),
            "\x88\x7d\x03\xe8" + std::string(123, 'r'));
}

TEST(CloseFrameTest, WithoutAStatusIsEmpty) {
  EXPECT_EQ(frame_text(close_frame(CloseCode::kNoStatus, "ignored")), std::string("\x88\0", 2));
}

TEST(FrameRefTest, CopiesShareTheBytesAndOutliveTheOriginal) {
  FrameRef copy;
  EXPECT_FALSE(copy);
  {
    const FrameRef original = text_frame("shared");
    copy = original;
    EXPECT_EQ(copy.bytes().data(), original.bytes().data());
  }
  EXPECT_EQ(frame_text(copy), "\x81\x06shared");
}

TEST(FrameRefTest, AMoveLeavesNothingBehind) {
  FrameRef from = text_frame("a");
  const FrameRef to = std::move(from);
  EXPECT_TRUE(to);
  EXPECT_FALSE(from);  // NOLINT(bugprone-use-after-move)
}

TEST(FrameRefTest, ThreadsMayShareAFrameAndAnyMayBeTheLastToLetGo) {
  for (int round = 0; round < 50; ++round) {
    FrameRef frame = text_frame("shared");
    std::vector<std::string> seen(4);
    std::vector<std::thread> threads;
    for (std::string& text : seen) {
      threads.emplace_back([copy = frame, &text]() mutable {
        for (int i = 0; i < 100; ++i) text = frame_text(FrameRef(copy));
        copy = FrameRef();
      });
    }
    frame = FrameRef();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(seen, std::vector<std::string>(4, "\x81\x06shared"));
  }
}

}  // namespace
}  // namespace peer
