#include "jwks_fetch.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <poll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <vector>

#include "tests/support/dev_certificate.h"
#include "tests/support/scripted_server.h"
#include "tests/support/secure_server.h"

namespace peer_jwt {
namespace {

using peer::test::ok;
using peer::test::ScriptedServer;
using std::chrono::milliseconds;
using testing::HasSubstr;

/// What a fetch brings: the body, or the error in brackets.
std::string fetch(const std::string& url, milliseconds timeout = milliseconds(10'000)) {
  JwksFetch fetch({.url = *peer_http::parse_http_url(url), .timeout = timeout, .max_body = 1000});
  const auto text = fetch.fetch();
  return text ? *text : "[" + text.error().message + "]";
}

TEST(JwksFetchTest, TheBodyOfA200IsFetched) {
  const ScriptedServer server([](int connection, const std::string& head) {
    EXPECT_THAT(head, HasSubstr("GET /keys?a=1 HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("Host: 127.0.0.1:"));
    ScriptedServer::write(connection, ok("the keys"));
  });
  EXPECT_EQ(fetch(server.url("/keys?a=1")), "the keys");
}

TEST(JwksFetchTest, AnAnswerMayBeChunkedOrEndWithTheConnection) {
  const ScriptedServer chunked(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n5\r\n keys\r\n0\r\n\r\n");
  EXPECT_EQ(fetch(chunked.url()), "the keys");
  const ScriptedServer endless("HTTP/1.1 200 OK\r\n\r\nthe keys");
  EXPECT_EQ(fetch(endless.url()), "the keys");
}

TEST(JwksFetchTest, RedirectsAreNotFollowed) {
  const ScriptedServer other(ok("of somebody else"));
  const ScriptedServer server("HTTP/1.1 302 Found\r\nLocation: " + other.url() +
                              "\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(fetch(server.url()), "[it answers 302, expected 200]");
  EXPECT_EQ(other.requests(), 0);
}

TEST(JwksFetchTest, TooLongAnAnswerIsCutOffByTheReader) {
  const ScriptedServer announced(ok(std::string(1001, 'x')));
  EXPECT_EQ(fetch(announced.url()), "[its answer is too long]");
  const ScriptedServer endless([](int connection, const std::string&) {
    ScriptedServer::write(connection, "HTTP/1.1 200 OK\r\n\r\n");
    while (ScriptedServer::write(connection, std::string(1000, 'x'))) {
    }
  });
  EXPECT_EQ(fetch(endless.url()), "[its answer is too long]");
  const ScriptedServer longest(ok(std::string(1000, 'x')));
  EXPECT_EQ(fetch(longest.url()), std::string(1000, 'x'));
}

TEST(JwksFetchTest, AnAnswerThatIsCutOffIsNone) {
  const ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe keys");
  EXPECT_EQ(fetch(server.url()), "[its answer is cut off]");
  const ScriptedServer nonsense("hello\r\n\r\n");
  EXPECT_THAT(fetch(nonsense.url()), HasSubstr("["));
}

TEST(JwksFetchTest, SilenceAndDrippingAnswersEndAtTheDeadline) {
  const ScriptedServer silent(
      [](int connection, const std::string&) { ScriptedServer::await_end(connection); });
  EXPECT_EQ(fetch(silent.url(), milliseconds(200)), "[it takes too long]");
  // A byte at a time: no single read ever waits for long.
  const auto drip = [](int connection, const std::string&) {
    ScriptedServer::write(connection, "HTTP/1.1 200 OK\r\nX: ");
    pollfd end{connection, POLLIN, 0};
    while (poll(&end, 1, 5) == 0 && ScriptedServer::write(connection, "x")) {
    }
  };
  const ScriptedServer dripping(drip);
  EXPECT_EQ(fetch(dripping.url(), milliseconds(200)), "[it takes too long]");
}

TEST(JwksFetchTest, AFetchThatIsCancelledEndsAtOnce) {
  std::promise<void> asked;
  const ScriptedServer server([&](int connection, const std::string&) {
    asked.set_value();
    ScriptedServer::await_end(connection);
  });
  JwksFetch fetch({.url = *peer_http::parse_http_url(server.url()),
                   .timeout = std::chrono::hours(1),
                   .max_body = 1000});
  auto result = std::async(std::launch::async, [&] { return fetch.fetch().has_value(); });
  asked.get_future().wait();
  fetch.cancel();
  EXPECT_FALSE(result.get());
}

/// Listens, and takes no connection: what comes beyond the queue of the kernel hears nothing.
class DeafServer {
 public:
  DeafServer() : listener_(Poco::Net::SocketAddress("127.0.0.1", 0), 1) {
    // As many as the queue takes, and some more.
    for (int i = 0; i < 8; ++i) queue_.emplace_back().connectNB(listener_.address());
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(listener_.address().port()) + "/";
  }

 private:
  Poco::Net::ServerSocket listener_;
  std::vector<Poco::Net::StreamSocket> queue_;
};

TEST(JwksFetchTest, AFetchThatWaitsForAConnectionIsCancelledAtOnce) {
  const DeafServer server;
  JwksFetch fetch({.url = *peer_http::parse_http_url(server.url()),
                   .timeout = std::chrono::hours(1),
                   .max_body = 1000});
  auto result = std::async(std::launch::async, [&] { return fetch.fetch().has_value(); });
  fetch.cancel();
  EXPECT_FALSE(result.get());
}

TEST(JwksFetchTest, AConnectionThatDoesNotComeEndsAtTheDeadline) {
  const DeafServer server;
  EXPECT_EQ(fetch(server.url(), milliseconds(50)), "[it takes too long]");
}

TEST(JwksFetchTest, WhatIsCancelledIsNotBegunAgain) {
  const ScriptedServer server(ok("the keys"));
  JwksFetch fetch({.url = *peer_http::parse_http_url(server.url()), .max_body = 1000});
  fetch.cancel();
  EXPECT_FALSE(fetch.fetch().has_value());
  EXPECT_EQ(server.requests(), 0);
}

TEST(JwksFetchTest, NobodyListeningIsAnError) {
  std::string url;
  {
    const ScriptedServer server(ok(""));
    url = server.url();
  }
  EXPECT_THAT(fetch(url), HasSubstr("efused"));
}

TEST(JwksFetchTest, AnHttpsServerIsOneWhoseAuthorityAndNameAreKnown) {
  const peer::test::DevCertificate certificate;
  const peer::test::SecureServer server(certificate, ok("the keys"));
  unsetenv("SSL_CERT_FILE");
  EXPECT_THAT(fetch(server.url("localhost")), HasSubstr("certificate verify failed"));
  setenv("SSL_CERT_FILE", certificate.certificate().c_str(), 1);
  EXPECT_EQ(fetch(server.url("localhost")), "the keys");
  EXPECT_EQ(fetch(server.url("127.0.0.1")), "the keys");
  EXPECT_THAT(fetch(server.url("127.0.0.2")), HasSubstr("[Certificate"));  // not in the certificate
  unsetenv("SSL_CERT_FILE");
}

TEST(JwksFetchTest, HttpGoesToPrivateAddressesOnly) {
  const peer_http::HttpUrl url = *peer_http::parse_http_url("http://192.0.2.1/");
  JwksFetch fetch({.url = url, .timeout = milliseconds(200), .max_body = 1000});
  EXPECT_EQ(fetch.fetch().error().message,
            "http to an address that is not private; use https, or allow_http: true");
}

}  // namespace
}  // namespace peer_jwt
