#include "core/protocol/message.h"

#include <gtest/gtest.h>

#include "core/net/websocket/websocket_codec.h"
#include "core/protocol/requests.h"
#include "tests/unit/protocol/client_message.h"

namespace peer {
namespace {

TEST(MessageTypeTest, EveryTypeHasItsOwnWord) {
  for (std::size_t i = 0; i < kMessageTypeCount; ++i) {
    const auto type = static_cast<MessageType>(i);
    EXPECT_EQ(message_type_of(to_text(type)), type);
  }
  EXPECT_EQ(to_text(MessageType::kUnknown), "unknown");
  EXPECT_EQ(to_text(MessageType::kRegister), "register");
  EXPECT_EQ(to_text(MessageType::kCreateRoom), "create_room");
  EXPECT_EQ(to_text(MessageType::kAuthResponse), "auth_response");
  EXPECT_EQ(message_type_of("Join"), MessageType::kUnknown);
  EXPECT_EQ(message_type_of(""), MessageType::kUnknown);
}

TEST(MessageParserTest, FindsTheSlicesOfTheEnvelope) {
  const ClientMessage message(
      R"( { "to" : "bob" , "payload" : { "a" : [ 1.0 ] }  , "id":7,"type":"signal" } )");
  EXPECT_EQ(message.error(), "");
  EXPECT_EQ(message->type, MessageType::kSignal);
  EXPECT_EQ(message->type_text, "signal");
  EXPECT_EQ(message->to, "bob");
  EXPECT_EQ(message->id, "7");
  EXPECT_EQ(message->payload, R"({ "a" : [ 1.0 ] })");
  EXPECT_FALSE(message->to_is_wrong_type);
}

TEST(MessageParserTest, WhatIsAbsentStaysAbsent) {
  const ClientMessage message(R"({"type":"ping"})");
  EXPECT_EQ(message->type, MessageType::kPing);
  EXPECT_EQ(message->to, std::nullopt);
  EXPECT_EQ(message->id, "");
  EXPECT_EQ(message->payload, "");
}

TEST(MessageParserTest, NullIsAbsentExceptAsPayload) {
  const ClientMessage message(R"({"type":null,"to":null,"id":null,"payload":null})");
  EXPECT_EQ(message.error(), "");
  EXPECT_EQ(message->type, MessageType::kUnknown);
  EXPECT_EQ(message->to, std::nullopt);
  EXPECT_FALSE(message->to_is_wrong_type);
  EXPECT_EQ(message->id, "");
  EXPECT_EQ(message->payload, "null");
}

TEST(MessageParserTest, APayloadMayComeWithoutItsEnvelope) {
  const auto problem_of = [](std::string text, Message& out) {
    MessageParser parser;
    const std::size_t size = text.size();
    text.resize(size + kReadPadding);
    const auto problem = parser.parse_payload(std::string_view(text).substr(0, size), out);
    KickRequest request;
    if (problem || parser.read(out, {}, request)) return std::string("refused");
    return std::string(request.room_id) + " " + std::string(request.target);
  };
  Message message;
  EXPECT_EQ(problem_of(R"( {"room_id":"a","fingerprint":"b"} )", message), "a b");
  EXPECT_EQ(problem_of("", message), "refused");
  EXPECT_EQ(problem_of("7", message), "refused");
  EXPECT_EQ(problem_of(R"({"room_id":"a","fingerprint":"b"},"id":7)", message), "refused");
}

TEST(MessageParserTest, RefusesWhatIsNoJsonObject) {
  for (const char* text :
       {"", "x", "[]", "1", "\"a\"", "null", "{", "{}}", "{} {}", "{\"a\":01}", "{\"a\":\"\\x\"}",
        "{\"a\":1e}", "{\"a\":\"\\ud800\",}", "[1e999]", "1e999", "{\"type\":\"ping\"}\xc3\xbf"}) {
    EXPECT_EQ(ClientMessage(text).error(), "invalid message") << text;
  }
}

TEST(MessageParserTest, TakesWhatIsOpaqueByteForByte) {
  for (const char* payload :
       {"1.0", "1e999", "1180591620717411303424", R"("\ud800")", R"({"b":1,"a":2,"b":3})", "null",
        "[ ]", R"("}{\"][\\")", R"(["\\\\",{"\\\"":"}"}])", "false", "-0", "{\"\\udc00\":0}"}) {
    const ClientMessage message(R"({"type":"relay","payload":)" + std::string(payload) +
                                R"( ,"to":"x"})");
    EXPECT_EQ(message.error(), "") << payload;
    EXPECT_EQ(message->payload, payload);
    EXPECT_EQ(message->to, "x");
  }
}

TEST(MessageParserTest, RefusesDuplicateKeysComparedDecoded) {
  for (const char* text : {R"({"type":"ping","type":"ping"})", R"({"x":1,"y":2,"x":1})",
                           R"({"type":"ping","t\u0079pe":"ping"})", R"({"id":1,"id":1})"}) {
    EXPECT_EQ(ClientMessage(text).error(), "duplicate field") << text;
  }
}

TEST(MessageParserTest, KeysAreCaseSensitive) {
  const ClientMessage message(R"({"type":"relay","Type":"join","TO":"x"})");
  EXPECT_EQ(message->type, MessageType::kRelay);
  EXPECT_EQ(message->to, std::nullopt);
}

TEST(MessageParserTest, ReadsKeysAndWordsThroughTheirEscapes) {
  const ClientMessage message(R"({"\u0074ype":"si\u0067nal","to":"\ud83d\ude00"})");
  EXPECT_EQ(message->type, MessageType::kSignal);
  EXPECT_EQ(message->to, "\xf0\x9f\x98\x80");
}

TEST(MessageParserTest, RefusesKeysThatAreNoUnicode) {
  EXPECT_EQ(ClientMessage(R"({"type":"ping","\ud800":1})").error(), "invalid message");
}

TEST(MessageParserTest, IgnoresWhatIsTheServersAndWhatIsUnknown) {
  const ClientMessage message(
      R"({"from":1,"ts":"\ud800","namespace":{},"future":[null],"type":"ping"})");
  EXPECT_EQ(message.error(), "");
  EXPECT_EQ(message->type, MessageType::kPing);
}

TEST(MessageParserTest, TypeIsAString) {
  for (const char* type : {"1", "{}", "[]", "true"}) {
    EXPECT_EQ(ClientMessage(R"({"type":)" + std::string(type) + "}").error(),
              "type must be a string");
  }
  EXPECT_EQ(ClientMessage(R"({"type":"\ud800"})").error(), "type must be valid Unicode");
}

TEST(MessageParserTest, AnUnknownTypeIsForTheCallerToAnswer) {
  const ClientMessage message(R"({"type":"spin_wheel","payload":{}})");
  EXPECT_EQ(message.error(), "");
  EXPECT_EQ(message->type, MessageType::kUnknown);
  EXPECT_EQ(message->type_text, "spin_wheel");
  EXPECT_EQ(ClientMessage("{}").error(), "");
}

TEST(MessageParserTest, ToOfAnotherTypeIsMarked) {
  const ClientMessage message(R"({"type":"signal","to":5})");
  EXPECT_EQ(message.error(), "");
  EXPECT_TRUE(message->to_is_wrong_type);
  EXPECT_EQ(message->to, std::nullopt);
}

TEST(MessageParserTest, ToMustBeUnicodeWhereItIsRead) {
  EXPECT_EQ(ClientMessage(R"({"type":"signal","to":"\ud800"})").error(),
            "to must be valid Unicode");
  EXPECT_EQ(ClientMessage(R"({"type":"relay","to":"\ud800"})").error(), "to must be valid Unicode");
  EXPECT_EQ(ClientMessage(R"({"type":"join","to":"\ud800"})").error(), "");
}

TEST(RequestIdTest, KeepsTheTextOfStringsAndIntegers) {
  for (const char* id : {"1", "-5", "0", "1180591620717411303424", "1.0", "2e3", R"("")",
                         R"("a\u0062\n")", R"("\ud83d\ude00")"}) {
    const ClientMessage message(R"({"id": )" + std::string(id) + R"( ,"type":"ping"})");
    EXPECT_EQ(message.error(), "") << id;
    EXPECT_EQ(message->id, id);
  }
}

TEST(RequestIdTest, RefusesOtherTypes) {
  for (const char* id : {"1.5", "true", "{}", "[]", "1e-9"}) {
    const ClientMessage message(R"({"type":"ping","id":)" + std::string(id) + "}");
    EXPECT_EQ(message.error(), "id must be a string or an integer") << id;
    EXPECT_EQ(message->id, "");
  }
}

TEST(RequestIdTest, IsAtMost64BytesDecoded) {
  const auto error_for = [](const std::string& id) {
    return ClientMessage(R"({"type":"ping","id":)" + id + "}").error();
  };
  std::string escaped;
  for (int i = 0; i < 64; ++i) escaped += "\\u0061";
  EXPECT_EQ(error_for('"' + std::string(64, 'a') + '"'), "");
  EXPECT_EQ(error_for('"' + std::string(65, 'a') + '"'), "id too long");
  EXPECT_EQ(error_for('"' + escaped + '"'), "");
  EXPECT_EQ(error_for('"' + escaped + "a\""), "id too long");
  EXPECT_EQ(error_for(std::string(64, '1')), "");
  EXPECT_EQ(error_for(std::string(65, '1')), "id too long");
  EXPECT_EQ(error_for(R"("\ud800")"), "id must be valid Unicode");
}

TEST(RequestIdTest, IsKnownEvenWhenTheMessageIsWrong) {
  EXPECT_EQ(ClientMessage(R"({"type":5,"id":"q"})")->id, "\"q\"");
  EXPECT_EQ(ClientMessage(R"({"x":1,"x":1,"id":9})")->id, "9");
  EXPECT_EQ(ClientMessage(R"({"id":9,"type":"relay","to":"\ud800"})")->id, "9");
}

TEST(MessageParserTest, NothingStaysFromTheMessageBefore) {
  MessageParser parser;
  Message message;
  const PaddedText full(R"({"type":"signal","to":"\u0062ob","id":1,"payload":{}})");
  const PaddedText empty("{}");
  ASSERT_EQ(parser.parse(full.view(), message), std::nullopt);
  ASSERT_EQ(parser.parse(empty.view(), message), std::nullopt);
  EXPECT_EQ(message.type, MessageType::kUnknown);
  EXPECT_EQ(message.type_text, "");
  EXPECT_EQ(message.to, std::nullopt);
  EXPECT_EQ(message.id, "");
  EXPECT_EQ(message.payload, "");
}

TEST(MessageParserTest, AllowsADepthOf1024) {
  const auto error_for = [](std::size_t lists, const std::string& innermost) {
    return ClientMessage(R"({"payload":)" + std::string(lists, '[') + innermost +
                         std::string(lists, ']') + "}")
        .error();
  };
  for (const char* innermost : {"", "1", "1e999", R"("\ud800")"}) {
    EXPECT_EQ(error_for(1023, innermost), "") << innermost;
    EXPECT_EQ(error_for(1024, innermost), "invalid message") << innermost;
  }
}

TEST(MessageParserTest, LongMessagesGiveTheSameSlices) {
  const std::string payload = R"([")" + std::string(3 * 1024 * 1024, 'x') + R"(", "}\"" ])";
  const ClientMessage message(R"( {"type":"relay", "payload":)" + payload + R"( ,"to":"b"} )");
  EXPECT_EQ(message.error(), "");
  EXPECT_EQ(message->payload, payload);
  EXPECT_EQ(message->to, "b");
  EXPECT_EQ(ClientMessage("{\"payload\":" + payload).error(), "invalid message");
}

TEST(MessageParserTest, ReadsTensOfThousandsOfKeys) {
  std::string text = "{\"type\":\"ping\"";
  for (int i = 0; i < 50000; ++i) text += ",\"k\\u0061" + std::to_string(i) + "\":0";
  EXPECT_EQ(ClientMessage(text + "}").error(), "");
  EXPECT_EQ(ClientMessage(text + ",\"ka49999\":0}").error(), "duplicate field");
}

}  // namespace
}  // namespace peer
