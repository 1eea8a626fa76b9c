#include "core/net/websocket/frame_compressor.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/net/websocket/deflated.h"

namespace peer {
namespace {

using namespace peer::test;

TEST(FrameCompressorTest, AFrameIsCompressedOnceForEachWindowInOneRound) {
  FrameCompressor compressor;
  const FrameRef plain = text_frame(repetitive(3000));
  const FrameRef nine = compressor.compress(plain, 9, 0);
  const FrameRef fifteen = compressor.compress(plain, 15, 0);
  EXPECT_NE(nine, fifteen);
  EXPECT_EQ(compressor.compress(plain, 9, 0), nine);
  EXPECT_EQ(compressor.compress(plain, 15, 0), fifteen);
  compressor.end_round();
  EXPECT_NE(compressor.compress(plain, 15, 0), fifteen);
}

TEST(FrameCompressorTest, ACompressedFrameHasRsv1AndTheSameOpcode) {
  FrameCompressor compressor;
  const FrameRef frame =
      compressor.compress(FrameBuilder(3).append("abc").finish(Opcode::kBinary), 15, 0);
  EXPECT_EQ(frame.bytes()[0], 0xC2);
  Inflater inflater;
  std::vector<std::uint8_t> message;
  EXPECT_EQ(inflater.feed(frame.payload(), 100, message), InflateResult::kOk);
  EXPECT_EQ(inflater.finish(100, message), InflateResult::kOk);
  EXPECT_EQ(std::string(message.begin(), message.end()), "abc");
}

TEST(FrameCompressorTest, ShortPayloadsAreLeftAlone) {
  FrameCompressor compressor;
  const FrameRef below = text_frame(repetitive(1023));
  const FrameRef at = text_frame(repetitive(1024));
  EXPECT_EQ(compressor.compress(below, 15, 1024), below);
  EXPECT_NE(compressor.compress(at, 15, 1024), at);
}

}  // namespace
}  // namespace peer
