#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/net/http/http_request.h"

namespace peer {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const HttpHeaders kUpgradeHeaders = {{"Host", "peer.example"},
                                     {"Upgrade", "websocket"},
                                     {"Connection", "Upgrade"},
                                     {"Sec-WebSocket-Version", "13"},
                                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};

HttpRequest upgrade_with(const HttpHeaders& headers) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/ws";
  request.http_1_1 = true;
  request.headers = headers;
  return request;
}

/// The model upgrade with all headers called `name` replaced by `values`.
HttpRequest upgrade_with(const std::string& name, const std::vector<std::string>& values) {
  HttpHeaders headers;
  for (const auto& header : kUpgradeHeaders) {
    if (header.first != name) headers.push_back(header);
  }
  for (const std::string& value : values) headers.emplace_back(name, value);
  return upgrade_with(headers);
}

std::string_view text_of(const AcceptKey& key) { return {key.data(), key.size()}; }

TEST(CheckUpgradeTest, AnswersTheExampleOfRfc6455) {
  const UpgradeAnswer answer = check_upgrade(upgrade_with(kUpgradeHeaders));
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(text_of(answer.accept_key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

struct UpgradeCase {
  std::string name;
  std::vector<std::string> values;
  int status;
};

TEST(CheckUpgradeTest, EachHeaderHasItsRule) {
  const UpgradeCase cases[] = {
      {"Host", {}, 400},
      {"Host", {"a", "b"}, 400},
      {"Upgrade", {}, 400},
      {"Upgrade", {"h2c"}, 400},
      {"Upgrade", {"websockets"}, 400},
      {"Upgrade", {"WebSocket"}, 101},
      {"Upgrade", {"h2c, websocket"}, 101},
      {"Connection", {}, 400},
      {"Connection", {"keep-alive"}, 400},
      {"Connection", {"keep-alive, upgrade"}, 101},
      {"Connection", {"keep-alive", "UPGRADE"}, 101},
      {"Sec-WebSocket-Version", {}, 426},
      {"Sec-WebSocket-Version", {"8"}, 426},
      {"Sec-WebSocket-Version", {"013"}, 426},
      {"Sec-WebSocket-Version", {"13, 8"}, 426},
      {"Sec-WebSocket-Version", {"13", "8"}, 426},
      {"Sec-WebSocket-Key", {}, 400},
      {"Sec-WebSocket-Key", {""}, 400},
      {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAA=="}, 101},
      {"Sec-WebSocket-Key", {"++//++//++//++//++//+w=="}, 101},
      {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAA"}, 400},
      {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAA==="}, 400},
      {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAAA="}, 400},
      {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAAAA"}, 400},
      {"Sec-WebSocket-Key", {"AAAAAAAAAAA-AAAAAAAAAA=="}, 400},
      {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAAAAAA=="}, 400},
      {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAA=="}, 400},
  };
  for (const UpgradeCase& expected : cases) {
    EXPECT_EQ(check_upgrade(upgrade_with(expected.name, expected.values)).status, expected.status)
        << expected.name << ' ' << testing::PrintToString(expected.values);
  }
}

TEST(CheckUpgradeTest, OnlyGetOverHttp11Upgrades) {
  HttpRequest post = upgrade_with(kUpgradeHeaders);
  post.method = "POST";
  EXPECT_EQ(check_upgrade(post).status, 400);
  HttpRequest old = upgrade_with(kUpgradeHeaders);
  old.http_1_1 = false;
  EXPECT_EQ(check_upgrade(old).status, 400);
}

TEST(CheckUpgradeTest, APlainRequestIsNotToldAboutVersions) {
  EXPECT_EQ(check_upgrade(upgrade_with(HttpHeaders{{"Host", "x"}})).status, 400);
}

TEST(CheckUpgradeTest, SaysWhatIsMissing) {
  const auto problem = [](const HttpRequest& request) { return check_upgrade(request).problem; };
  EXPECT_EQ(problem(upgrade_with("Upgrade", {})),
            "no Upgrade header: does the proxy pass WebSockets?");
  EXPECT_EQ(problem(upgrade_with("Connection", {"keep-alive"})),
            "no 'Connection: Upgrade' header: does the proxy pass WebSockets?");
  EXPECT_EQ(problem(upgrade_with("Sec-WebSocket-Version", {"8"})),
            "Sec-WebSocket-Version must be 13");
  EXPECT_EQ(problem(upgrade_with("Sec-WebSocket-Key", {})), "no valid Sec-WebSocket-Key");
  HttpRequest old = upgrade_with(HttpHeaders{{"Host", "x"}});
  old.http_1_1 = false;
  EXPECT_EQ(problem(old), "HTTP/1.0 cannot upgrade: does the proxy speak HTTP/1.1 to this server?");
  EXPECT_EQ(problem(upgrade_with(kUpgradeHeaders)), "");
}

TEST(CheckUpgradeTest, RefusalsCarryNoAcceptKey) {
  EXPECT_EQ(check_upgrade(upgrade_with("Upgrade", {})).accept_key, AcceptKey());
}

TEST(RenderTest, SwitchingProtocolsIsABareHead) {
  const AcceptKey key = check_upgrade(upgrade_with(kUpgradeHeaders)).accept_key;
  std::string head;
  append_switching_protocols(head, key);
  EXPECT_EQ(head,
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "\r\n");
  std::string with_more;
  append_switching_protocols(with_more, key, {{"Sec-WebSocket-Extensions", "x"}});
  EXPECT_THAT(with_more, HasSubstr("\r\nSec-WebSocket-Extensions: x\r\n"));
}

TEST(RenderTest, ResponsesTellTypeLengthDateAndPersistence) {
  HttpResponse response;
  response.body = R"({"status":"ok"})";
  response.keep_alive = true;
  const std::string text = render_response(response);
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Length: 15\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nConnection: Keep-Alive\r\n"));
  EXPECT_THAT(text,
              ContainsRegex("\r\nDate: [A-Z][a-z]+, [0-9]+ [A-Z][a-z]+ [0-9]+ [0-9:]+ GMT\r\n"));
  EXPECT_THAT(text, EndsWith("\r\n\r\n{\"status\":\"ok\"}"));
}

TEST(RenderTest, AConnectionThatEndsIsAnnounced) {
  EXPECT_THAT(render_response({}), HasSubstr("\r\nConnection: Close\r\n"));
}

TEST(RenderTest, HeadGetsTheLengthWithoutTheBody) {
  HttpResponse response;
  response.body = "0123456789";
  response.content_type = "text/plain";
  response.head_only = true;
  const std::string text = render_response(response);
  EXPECT_THAT(text, HasSubstr("\r\nContent-Length: 10\r\n"));
  EXPECT_THAT(text, EndsWith("\r\n\r\n"));
}

TEST(RenderTest, WhatHasNoContentHasNoLengthAndNoType) {
  HttpResponse response;
  response.status = 204;
  response.body = "of a careless plugin";
  const std::string text = render_response(response);
  EXPECT_THAT(text, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("Content-")));
  EXPECT_THAT(text, EndsWith("\r\n\r\n"));
  response.status = 304;
  EXPECT_THAT(render_response(response), EndsWith("\r\n\r\n"));
}

TEST(RenderTest, ExtraHeadersAreSent) {
  HttpResponse response = error_response(405);
  response.extra = {{"Allow", "GET, HEAD"}};
  EXPECT_THAT(render_response(response), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST(ErrorResponseTest, TheBodyNamesStatusAndPhrase) {
  EXPECT_EQ(error_response(404).status, 404);
  EXPECT_EQ(error_response(404).body, R"({"error":{"code":404,"message":"not found"}})");
  EXPECT_EQ(error_response(400, "no Upgrade header").body,
            R"({"error":{"code":400,"message":"no Upgrade header"}})");
  EXPECT_EQ(error_response(503).body, R"({"error":{"code":503,"message":"service unavailable"}})");
}

TEST(ErrorResponseTest, OnlyAWrongVersionIsToldTheRightOne) {
  EXPECT_THAT(render_response(error_response(426)), HasSubstr("\r\nSec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(render_response(error_response(426)), HasSubstr("\r\nUpgrade: websocket\r\n"));
  EXPECT_THAT(render_response(error_response(400)), Not(HasSubstr("WebSocket")));
}

}  // namespace
}  // namespace peer
