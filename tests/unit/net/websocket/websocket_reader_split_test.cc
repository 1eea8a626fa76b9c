// What a reader finds must not depend on how the network cut the bytes: every case runs whole, byte
// by byte, cut at each place, and, when short, cut at each pair of places.

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <ostream>
#include <string>

#include "tests/unit/net/websocket/client_frames.h"
#include "tests/unit/net/websocket/recording_sink.h"

namespace peer {
namespace {

using namespace peer::test;
using namespace std::string_literals;

struct SplitCase {
  std::string name;
  std::string input;
  Events expected;
  ReaderLimits limits{};
};

void PrintTo(const SplitCase& split_case, std::ostream* out) { *out << split_case.name; }

/// What a reader that has failed may hold: where in a frame it was, and nothing of a message.
constexpr std::size_t kOfOneFrame = 256;

Events read_cut_at(const SplitCase& split_case, std::initializer_list<std::size_t> cuts) {
  WebSocketReader reader;
  RecordingSink sink;
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    feed(reader, split_case.input.substr(from, cut - from), split_case.limits, sink);
    from = cut;
  }
  feed(reader, split_case.input.substr(from), split_case.limits, sink);
  EXPECT_LE(reader.buffered(), kOfOneFrame);
  return sink.events;
}

Events read_byte_by_byte(const SplitCase& split_case) {
  WebSocketReader reader;
  RecordingSink sink;
  for (const char byte : split_case.input) {
    feed(reader, std::string(1, byte), split_case.limits, sink);
  }
  EXPECT_LE(reader.buffered(), kOfOneFrame);
  return sink.events;
}

class WebSocketReaderSplitTest : public testing::TestWithParam<SplitCase> {};

TEST_P(WebSocketReaderSplitTest, Whole) {
  EXPECT_EQ(read_cut_at(GetParam(), {}), GetParam().expected);
}

TEST_P(WebSocketReaderSplitTest, ByteByByte) {
  EXPECT_EQ(read_byte_by_byte(GetParam()), GetParam().expected);
}

TEST_P(WebSocketReaderSplitTest, CutAnywhere) {
  for (std::size_t cut = 0; cut <= GetParam().input.size(); ++cut) {
    ASSERT_EQ(read_cut_at(GetParam(), {cut}), GetParam().expected) << "cut at " << cut;
  }
}

TEST_P(WebSocketReaderSplitTest, CutAtAnyTwoPlaces) {
  const std::size_t end = std::min<std::size_t>(GetParam().input.size(), 80);
  for (std::size_t first = 0; first <= end; ++first) {
    for (std::size_t second = first; second <= end; ++second) {
      ASSERT_EQ(read_cut_at(GetParam(), {first, second}), GetParam().expected)
          << "cut at " << first << " and " << second;
    }
  }
}

const ReaderLimits kTenBytes{.max_message = 10};
const ReaderLimits kBinaryAllowed{.accept_binary = true};
const std::string k126(126, 'x');
const std::string kEuro = "\xE2\x82\xAC";

INSTANTIATE_TEST_SUITE_P(
    Messages, WebSocketReaderSplitTest,
    testing::Values(
        SplitCase{"text", text("hello"), {"text:hello"}}, SplitCase{"empty", text(""), {"text:"}},
        SplitCase{
            "seven_bit_length", text(std::string(125, 'x')), {"text:" + std::string(125, 'x')}},
        SplitCase{"sixteen_bit_length", text(k126), {"text:" + k126}},
        SplitCase{"utf8", text("a" + kEuro + "b"), {"text:a" + kEuro + "b"}},
        SplitCase{"several",
                  text("a") + text("") + ping("b") + text("c"),
                  {"text:a", "text:", "ping:b", "text:c"}},
        SplitCase{"binary", frame(0x82, "\xFF\x00"s), {"binary:\xFF\x00"s}, kBinaryAllowed},
        SplitCase{"at_the_limit", text("0123456789"), {"text:0123456789"}, kTenBytes}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Fragments, WebSocketReaderSplitTest,
    testing::Values(
        SplitCase{"two", first_fragment("he") + last_fragment("llo"), {"text:hello"}},
        SplitCase{
            "empty_ones", first_fragment("") + next_fragment("") + last_fragment(""), {"text:"}},
        SplitCase{"some_empty",
                  first_fragment("") + next_fragment("a") + next_fragment("") + last_fragment("b"),
                  {"text:ab"}},
        SplitCase{
            "control_frames_between",
            first_fragment("a") + ping("p") + next_fragment("b") + pong("") + last_fragment("c"),
            {"ping:p", "pong:", "text:abc"}},
        SplitCase{"close_between",
                  first_fragment("a") + close_frame(close_payload(1001)),
                  {"close:1001:"}},
        SplitCase{"character_across",
                  first_fragment("\xE2") + next_fragment("\x82") + last_fragment("\xAC"),
                  {"text:" + kEuro}},
        SplitCase{"one_message_after_another",
                  first_fragment("a") + last_fragment("b") + text("c") + first_fragment("d") +
                      last_fragment("e"),
                  {"text:ab", "text:c", "text:de"}},
        SplitCase{"binary",
                  frame(0x02, "\xFF") + last_fragment("\xC0"),
                  {"binary:\xFF\xC0"},
                  kBinaryAllowed},
        SplitCase{"text_after_binary_is_checked",
                  frame(0x02, "\xFF") + last_fragment("") + text("\xFF"),
                  {"binary:\xFF", "error:1007:invalid UTF-8"},
                  kBinaryAllowed},
        SplitCase{"limit_over_all",
                  first_fragment("01234") + last_fragment("56789"),
                  {"text:0123456789"},
                  kTenBytes},
        SplitCase{"beyond_the_limit_over_all",
                  first_fragment("01234") + last_fragment("567890"),
                  {"error:1009:message too big"},
                  kTenBytes}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Control, WebSocketReaderSplitTest,
    testing::Values(
        SplitCase{"longest_ping", ping(std::string(125, 'p')), {"ping:" + std::string(125, 'p')}},
        SplitCase{"not_subject_to_the_message_limit",
                  ping(std::string(125, 'p')),
                  {"ping:" + std::string(125, 'p')},
                  kTenBytes},
        SplitCase{"empty_close", close_frame(""), {"close:1005:"}},
        SplitCase{"close_with_reason",
                  close_frame(close_payload(4999, "bye " + kEuro)),
                  {"close:4999:bye " + kEuro}},
        SplitCase{"nothing_after_close",
                  close_frame(close_payload(1000)) + text("late"),
                  {"close:1000:"}},
        SplitCase{"close_of_one_byte", close_frame("\x03"), {"error:1002:close frame of one byte"}},
        SplitCase{"close_with_reserved_code",
                  close_frame(close_payload(1005)),
                  {"error:1002:invalid close code"}},
        SplitCase{"close_with_bad_utf8",
                  close_frame(close_payload(1000, "\xFF")),
                  {"error:1007:invalid UTF-8"}},
        SplitCase{"close_with_cut_utf8",
                  close_frame(close_payload(1000, "\xE2\x82")),
                  {"error:1007:invalid UTF-8"}},
        SplitCase{"bad_code_before_bad_utf8",
                  close_frame(close_payload(1006, "\xFF")),
                  {"error:1002:invalid close code"}}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Refused, WebSocketReaderSplitTest,
    testing::Values(
        SplitCase{"unmasked", "\x81\x01x"s, {"error:1002:unmasked frame"}},
        SplitCase{"unmasked_empty", "\x81\x00"s, {"error:1002:unmasked frame"}},
        SplitCase{"rsv1", frame(0xC1, "x"), {"error:1002:reserved bit set"}},
        SplitCase{"rsv2", frame(0xA1, "x"), {"error:1002:reserved bit set"}},
        SplitCase{"rsv3", frame(0x91, "x"), {"error:1002:reserved bit set"}},
        SplitCase{"rsv_on_control", frame(0xC9, "x"), {"error:1002:reserved bit set"}},
        SplitCase{"rsv_on_continuation",
                  first_fragment("a") + frame(0xC0, "x"),
                  {"error:1002:reserved bit set"}},
        SplitCase{"fragmented_ping", frame(0x09, "x"), {"error:1002:fragmented control frame"}},
        SplitCase{"fragmented_close", frame(0x08, ""), {"error:1002:fragmented control frame"}},
        SplitCase{"long_ping", ping(k126), {"error:1002:control frame too long"}},
        SplitCase{"long_close",
                  close_frame(close_payload(1000, k126)),
                  {"error:1002:control frame too long"}},
        SplitCase{"control_with_long_form",
                  "\x89\xFE\x00\x01\x01\x02\x03\x04x"s,
                  {"error:1002:control frame too long"}},
        SplitCase{"continuation_first",
                  last_fragment("x"),
                  {"error:1002:continuation without a message"}},
        SplitCase{"continuation_after_whole_message",
                  text("a") + last_fragment("x"),
                  {"text:a", "error:1002:continuation without a message"}},
        SplitCase{"continuation_after_last_fragment",
                  first_fragment("a") + last_fragment("b") + next_fragment("x"),
                  {"text:ab", "error:1002:continuation without a message"}},
        SplitCase{"text_within_message",
                  first_fragment("a") + text("x"),
                  {"error:1002:message within a fragmented message"}},
        SplitCase{"binary_within_message",
                  first_fragment("a") + frame(0x82, "x"),
                  {"error:1002:message within a fragmented message"}},
        SplitCase{"sixteen_bits_for_125",
                  "\x81\xFE\x00\x7D\x01\x02\x03\x04"s,
                  {"error:1002:length not minimally encoded"}},
        SplitCase{"sixty_four_bits_for_65535",
                  "\x81\xFF\0\0\0\0\0\0\xFF\xFF\x01\x02\x03\x04"s,
                  {"error:1002:length not minimally encoded"}},
        SplitCase{"top_bit_of_length",
                  "\x81\xFF\x80\0\0\0\0\0\0\0\x01\x02\x03\x04"s,
                  {"error:1002:length out of range"}},
        SplitCase{"greatest_length",
                  "\x81\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x02\x03\x04"s,
                  {"error:1009:message too big"}},
        SplitCase{"greatest_length_of_a_continuation",
                  first_fragment("a") + "\x80\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s,
                  {"error:1009:message too big"}},
        SplitCase{"too_big_from_the_header_alone",
                  client_header(0x81, 11),
                  {"error:1009:message too big"},
                  kTenBytes},
        SplitCase{"binary_from_the_header_alone",
                  client_header(0x82, 5),
                  {"error:1003:text messages only"}},
        SplitCase{"binary_fragment", frame(0x02, "x"), {"error:1003:text messages only"}},
        SplitCase{
            "unmasked_binary_breaks_the_protocol", "\x82\x01x"s, {"error:1002:unmasked frame"}},
        SplitCase{"binary_before_too_big",
                  client_header(0x82, 11),
                  {"error:1003:text messages only"},
                  kTenBytes},
        SplitCase{"after_good_ones",
                  text("a") + ping("") + frame(0x83, ""),
                  {"text:a", "ping:", "error:1002:unknown opcode"}}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    InvalidUtf8, WebSocketReaderSplitTest,
    testing::Values(SplitCase{"whole", text("ab\xFF"), {"error:1007:invalid UTF-8"}},
                    SplitCase{"surrogate", text("\xED\xA0\x80"), {"error:1007:invalid UTF-8"}},
                    SplitCase{"overlong", text("\xC0\xAF"), {"error:1007:invalid UTF-8"}},
                    SplitCase{"cut_short", text("ab\xE2\x82"), {"error:1007:invalid UTF-8"}},
                    SplitCase{"in_the_last_fragment",
                              first_fragment("ab") + last_fragment("\xFF"),
                              {"error:1007:invalid UTF-8"}},
                    SplitCase{"cut_short_over_fragments",
                              first_fragment("\xE2") + last_fragment("\x82"),
                              {"error:1007:invalid UTF-8"}},
                    SplitCase{"character_not_continued",
                              first_fragment("\xE2\x82") + last_fragment("x"),
                              {"error:1007:invalid UTF-8"}},
                    SplitCase{"after_a_control_frame",
                              first_fragment("\xE2") + ping("\xFF") + last_fragment("x"),
                              {"ping:\xFF", "error:1007:invalid UTF-8"}}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace peer
