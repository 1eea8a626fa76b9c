#include "core/config/read_text.h"

#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::HasSubstr;

/// The tree on one line: k:plain k:"quoted" [..] {..} and ~ for null.
std::string show(const ConfigNode& node) {
  switch (node.kind) {
    case ConfigNode::Kind::kNull:
      return "~";
    case ConfigNode::Kind::kScalar:
      return node.style == ConfigNode::Style::kQuoted ? '"' + node.text + '"' : node.text;
    case ConfigNode::Kind::kList:
    case ConfigNode::Kind::kMap:
      break;
  }
  const bool is_map = node.kind == ConfigNode::Kind::kMap;
  std::string out = is_map ? "{" : "[";
  for (const ConfigNode& child : node.children) {
    if (out.size() > 1) out += ' ';
    if (is_map) out += child.key + "@" + std::to_string(child.line) + ":";
    out += show(child);
  }
  return out + (is_map ? "}" : "]");
}

std::string show(const ConfigTree& tree) {
  if (const auto* error = std::get_if<SyntaxError>(&tree)) {
    return std::to_string(error->line) + ": " + error->message;
  }
  return show(std::get<ConfigNode>(tree));
}

TEST(ReadYamlTest, KeepsLinesQuotesAndDuplicates) {
  EXPECT_EQ(show(read_yaml("a: 1\n# comment\nb: '1'\na: \"x\\n\"\nc: [p, 'q']\nd:\n  e: true\n")),
            "{a@1:1 b@3:\"1\" a@4:\"x\n\" c@5:[p \"q\"] d@6:{e@7:true}}");
}

TEST(ReadYamlTest, KnowsEveryFormOfNull) {
  EXPECT_EQ(show(read_yaml("a:\nb: ~\nc: null\nd: 'null'\n")), "{a@1:~ b@2:~ c@3:~ d@4:\"null\"}");
  EXPECT_EQ(show(read_yaml("# nothing\n")), "~");
}

TEST(ReadYamlTest, RefusesWhatSettingsDoNotNeed) {
  EXPECT_THAT(show(read_yaml("b: 1\na: &x 1\nb: *x\n")),
              HasSubstr("2: anchors and aliases are not supported"));
  EXPECT_THAT(show(read_yaml("a: 1\nb: !!str 1\n")), HasSubstr("2: tags are not supported"));
  EXPECT_THAT(show(read_yaml("a: !x {b: 1}\n")), HasSubstr("1: tags are not supported"));
  EXPECT_THAT(show(read_yaml("a: 1\n---\nb: 1\n")), HasSubstr("expected one document"));
  EXPECT_THAT(show(read_yaml("? [a, b]\n: 1\n")), HasSubstr("expected a key"));
  EXPECT_THAT(show(read_yaml("~: 1\n")), HasSubstr("expected a key, got nothing"));
}

TEST(ReadYamlTest, ErrorsNameTheLineAndQuoteNothing) {
  EXPECT_EQ(show(read_yaml("a: 1\nb: [1\nc: 2\n")).substr(0, 1), "2");
  EXPECT_EQ(show(read_yaml("a: 1\nb: [1,\nc: 2\n")).substr(0, 1), "4");
  EXPECT_EQ(show(read_yaml("a: 1\npassword: *hunter2\n")),
            "2: anchors and aliases are not supported; quote text that starts with '*'");
  EXPECT_THAT(show(read_yaml("a: \"\\q\"")), testing::Not(HasSubstr("q")));
}

TEST(ReadYamlTest, AliasBombsAndDepthAreRefusedAtOnce) {
  const std::string bomb =
      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\n";
  EXPECT_THAT(show(read_yaml(bomb)), HasSubstr("1: anchors and aliases are not supported"));
  EXPECT_THAT(show(read_yaml(std::string(400'000, '[') + std::string(400'000, ']'))),
              HasSubstr("nested too deeply"));
  std::string dashes;
  for (int i = 0; i < 10'000; ++i) dashes += "- ";
  EXPECT_THAT(show(read_yaml(dashes)), HasSubstr("nested too deeply"));
}

TEST(ReadYamlTest, CountOfValuesIsBounded) {
  std::string list = "a: [";
  for (int i = 0; i < kMaxConfigNodes; ++i) list += "1,";
  EXPECT_THAT(show(read_yaml(list + "]")), HasSubstr("too many values"));
}

TEST(ReadJsonTest, ReadsTheSameTreeAsYaml) {
  const std::string text =
      "{\"a\": 1,\n\"b\": \"1\", \"c\": [-1.5e3, true, null],\n\"d\": {\"a\": false}}";
  EXPECT_EQ(show(read_json(text)), "{a@1:1 b@2:\"1\" c@2:[-1.5e3 true ~] d@3:{a@3:false}}");
  EXPECT_EQ(show(read_json(text)), show(read_yaml(text)));
}

TEST(ReadJsonTest, DecodesEveryEscape) {
  EXPECT_EQ(show(read_json(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00")")),
            "\"\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

TEST(ReadJsonTest, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{\"a\":1 \"b\":2}",
                           "[1,]",
                           "[1 2]",
                           "{a:1}",
                           "{'a':1}",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "-",
                           "1e",
                           "0x1",
                           "tru",
                           "True",
                           "NaN",
                           "\"",
                           "\"\n\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "{} {}",
                           "// c\n{}",
                           "\\"}) {
    EXPECT_TRUE(std::holds_alternative<SyntaxError>(read_json(text))) << text;
  }
  EXPECT_TRUE(std::holds_alternative<SyntaxError>(read_json(std::string_view("{}\0", 3))));
}

TEST(ReadJsonTest, ErrorsNameTheLineAndQuoteNothing) {
  EXPECT_EQ(show(read_json("{\"a\": 1,\n\"b\": hunter2}")), "2: JSON: expected a value");
  EXPECT_EQ(show(read_json("{\n\n\"a\": 1,\n}")), "4: JSON: expected a key in double quotes");
}

TEST(ReadJsonTest, DepthAndCountAreBounded) {
  EXPECT_THAT(show(read_json(std::string(100'000, '['))), HasSubstr("nested too deeply"));
  std::string list = "[1";
  for (int i = 0; i < kMaxConfigNodes; ++i) list += ",1";
  EXPECT_THAT(show(read_json(list + "]")), HasSubstr("too many values"));
}

TEST(ReadTextTest, JsonIsKnownByItsNameOrItsFirstByte) {
  EXPECT_THAT(show(read_text("a: 1", "x.json")), HasSubstr("JSON"));
  EXPECT_EQ(show(read_text("a: 1", "x.yaml")), "{a@1:1}");
  EXPECT_EQ(show(read_text("\n {\"a\": \"\\ud83d\\ude00\"}", "x.yaml")),
            "{a@2:\"\xF0\x9F\x98\x80\"}");
}

TEST(ReadTextTest, NothingIsNullInBothLanguages) {
  EXPECT_EQ(show(read_text("", "x.json")), "~");
  EXPECT_EQ(show(read_text("\xEF\xBB\xBF \r\n", "x.yaml")), "~");
}

TEST(ReadTextTest, SkipsAByteOrderMark) {
  EXPECT_EQ(show(read_text("\xEF\xBB\xBF{\"a\": 1}", "x")), "{a@1:1}");
  EXPECT_EQ(show(read_text("\xEF\xBB\xBF"
                           "a: 1",
                           "x")),
            "{a@1:1}");
}

TEST(ReadFileTest, SizeLimitIsInclusive) {
  const TemporaryDirectory directory;
  EXPECT_EQ(*read_file(directory.write("a", "12345"), 5), "12345");
  EXPECT_EQ(read_file(directory.write("b", std::string(2049, 'x')), 2048).error().message,
            "larger than 2 KiB");
}

// It takes the memory of what is there, not of what is allowed: no machine has 64 TiB.
TEST(ReadFileTest, ASmallFileTakesLittleMemory) {
  const TemporaryDirectory directory;
  EXPECT_EQ(*read_file(directory.write("a", "12345"), std::size_t{1} << 46U), "12345");
}

TEST(ReadFileTest, SaysWhyAFileCannotBeRead) {
  const TemporaryDirectory directory;
  EXPECT_EQ(read_file(directory.path("none"), 5).error().message,
            "cannot be opened: No such file or directory");
  EXPECT_EQ(read_file(directory.path(""), 5).error().message, "expected a file, got a directory");
}

TEST(ReadFileTest, APipeIsReadToItsEnd) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] {  // in two pieces, by somebody who comes later
    std::ofstream out(path);
    out << "12" << std::flush << "34";
  });
  const auto content = read_file(path, 5);
  writer.join();
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(*content, "1234");
}

TEST(ReadFileTest, APipeMayBeAsLongAsIsAllowed) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const std::string text(50'000, 'x');
  std::thread writer([&] { std::ofstream(path) << text; });
  const auto content = read_file(path, text.size());
  writer.join();
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(*content, text);
}

TEST(ReadFileTest, APipeIsNotOpenedWhereItCannotBeReadAgain) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read_file(path, 5, Pipes::kRefused).error().message,
            "expected a file, got a pipe, which cannot be read again");
}

}  // namespace
}  // namespace peer
