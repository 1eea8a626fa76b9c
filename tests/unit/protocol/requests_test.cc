#include "core/protocol/requests.h"

#include <gtest/gtest.h>

#include "core/base/fingerprint.h"
#include "core/net/websocket/websocket_codec.h"
#include "core/protocol/json_value.h"
#include "tests/unit/protocol/client_message.h"

namespace peer {
namespace {

using namespace std::chrono_literals;

std::string quoted(std::size_t length) { return '"' + std::string(length, 'x') + '"'; }

/// A namespace payload with more fields behind it.
std::string in_lobby(const std::string& fields) {
  return R"({"namespace":"lobby",)" + fields + "}";
}

TEST(PayloadTest, AbsentAndNullCountAsEmpty) {
  NamespaceRequest request;
  EXPECT_EQ(ClientMessage(R"({"type":"leave"})").read(request), "namespace required");
  EXPECT_EQ(error_of<NamespaceRequest>("null"), "namespace required");
  EXPECT_EQ(error_of<NamespaceRequest>("{}"), "namespace required");
}

TEST(PayloadTest, MustBeAnObject) {
  for (const char* payload : {"[]", "1", "\"a\"", "true"}) {
    EXPECT_EQ(error_of<NamespaceRequest>(payload), "payload must be an object") << payload;
  }
}

TEST(PayloadTest, MustHaveUniqueKeys) {
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":"a","n\u0061mespace":"a"})"),
            "duplicate field");
  EXPECT_EQ(error_of<NamespaceRequest>(in_lobby(R"("x":1,"x":1)")), "duplicate field");
  EXPECT_EQ(error_of<NamespaceRequest>(in_lobby(R"("\ud800":1)")), "invalid message");
}

// The parser keeps what it has found of the latest payload, for its first reader only.
TEST(PayloadTest, IsThatOfTheMessageAtHand) {
  MessageParser parser;
  const std::string text =
      R"({"type":"join","payload":{"namespace":"hall"}})" + std::string(kReadPadding, ' ');
  const std::string_view unread = std::string_view(text).substr(0, text.size() - kReadPadding);
  Message message;
  ASSERT_FALSE(parser.parse(unread, message));
  Message made;  // of a dialect, say
  made.payload = R"({"namespace":"lobby"})";
  NamespaceRequest request;
  EXPECT_FALSE(parser.read(made, Bounds(), request));
  EXPECT_EQ(request.ns, "lobby");
  EXPECT_FALSE(parser.read(message, Bounds(), request));
  EXPECT_EQ(request.ns, "hall");
}

TEST(PayloadTest, TheParserCanReadItTwice) {
  ClientMessage message = with_payload(R"({"namespace":"\u0061","data":1})");
  NamespaceRequest first;
  BroadcastRequest second;
  EXPECT_EQ(message.read(first), "");
  EXPECT_EQ(message.read(second), "");
  EXPECT_EQ(first.ns, "a");
  EXPECT_EQ(second.ns, "a");
}

TEST(NameTest, IsARequiredString) {
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":null})"), "namespace required");
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":""})"), "namespace required");
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":5})"), "namespace must be a string");
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":"\udfff"})"),
            "namespace must be valid Unicode");
  EXPECT_EQ(error_of<RoomRequest>(R"({"room_id":[]})"), "room_id must be a string");
  EXPECT_EQ(error_of<CreateRoomRequest>("{}"), "room_id required");
}

TEST(NameTest, IsMeasuredDecoded) {
  const Bounds bounds{.name = 2};
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":"\u0061\u0062"})", bounds), "");
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":"abc"})", bounds), "namespace too long");
  EXPECT_EQ(error_of<KickRequest>(R"({"room_id":"abc"})", bounds), "room_id too long");
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":)" + quoted(4096) + "}"), "");
  EXPECT_EQ(error_of<NamespaceRequest>(R"({"namespace":)" + quoted(4097) + "}"),
            "namespace too long");
}

TEST(RegisterRequestTest, ReadsAllFields) {
  ClientMessage message = with_payload(R"({"public_key":"k\n","alias":"al","meta":{ "a":1 }})");
  RegisterRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.public_key, "k\n");
  EXPECT_EQ(request.alias, "al");
  EXPECT_EQ(request.meta, "{ \"a\":1 }");
}

TEST(RegisterRequestTest, AnEmptyAliasIsAutomatic) {
  ClientMessage message = with_payload(R"({"public_key":"k","alias":"","meta":null})");
  RegisterRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.alias, std::nullopt);
  EXPECT_EQ(request.meta, "");
}

TEST(RegisterRequestTest, RefusesWhatIsWrong) {
  const auto with_key = [](const std::string& fields) {
    return error_of<RegisterRequest>(R"({"public_key":"k",)" + fields + "}");
  };
  // Whether it is needed is seen when the auth plugins have been asked.
  for (const char* none : {"{}", R"({"public_key":null})"}) {
    EXPECT_EQ(error_of<RegisterRequest>(none), "");
  }
  EXPECT_EQ(error_of<RegisterRequest>(R"({"public_key":""})"), "public_key required");
  EXPECT_EQ(error_of<RegisterRequest>(R"({"public_key":{}})"), "public_key must be a string");
  EXPECT_EQ(error_of<RegisterRequest>(R"({"public_key":)" + quoted(8193) + "}"),
            "public_key too long");
  EXPECT_EQ(with_key(R"("alias":1)"), "alias must be a string");
  EXPECT_EQ(with_key(R"("alias":)" + quoted(257)), "alias too long");
  EXPECT_EQ(with_key(R"("alias":")" + std::string(64, 'A') + '"'), "invalid alias");
  EXPECT_EQ(with_key(R"("alias":")" + std::string(63, 'A') + '"'), "");
  EXPECT_EQ(with_key(R"("meta":[])"), "meta must be an object");
  EXPECT_EQ(with_key(R"("meta":{"a":1,"\u0061":2})"), "duplicate field");
  EXPECT_EQ(with_key(R"("meta":{"a":)" + quoted(8192) + "}"), "meta too large");
}

TEST(MetaFieldTest, IsMeasuredAsItWillBeStored) {
  const Bounds bounds{.meta = 13};
  const auto error_for = [&](const std::string& meta) {
    return error_of<MetadataRequest>(R"({"meta":)" + meta + "}", bounds);
  };
  EXPECT_EQ(error_for(R"({  "a" : 1 ,  "b" : 2, "gone":null })"), "");
  EXPECT_EQ(error_for(R"({"a":1,"b":2})"), "");
  EXPECT_EQ(error_for(R"({"a":1,"b":22})"), "meta too large");
  EXPECT_EQ(error_for("{}"), "");
}

TEST(MetadataRequestTest, NeedsMeta) {
  EXPECT_EQ(error_of<MetadataRequest>("{}"), "meta required");
  EXPECT_EQ(error_of<MetadataRequest>(R"({"meta":null})"), "meta required");
  EXPECT_EQ(error_of<MetadataRequest>(R"({"meta":5})"), "meta must be an object");
}

TEST(JoinRequestTest, ReadsAllFields) {
  ClientMessage message =
      with_payload(in_lobby(R"("app_type":"fps","version":"2.1","meta":{"r":1.0})"));
  JoinRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.ns, "lobby");
  EXPECT_EQ(request.app_type, "fps");
  EXPECT_EQ(request.version, "2.1");
  EXPECT_EQ(request.meta, "{\"r\":1.0}");
}

TEST(JoinRequestTest, RefusesWhatIsWrong) {
  EXPECT_EQ(error_of<JoinRequest>(in_lobby(R"("app_type":1)")), "app_type must be a string");
  EXPECT_EQ(error_of<JoinRequest>(in_lobby(R"("app_type":)" + quoted(257))), "app_type too long");
  EXPECT_EQ(error_of<JoinRequest>(in_lobby(R"("version":)" + quoted(257))), "version too long");
  EXPECT_EQ(error_of<JoinRequest>(in_lobby(R"("meta":{"a":)" + quoted(4096) + "}")),
            "meta too large");
}

TEST(DiscoverRequestTest, LimitHasADefaultAndACap) {
  const auto limit_for = [](const std::string& limit) {
    ClientMessage message = with_payload(in_lobby(R"("limit":)" + limit));
    DiscoverRequest request;
    EXPECT_EQ(message.read(request), "") << limit;
    return request.limit;
  };
  EXPECT_EQ(limit_for("null"), 50U);
  EXPECT_EQ(limit_for("0"), 50U);
  EXPECT_EQ(limit_for("-3"), 50U);
  EXPECT_EQ(limit_for("1"), 1U);
  EXPECT_EQ(limit_for("7.0"), 7U);
  EXPECT_EQ(limit_for("501"), 500U);
  EXPECT_EQ(limit_for("1e99999"), 500U);
  EXPECT_EQ(error_of<DiscoverRequest>(in_lobby(R"("limit":2.5)")), "limit must be an integer");
  EXPECT_EQ(error_of<DiscoverRequest>(in_lobby(R"("limit":"5")")), "limit must be an integer");
}

TEST(DiscoverRequestTest, AfterIsAFingerprint) {
  const Fingerprint alice = fingerprint_of("alice");
  ClientMessage message = with_payload(in_lobby(R"("after":")" + to_hex(alice) + '"'));
  DiscoverRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.after, alice);
  EXPECT_EQ(error_of<DiscoverRequest>(in_lobby(R"("after":null)")), "");
  EXPECT_EQ(error_of<DiscoverRequest>(in_lobby(R"("after":5)")), "after must be a string");
  for (const char* after : {"\"\"", "\"bob\""}) {
    EXPECT_EQ(error_of<DiscoverRequest>(in_lobby(R"("after":)" + std::string(after))),
              "after must be a fingerprint")
        << after;
  }
}

TEST(ListRoomsRequestTest, AfterIsAPlaceWrittenInDigits) {
  ClientMessage message = with_payload(R"({"after":"18446744073709551615","limit":7})");
  ListRoomsRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.after, 18'446'744'073'709'551'615U);
  EXPECT_EQ(request.limit, 7U);
  ClientMessage absent = with_payload(R"({"after":null,"limit":null})");
  ASSERT_EQ(absent.read(request), "");
  EXPECT_EQ(request.after, 0U);
  EXPECT_EQ(request.limit, 50U);
  EXPECT_EQ(error_of<ListRoomsRequest>(R"({"after":7})"), "after must be a string");
  for (const char* after : {"", " 1", "1x", "-1", "0x1", "18446744073709551616"}) {
    EXPECT_EQ(error_of<ListRoomsRequest>(R"({"after":")" + std::string(after) + "\"}"),
              "after must be of an earlier page")
        << after;
  }
}

TEST(BroadcastRequestTest, ReadsAllFields) {
  ClientMessage message =
      with_payload(in_lobby(R"("data":{"a":1,"a":2},"exclude":["x","\u0079"])"));
  BroadcastRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.data, R"({"a":1,"a":2})");
  EXPECT_EQ(request.exclude, (std::vector<std::string_view>{"x", "y"}));
}

TEST(BroadcastRequestTest, NullDataIsThereAndAbsentDataIsNot) {
  BroadcastRequest request;
  ClientMessage null = with_payload(in_lobby(R"("data":null,"exclude":null)"));
  ASSERT_EQ(null.read(request), "");
  EXPECT_EQ(request.data, "null");
  ClientMessage absent = with_payload(R"({"namespace":"lobby"})");
  ASSERT_EQ(absent.read(request), "");
  EXPECT_EQ(request.data, std::nullopt);
  EXPECT_TRUE(request.exclude.empty());
}

TEST(BroadcastRequestTest, ExcludeIsABoundedArrayOfStrings) {
  for (const char* exclude : {"\"a\"", "{}", "[1]", "[null]", "[\"a\",[]]"}) {
    EXPECT_EQ(error_of<BroadcastRequest>(in_lobby(R"("exclude":)" + std::string(exclude))),
              "exclude must be an array of strings")
        << exclude;
  }
  const Bounds bounds{.exclude = 2};
  EXPECT_EQ(error_of<BroadcastRequest>(in_lobby(R"("exclude":["a","b"])"), bounds), "");
  EXPECT_EQ(error_of<BroadcastRequest>(in_lobby(R"("exclude":["a","b","c"])"), bounds),
            "exclude too large");
  EXPECT_EQ(error_of<BroadcastRequest>(in_lobby(R"("exclude":["\ud800"])")),
            "exclude must be valid Unicode");
}

MatchRequest match_request(const std::string& fields) {
  ClientMessage message = with_payload(in_lobby(fields));
  MatchRequest request;
  EXPECT_EQ(message.read(request), "") << fields;
  request.keep_fields(true);
  request.ns = {};  // its bytes die with the message
  return request;
}

TEST(MatchRequestTest, GroupSizeHasAFloorAndABound) {
  EXPECT_EQ(match_request(R"("x":0)").group_size, 2U);
  EXPECT_EQ(match_request(R"("group_size":null)").group_size, 2U);
  EXPECT_EQ(match_request(R"("group_size":-1e400)").group_size, 2U);
  EXPECT_EQ(match_request(R"("group_size":4e0)").group_size, 4U);
  EXPECT_EQ(match_request(R"("group_size":64)").group_size, 64U);
  EXPECT_EQ(error_of<MatchRequest>(in_lobby(R"("group_size":65)")), "group_size too large");
  EXPECT_EQ(error_of<MatchRequest>(in_lobby(R"("group_size":2.5)")),
            "group_size must be an integer");
}

TEST(MatchRequestTest, TimeoutIsAboutAYearAtMost) {
  EXPECT_EQ(match_request(R"("x":0)").timeout, std::nullopt);
  EXPECT_EQ(match_request(R"("timeout_ms":0)").timeout, 0ms);
  EXPECT_EQ(match_request(R"("timeout_ms":1500)").timeout, 1500ms);
  EXPECT_EQ(match_request(R"("timeout_ms":1e30)").timeout, kMaxMatchTimeout);
  EXPECT_EQ(error_of<MatchRequest>(in_lobby(R"("timeout_ms":-1)")),
            "timeout_ms must not be negative");
}

TEST(MatchRequestTest, NoCriteriaAreEmptyCriteria) {
  const MatchRequest empty = match_request(R"("criteria":{ })");
  for (const char* fields : {R"("x":0)", R"("criteria":null)"}) {
    const MatchRequest request = match_request(fields);
    EXPECT_EQ(request.criteria(), empty.criteria());
    EXPECT_TRUE(request.criteria().as_object()->empty());
    EXPECT_EQ(request.key(), empty.key());
  }
}

TEST(MatchRequestTest, CriteriaAreComparedAsValues) {
  const auto key = [](const std::string& criteria) {
    return std::string(match_request(R"("criteria":)" + criteria).key());
  };
  EXPECT_EQ(key(R"({"mode":"ranked","n":1})"), key(R"({ "n" : 1.0, "mode":"rank\u0065d" })"));
  EXPECT_NE(key(R"({"n":1})"), key(R"({"n":"1"})"));
  EXPECT_NE(key(R"({"n":1e999})"), key(R"({"n":1e998})"));
  EXPECT_NE(key(R"({"n":null})"), key("{}"));
}

TEST(MatchRequestTest, FieldsAreParsedOnlyForWhoNeedsThem) {
  ClientMessage message = with_payload(in_lobby(R"("skill":1,"criteria":{"a":1})"));
  MatchRequest request;
  ASSERT_EQ(message.read(request), "");
  request.keep_fields(false);
  EXPECT_TRUE(request.fields.is_null());
  EXPECT_TRUE(request.criteria().as_object()->empty());
  EXPECT_TRUE(request.payload.empty());
}

TEST(MatchRequestTest, KnowsWhatItsFieldsWouldTake) {
  for (const char* fields :
       {R"("x":0)", R"("criteria":null)", R"("criteria":{"a":"b\u0063"})", R"("x":"\n plain")",
        R"("x":"plain","y":[1,[true,{"z":"w"}]])", R"("a\u0062":false)"}) {
    const MatchRequest request = match_request(fields);
    EXPECT_EQ(request.fields_size, memory_of(request.fields)) << fields;
  }
}

TEST(MatchRequestTest, KnowsWhetherItHasFieldsOfAStrategys) {
  EXPECT_FALSE(match_request(R"("criteria":{"a":1},"group_size":2,"timeout_ms":5)").has_own_fields);
  EXPECT_TRUE(match_request(R"("skill":null)").has_own_fields);
  EXPECT_FALSE(match_request(R"("group_\u0073ize":3)").has_own_fields);
}

TEST(MatchRequestTest, FieldsAreTheWholePayload) {
  const MatchRequest request = match_request(R"("skill":12.5,"criteria":{"a":[true]})");
  EXPECT_EQ(*request.fields.find("skill")->as_number(), 12.5);
  EXPECT_EQ(*request.fields.find("namespace")->as_string(), "lobby");
  EXPECT_EQ(*request.fields.find("criteria"), request.criteria());
}

TEST(MatchRequestTest, RefusesCriteriaThatAreWrong) {
  const auto error_for = [](const std::string& criteria) {
    return error_of<MatchRequest>(in_lobby(R"("criteria":)" + criteria));
  };
  const auto nested = [](std::size_t depth) {
    return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(error_for("[]"), "criteria must be an object");
  EXPECT_EQ(error_for(R"({"a":{"b":1,"b":1}})"), "duplicate field");
  EXPECT_EQ(error_for(R"({"a":"\ud800"})"), "criteria must be valid Unicode");
  EXPECT_EQ(error_for(R"({"a":)" + quoted(4096) + "}"), "criteria too large");
  EXPECT_EQ(error_for(nested(64)), "");
  EXPECT_EQ(error_for(nested(65)), "criteria too deep");
  EXPECT_EQ(error_of<MatchRequest>(in_lobby(R"("x":)" + nested(65))), "payload too deep");
}

TEST(CreateRoomRequestTest, MaxSizeIsAnIntegerOrAbsent) {
  const auto error_for = [](const std::string& size) {
    return error_of<CreateRoomRequest>(R"({"room_id":"r","max_size":)" + size + "}");
  };
  EXPECT_EQ(error_for("null"), "");
  EXPECT_EQ(error_for("-5"), "");
  EXPECT_EQ(error_for("10.0"), "");
  EXPECT_EQ(error_for("2.5"), "max_size must be an integer");
  EXPECT_EQ(error_for("\"5\""), "max_size must be an integer");
}

TEST(CreateRoomRequestTest, FieldsAreTheWholePayload) {
  ClientMessage message = with_payload(R"({"room_id":"r","password":"p","max_size":10})");
  CreateRoomRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.room_id, "r");
  EXPECT_EQ(*request.fields.find("password")->as_string(), "p");
  EXPECT_EQ(*request.fields.find("max_size")->as_number(), 10);
}

TEST(RoomRequestTest, FieldsAreTheWholePayload) {
  ClientMessage message = with_payload(R"({"room_id":"r","vote":[1]})");
  RoomRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.room_id, "r");
  EXPECT_EQ(request.fields.find("vote")->as_list()->size(), 1U);
  EXPECT_EQ(error_of<RoomRequest>(R"({"room_id":"r","a":{"b":1,"b":2}})"), "duplicate field");
}

TEST(KickRequestTest, NeedsRoomAndTarget) {
  ClientMessage message = with_payload(R"({"room_id":"r","fingerprint":"bob"})");
  KickRequest request;
  ASSERT_EQ(message.read(request), "");
  EXPECT_EQ(request.room_id, "r");
  EXPECT_EQ(request.target, "bob");
  EXPECT_EQ(error_of<KickRequest>(R"({"fingerprint":"bob"})"), "room_id required");
  EXPECT_EQ(error_of<KickRequest>(R"({"room_id":"r"})"), "fingerprint required");
  EXPECT_EQ(error_of<KickRequest>(R"({"room_id":"r","fingerprint":1})"),
            "fingerprint must be a string");
}

}  // namespace
}  // namespace peer
