// How a reader goes on behind our own close frame: only the peer's close frame matters.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/net/websocket/client_frames.h"
#include "tests/unit/net/websocket/deflated.h"
#include "tests/unit/net/websocket/recording_sink.h"

namespace peer {
namespace {

using namespace peer::test;
using namespace std::string_literals;

struct Ended {
  const char* name;
  std::string before;  // fed to the reader, which stops or fails
  std::string rest;    // of the frame that was cut
};

// A frame that fails, one that is refused from its header, one that is not whole yet.
const Ended kEnded[] = {
    {"between frames", text("hello"), ""},
    {"within a frame", text("hello").substr(0, 8), text("hello").substr(8)},
    {"within a header", text("hello").substr(0, 3), text("hello").substr(3)},
    {"within a long header", text(std::string(300, 'x')).substr(0, 3),
     text(std::string(300, 'x')).substr(3)},
    {"within a fragmented message", first_fragment("hello"), ""},
    {"invalid UTF-8", text("\xFF"), ""},
    {"invalid UTF-8 in the first half", text("\xFFhello").substr(0, 8),
     text("\xFFhello").substr(8)},
    {"invalid UTF-8 in the last byte", text("hello\xFF"), ""},
    {"too big", client_header(0x81, 70'000), std::string(70'000, 'x')},
    {"a reserved bit", frame(0xC1, "hello"), ""},
    {"a reserved bit, cut", frame(0xC1, "hello").substr(0, 1), frame(0xC1, "hello").substr(1)},
    {"an unknown opcode", frame(0x83, "hello"), ""},
    {"a binary message", frame(0x82, "hello"), ""},
    {"no mask", "\x81\x05hello"s, ""},
    {"a fragmented ping", frame(0x09, "hello"), ""},
};

class WebSocketReaderSkipTest : public testing::Test {
 protected:
  void skip(WebSocketReader& reader, std::string_view bytes) { reader.skip(bytes_of(bytes)); }
  /// A reader that has read `bytes`, and skipped what it left of them.
  void end(WebSocketReader& reader, const std::string& bytes) {
    RecordingSink sink;
    const std::size_t used = feed(reader, bytes, {}, sink);
    skip(reader, std::string_view(bytes).substr(used));
  }
};

TEST_F(WebSocketReaderSkipTest, TheCloseFrameIsFoundBehindEveryEndHoweverItIsCut) {
  for (const Ended& ended : kEnded) {
    SCOPED_TRACE(ended.name);
    const std::string skipped = ended.rest + text("late") + ping("p") + frame(0xF7, "nonsense") +
                                text(std::string(200, 'x'));
    const std::string bytes = skipped + test::close_frame(close_payload(1000, "bye"));
    for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{7}}) {
      WebSocketReader reader;
      end(reader, ended.before);
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        ASSERT_FALSE(reader.close_seen()) << at;
        skip(reader, std::string_view(bytes).substr(at, piece));
      }
      EXPECT_TRUE(reader.close_seen());
      EXPECT_EQ(reader.buffered(), 0U);
    }
  }
}

TEST_F(WebSocketReaderSkipTest, ACloseFrameWithoutAMaskOrAPayloadCountsToo) {
  for (const std::string& close : {"\x88\x02\x03\xE8"s, "\x88\x00"s, test::close_frame("")}) {
    WebSocketReader reader;
    end(reader, text("hello"));
    skip(reader, close);
    EXPECT_TRUE(reader.close_seen());
  }
}

TEST_F(WebSocketReaderSkipTest, WhatTheClientSentBeforeIsSeenEvenIfItIsInvalid) {
  for (const std::string& payload : {""s, close_payload(1000), close_payload(999), "\x03"s}) {
    WebSocketReader reader;
    end(reader, test::close_frame(payload));
    EXPECT_TRUE(reader.close_seen());
  }
}

TEST_F(WebSocketReaderSkipTest, NothingOfAMessageIsKept) {
  WebSocketReader reader;
  end(reader, first_fragment(std::string(50'000, 'x')) + next_fragment("more").substr(0, 8));
  skip(reader, std::string(1000, 'x'));
  EXPECT_LE(reader.buffered(), 256U);
}

}  // namespace
}  // namespace peer
