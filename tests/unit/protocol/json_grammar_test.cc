#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>
#include <string>
#include <vector>

#include "core/protocol/json_grammar.h"
#include "core/protocol/json_text.h"
#include "tests/unit/protocol/client_message.h"
#include "tests/unit/protocol/random_json.h"

namespace peer {
namespace {

std::string nested(std::size_t depth, const std::string& innermost) {
  return std::string(depth, '[') + innermost + std::string(depth, ']');
}

TEST(JsonGrammarTest, AcceptsAllOfRfc8259) {
  for (const char* text : {"0",
                           "-0",
                           "1",
                           "-1.5",
                           "1e5",
                           "1E+5",
                           "1e-05",
                           "0.0",
                           "10",
                           "1180591620717411303424",
                           "1e999",
                           "-1e-999",
                           "true",
                           "false",
                           "null",
                           "\"\"",
                           "\"\\ud800\"",
                           "\"\\u00Ff\"",
                           "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                           "\"\x7f\"",
                           "\"\xf4\x8f\xbf\xbf\"",
                           "[]",
                           "{}",
                           " [ ] ",
                           "\t{\r\n} ",
                           "[1,2]",
                           "[[],{}]",
                           "{\"a\":1}",
                           "{ \"a\" : { \"b\" : [ null ] } , \"a\":2 }",
                           "{\"\":\"\"}"}) {
    EXPECT_TRUE(is_valid_json(text)) << text;
  }
}

TEST(JsonGrammarTest, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "-",
                           "+1",
                           "01",
                           "-01",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "1.e5",
                           "0x10",
                           "NaN",
                           "Infinity",
                           "tru",
                           "truee",
                           "True",
                           "nul",
                           "'a'",
                           "\"",
                           "\"\\",
                           "\"\\\"",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\u123\"",
                           "\"\n\"",
                           "\"\x1f\"",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[,]",
                           "[1,]",
                           "[1 2]",
                           "{",
                           "}",
                           "{]",
                           "[}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\" 1}",
                           "{,}",
                           "{\"a\":1 \"b\":2}",
                           "1 2",
                           "[]]",
                           "{}{}",
                           "[]x",
                           "// c\n1",
                           "\xef\xbb\xbf{}",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xf4\x90\x80\x80\"",
                           "\"\xe2\x82\"",
                           "\f1",
                           "\xa0"}) {
    EXPECT_FALSE(is_valid_json(text)) << text;
  }
  EXPECT_FALSE(is_valid_json(std::string_view("1\0", 2)));
}

TEST(JsonGrammarTest, AllowsADepthOf1024) {
  for (const char* innermost : {"", "1", "\"\""}) {
    EXPECT_TRUE(is_valid_json(nested(1024, innermost)));
    EXPECT_FALSE(is_valid_json(nested(1025, innermost)));
  }
}

TEST(JsonGrammarTest, CountsObjectsAsDepthToo) {
  std::string text = "1";
  for (int i = 0; i < 1024; ++i) text = "{\"a\":" + text + "}";
  EXPECT_TRUE(is_valid_json(text));
  EXPECT_FALSE(is_valid_json("[" + text + "]"));
}

TEST(JsonGrammarTest, CountsOnlyOpenContainers) {
  std::string text = "[[]";
  for (int i = 0; i < 5000; ++i) text += ",[{}]";
  EXPECT_TRUE(is_valid_json(text + "]"));
}

TEST(JsonGrammarTest, AcceptsRandomJson) {
  RandomJson random(1);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random.space() + random.value(6) + random.space();
    EXPECT_TRUE(is_valid_json(text)) << text;
  }
}

TEST(JsonGrammarTest, AgreesWithSimdjsonOnMutations) {
  constexpr std::string_view kBytes = "{}[],:\"\\ux0123456789.eE+-truefalsn \n\t\x01\x80\xff";
  RandomJson random(2);
  simdjson::dom::parser dom;
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = random.value(5);
    for (std::size_t n = random.below(3); n > 0; --n) {
      text[random.below(text.size())] = kBytes[random.below(kBytes.size())];
    }
    const PaddedText padded(text);
    const auto error = dom.parse(padded.view().data(), padded.view().size(), false).error();
    const bool has_no_opinion = error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR;
    const bool valid = is_valid_json(text);
    accepted += valid && !has_no_opinion;
    EXPECT_TRUE(has_no_opinion || valid == (error == simdjson::SUCCESS)) << text;
  }
  EXPECT_GT(accepted, 4000);
  EXPECT_LT(accepted, 16000);
}

// A text is looked at in blocks of 64 bytes: each kind of byte has every place in one, at the end
// of the text, and behind a string that began in an earlier block.
TEST(JsonGrammarTest, JudgesAStringOfAnyLengthByItsLastBytes) {
  for (std::size_t length = 0; length < 200; ++length) {
    const std::string open = "[\"" + std::string(length, 'a');
    for (const char* end : {"\"]", "\\n\"]", "\\\\\"]", "\\\"\"]", "\\u00e9\"]", "\",\"b\"]",
                            "\",{\"c\":\"\"}]", "\" ]"}) {
      EXPECT_TRUE(is_valid_json(open + end)) << open + end;
    }
    for (const char* end : {"", "]", "\"", "\\", "\\\"]", "\\x\"]", "\\u00e\"]", "\\u00", "\n\"]",
                            "\x1f\"]", "\",\"b]", "\"]\""}) {
      EXPECT_FALSE(is_valid_json(open + end)) << open + end;
    }
    // A NUL is a control character, and no end.
    EXPECT_FALSE(is_valid_json(open + std::string("\0\"]", 3)));
  }
}

std::vector<JsonMember> scanned(std::string_view object) {
  std::vector<JsonMember> members;
  ObjectCursor cursor(object);
  for (JsonMember member; cursor.next(member);) members.push_back(member);
  return members;
}

void expect_same(const std::vector<JsonMember>& members, const std::vector<JsonMember>& expected,
                 const std::string& text) {
  ASSERT_EQ(members.size(), expected.size()) << text;
  for (std::size_t k = 0; k < members.size(); ++k) {
    EXPECT_EQ(members[k].key, expected[k].key) << text;
    EXPECT_EQ(members[k].value, expected[k].value) << text;
    for (const JsonMember& member : {members[k], expected[k]}) {
      EXPECT_EQ(member.key_is_plain, member.key.find('\\') == std::string::npos) << text;
      EXPECT_EQ(member.value_is_plain, member.value.find('\\') == std::string::npos) << text;
    }
  }
}

TEST(JsonGrammarTest, FindsTheMembersThatAScanFinds) {
  RandomJson random(6);
  for (int i = 0; i < 3000; ++i) {
    const std::string object = random.object(5);
    const std::string text = random.space() + object + random.space();
    std::vector<JsonMember> members;
    ASSERT_TRUE(read_json_object(text, members)) << text;
    expect_same(members, scanned(object), text);
  }
}

TEST(JsonGrammarTest, FindsTheMembersOfAPayloadOnTheWay) {
  RandomJson random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string object = random.object(5);
    std::string text = "{\"type\":\"join\"," + random.space() + "\"payload\":" + random.space();
    text.append(object).append(random.space()).append(",\"id\":1}");
    std::vector<JsonMember> members;
    std::vector<JsonMember> of_payload;
    ASSERT_TRUE(read_json_object(text, members, &of_payload)) << text;
    EXPECT_EQ(members.size(), 3U);
    expect_same(of_payload, scanned(object), text);
  }
}

// What is known of the message by then says whether anybody will ask for them.
TEST(JsonGrammarTest, FindsNoMembersOfAPayloadThatMayGoOnUnread) {
  for (const char* text :
       {R"({"type":"signal","payload":{"a":1}})", R"({"type":"relay","payload":{"a":1}})",
        R"({"payload":{"a":1},"type":"join"})", R"({"payload":{"a":1}})"}) {
    std::vector<JsonMember> members;
    std::vector<JsonMember> of_payload;
    EXPECT_TRUE(read_json_object(text, members, &of_payload)) << text;
    EXPECT_TRUE(of_payload.empty()) << text;
  }
}

TEST(JsonGrammarTest, APayloadIsAsSoundAsAnyOtherMember) {
  for (const std::string& member : {std::string("payload"), std::string("another")}) {
    const auto is_sound = [&](const std::string& value) {
      std::vector<JsonMember> members;
      std::vector<JsonMember> of_payload;
      const std::string text = R"({"type":"join",")" + member + "\":" + value + "}";
      return read_json_object(text, members, &of_payload);
    };
    for (const std::string& sound :
         {std::string("{}"), std::string("{ }"), std::string(R"({"a":{},"b":[]})"),
          "{\"a\":" + nested(1022, "1") + "}"}) {
      EXPECT_TRUE(is_sound(sound)) << member << sound;
    }
    for (const std::string& wrong :
         {std::string("{"), std::string("{]"), std::string(R"({"a"})"), std::string(R"({"a":})"),
          std::string(R"({"a":1,})"), std::string(R"({"a":1]})"), std::string(R"({,"a":1})"),
          std::string(R"({"a":1 "b":2})"), "{\"a\":" + nested(1023, "1") + "}"}) {
      EXPECT_FALSE(is_sound(wrong)) << member << wrong;
    }
  }
}

TEST(JsonGrammarTest, FindsTheFirstMemberWithAKeyOfThatSpelling) {
  constexpr std::string_view kObject = R"({"b":{"a":1},"a":[2],"a":3,"":4,"\u0061":5})";
  EXPECT_EQ(find_member(kObject, "a"), "[2]");
  EXPECT_EQ(find_member(find_member(kObject, "b"), "a"), "1");
  EXPECT_EQ(find_member(kObject, ""), "4");
  EXPECT_EQ(find_member(kObject, "c"), "");
  EXPECT_EQ(find_member("[\"a\",1]", "a"), "");
  EXPECT_EQ(find_member("", "a"), "");
}

// The text with one byte changed, left out or added.
std::string damaged(std::string text, std::mt19937& random) {
  constexpr std::string_view kBytes = "{}[]\",:\\ 0a\xc3\xff";
  const std::size_t at = random() % text.size();
  const char byte = kBytes[random() % kBytes.size()];
  switch (random() % 3) {
    case 0:
      text[at] = byte;
      return text;
    case 1:
      return text.erase(at, 1);
    default:
      return text.insert(at, 1, byte);
  }
}

TEST(JsonGrammarTest, AKnownValueChangesNoVerdict) {
  RandomJson texts(8);
  std::mt19937 random(9);  // NOLINT: the same each time
  for (int i = 0; i < 4000; ++i) {
    const std::string object = texts.object(5);
    std::vector<JsonMember> members;
    ASSERT_TRUE(read_json_object(object, members)) << object;
    for (const JsonMember& member : members) {
      const std::string known(member.value);
      EXPECT_TRUE(is_valid_object(object, known)) << object;
      const std::string around = R"({"type":"x","payload":)" + known + ",\"b\": [" + known + "]}";
      EXPECT_TRUE(is_valid_object(around, known)) << around;
      const std::string bad = damaged(random() % 2 == 0 ? around : object, random);
      const bool is_object = bad.find_first_not_of(" \t\r\n") == bad.find('{');
      EXPECT_EQ(is_valid_object(bad, known), is_object && is_valid_json(bad))
          << bad << "\nknown: " << known;
    }
  }
}

TEST(JsonGrammarTest, AKnownValueIsOneThatBracketsEnd) {
  EXPECT_TRUE(is_valid_object(R"({"a":12})", "1"));
  EXPECT_FALSE(is_valid_object(R"({"a":1x})", "1"));
  EXPECT_FALSE(is_valid_object(R"({"a":"b"c"})", R"("b")"));
  EXPECT_FALSE(is_valid_object("[]", "[]"));
  EXPECT_FALSE(is_valid_object(R"({"a":[]1})", "[]"));
  EXPECT_TRUE(is_valid_object(R"({"a":[] , "b":1})", "[]"));
  EXPECT_TRUE(is_valid_object("{}", ""));
  EXPECT_FALSE(is_valid_object("{\"\xff\":[]}", "[]"));
  EXPECT_FALSE(is_valid_object("{\"a\":[],\"\xc3\":1}", "[]"));
  // As deep as it may be where it was checked, and one deeper.
  const std::string deep = std::string(1023, '[') + std::string(1023, ']');
  EXPECT_TRUE(is_valid_object("{\"a\":" + deep + "}", deep));
  EXPECT_FALSE(is_valid_object("{\"a\":[" + deep + "]}", deep));
}

TEST(JsonGrammarTest, OnlyOneWholeObjectHasMembers) {
  for (const char* text : {"", " ", "1", "[]", "\"a\"", "{", "{\"a\"", "{\"a\":", "{\"a\":1",
                           "{\"a\":1,}", "{,}", "{\"a\":1}}", "{\"a\":1},", "{} {}", "{\"a\" 1}",
                           "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":[1}"}) {
    std::vector<JsonMember> members;
    EXPECT_FALSE(read_json_object(text, members)) << text;
  }
}

TEST(JsonGrammarTest, TheOutermostObjectIsOneOfThe1024) {
  std::vector<JsonMember> members;
  EXPECT_TRUE(read_json_object("{\"a\":" + nested(1023, "1") + "}", members));
  EXPECT_FALSE(read_json_object("{\"a\":" + nested(1024, "1") + "}", members));
}

}  // namespace
}  // namespace peer
