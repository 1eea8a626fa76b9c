#include "core/net/http_post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>

#include "tests/support/dev_certificate.h"
#include "tests/support/free_port.h"
#include "tests/support/http_endpoint.h"
#include "tests/support/secure_server.h"

namespace peer {
namespace {

using test::http_answer;
using test::HttpEndpoint;
using testing::HasSubstr;

constexpr milliseconds kTime{5'000};

HttpUrl url_of(const HttpEndpoint& endpoint) { return *parse_http_url(endpoint.url("/hook?a=1")); }

TEST(HttpUrlTest, IsSplitUp) {
  const auto url = parse_http_url("https://example.com/a/b?c=d%20e");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->https);
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a/b?c=d%20e");
  EXPECT_EQ(url->authority(), "example.com");
  EXPECT_EQ(parse_http_url("http://[::1]:8080")->authority(), "[::1]:8080");
  EXPECT_EQ(parse_http_url("http://a?b")->target, "/?b");
  EXPECT_EQ(parse_http_url("http://a:81")->port, 81);
}

TEST(HttpUrlTest, WhatIsNoneIsNone) {
  for (const char* text :
       {"", "example.com", "ftp://a/", "http://", "http:///x", "http://a:0/", "http://a:65536/",
        "http://a:8x/", "http://a:/", "http://user@a/", "http://a/#x", "http://a/ b", "http://[::1",
        "http://[::1]x80/", "http://[::1]80/", "http://a\r\nX: y/", "https://a b/",
        "http://\xC3\xA9/"}) {
    EXPECT_FALSE(parse_http_url(text)) << text;
  }
}

TEST(HttpPostTest, SendsTheBodyAndReadsTheStatus) {
  HttpEndpoint endpoint([](const HttpEndpoint::Request& request) {
    const bool is_sound = request.head.starts_with("POST /hook?a=1 HTTP/1.1\r\n") &&
                          request.head.find("\r\nX-Test: yes\r\n") != std::string::npos &&
                          request.body == R"({"a":1})";
    return http_answer(is_sound ? "201 Created" : "400 Bad Request", "taken");
  });
  HttpPost post;
  EXPECT_EQ(*post.post(url_of(endpoint), {{"X-Test", "yes"}}, R"({"a":1})", kTime), 201);
  // Each on a connection of its own.
  EXPECT_EQ(*post.post(url_of(endpoint), {{"X-Test", "yes"}}, R"({"a":1})", kTime), 201);
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST(HttpPostTest, FollowsNoRedirect) {
  HttpEndpoint other(http_answer("200 OK", ""));
  HttpEndpoint endpoint(http_answer("302 Found", "", "Location: " + other.url() + "\r\n"));
  EXPECT_EQ(*HttpPost().post(url_of(endpoint), {}, "x", kTime), 302);
  EXPECT_EQ(other.requests(), 0);
}

TEST(HttpPostTest, PassesInterimAnswersOver) {
  HttpEndpoint endpoint("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                        http_answer("204 No Content", ""));
  EXPECT_EQ(*HttpPost().post(url_of(endpoint), {}, "x", kTime), 204);
}

TEST(HttpPostTest, WhatIsNoAnswerIsAnError) {
  for (const char* answer : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc OK\r\n\r\n", ""}) {
    HttpEndpoint endpoint(answer);
    EXPECT_FALSE(HttpPost().post(url_of(endpoint), {}, "x", milliseconds(1'000))) << answer;
  }
  HttpUrl nobody = *parse_http_url("http://127.0.0.1/");
  nobody.port = test::free_port();
  EXPECT_THAT(HttpPost().post(nobody, {}, "x", kTime).error().message, HasSubstr("onnect"));
}

TEST(HttpPostTest, AnAnswerThatTricklesOrNeverComesHasAnEnd) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  HttpEndpoint endpoint([ended](const HttpEndpoint::Request&) {
    ended.wait();
    return std::string();
  });
  const auto began = std::chrono::steady_clock::now();
  const auto answer = HttpPost().post(url_of(endpoint), {}, "x", milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
  EXPECT_EQ(answer.error().message, "it takes too long");
  end.set_value();
}

TEST(HttpPostTest, CanBeCancelled) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  HttpEndpoint endpoint([ended](const HttpEndpoint::Request&) {
    ended.wait();
    return std::string();
  });
  HttpPost post;
  std::thread canceller([&] {
    endpoint.wait_for_requests(1);
    post.cancel();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(post.post(url_of(endpoint), {}, "x", std::chrono::seconds(60)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  EXPECT_EQ(post.post(url_of(endpoint), {}, "x", kTime).error().message, "it was cancelled");
  canceller.join();
  end.set_value();
}

TEST(HttpPostTest, ACertificateMustBeTrustedAndOfThatName) {
  const test::DevCertificate certificate;
  test::SecureServer server(certificate, http_answer("200 OK", ""));
  const auto post_to = [&](const std::string& host) {
    return HttpPost().post(*parse_http_url(server.url(host)), {}, "x", kTime);
  };
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_FALSE(post_to("localhost"));
  ::setenv("SSL_CERT_FILE", certificate.certificate().c_str(), 1);
  const auto trusted = post_to("localhost");
  ASSERT_TRUE(trusted) << trusted.error().message;
  EXPECT_EQ(*trusted, 200);
  EXPECT_FALSE(post_to("127.0.0.2"));
  ::unsetenv("SSL_CERT_FILE");
}

}  // namespace
}  // namespace peer
