#include "resp.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace peer_redis {
namespace {

using namespace std::string_literals;

/// Whether the reader gives up on these bytes, before or after whole replies in them.
bool is_refused(std::string_view bytes) {
  ReplyReader reader;
  if (!reader.feed(bytes)) return true;
  while (reader.next()) {
  }
  return reader.failed();
}

TEST(Resp, RepliesInPiecesComeWhole) {
  ReplyReader reader;
  std::vector<std::string> texts;
  for (const char byte : "*2\r\n$3\r\na\r\n\r\n:7\r\n+OK\r\n-ERR no\r\n$-1\r\n"s) {
    ASSERT_TRUE(reader.feed({&byte, 1}));
    while (const ReplyReader::Owned owned = reader.next()) {
      const Reply reply(owned.get());
      texts.push_back(reply.size() == 2 ? std::string(reply[0].text()) : std::string(reply.text()));
    }
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"a\r\n", "OK", "ERR no", ""}));
}

TEST(Resp, AReplyOfAnotherTypeReadsAsNothing) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed("*3\r\n$3\r\n12x\r\n:-5\r\n*-1\r\n"));
  const ReplyReader::Owned owned = reader.next();
  const Reply reply(owned.get());
  EXPECT_EQ(reply.text(), "");
  EXPECT_EQ(reply.integer(), 0);
  EXPECT_EQ(reply[1].integer(), -5);
  EXPECT_EQ(reply[1].text(), "");
  EXPECT_EQ(reply[1].size(), 0U);
  EXPECT_EQ(reply[2].size(), 0U);
  EXPECT_EQ(reply[3].text(), "");
  EXPECT_EQ(reply[99][99].integer(), 0);
  EXPECT_FALSE(reply[99].is_error());
}

TEST(Resp, WhatIsNotRespIsRefused) {
  for (const std::string& bytes : {"HTTP/1.1 200 OK\r\n"s, "x\r\n"s, "*x\r\n"s, "$x\r\n"s,
                                   ":x\r\n"s, "\0\0\0\0"s, "*2\r\n$1\r\na\r\nx\r\n"s}) {
    EXPECT_TRUE(is_refused(bytes)) << bytes;
  }
}

TEST(Resp, AnnouncedSizesTakeNoMemory) {
  EXPECT_TRUE(is_refused("*2147483647\r\n"));
  EXPECT_TRUE(is_refused("*1048577\r\n"));
  EXPECT_TRUE(is_refused("*99999999999999999999\r\n"));
  std::string nested;
  for (int i = 0; i < 64; ++i) nested += "*1\r\n";
  EXPECT_TRUE(is_refused(nested));
}

TEST(Resp, AReplyEndsAt64MiB) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed("$1000000000\r\n"));
  const std::string mebibyte(std::size_t{1} << 20, 'x');
  int fed = 0;
  while (fed < 100 && reader.feed(mebibyte)) ++fed;
  EXPECT_EQ(fed, 63);
  EXPECT_TRUE(reader.failed());
}

TEST(Resp, ACommandIsAnArrayOfItsBytes) {
  std::string out = "x";
  const std::vector<std::string_view> arguments{"SET", std::string_view("\0\r\n", 3), ""};
  append_command(out, arguments);
  EXPECT_EQ(out, "x*3\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n"s);
}

TEST(Resp, AFullRedisIsToldWhicheverVersionSaysIt) {
  for (const char* error :
       {"-OOM command not allowed when used memory > 'maxmemory'. script: 0a, on "
        "@user_script:9.\r\n",
        "-ERR Error running script (call to f_0a): @user_script:9: @user_script: 9: -OOM command "
        "not allowed when used memory > 'maxmemory'.\r\n"}) {
    ReplyReader reader;
    ASSERT_TRUE(reader.feed(error));
    const ReplyReader::Owned reply = reader.next();
    EXPECT_TRUE(Reply(reply.get()).is_full()) << error;
  }
}

}  // namespace
}  // namespace peer_redis
