#include "core/net/http/http_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace peer {
namespace {

using namespace std::string_literals;

/// A head that is accepted, with `lines` added.
std::string head_with(const std::string& lines) {
  return "GET /ws HTTP/1.1\r\nHost: peer.example\r\n" + lines + "\r\n";
}

std::string head_of(const std::string& request_line) {
  return request_line + "\r\nHost: peer.example\r\n\r\n";
}

TEST(FindHeadEndTest, TheHeadEndsBehindTheEmptyLine) {
  const std::string head = head_with("");
  EXPECT_EQ(find_head_end(head), head.size());
  EXPECT_EQ(find_head_end(head + "pipelined\r\n\r\n"), head.size());
}

TEST(FindHeadEndTest, EveryTrueStartIsIncomplete) {
  const std::string head = head_with("Accept: */*\r\n");
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(find_head_end(head.substr(0, size)), 0U) << size;
  }
}

TEST(FindHeadEndTest, BareLineFeedsEndAHeadToo) {
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\n\nrest"), 16U);
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\n\r\nrest"), 17U);
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\n\nrest"), 17U);
}

TEST(ParseHeadTest, ReadsMethodPathQueryAndHeaders) {
  const auto request = parse_head(
      "OPTIONS /stats/%41?a=1&b=?c HTTP/1.1\r\nHost: x\r\nX-One:  1 \r\nx-one: "
      "2\r\nEmpty:\r\n\r\n");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "OPTIONS");
  EXPECT_EQ(request->path, "/stats/%41");
  EXPECT_EQ(request->query, "a=1&b=?c");
  EXPECT_TRUE(request->http_1_1);
  ASSERT_NE(request->find("X-ONE"), nullptr);
  EXPECT_EQ(*request->find("X-ONE"), "1");
  EXPECT_EQ(request->count("x-One"), 2U);
  EXPECT_EQ(request->only("x-one"), nullptr);
  EXPECT_EQ(request->only("x-none"), nullptr);
  EXPECT_EQ(request->only("hOST"), request->find("Host"));
  EXPECT_EQ(*request->find("empty"), "");
  EXPECT_EQ(request->find("absent"), nullptr);
  EXPECT_EQ(request->headers.size(), 4U);
}

struct TargetCase {
  std::string target, path, query;
};

TEST(ParseHeadTest, TargetsAreAPathOrAnAbsoluteUrl) {
  const TargetCase cases[] = {
      {"/", "/", ""},
      {"/ws?", "/ws", ""},
      {"//x", "//x", ""},
      {"/a?b?c=/d", "/a", "b?c=/d"},
      {"http://peer.example/ws?t=1", "/ws", "t=1"},
      {"HTTPS://peer.example:8443/ws", "/ws", ""},
      {"http://peer.example", "/", ""},
      {"http://peer.example?t=1", "/", "t=1"},
  };
  for (const TargetCase& expected : cases) {
    const auto request = parse_head(head_of("GET " + expected.target + " HTTP/1.1"));
    ASSERT_TRUE(request) << expected.target;
    EXPECT_EQ(request->path, expected.path) << expected.target;
    EXPECT_EQ(request->query, expected.query) << expected.target;
  }
}

TEST(ParseHeadTest, RefusesBadRequestLines) {
  const std::string lines[] = {
      "",
      "GET",
      "GET /",
      "GET / ",
      " GET / HTTP/1.1",
      "GET  / HTTP/1.1",
      "GET /  HTTP/1.1",
      "GET / HTTP/1.1 ",
      "GET\t/\tHTTP/1.1",
      "GET /a b HTTP/1.1",
      "G(T / HTTP/1.1",
      std::string(33, 'G') + " / HTTP/1.1",
      "GET / XYZ",
      "GET / HTTP/1.2",
      "GET / HTTP/2.0",
      "GET / http/1.1",
      "GET / HTTP/1.10",
      "GET ws HTTP/1.1",
      "GET * HTTP/1.1",
      "GET peer.example:80 HTTP/1.1",
      "GET http:///ws HTTP/1.1",
      "GET ftp://peer.example/ws HTTP/1.1",
      "GET /ws#part HTTP/1.1",
      "GET /\x7F HTTP/1.1",
      "GET /\xC3\xA9 HTTP/1.1",
      "GET /\0 HTTP/1.1"s,
  };
  for (const std::string& line : lines) {
    EXPECT_FALSE(parse_head(head_of(line))) << testing::PrintToString(line);
  }
}

TEST(ParseHeadTest, RefusesBadHeaderLines) {
  const std::string lines[] = {
      "X: a\n",               // bare LF
      "X: a\rb\r\n",          // bare CR
      "X: a\r\n folded\r\n",  // RFC 9112 5.2
      "X: a\r\n\tfolded\r\n",
      " X: a\r\n",
      "X : a\r\n",
      "X\t: a\r\n",
      ": a\r\n",
      "X\r\n",
      "X(): a\r\n",
      "\xC3\xA9: a\r\n",
      "X: a\0b\r\n"s,
      "X: a\x01\r\n",
      "X: a\x1B[31m\r\n",
      "X: a\x7F\r\n",
      "Host: other\r\n",
      "Content-Length: 1\r\n",
      "Content-Length: 00\r\n",
      "Content-Length: -0\r\n",
      "Content-Length: 0, 5\r\n",
      "Content-Length:\r\n",
      "Content-Length: 0\r\ncontent-length: 5\r\n",
      "Transfer-Encoding: chunked\r\n",
      "transfer-encoding: identity\r\n",
  };
  for (const std::string& line : lines) {
    EXPECT_FALSE(parse_head(head_with(line))) << testing::PrintToString(line);
  }
}

TEST(ParseHeadTest, AcceptsUnusualButLegalHeaderLines) {
  const std::string lines[] = {
      "",
      "X:a\r\n",
      "X:\t a \t\r\n",
      "X: caf\xC3\xA9\r\n",
      "X: a:b=c?d\r\n",
      "!#$%&'*+-.^_`|~: a\r\n",
      "Content-Length: 0\r\n",
      "Content-Length: 0\r\nContent-Length: 0\r\n",
      std::string(10'000, 'N') + ": a\r\n",
      "X: " + std::string(10'000, 'v') + "\r\n",
  };
  for (const std::string& line : lines) {
    EXPECT_TRUE(parse_head(head_with(line))) << testing::PrintToString(line);
  }
}

TEST(ParseHeadTest, SaysHowLongABodyIsWhereOneIsTaken) {
  const auto read = [](const std::string& lines) {
    return parse_head(head_with(lines), Bodies::kTaken);
  };
  EXPECT_EQ(read("Content-Length: 1048577\r\n")->body_size, 1048577U);
  EXPECT_EQ(read("Content-Length: 7\r\nContent-Length: 7\r\n")->body_size, 7U);
  EXPECT_TRUE(read("Transfer-Encoding: chunked\r\n")->is_chunked);
  EXPECT_FALSE(read("")->is_chunked);
  for (const char* lines :
       {"Content-Length: 01\r\n", "Content-Length: +1\r\n", "Content-Length: 1, 1\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: 1000000000000000\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_FALSE(read(lines)) << lines;
  }
}

TEST(ParseHeadTest, RefusesEveryControlByteAnywhere) {
  const std::string head = head_with("Accept: */*\r\n");
  for (std::size_t at = 0; at < head.size(); ++at) {
    for (const char byte : "\0\1\b\n\v\f\r\x1F\x7F"s) {
      std::string broken = head;
      broken.insert(at, 1, byte);
      EXPECT_FALSE(parse_head(broken)) << at << ' ' << int{byte};
    }
  }
}

TEST(ParseHeadTest, RefusesWhatIsNotExactlyOneHead) {
  const std::string head = head_with("");
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_FALSE(parse_head(head.substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_head(head + "x"));
  EXPECT_FALSE(parse_head("\r\n" + head));
}

TEST(ParseHeadTest, BoundsAreInclusive) {
  const auto head_with_headers = [](std::size_t count) {
    std::string lines;
    for (std::size_t i = 1; i < count; ++i) lines += "X: a\r\n";
    return head_with(lines);
  };
  EXPECT_TRUE(parse_head(head_with_headers(kMaxHeaders)));
  EXPECT_FALSE(has_too_many_headers(head_with_headers(kMaxHeaders)));
  EXPECT_FALSE(parse_head(head_with_headers(kMaxHeaders + 1)));
  EXPECT_TRUE(has_too_many_headers(head_with_headers(kMaxHeaders + 1)));

  // The head has one bound, whatever fills it.
  const auto with_value = [](std::size_t size) {
    return head_with("A: " + std::string(size, 'a') + "\r\n");
  };
  const auto with_target = [](std::size_t size) {
    return head_of("GET /" + std::string(size, 'p') + " HTTP/1.1");
  };
  for (const auto& head_of_length : {+with_value, +with_target}) {
    const std::size_t room = kMaxHeadSize - head_of_length(0).size();
    EXPECT_EQ(head_of_length(room).size(), kMaxHeadSize);
    EXPECT_TRUE(parse_head(head_of_length(room)));
    EXPECT_FALSE(parse_head(head_of_length(room + 1)));
  }
}

TEST(ParseHeadTest, ValuesAreVerbatim) {
  const auto request = parse_head(head_with("X: =?utf-8?q?a=0D=0AInjected:_1?=\r\n"));
  ASSERT_TRUE(request);
  EXPECT_EQ(*request->find("x"), "=?utf-8?q?a=0D=0AInjected:_1?=");
  EXPECT_EQ(request->headers.size(), 2U);
}

TEST(ParseHeadTest, Http11NeedsAHostAndHttp10DoesNot) {
  EXPECT_FALSE(parse_head("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(parse_head("GET / HTTP/1.1\r\nHost:\r\n\r\n"));
  EXPECT_TRUE(parse_head("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_FALSE(parse_head("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"));
}

struct KeepAliveCase {
  std::string version, lines;
  bool keep_alive;
};

TEST(ParseHeadTest, Http11KeepsTheConnectionAndHttp10ClosesItUnlessAsked) {
  const KeepAliveCase cases[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: Upgrade\r\nConnection: x, CLOSE\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
  };
  for (const KeepAliveCase& expected : cases) {
    const auto request =
        parse_head("GET / HTTP/" + expected.version + "\r\nHost: x\r\n" + expected.lines + "\r\n");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->keep_alive, expected.keep_alive) << expected.version << expected.lines;
  }
}

TEST(HttpRequestTest, TokensAreListMembersInAnyCase) {
  HttpRequest request;
  request.headers = {{"Connection", "keep-alive ,\tUpgrade"}, {"connection", ",,x"}};
  EXPECT_TRUE(request.has_token("connection", "upgrade"));
  EXPECT_TRUE(request.has_token("CONNECTION", "Keep-Alive"));
  EXPECT_TRUE(request.has_token("Connection", "x"));
  EXPECT_FALSE(request.has_token("Connection", "up"));
  EXPECT_FALSE(request.has_token("Connection", "upgrade2"));
  EXPECT_FALSE(request.has_token("Upgrade", "upgrade"));
}

TEST(WhatItLooksLikeTest, NamesTheUsualMistakes) {
  using testing::StartsWith;
  EXPECT_THAT(what_it_looks_like("\x16\x03\x01\x02"), StartsWith("TLS on the plain port"));
  EXPECT_THAT(what_it_looks_like("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), StartsWith("HTTP/2"));
  EXPECT_THAT(what_it_looks_like("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n"), StartsWith("PROXY"));
  EXPECT_THAT(what_it_looks_like({"\r\n\r\n\0\r\nQUIT\n\x21\x11", 14}), StartsWith("PROXY"));
  EXPECT_EQ(what_it_looks_like("GET / HTTP/1.1\nHost: x\n\n"), "");
  EXPECT_EQ(what_it_looks_like(""), "");
}

}  // namespace
}  // namespace peer
