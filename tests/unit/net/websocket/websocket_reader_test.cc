#include <gtest/gtest.h>

#include <string>

#include "tests/unit/net/websocket/client_frames.h"
#include "tests/unit/net/websocket/recording_sink.h"

namespace peer {
namespace {

using namespace peer::test;

static_assert(sizeof(WebSocketReader) <= 16, "one for each of 100,000 connections");

/// Stops the reader at every message.
class StoppingSink : public RecordingSink {
 public:
  explicit StoppingSink(WebSocketReader& reader) : reader_(reader) {}
  void on_message(Opcode opcode, std::span<const std::uint8_t> message) override {
    RecordingSink::on_message(opcode, message);
    reader_.stop();
  }

 private:
  WebSocketReader& reader_;
};

/// Remembers where messages lie.
class PlaceSink : public RecordingSink {
 public:
  void on_message(Opcode, std::span<const std::uint8_t> message) override {
    place = message.data();
  }
  const std::uint8_t* place = nullptr;
};

class WebSocketReaderTest : public testing::Test {
 protected:
  std::size_t read(const std::string& bytes) { return feed(reader_, bytes, limits_, sink_); }

  ReaderLimits limits_;
  WebSocketReader reader_;
  RecordingSink sink_;
};

Events events_of(const std::string& bytes) {
  WebSocketReader reader;
  RecordingSink sink;
  feed(reader, bytes, {}, sink);
  return sink.events;
}

TEST_F(WebSocketReaderTest, UnknownOpcodesAreProtocolErrors) {
  for (const int opcode : {0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF}) {
    EXPECT_EQ(events_of(frame(static_cast<std::uint8_t>(0x80 | opcode), "")),
              Events{"error:1002:unknown opcode"})
        << opcode;
  }
}

TEST_F(WebSocketReaderTest, CloseFramesTellTheirCodeWhenItMayBeSent) {
  for (unsigned code = 0; code <= 4999; ++code) {
    const bool valid = is_valid_close_code(static_cast<std::uint16_t>(code));
    const std::string expected =
        valid ? "close:" + std::to_string(code) + ":why" : "error:1002:invalid close code";
    ASSERT_EQ(events_of(close_frame(close_payload(static_cast<std::uint16_t>(code), "why"))),
              Events{expected});
  }
}

TEST_F(WebSocketReaderTest, LengthsAreReadAtEachBorderOfTheirForms) {
  limits_.max_message = 70000;
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 70000U}) {
    const std::string payload(size, 'x');
    sink_.events.clear();
    EXPECT_EQ(read(text(payload)), text(payload).size());
    EXPECT_EQ(sink_.events, Events{"text:" + payload});
  }
}

TEST_F(WebSocketReaderTest, TheMessageLimitIsInclusive) {
  EXPECT_EQ(events_of(text(std::string(65536, 'x'))).front().size(), 65536 + 5);
  EXPECT_EQ(events_of(text(std::string(65537, 'x'))), Events{"error:1009:message too big"});
}

TEST_F(WebSocketReaderTest, TooBigFragmentsAreRefusedFromTheHeader) {
  limits_.max_message = 10;
  read(first_fragment("12345") + next_fragment("67890"));
  EXPECT_TRUE(sink_.events.empty());
  read(client_header(0x80, 1));
  EXPECT_EQ(sink_.events, Events{"error:1009:message too big"});
}

TEST_F(WebSocketReaderTest, InvalidUtf8IsFoundBeforeTheFrameIsWhole) {
  const std::string bytes = client_header(0x81, 1000) + masked("abc\xFF");
  read(bytes.substr(0, bytes.size() - 1));
  EXPECT_TRUE(sink_.events.empty());
  read(bytes.substr(bytes.size() - 1));
  EXPECT_EQ(sink_.events, Events{"error:1007:invalid UTF-8"});
}

TEST_F(WebSocketReaderTest, InvalidUtf8IsFoundBeforeTheMessageIsWhole) {
  read(first_fragment("fine") + next_fragment("\xC0"));
  EXPECT_EQ(sink_.events, Events{"error:1007:invalid UTF-8"});
}

TEST_F(WebSocketReaderTest, AnyNumberOfFragmentsMakesOneMessage) {
  limits_.max_message = 65537;
  read(first_fragment("x"));
  for (int i = 0; i < 65535; ++i) read(next_fragment("x"));
  EXPECT_TRUE(sink_.events.empty());
  EXPECT_LE(reader_.buffered(), 3U * 65537);
  read(last_fragment("x"));
  EXPECT_EQ(sink_.events, Events{"text:" + std::string(65537, 'x')});
  EXPECT_EQ(reader_.buffered(), 0U);
}

TEST_F(WebSocketReaderTest, EmptyFragmentsNeedNoStorage) {
  read(first_fragment(""));
  const std::size_t before = reader_.buffered();
  for (int i = 0; i < 1000; ++i) read(next_fragment(""));
  EXPECT_EQ(reader_.buffered(), before);
}

TEST_F(WebSocketReaderTest, StorageGrowsWithWhatArrivedNotWithWhatIsAnnounced) {
  read(client_header(0x81, 65536) + masked("five5"));
  EXPECT_GT(reader_.buffered(), 0U);
  EXPECT_LT(reader_.buffered(), 512U);
}

TEST_F(WebSocketReaderTest, WholeFramesNeedNoStorage) {
  read(text("a") + ping("b") + text(std::string(60000, 'c')));
  EXPECT_EQ(reader_.buffered(), 0U);
}

TEST_F(WebSocketReaderTest, StorageEndsWithTheMessageThatNeededIt) {
  const std::string bytes = text("hello");
  read(bytes.substr(0, 8));
  EXPECT_GT(reader_.buffered(), 0U);
  read(bytes.substr(8));
  EXPECT_EQ(reader_.buffered(), 0U);
}

TEST_F(WebSocketReaderTest, StorageEndsWithTheConnection) {
  read(first_fragment("kept") + close_frame(""));
  EXPECT_EQ(sink_.events, Events{"close:1005:"});
  EXPECT_EQ(reader_.buffered(), 0U);
}

TEST_F(WebSocketReaderTest, WholeMessagesAreHandedOverWhereTheyLie) {
  std::string bytes = text("hello");
  const std::size_t size = bytes.size();
  bytes.resize(size + kReadPadding);
  auto* const start = reinterpret_cast<std::uint8_t*>(bytes.data());
  PlaceSink sink;
  reader_.feed({start, size}, limits_, sink);
  EXPECT_EQ(sink.place, start + 6);
}

TEST_F(WebSocketReaderTest, StopEndsTheFeedBehindTheCurrentFrame) {
  StoppingSink sink(reader_);
  const std::string first = text("one");
  const std::string rest = ping("") + text("two") + text("three");
  EXPECT_EQ(feed(reader_, first + rest, limits_, sink), first.size());
  EXPECT_EQ(sink.events, Events{"text:one"});
  EXPECT_EQ(feed(reader_, rest, limits_, sink), (ping("") + text("two")).size());
  EXPECT_EQ(sink.events, (Events{"text:one", "ping:", "text:two"}));
}

TEST_F(WebSocketReaderTest, StopCountsOnlyTheFrameThatWasCut) {
  StoppingSink sink(reader_);
  const std::string first = text("one");
  EXPECT_EQ(feed(reader_, first.substr(0, 7), limits_, sink), 7U);
  EXPECT_EQ(feed(reader_, first.substr(7) + text("two"), limits_, sink), first.size() - 7);
  EXPECT_EQ(sink.events, Events{"text:one"});
}

TEST_F(WebSocketReaderTest, NothingIsReadAfterAClose) {
  const std::string close = close_frame(close_payload(1000));
  EXPECT_EQ(read(close + text("late")), close.size());
  EXPECT_EQ(read(text("late")), 0U);
  EXPECT_EQ(sink_.events, Events{"close:1000:"});
}

TEST_F(WebSocketReaderTest, NothingIsReadAfterAnError) {
  read(frame(0xC1, "") + text("late"));
  EXPECT_EQ(read(text("late")), 0U);
  EXPECT_EQ(sink_.events, Events{"error:1002:reserved bit set"});
}

TEST_F(WebSocketReaderTest, FeedingNothingChangesNothing) {
  EXPECT_EQ(read(""), 0U);
  read(client_header(0x81, 1));
  EXPECT_EQ(read(""), 0U);
  read(masked("x"));
  EXPECT_EQ(sink_.events, Events{"text:x"});
}

}  // namespace
}  // namespace peer
