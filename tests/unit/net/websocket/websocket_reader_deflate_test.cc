#include <gtest/gtest.h>

#include <string>

#include "tests/unit/net/websocket/client_frames.h"
#include "tests/unit/net/websocket/deflated.h"
#include "tests/unit/net/websocket/recording_sink.h"
#include "tests/unit/net/websocket/zlib_stream.h"

namespace peer {
namespace {

using namespace peer::test;

constexpr std::uint8_t kText = 0xC1;    // final, RSV1
constexpr std::uint8_t kBinary = 0xC2;  // final, RSV1
constexpr std::uint8_t kTextBegins = 0x41;

class WebSocketReaderDeflateTest : public testing::Test {
 protected:
  std::string deflate(std::string_view text) { return deflated(deflater_, text); }

  /// What is found must not depend on how the bytes arrive.
  Events read(const std::string& bytes) {
    const Events whole = read_in_pieces(bytes, bytes.size());
    for (const std::size_t piece : {1U, 2U, 7U}) {
      EXPECT_EQ(read_in_pieces(bytes, piece), whole) << piece;
    }
    return whole;
  }

  ReaderLimits limits_{.max_message = 1000, .accept_binary = true, .inflaters = &inflaters_};

 private:
  Events read_in_pieces(std::string_view bytes, std::size_t size) {
    WebSocketReader reader;
    RecordingSink sink;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      const std::string_view piece = bytes.substr(0, size);
      if (feed(reader, piece, limits_, sink) != piece.size()) break;
    }
    return sink.events;
  }

  Inflaters inflaters_;
  Deflater deflater_{15};
};

TEST_F(WebSocketReaderDeflateTest, CompressedAndPlainMessagesMix) {
  EXPECT_EQ(read(frame(kText, deflate("one")) + text("two") + frame(kBinary, deflate("three")) +
                 frame(kText, deflate(""))),
            (Events{"text:one", "text:two", "binary:three", "text:"}));
}

TEST_F(WebSocketReaderDeflateTest, FragmentsAreOneStreamWithControlFramesBetween) {
  const std::string payload = deflate(repetitive(900));
  std::string bytes = frame(kTextBegins, payload.substr(0, 1)) + ping("p");
  for (std::size_t i = 1; i < payload.size(); ++i) bytes += next_fragment(payload.substr(i, 1));
  bytes += last_fragment("") + text("next");
  EXPECT_EQ(read(bytes), (Events{"ping:p", "text:" + repetitive(900), "text:next"}));
}

TEST_F(WebSocketReaderDeflateTest, Rsv1StandsOnTheFirstFrameOfAMessageOnly) {
  const Events refused{"error:1002:reserved bit set"};
  const std::string payload = deflate("Hello");
  EXPECT_EQ(read(frame(0xC9, "")), refused);  // ping
  EXPECT_EQ(read(frame(0xC8, "")), refused);  // close
  EXPECT_EQ(read(frame(kTextBegins, payload) + frame(0xC0, "")), refused);
  EXPECT_EQ(read(first_fragment("a") + frame(0xC0, payload)), refused);
  EXPECT_EQ(read(frame(0xA1, "a")), refused);  // RSV2
  EXPECT_EQ(read(frame(0xD1, "a")), refused);  // RSV1 and RSV3
  EXPECT_EQ(read(frame(0xC3, "a")), refused);  // of a reserved opcode
  limits_.inflaters = nullptr;                 // not negotiated
  EXPECT_EQ(read(frame(kText, deflate("Hello"))), refused);
}

TEST_F(WebSocketReaderDeflateTest, TheBoundCountsAfterInflating) {
  EXPECT_EQ(read(frame(kText, deflate(repetitive(1000)))), Events{"text:" + repetitive(1000)});
  EXPECT_EQ(read(frame(kText, deflate(repetitive(1001)))), Events{"error:1009:message too big"});
  const std::string incompressible = deflate(random_bytes(1000));
  EXPECT_GT(incompressible.size(), 1000U);
  EXPECT_EQ(read(frame(kBinary, incompressible)), Events{"binary:" + random_bytes(1000)});
}

TEST_F(WebSocketReaderDeflateTest, ABombIsRefusedBeforeItsEnd) {
  const std::string bomb = deflate(std::string(100'000, 'a'));
  ASSERT_LT(bomb.size(), 1000U);
  EXPECT_EQ(read(client_header(kTextBegins, 1000) + masked(bomb)),
            Events{"error:1009:message too big"});
}

TEST_F(WebSocketReaderDeflateTest, CompressedInputIsBoundedToo) {
  EXPECT_EQ(read(client_header(kText, 1315)), Events{"error:1009:message too big"});
  std::string empty_blocks = frame(kTextBegins, "");  // nothing comes out of them
  for (int i = 0; i < 300; ++i) empty_blocks += next_fragment({"\x00\x00\x00\xFF\xFF", 5});
  EXPECT_EQ(read(empty_blocks), Events{"error:1009:message too big"});
}

TEST_F(WebSocketReaderDeflateTest, CorruptDataIs1007) {
  const Events corrupt{"error:1007:corrupt compressed data"};
  EXPECT_EQ(read(frame(kText, "\xFF\xFF\xFF")), corrupt);
  EXPECT_EQ(read(frame(kText, "")), corrupt);
  EXPECT_EQ(read(frame(kBinary, deflate("Hello").substr(0, 4))), corrupt);
  EXPECT_EQ(read(client_header(kText, 100) + masked("\xFF\xFF")), corrupt);  // before its end
}

TEST_F(WebSocketReaderDeflateTest, Utf8IsCheckedAfterInflatingAndBeforeTheEnd) {
  const Events invalid{"error:1007:invalid UTF-8"};
  EXPECT_EQ(read(frame(kText, deflate("\xC3\xA4"))), Events{"text:\xC3\xA4"});
  EXPECT_EQ(read(frame(kText, deflate("ab\xFF"))), invalid);
  EXPECT_EQ(read(frame(kText, deflate("ab\xC3"))), invalid);
  // A stored block: what has come out of it is checked while the rest is awaited.
  const std::string stored{"\x00\x05\x00\xFA\xFF\xFF", 6};
  EXPECT_EQ(read(client_header(kText, 100) + masked(stored)), invalid);
  EXPECT_EQ(read(frame(kTextBegins, stored)), invalid);
}

// What becomes of a message must not depend on where its bytes were cut: neither by the network nor
// into frames. The inflater hands out 16 KiB at a time.
TEST_F(WebSocketReaderDeflateTest, AVerdictDoesNotDependOnHowTheMessageWasCut) {
  using namespace std::string_literals;
  constexpr std::size_t kChunk = 16 * 1024;
  limits_.max_message = 4 * kChunk;
  ZlibStream zlib;
  for (std::size_t size = 0; size <= 5 * kChunk; size += kChunk) {
    for (const std::size_t length : {size, size + 1, size + kChunk - 1}) {
      const std::string message = repetitive(length);
      const Events expected = length <= limits_.max_message ? Events{"text:" + message}
                                                            : Events{"error:1009:message too big"};
      const std::string final = zlib.final_message(message);
      for (const std::string& payload :
           {deflate(message), final, final + "\0"s, zlib.final_message("") + final}) {
        SCOPED_TRACE(std::to_string(length) + " bytes, in " + std::to_string(payload.size()));
        EXPECT_EQ(read(frame(kText, payload)), expected);
        for (const std::size_t cut : {std::size_t{1}, payload.size() / 2, payload.size() - 1}) {
          EXPECT_EQ(
              read(frame(kTextBegins, payload.substr(0, cut)) + last_fragment(payload.substr(cut))),
              expected);
        }
        EXPECT_EQ(read(frame(kTextBegins, payload) + last_fragment("")), expected);
      }
      // The same, broken off: never a message, whatever the pieces are.
      const std::string cut = final.substr(0, final.size() - 1);
      const Events whole = read(frame(kText, cut));
      EXPECT_TRUE(whole.front().starts_with("error:")) << whole.front().substr(0, 40);
      EXPECT_EQ(read(frame(kTextBegins, cut.substr(0, 1)) + last_fragment(cut.substr(1))), whole);
    }
  }
}

TEST_F(WebSocketReaderDeflateTest, ALimitThatIsLoweredWhileAFrameArrivesHoldsForItsMessage) {
  limits_.max_message = 100'000;
  const std::string stored{"\x00\x30\x75\xCF\x8A", 5};  // a block of 30,000 bytes, not the last
  const std::string bytes =
      frame(kText, stored + std::string(30'000, 'b') + deflate(std::string(5'000'000, 'a')));
  constexpr std::size_t kFirst = 30'100;
  WebSocketReader reader;
  RecordingSink sink;
  feed(reader, bytes.substr(0, kFirst), limits_, sink);
  EXPECT_EQ(sink.events, Events{});
  limits_.max_message = 1000;
  feed(reader, bytes.substr(kFirst, 100), limits_, sink);
  EXPECT_EQ(sink.events, Events{"error:1009:message too big"});
  EXPECT_LE(reader.buffered(), 256U);
}

TEST_F(WebSocketReaderDeflateTest, AMessageThatNeedsAnEarlierOneSaysSo) {
  ZlibStream client;
  const std::string first = client.message(repetitive(500));
  const std::string second = client.message(repetitive(500));
  EXPECT_EQ(read(frame(kText, first) + frame(kText, second)),
            (Events{"text:" + repetitive(500), "error:1007:" + std::string(kNeedsEarlierMessage)}));
  EXPECT_LE(kNeedsEarlierMessage.size(), 123U) << "fits into a close frame";
  // Without an earlier one it is just broken.
  EXPECT_EQ(read(frame(kText, second)), Events{"error:1007:corrupt compressed data"});
  EXPECT_EQ(read(frame(kText, first) + frame(kText, "\xFF\xFF")).back(),
            "error:1007:corrupt compressed data");
}

}  // namespace
}  // namespace peer
