#include "core/match/match_messages.h"

#include <gmock/gmock.h>

#include "tests/unit/match/match_test.h"

namespace peer {
namespace {

using test::session_of;
using test::text_of;

constexpr std::size_t kMax = 60 * 1024;
constexpr sdk::Instant kNow{milliseconds(1'700'000'000'123)};

TEST(MatchMessagesTest, ASessionIdIs32LowerCaseHexDigitsAndNewEachTime) {
  const std::string first(digits_of(new_session_id()));
  EXPECT_THAT(first, testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(first, digits_of(new_session_id()));
  EXPECT_EQ(session_of(matched_payload("lobby", first, {"{}", "{}"}, kMax)), first);
}

TEST(MatchMessagesTest, PeersAreInTheOrderGiven) {
  EXPECT_EQ(test::peers_of(matched_payload("lobby", "s", {"1", "2", "3"}, kMax)), "1,2,3");
}

TEST(MatchMessagesTest, WhoIsNoMemberAnyMoreIsLeftOut) {
  EXPECT_EQ(test::peers_of(matched_payload("lobby", "s", {"", "2", "", "3"}, kMax)), "2,3");
}

TEST(MatchMessagesTest, MatchedIsNotLongerThanItsBoundAndNamesAllPeers) {
  std::vector<std::string> objects;
  objects.reserve(64);
  for (int i = 0; i < 64; ++i) {
    objects.push_back(R"({"alias":"p","meta":{"x":")" + std::string(8000, 'x') + R"("}})");
  }
  for (const std::string& name : {std::string("lobby"), std::string(4096, '\n')}) {
    const std::string payload = matched_payload(name, digits_of(new_session_id()), objects, kMax);
    const std::string longest_id(386, '7');
    const std::string text = text_of(matched_frame(name, payload, longest_id, kNow));
    EXPECT_LE(text.size(), kMax);
    EXPECT_THAT(payload, testing::HasSubstr(objects.front() + "," + objects.front()));
    EXPECT_THAT(payload, testing::HasSubstr(R"({"alias":"p"},{"alias":"p"})"));
    std::size_t listed = 0;
    for (auto at = payload.find("{\"alias\""); at != std::string::npos;
         at = payload.find("{\"alias\"", at + 1)) {
      ++listed;
    }
    EXPECT_EQ(listed, objects.size());
  }
}

TEST(MatchMessagesTest, MatchedIsOneJsonMessageWithTheTime) {
  const std::string text = text_of(matched_frame("lobby", R"({"peers":[]})", {}, kNow));
  EXPECT_EQ(text, R"({"type":"matched","namespace":"lobby","payload":{"peers":[]},)"
                  R"("ts":1700000000123})");
}

TEST(MatchMessagesTest, ThePayloadOfAWholeGroupIsThatOfWhoseIdIsEchoed) {
  for (const std::string& payload :
       {std::string("{}"), "{\"p\":\"" + std::string(70'000, 'x') + "\"}"}) {
    const Matched matched = matched_of("lobby", payload, kNow);
    EXPECT_EQ(matched.payload, payload);
    EXPECT_EQ(text_of(matched.frame), text_of(matched_frame("lobby", payload, {}, kNow)));
  }
}

TEST(MatchMessagesTest, MatchedEchoesARequestIdByteForByte) {
  EXPECT_THAT(text_of(matched_frame("lobby", "{}", R"("\u0041 7")", kNow)),
              testing::StartsWith(R"({"type":"matched","id":"\u0041 7",)"));
}

TEST(MatchMessagesTest, ExpiredNamesTheTicketAndTheNamespace) {
  EXPECT_EQ(text_of(match_expired_frame("lobby", 18446744073709551615U)),
            R"({"type":"match_expired","payload":{"ticket":"18446744073709551615",)"
            R"("namespace":"lobby"}})");
}

TEST(MatchMessagesTest, UnusualNamesStayValidJson) {
  for (const std::string& name :
       {std::string("\0\"\\\n\x1f", 5), std::string(4096, '"'), std::string("\xF0\x9F\x8E\xB2")}) {
    const std::string payload = matched_payload(name, "s", {"{}"}, kMax);
    EXPECT_TRUE(is_valid_json(payload));
    EXPECT_TRUE(is_valid_json(text_of(matched_frame(name, payload, "1", kNow))));
    EXPECT_TRUE(is_valid_json(text_of(match_expired_frame(name, 1))));
  }
}

}  // namespace
}  // namespace peer
