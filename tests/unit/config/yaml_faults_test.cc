// What yaml-cpp 0.7 takes without a word although it says something else to a reader of the file.
#include <string>
#include <string_view>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"
#include "core/config/read_text.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string refusal_of(std::string_view text) {
  const ConfigTree tree = read_yaml(text);
  const auto* error = std::get_if<SyntaxError>(&tree);
  if (error == nullptr) return "taken";
  return std::to_string(error->line) + ": " + error->message;
}

TEST(OpenQuoteTest, IsRefusedWithItsLineAndSwallowsNoKey) {
  EXPECT_THAT(
      load_config_text("loops: 1\nredis_password: \"abc\nport: 9000\nmax_peers: 5\n", "c.yaml")
          .mistakes,
      ElementsAre(StartsWith("c.yaml:2: quoted text does not end on its line")));
}

TEST(OpenQuoteTest, IsFoundWhereverItOpens) {
  for (const char* text : {
           "a: 1\nb: \"abc\nport: 9\n",
           "a: 1\nb: 'abc\nport: 9\n",
           "a: 1\nb: \"abc\nport: 9",
           "a: 1\nb: 'abc\nport: 9",
           "a: 1\nb: \"abc\nhost: \"x\"\n",
           "a: it's # don't\nb: 'abc\nhost: 'x'\n",
           "a: \"1\" # \"\nb: 'abc\nhost: ''\n",
           "a: 1\nb: \"abc\\\"\nhost: \"\n",
           "a: 1\nb: \"abc\\\nhost: \"\n",
           "a: 1\nb: 'abc''\nhost: '\n",
           "a: 1\nb: \"abc\r\nport: 9\"\r\n",
           "a: 1\nb: ['x', \"y]\nport: 9\n",
           "a: 1\nb: {'x': 'y}\nport: 9\n",
           "a: 1\n'b: 1\nport: 9\n",
           "a: 1\nb: \"",
       }) {
    EXPECT_THAT(refusal_of(text), StartsWith("2: quoted text does not end on its line")) << text;
  }
}

TEST(OpenQuoteTest, QuotesThatAreClosedAreTaken) {
  const LoadedConfig loaded = load_config_text(
      "'port': 1  # it's\n\"host\": 'a.example'\nredis_password: \"a'b\\\"c\\\\\"\t# \"\n"
      "reserved_namespaces: ['it''s', \"x\",'y' , don't]\n",
      "c.yaml");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.config.redis_password, "a'b\"c\\");
  EXPECT_THAT(loaded.config.reserved_namespaces, ElementsAre("it's", "x", "y", "don't"));
}

struct Fault {
  std::string text;
  std::string refusal;
};

class FaultTest : public testing::TestWithParam<Fault> {};

TEST_P(FaultTest, IsRefusedWithItsLine) {
  EXPECT_THAT(refusal_of(GetParam().text), StartsWith(GetParam().refusal)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Scalars, FaultTest,
    testing::Values(Fault{"a: \"x\"y\n", "1: text directly behind a closing quote"},
                    Fault{"a: 'x'#y\n", "1: text directly behind a closing quote"},
                    Fault{"a: 1\nb: x\n  port 9\n", "2: text goes on in the next line"},
                    Fault{"a: x\n  - y\n", "1: text goes on in the next line"},
                    Fault{"a:\n  b: 1\n   c: 2\n", "2: text goes on in the next line"},
                    Fault{"a: [1\n 2]\n", "1: text goes on in the next line"},
                    Fault{"a: |5\nb: 1\n", "1: block text with an indentation number"},
                    Fault{"a: >-2 # x\n    b\n", "1: block text with an indentation number"},
                    Fault{"a: |\nb: 1\n", "1: block text is empty"},
                    Fault{"a: 1\nb: >-\n\n", "2: block text is empty"},
                    Fault{"a: ! x\n", "1: tags are not supported"},
                    Fault{"a: !\n", "1: tags are not supported"},
                    Fault{"a: !<!> 5\n", "1: tags are not supported"},
                    Fault{"a: !<?> 'x'\n", "1: tags are not supported"},
                    Fault{"a: !<?> [x]\n", "1: tags are not supported"}));

INSTANTIATE_TEST_SUITE_P(Keys, FaultTest,
                         testing::Values(Fault{"a: 1\nport 9\n", "2: expected ': ' after the key"},
                                         Fault{"a: 1\nport:9\n", "2: expected ': ' after the key"},
                                         Fault{"a: 1\n\"port\"\n", "2: "},
                                         Fault{"? a\n: 1\n", "1: expected ': '"},
                                         Fault{"a: {b:1}\n", "1: expected ': ' after the key"},
                                         Fault{"a: {b, c}\n", "1: expected ': ' after the key"}));

INSTANTIATE_TEST_SUITE_P(
    Documents, FaultTest,
    testing::Values(Fault{"a: 1\n---\nb: 1\n", "2: expected one document"},
                    Fault{"a: 1\n---\n", "2: expected one document"},
                    Fault{"a: 1\n...\nport: 9\n", "3: expected the end of the file"},
                    Fault{"  a: 1\nport: 9\n", "2: expected the end of the file"},
                    Fault{"%YAML 1.2\n---\na: 1\n", "1: directives are not supported"},
                    Fault{"%nonsense\na: 1\n", "1: directives are not supported"},
                    Fault{"a: 1\n%x\n", "2: directives are not supported"}));

INSTANTIATE_TEST_SUITE_P(
    Bytes, FaultTest,
    testing::Values(Fault{std::string("a: 1\n\0b: 1\n", 11), "2: found a control character"},
                    Fault{"a: 1\nb: x\x04\n", "2: found a control character"},
                    Fault{"a: 1 # \x1b[2J\n", "1: found a control character"},
                    Fault{"a: \x7f\n", "1: found a control character"},
                    Fault{"a: x\xC2\x85port: 9\n", "1: found a control character"},
                    Fault{"a: 1\nb: x\xE2\x80\xA8port: 9\n", "2: found a line separator"},
                    Fault{"a: 1\n\xEF\xBB\xBFport: 9\n", "2: found a byte order mark"},
                    Fault{"a: 1\nb: \xFF\n", "2: expected UTF-8"},
                    Fault{"a: 1\nb: \xC0\xAF\n", "2: expected UTF-8"},
                    Fault{"a: 1\nb: \xED\xA0\x80\n", "2: expected UTF-8"},
                    Fault{"a: 1\nb: 'x\xC3", "2: expected UTF-8"},
                    Fault{std::string("\xFF\xFE"
                                      "a\0:\0 \0"
                                      "1\0\n\0",
                                      12),
                          "1: expected UTF-8"},
                    Fault{"a: 1\n# x\rport: 9\n", "2: a carriage return without a line feed"}));

TEST(FaultTest, BytesAreCheckedInJsonToo) {
  const ConfigTree tree = read_json("{\"a\":\n\"\xFF\"}");
  EXPECT_EQ(std::get<SyntaxError>(tree).line, 2);
  EXPECT_THAT(std::get<SyntaxError>(tree).message, HasSubstr("expected UTF-8"));
}

TEST(FaultTest, WhatIsWrittenRightIsTaken) {
  for (const char* text : {"---\na: 1\n", "a: 1\n...\n", "a:\t1\t# x\n", "a: 1\r\nb: '2'\r\n",
                           "a: |\n  x\n  y\nb: 1\n", "a: >-\n  x\n\nb: 1\n", "a: [\n  1,\n  2\n]\n",
                           "a: {\n  \"b\":1, c: d:e,\n  f : g\n}\n", "a:\n- b: 1\n  c: 2\n",
                           "a: b:c#d\n", "a: \xC3\xA9\n", "a: [::1, https://x.example:8]\n"}) {
    EXPECT_THAT(refusal_of(text), testing::Eq("taken")) << text;
  }
}

}  // namespace
}  // namespace peer
