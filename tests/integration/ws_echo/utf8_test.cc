// UTF-8 of text messages: RFC 6455 8.1, RFC 3629.
#include "tests/integration/ws_echo/echo_test.h"

namespace peer::test {
namespace {

class Utf8Test : public EchoTest {
 protected:
  void expect_echoed(const std::string& text) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      WsClient client = connect();
      client.send_frame({.payload = text.substr(0, cut), .fin = false});
      client.send_frame({.opcode = kContinuation, .payload = text.substr(cut)});
      expect_echo(client, kText, text);
    }
  }
  /// Fails the connection when the last byte of `text` arrives, though neither the frame nor the
  /// message ends there.
  void expect_refused_at_once(const std::string& text) {
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      WsClient in_frame = connect();
      const std::string bytes =
          encode({.payload = text, .announced = text.size() + 10, .length_bytes = 0});
      const std::size_t header = bytes.size() - text.size();
      in_frame.send_raw(bytes.substr(0, header + cut));
      in_frame.send_raw(bytes.substr(header + cut));
      expect_failed(in_frame, 1007, std::string(10, 'x'));

      WsClient in_fragments = connect();
      in_fragments.send_frame({.payload = text.substr(0, cut), .fin = false});
      in_fragments.send_frame({.opcode = kContinuation, .payload = text.substr(cut), .fin = false});
      expect_failed(in_fragments, 1007);
    }
  }
};

TEST_F(Utf8Test, ValidTextIsEchoedHoweverItIsCut) {
  for (const char* text :
       {"Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-UTF-8!!", "\xC2\x80",
        "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBD", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80"}) {
    expect_echoed(text);
  }
  expect_echoed(std::string("a\0b", 3));
}

TEST_F(Utf8Test, InvalidTextFailsTheConnectionWhereItBecomesInvalid) {
  for (const char* text : {
           "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4\x90",  // above U+10FFFF
           "\x80",                                                  // a continuation alone
           "ab\xBF", "\xC3\x28", "\xC0", "\xC1", "\xF5", "\xFE", "\xFF",
           "\xE0\x9F",      // overlong
           "\xF0\x8F",      // overlong
           "\xED\xA0",      // a surrogate
           "\xE2\x28",      // not continued
           "\xF0\x9F\x28",  // not continued
       }) {
    expect_refused_at_once(text);
  }
}

TEST_F(Utf8Test, TextThatEndsWithinACharacterIsInvalid) {
  for (const char* text : {"\xC3", "\xE2\x82", "\xF0\x9F\x98", "ab\xC3"}) {
    WsClient client = connect();
    client.send_text(text);
    expect_failed(client, 1007);
  }
}

TEST_F(Utf8Test, EarlierMessagesAreEchoedFirst) {
  WsClient client = connect();
  client.send_raw(encode_all({{.payload = "good"}, {.payload = "bad\xFF"}}));
  expect_echo(client, kText, "good");
  expect_failed(client, 1007);
}

TEST_F(Utf8Test, BinaryMessagesMayHoldAnything) {
  WsClient client = connect();
  client.send_frame({.opcode = kBinary, .payload = "\xFF\xFE\xC3"});
  expect_echo(client, kBinary, "\xFF\xFE\xC3");
}

}  // namespace
}  // namespace peer::test
