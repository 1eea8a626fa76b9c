#include "core/base/lean_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace peer {
namespace {

static_assert(sizeof(LeanText) == sizeof(void*));

TEST(LeanTextTest, IsTheTextThatItWasGiven) {
  const std::string zeros("a\0b", 3);
  for (const std::string& text :
       {std::string(), std::string("x"), zeros, std::string(70'000, 'y')}) {
    const LeanText lean(text);
    EXPECT_EQ(lean.view(), text);
    EXPECT_EQ(lean.size(), text.size());
    EXPECT_EQ(lean.empty(), text.empty());
  }
  EXPECT_TRUE(LeanText().empty());
  EXPECT_EQ(LeanText().view(), "");
}

TEST(LeanTextTest, ACopyIsATextOfItsOwn) {
  LeanText first("one");
  const LeanText copy(first);
  first = LeanText("two");
  EXPECT_EQ(copy.view(), "one");
  EXPECT_EQ(first.view(), "two");
  first = copy;
  EXPECT_EQ(first.view(), "one");
  EXPECT_NE(first.view().data(), copy.view().data());
  first = std::string_view();
  EXPECT_TRUE(first.empty());
}

TEST(LeanTextTest, IsEqualToTheSameText) {
  EXPECT_EQ(LeanText("one"), LeanText("one"));
  EXPECT_FALSE(LeanText("one") == LeanText("two"));
  EXPECT_TRUE(LeanText("one") == std::string_view("one"));
  EXPECT_EQ(std::string_view(), LeanText());
}

TEST(LeanTextTest, AMoveLeavesTheBytesWhereTheyAre) {
  std::vector<LeanText> texts;
  texts.emplace_back("kept");
  const char* const bytes = texts.front().view().data();
  for (int i = 0; i < 100; ++i) texts.emplace_back("more");
  EXPECT_EQ(texts.front().view().data(), bytes);
  const LeanText moved(std::move(texts.front()));
  EXPECT_EQ(moved.view(), "kept");
  EXPECT_TRUE(texts.front().empty());  // NOLINT(bugprone-use-after-move): that is the rule
}

}  // namespace
}  // namespace peer
