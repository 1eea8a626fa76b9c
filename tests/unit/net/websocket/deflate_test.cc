#include "core/net/websocket/deflate.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/net/websocket/deflated.h"

namespace peer {
namespace {

using namespace peer::test;

constexpr std::uint64_t kNoLimit = 1 << 30;

struct Inflated {
  InflateResult result;
  std::string message;
};

Inflated inflate(std::string_view payload, std::uint64_t limit = kNoLimit, std::size_t piece = 0) {
  Inflater inflater;
  std::vector<std::uint8_t> message;
  InflateResult result = InflateResult::kOk;
  const std::size_t step = piece == 0 ? payload.size() : piece;
  for (; !payload.empty() && result == InflateResult::kOk;) {
    const std::string_view part = payload.substr(0, step);
    result = inflater.feed(bytes_of(part), limit, message);
    payload.remove_prefix(part.size());
  }
  if (result == InflateResult::kOk) result = inflater.finish(limit, message);
  return {result, {message.begin(), message.end()}};
}

class DeflateTest : public testing::TestWithParam<int> {
 protected:
  std::uint8_t window_bits() const { return static_cast<std::uint8_t>(GetParam()); }
};

TEST_P(DeflateTest, WhatIsDeflatedInflatesToTheSame) {
  Deflater deflater(window_bits());
  for (const std::size_t size : {0U, 1U, 125U, 1000U, 40'000U, 70'000U, 1'000'000U}) {
    for (const std::string& text : {repetitive(size), random_bytes(size)}) {
      const std::string payload = deflated(deflater, text);
      EXPECT_FALSE(payload.ends_with(std::string_view("\x00\x00\xFF\xFF", 4)));
      const Inflated back = inflate(payload);
      EXPECT_EQ(back.result, InflateResult::kOk) << size;
      EXPECT_TRUE(back.message == text) << size;
    }
  }
}

TEST_P(DeflateTest, NoMessageDependsOnAnEarlierOne) {
  Deflater deflater(window_bits());
  const std::string first = deflated(deflater, repetitive(5000));
  EXPECT_EQ(deflated(deflater, repetitive(5000)), first);
}

// What a window of 2^bits cannot reach is not referred to: the second copy is as long as the first.
TEST_P(DeflateTest, DistancesStayWithinTheWindow) {
  const std::size_t window = std::size_t{1} << window_bits();
  const std::string once = random_bytes(window + 300);
  Deflater deflater(window_bits());
  EXPECT_GT(deflated(deflater, once + once).size(), 2 * once.size());
}

INSTANTIATE_TEST_SUITE_P(EveryWindow, DeflateTest, testing::Range(9, 16));

TEST(InflaterTest, ReadsTheExamplesOfTheRfc) {  // RFC 7692 7.2.3
  using namespace std::string_view_literals;
  for (const std::string_view payload : {
           "\xf2\x48\xcd\xc9\xc9\x07\x00"sv,                          // one block
           "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv,          // not compressed
           "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv,                      // final block, then another
           "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv,  // two blocks
           "\xf3\x48\xcd\xc9\xc9\x07\x00"sv,                          // ends with a final block
       }) {
    for (const std::size_t piece : {0U, 1U, 2U, 3U}) {
      const Inflated inflated = inflate(payload, kNoLimit, piece);
      EXPECT_EQ(inflated.result, InflateResult::kOk);
      EXPECT_EQ(inflated.message, "Hello");
    }
  }
}

TEST(InflaterTest, AFinalBlockKeepsTheWindow) {
  // "Hello" in a final block; then the same again as a distance into it.
  Deflater deflater(15);
  const std::string twice = deflated(deflater, "HelloHello");
  EXPECT_EQ(inflate(twice).message, "HelloHello");
  using namespace std::string_view_literals;
  const Inflated inflated = inflate("\xf3\x48\xcd\xc9\xc9\x07\x00\x02\x13\x00\x00"sv);
  EXPECT_EQ(inflated.result, InflateResult::kOk);
  EXPECT_EQ(inflated.message, "HelloHello");
}

TEST(InflaterTest, CorruptAndCutDataIsRefused) {
  using namespace std::string_view_literals;
  EXPECT_EQ(inflate("\x07"sv).result, InflateResult::kCorrupt);          // unknown block type
  EXPECT_EQ(inflate("\xff\xff\xff"sv).result, InflateResult::kCorrupt);  // the same
  EXPECT_EQ(inflate("\x02\x13\x00"sv).result,
            InflateResult::kNeedsEarlier);                   // distance before the start
  EXPECT_EQ(inflate(""sv).result, InflateResult::kCorrupt);  // not even an empty block
  EXPECT_EQ(inflate("\xf2\x48\xcd\xc9"sv).result, InflateResult::kCorrupt);  // breaks off
  EXPECT_EQ(inflate("\x00\x05\x00\x00\x00Hello"sv).result, InflateResult::kCorrupt);
}

TEST(InflaterTest, StopsAtTheLimit) {
  Deflater deflater(15);
  const std::string bomb = deflated(deflater, std::string(50'000'000, 'a'));
  EXPECT_LT(bomb.size(), 300'000U);
  Inflater inflater;
  std::vector<std::uint8_t> message;
  EXPECT_EQ(inflater.feed(bytes_of(bomb), 65536, message), InflateResult::kTooBig);
  EXPECT_LE(message.capacity(), 2U * 65536);
  EXPECT_EQ(inflate(deflated(deflater, repetitive(65536)), 65536).result, InflateResult::kOk);
  EXPECT_EQ(inflate(deflated(deflater, repetitive(65537)), 65536).result, InflateResult::kTooBig);
}

TEST(InflatersTest, AnInflaterThatComesBackStartsAfresh) {
  Inflaters inflaters;
  std::vector<std::uint8_t> message;
  Inflater* first = nullptr;
  {
    const Inflaters::Ref cut = inflaters.take();
    first = cut.get();
    EXPECT_EQ(cut->feed(bytes_of("\xf2\x48"), kNoLimit, message), InflateResult::kOk);
  }
  const Inflaters::Ref again = inflaters.take();
  EXPECT_EQ(again.get(), first);
  message.clear();
  Deflater deflater(15);
  EXPECT_EQ(again->feed(bytes_of(deflated(deflater, "new")), kNoLimit, message),
            InflateResult::kOk);
  EXPECT_EQ(again->finish(kNoLimit, message), InflateResult::kOk);
  EXPECT_EQ(std::string(message.begin(), message.end()), "new");
}

}  // namespace
}  // namespace peer
