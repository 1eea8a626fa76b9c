#include "core/admin/question_text.h"

#include <gtest/gtest.h>

#include <string>

namespace peer {
namespace {

using Kind = NodeQuestion::Kind;

NodeQuestion whole_question() {
  NodeQuestion question{Kind::kSendAll, "lobby \xC3\xA9"};
  question.after = "after";
  question.limit = 501;
  question.search = "ali";
  question.payload = R"({"a": [1, 2]})";
  question.exclude = {"alice", "bob"};
  return question;
}

TEST(QuestionTextTest, AQuestionComesOverWhole) {
  const auto read = read_question(packed(whole_question()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, Kind::kSendAll);
  EXPECT_EQ(read->name, "lobby \xC3\xA9");
  EXPECT_EQ(read->after, "after");
  EXPECT_EQ(read->limit, 501U);
  EXPECT_EQ(read->search, "ali");
  EXPECT_EQ(read->payload, R"({"a": [1, 2]})");
  EXPECT_EQ(read->exclude, (std::vector<std::string>{"alice", "bob"}));
}

TEST(QuestionTextTest, AnAnswerComesOverWhole) {
  NodeAnswer answer{true, 3, 4, {{"den", 2, R"("max_size":5)"}, {"lobby", 1, ""}}, true};
  answer.entries.push_back({"queue", 7, "1234"});
  const auto read = read_answer(packed(answer));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->found);
  EXPECT_EQ(read->delivered, 3U);
  EXPECT_EQ(read->dropped, 4U);
  EXPECT_TRUE(read->more);
  ASSERT_EQ(read->entries.size(), 3U);
  EXPECT_EQ(read->entries[0].key, "den");
  EXPECT_EQ(read->entries[0].count, 2U);
  EXPECT_EQ(read->entries[0].json, R"("max_size":5)");
  EXPECT_EQ(read->entries[2].json, "1234");
}

// Whoever writes to the channel of a node may have written it.
TEST(QuestionTextTest, WhatIsCutOffIsNone) {
  const std::string question = packed(whole_question());
  for (std::size_t size = 0; size < question.size(); ++size) {
    EXPECT_FALSE(read_question(std::string_view(question).substr(0, size))) << size;
  }
  const std::string answer = packed(NodeAnswer{true, 0, 0, {{"k", 1, "{}"}}, false});
  for (std::size_t size = 0; size < answer.size(); ++size) {
    EXPECT_FALSE(read_answer(std::string_view(answer).substr(0, size))) << size;
  }
}

TEST(QuestionTextTest, WhatMustNotReachAClientIsNone) {
  NodeQuestion question = whole_question();
  question.payload = R"({"a":1}, "b")";
  EXPECT_FALSE(read_question(packed(question)));
  question = whole_question();
  question.name = "\xFF";
  EXPECT_FALSE(read_question(packed(question)));
  question = whole_question();
  question.exclude.resize(1'001);
  EXPECT_FALSE(read_question(packed(question)));
  question = whole_question();
  question.limit = 100'000;
  EXPECT_FALSE(read_question(packed(question)));
  NodeQuestion close{Kind::kClose, "alice"};
  close.code = 1000;
  EXPECT_FALSE(read_question(packed(close)));
  close.code = 4000;
  EXPECT_TRUE(read_question(packed(close)));
  close.reason = std::string(124, 'x');
  EXPECT_FALSE(read_question(packed(close)));
  EXPECT_FALSE(read_answer(packed(NodeAnswer{true, 0, 0, {{"k", 1, "{},{}"}}, false})));
  EXPECT_FALSE(read_answer(packed(NodeAnswer{true, 0, 0, {{"k", 1, R"("a":1,"b")"}}, false})));
  EXPECT_FALSE(read_answer(packed(NodeAnswer{true, 0, 0, {{"\xFF", 1, ""}}, false})));
}

TEST(QuestionTextTest, AQuestionOfANewerNodeIsNone) {
  NodeQuestion question{static_cast<Kind>(200), "x"};
  EXPECT_FALSE(read_question(packed(question)));
}

}  // namespace
}  // namespace peer
