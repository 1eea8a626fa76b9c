#include "question.h"

#include <gtest/gtest.h>

namespace peer_http_auth {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string question(const Headers& sent, const std::vector<std::string>& passed,
                     bool with_query = false) {
  peer::sdk::AuthRequest request;
  request.payload = R"({"public_key":"k",  "token":"\u0041"})";
  request.remote_address = "203.0.113.5";
  request.origin = "https://game.example";
  request.query = "room=7&x=\"";
  request.headers = sent;
  const auto text = question_of(request, passed, with_query);
  return text ? *text : "[" + text.error().message + "]";
}

TEST(QuestionTest, ThePayloadStandsThereAsItCame) {
  EXPECT_EQ(question({}, {}),
            R"({"register":{"public_key":"k",  "token":"\u0041"},"address":"203.0.113.5",)"
            R"("origin":"https://game.example","headers":{}})");
}

TEST(QuestionTest, TheQueryIsPassedOnWhereThatIsWanted) {
  EXPECT_NE(question({}, {}, true).find(R"("headers":{},"query":"room=7&x=\""})"),
            std::string::npos);
}

TEST(QuestionTest, OnlyHeadersThatAreNamedArePassedOnByTheirConfiguredNames) {
  const Headers sent{{"cookie", "a=1"}, {"X-Tag", "one"}, {"Cookie", "b=\"2\""},
                     {"x-tag", "two"},  {"Secret", "s"},  {"X-Tag-2", "no"}};
  const std::string text = question(sent, {"Cookie", "X-TAG", "Absent"});
  EXPECT_NE(text.find(R"("headers":{"Cookie":"a=1; b=\"2\"","X-TAG":"one, two"}})"),
            std::string::npos)
      << text;
}

TEST(QuestionTest, WhatIsNotUtf8CannotBeAsked) {
  EXPECT_EQ(question({{"X", "\xE9t\xE9"}}, {"X"}), "[the upgrade request is not UTF-8]");
  EXPECT_NE(question({{"X", "\xE9t\xE9"}}, {"Y"}).front(), '[');
}

}  // namespace
}  // namespace peer_http_auth
