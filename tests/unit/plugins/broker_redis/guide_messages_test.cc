#include "guide_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace peer_redis {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

TEST(GuideMessages, WhatOneNodePublishesAnotherReads) {
  const std::string text = R"({"type":"signal","from":"f","to":"t","payload":[1.0],"ts":5})";
  const std::vector<std::string_view> namespaces{"a|b", "q\"\\\n"};
  const auto message =
      parse_guide_message(render_guide_message(text, "node", 3, namespaces, false));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->node_id, "node");
  EXPECT_EQ(message->db, std::optional<std::int64_t>(3));
  EXPECT_EQ(message->type, "signal");
  EXPECT_EQ(message->from, "f");
  EXPECT_EQ(message->to, "t");
  EXPECT_THAT(message->namespaces.value(), ElementsAre("a|b", "q\"\\\n"));
  EXPECT_EQ(message->client_text(), text);
}

TEST(GuideMessages, ClientsGetNothingButWhatTheProtocolHas) {
  const auto message = parse_guide_message(
      R"({ "ts" : 7 , "extra":{"a":1}, "node_id":"n","type":"relay","to":"bob","payload": {"x" : 1} ,)"
      R"("from":"f","namespace":"game","exclude":["f"]})");
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->namespaces);
  EXPECT_EQ(message->client_text(),
            R"({"type":"relay","from":"f","to":"bob","payload":{"x" : 1},"ts":7})");
}

TEST(GuideMessages, WhatOurNodesHaveByTheirOwnChannelsSaysSo) {
  const std::string text = R"({"type":"relay","from":"f","to":"t"})";
  const auto message = parse_guide_message(render_guide_message(text, "node", 0, {}, true));
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->routed);
  EXPECT_EQ(message->client_text(), text);
}

TEST(GuideMessages, ABroadcastOfTheOriginalNamesItsNamespaceInThePayloadAlone) {
  const auto message = parse_guide_message(
      R"({"type":"broadcast","from":"f","payload":{"exclude":["a","b"],"data":{"x":1.0} ,)"
      R"("more":[],"namespace":"g\u0061me"},"ts":5,"node_id":"go"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->ns, "game");
  EXPECT_THAT(message->exclude, ElementsAre("a", "b"));
  EXPECT_EQ(message->client_text(), R"({"type":"broadcast","from":"f","namespace":"game",)"
                                    R"("payload":{"namespace":"game","data":{"x":1.0}},"ts":5})");
}

TEST(GuideMessages, OfTwoNamespacesOfABroadcastThePayloadsCounts) {
  const auto message = parse_guide_message(
      R"({"type":"broadcast","from":"f","namespace":"a","payload":{"namespace":"b","data":null},)"
      R"("node_id":"go"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->client_text(), R"({"type":"broadcast","from":"f","namespace":"b",)"
                                    R"("payload":{"namespace":"b","data":null}})");
}

TEST(GuideMessages, ABroadcastHasNoTarget) {
  const auto message = parse_guide_message(
      R"({"type":"broadcast","from":"f","to":"b","payload":{"namespace":"a"},"node_id":"go"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->to, "");
  EXPECT_EQ(message->client_text(),
            R"({"type":"broadcast","from":"f","namespace":"a","payload":{"namespace":"a"}})");
}

TEST(GuideMessages, NullIsNoValueButAsAPayload) {
  const auto message = parse_guide_message(
      R"({"node_id":"n","to":"b","type":"signal","payload":null,"from":"f","namespace":null,)"
      R"("ts":null,"ns":null,"routed":null})");
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->namespaces);
  EXPECT_EQ(message->client_text(), R"({"type":"signal","from":"f","to":"b","payload":null})");
}

TEST(GuideMessages, WhatIsBeyondThisParserIsLeftToBeChecked) {
  for (const std::string payload : {"1e999", "1180591620717411303424", R"("\ud800")", "01"}) {
    const auto message = parse_guide_message(
        R"({"node_id":"n","type":"signal","to":"t","payload":)" + payload + "}");
    ASSERT_TRUE(message) << payload;
    EXPECT_FALSE(message->is_checked) << payload;
    EXPECT_EQ(message->client_text(),
              R"({"type":"signal","from":"","to":"t","payload":)" + payload + "}");
  }
}

TEST(GuideMessages, EscapesAreReadAndWrittenAnew) {
  const auto message = parse_guide_message(
      R"({"node_id":"n","type":"broadcast","namespace":"\u0000\"\u00e9","from":"\n"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->ns, "\0\"é"s);
  EXPECT_EQ(message->client_text(),
            R"({"type":"broadcast","from":"\u000a","namespace":"\u0000\"é",)"
            R"("payload":{"namespace":"\u0000\"é"}})");
}

TEST(GuideMessages, WhatIsNotTheGuidesJsonIsRefused) {
  for (const std::string& json : {
           ""s,
           "{"s,
           "{}"s,
           "[]"s,
           "null"s,
           "\0\xff"s,
           "3:abc,"s,
           R"({"node_id":"n","type":"signal"})"s,              // nobody to get it
           R"({"type":"signal","to":"t"})"s,                   // from no node
           R"({"node_id":"n","type":"broadcast","to":"t"})"s,  // in no namespace
           R"({"node_id":"n","type":"broadcast","payload":{"data":1}})"s,
           R"({"node_id":"n","type":"broadcast","namespace":"a","payload":[1]})"s,
           R"({"node_id":"n","type":"broadcast","payload":{"namespace":1}})"s,
           R"({"node_id":"n","type":"broadcast","payload":{"namespace":"a","exclude":"b"}})"s,
           R"({"node_id":"n","type":"broadcast","payload":{"namespace":"a","namespace":"b"}})"s,
           R"({"node_id":"n","type":"register","to":"t"})"s,  // not between nodes
           R"({"node_id":"n","type":"signal","to":"t"} x)"s,  // more behind it
           R"({"node_id":"n","type":"signal","to":"t","payload":})"s,
           R"({"node_id":"n","type":"signal","to":"t","skipped":[1,}})"s,
           R"({"node_id":1,"type":"signal","to":"t"})"s,
           R"({"node_id":"n","type":["signal"],"to":"t"})"s,
           R"({"node_id":"n","type":"signal","to":null})"s,
           R"({"node_id":"n","type":"signal","to":"t","from":{}})"s,
           R"({"node_id":"n","type":"signal","to":"t","ts":"now"})"s,
           R"({"node_id":"n","type":"signal","to":"t","ns":"lobby"})"s,
           R"({"node_id":"n","type":"signal","to":"t","ns":[1]})"s,
           R"({"node_id":"n","type":"signal","to":"t","to":"u"})"s,
           R"({"node_id":"n","type":"signal","to":"t","t\u006f":"u"})"s,
           "{\"node_id\":\"n\",\"type\":\"signal\",\"to\":\"\xff\"}"s,
           "{\"node_id\":\"n\",\"type\":\"signal\",\"to\":\"t\",\"payload\":\"\xed\xa0\x80\"}"s,
           R"({"node_id":"n","type":"signal","to":"\ud800"})"s,
       }) {
    EXPECT_FALSE(parse_guide_message(json)) << json;
  }
}

TEST(GuideMessages, SizeDepthAndKeysAreBounded) {
  const auto with = [](const std::string& more) {
    return R"({"node_id":"n","type":"signal","to":"t")" + more + "}";
  };
  ASSERT_TRUE(parse_guide_message(with(R"(,"payload":1)")));
  EXPECT_FALSE(parse_guide_message(with(R"(,"payload":")" + std::string(3 << 20, 'x') + '"')));
  const std::size_t deep = 100'000;
  EXPECT_FALSE(parse_guide_message(
      with(R"(,"payload":)" + std::string(deep, '[') + std::string(deep, ']'))));
  std::string keys;
  for (int i = 0; i < 1000; ++i) keys += ",\"k" + std::to_string(i) + "\":0";
  EXPECT_FALSE(parse_guide_message(with(keys)));
}

}  // namespace
}  // namespace peer_redis
