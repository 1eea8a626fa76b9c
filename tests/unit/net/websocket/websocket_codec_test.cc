#include "core/net/websocket/websocket_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/utf8.h"
#include "core/net/websocket/websocket_frame_header.h"
#include "tests/unit/net/websocket/client_frames.h"

namespace peer {
namespace {

using Header = std::vector<std::uint8_t>;

Header server_header(Opcode opcode, std::uint64_t length) {
  std::array<std::uint8_t, kMaxServerHeader> out{};
  const std::size_t size = write_server_header(opcode, length, out);
  return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::vector<std::uint8_t> counting(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

TEST(ApplyMaskTest, EachByteMeetsItsByteOfTheKeyAtEveryLengthOffsetAndAlignment) {
  for (std::size_t size = 0; size <= 100; ++size) {
    for (std::size_t offset = 0; offset < 8; ++offset) {
      std::vector<std::uint8_t> bytes = counting(size + offset);
      apply_mask(std::span(bytes).subspan(offset), test::kMask, offset);
      std::vector<std::uint8_t> expected = counting(size + offset);
      for (std::size_t i = offset; i < expected.size(); ++i) expected[i] ^= test::kMask[i % 4];
      ASSERT_EQ(bytes, expected) << size << " bytes at " << offset;
    }
  }
}

TEST(ApplyMaskTest, SeesAByteBeyondAsciiWhereverItIs) {
  for (std::size_t size = 1; size <= 100; ++size) {
    std::vector<std::uint8_t> text(size, 0x7f);
    apply_mask(text, test::kMask);
    EXPECT_TRUE(apply_mask(text, test::kMask)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      std::vector<std::uint8_t> bytes = text;
      bytes[at] = 0x80;
      apply_mask(bytes, test::kMask);
      EXPECT_FALSE(apply_mask(bytes, test::kMask)) << size << " bytes, at " << at;
    }
  }
}

/// Unmasks a masked copy at each alignment: the bytes and the verdict are those of two passes.
void expect_unmasked(const std::string& text) {
  for (std::size_t before = 0; before < 4; ++before) {
    std::vector<std::uint8_t> bytes(before + text.size());
    std::copy(text.begin(), text.end(), bytes.begin() + static_cast<std::ptrdiff_t>(before));
    const std::span<std::uint8_t> masked = std::span(bytes).subspan(before);
    apply_mask(masked, test::kMask);
    const bool valid = unmask_text(masked, test::kMask);
    ASSERT_EQ(valid, is_valid_utf8(text)) << text;
    if (valid) {
      ASSERT_EQ(std::string(masked.begin(), masked.end()), text);
    }
  }
}

TEST(UnmaskTextTest, CharactersOfAnyLengthMayStandAnywhere) {
  for (const std::string character : {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xae"}) {
    for (std::size_t before = 0; before <= 140; ++before) {
      for (std::size_t behind = 0; behind <= 140; behind += behind < 20 ? 1 : 15) {
        const std::string rest = std::string(behind, 'b') + (behind % 2 == 0 ? "" : "\xc3\xa9");
        expect_unmasked(std::string(before, 'a') + character + rest);
      }
    }
  }
}

TEST(UnmaskTextTest, BytesThatAreNoCharacterAreSeenAnywhere) {
  for (const std::string wrong :
       {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x9f\x8e", "\xf5",
        "\xc3\xa9\xa9", "\xc3\xc3\xa9", "\xff"}) {
    for (std::size_t before = 0; before <= 140; ++before) {
      for (std::size_t behind = 0; behind <= 140; behind += behind < 20 ? 1 : 15) {
        expect_unmasked(std::string(before, 'a') + wrong + std::string(behind, 'b'));
      }
    }
  }
}

TEST(ApplyMaskTest, MasksTheExampleOfRfc6455) {
  std::vector<std::uint8_t> bytes{0x7f, 0x9f, 0x4d, 0x51, 0x58};
  apply_mask(bytes, {0x37, 0xfa, 0x21, 0x3d});
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "Hello");
}

TEST(ApplyMaskTest, TakesOffsetsBeyond32Bits) {
  std::vector<std::uint8_t> bytes{0, 0, 0, 0};
  apply_mask(bytes, {1, 2, 3, 4}, (std::uint64_t{1} << 40) + 3);
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{4, 1, 2, 3}));
}

TEST(ServerHeaderTest, LengthsTakeTheirShortestForm) {
  EXPECT_EQ(server_header(Opcode::kText, 0), (Header{0x81, 0}));
  EXPECT_EQ(server_header(Opcode::kPong, 125), (Header{0x8A, 125}));
  EXPECT_EQ(server_header(Opcode::kText, 126), (Header{0x81, 126, 0, 126}));
  EXPECT_EQ(server_header(Opcode::kText, 65535), (Header{0x81, 126, 0xFF, 0xFF}));
  EXPECT_EQ(server_header(Opcode::kBinary, 65536), (Header{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(server_header(Opcode::kText, 0x0102030405060708),
            (Header{0x81, 127, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(CloseCodeTest, OnlyRegisteredAndPrivateCodesMayBeSent) {
  const std::set<unsigned> registered{1000, 1001, 1002, 1003, 1007, 1008,
                                      1009, 1010, 1011, 1012, 1013, 1014};
  for (unsigned code = 0; code <= 0xFFFF; ++code) {
    const bool valid = registered.count(code) == 1 || (code >= 3000 && code <= 4999);
    ASSERT_EQ(is_valid_close_code(static_cast<std::uint16_t>(code)), valid) << code;
  }
}

// Every first two bytes, and lengths about each limit.
TEST(UsualHeaderTest, IsReadAsAnyOtherHeader) {
  const ReaderLimits limits{.max_message = 1000};
  int usual = 0;
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      for (const unsigned length : {0U, 125U, 126U, 127U, 1000U, 1001U, 65535U}) {
        const std::array<std::uint8_t, kMaxClientHeader> start{
            static_cast<std::uint8_t>(first),
            static_cast<std::uint8_t>(second),
            static_cast<std::uint8_t>(length >> 8),
            static_cast<std::uint8_t>(length),
            5,
            6,
            7,
            8};
        const auto header = read_usual_header(start, limits);
        if (!header) continue;
        ++usual;
        ASSERT_FALSE(check_header(start, {}, limits)) << first << ' ' << second << ' ' << length;
        const FrameHeader expected = decode_header(start);
        EXPECT_EQ(header->length, expected.length);
        EXPECT_EQ(header->key, expected.key);
        EXPECT_EQ(header->opcode, expected.opcode);
        EXPECT_EQ(header->final, expected.final);
        EXPECT_EQ(header->compressed, expected.compressed);
        EXPECT_EQ(header->size, expected.size);
      }
    }
  }
  EXPECT_EQ(usual, 126 * 7 + 3);  // short ones, whatever follows; 126, 127 and 1000 bytes
}

}  // namespace
}  // namespace peer
