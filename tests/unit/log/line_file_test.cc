#include "core/log/line_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/log/words.h"

namespace peer {
namespace {

using test::Json;
using testing::ContainsRegex;
using testing::EndsWith;

Poco::Message message_of(const std::string& text) {
  return {"peer", text, Poco::Message::PRIO_WARNING};
}

TEST(TextLine, HasTimeLevelWordsAndFields) {
  Poco::Message message = message_of("closed");
  message.set("address", "192.0.2.1");
  message.set("peer", "ab");
  EXPECT_THAT(text_line(message),
              ContainsRegex("^20..-..-..T..:..:..\\....Z Warning: closed peer=ab "
                            "address=192.0.2.1$"));
}

TEST(TextLine, NothingInItEndsOrForgesALine) {
  EXPECT_THAT(text_line(message_of(std::string("a\nb\r\x1b[0m\0\x7f", 10))),
              EndsWith("a\\x0ab\\x0d\\x1b[0m\\x00\\x7f"));
}

TEST(TextLine, WhatIsNoUtf8IsEscaped) {
  EXPECT_THAT(text_line(message_of("gr\xC3\xBC\xC3\x9F \xC3 \xFF \xF0\x9F\x98\x80 \xED\xA0\x80")),
              EndsWith("gr\xC3\xBC\xC3\x9F \\xc3 \\xff \xF0\x9F\x98\x80 \\xed\\xa0\\x80"));
}

TEST(JsonLine, IsOneObjectThatSaysTheSame) {
  Poco::Message message = message_of("a \"b\" \\ \n \xFF");
  message.set("peer", "ab");
  const std::string line = json_line(message);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Json json = Json::parse(line);
  EXPECT_EQ(json["level"].str(), "warning");
  EXPECT_EQ(json["source"].str(), "peer");
  EXPECT_EQ(json["message"].str(), "a \"b\" \\ \n \xC3\xBF");
  EXPECT_EQ(json["peer"].str(), "ab");
  EXPECT_FALSE(json["address"].exists());
}

TEST(LineFileTest, AppendsAndGoesOnInANewFileWhenReopened) {
  const test::TempDir dir;
  const std::filesystem::path file = dir.path() / "log";
  dir.write("log", "before\n");
  LineFile lines(file, words);
  ASSERT_TRUE(lines.reopen());
  EXPECT_EQ(lines.write(message_of("one")), 0);
  std::filesystem::rename(file, dir.path() / "log.1");
  EXPECT_EQ(lines.write(message_of("two")), 0);
  ASSERT_TRUE(lines.reopen());
  EXPECT_EQ(lines.write(message_of("three")), 0);
  EXPECT_EQ(test::read_file(dir.path() / "log.1"), "before\none\ntwo\n");
  EXPECT_EQ(test::read_file(file), "three\n");
}

TEST(LineFileTest, KeepsTheOldFileWhenTheNewOneCannotBeOpened) {
  const test::TempDir dir;
  std::filesystem::create_directory(dir.path() / "logs");
  LineFile lines(dir.path() / "logs/log", words);
  ASSERT_TRUE(lines.reopen());
  std::filesystem::rename(dir.path() / "logs", dir.path() / "moved");
  const auto reopened = lines.reopen();
  ASSERT_FALSE(reopened);
  EXPECT_THAT(reopened.error().message,
              ContainsRegex("log_file: cannot open '.*/logs/log': No such"));
  EXPECT_EQ(lines.write(message_of("still")), 0);
  EXPECT_EQ(test::read_file(dir.path() / "moved/log"), "still\n");
}

}  // namespace
}  // namespace peer
