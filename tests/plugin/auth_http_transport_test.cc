// auth_http: how it asks, and whom: plugins/auth_http/README.md, "How it asks".
#include "tests/plugin/auth_http_test.h"

#include <poll.h>

#include <chrono>
#include <cstdlib>

#include "tests/support/secure_server.h"

namespace peer::test {
namespace {

using namespace sdk;
using testing::Contains;
using testing::HasSubstr;

TEST_F(AuthHttpTest, RedirectsAreNeverFollowed) {
  const HttpEndpoint inner(http_answer("200 OK", kAllow));
  for (const std::string status :
       {"301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent"}) {
    const HttpEndpoint endpoint(
        http_answer(status, kAllow, "Location: " + inner.url("/internal") + "\r\n"));
    start(endpoint.url());
    EXPECT_EQ(ask().text(), std::string("[") + kFailed + "]") << status;
  }
  EXPECT_EQ(inner.connections(), 0);
}

TEST_F(AuthHttpTest, ADeadEndpointDenies) {
  const std::string nobody = dead_url();
  const HttpEndpoint cut(
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{\"allow\":true}");
  const HttpEndpoint mute{std::string()};
  for (const std::string& url : {nobody, cut.url(), mute.url()}) {
    start(url);
    EXPECT_EQ(ask().text(), std::string("[") + kNotAvailable + "]") << url;
  }
  EXPECT_THAT(log(), Contains(HasSubstr("cannot ask its url: cannot connect to it")));
  EXPECT_THAT(log(), Contains(HasSubstr("cannot ask its url: its answer is cut off")));
  const ScriptedServer nonsense("what?\r\n\r\n");
  start(nonsense.url());
  EXPECT_EQ(ask().text(), std::string("[") + kFailed + "]");
}

TEST_F(AuthHttpTest, ASlowEndpointDeniesAfterTheTimeout) {
  const ScriptedServer silent(
      [](int connection, const std::string&) { ScriptedServer::await_end(connection); });
  // A byte at a time: no single read ever waits for long.
  const ScriptedServer dripping([](int connection, const std::string&) {
    ScriptedServer::write(connection, "HTTP/1.1 200 OK\r\nX: ");
    pollfd end{connection, POLLIN, 0};
    while (poll(&end, 1, 5) == 0 && ScriptedServer::write(connection, "x")) {
    }
  });
  for (const std::string& url : {silent.url(), dripping.url()}) {
    start(url, {{"timeout", std::int64_t{200}}});
    EXPECT_EQ(ask().text(), std::string("[") + kNotAvailable + "]");
  }
  EXPECT_THAT(log(), Contains(HasSubstr("cannot ask its url: it takes too long")));
}

TEST_F(AuthHttpTest, ConnectionsAreKeptAlive) {
  const HttpEndpoint endpoint(http_answer("200 OK", kAllow));
  start(endpoint.url());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask().text(), "somebody");
  EXPECT_EQ(endpoint.requests(), 5);
  EXPECT_EQ(endpoint.connections(), 1);
  EXPECT_EQ(count("questions"), 5U);
  EXPECT_EQ(count("connections"), 1U);
  EXPECT_EQ(count("failures"), 0U);
}

TEST_F(AuthHttpTest, AQuestionThatMetTheEndOfAKeptConnectionIsAskedAgain) {
  const HttpEndpoint endpoint([](const HttpEndpoint::Request& request) {
    // The second is read, and not answered: the other side had just ended the connection.
    return request.number == 2 ? std::string() : http_answer("200 OK", kAllow);
  });
  start(endpoint.url());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask().text(), "somebody");
  EXPECT_EQ(endpoint.requests(), 3);
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST_F(AuthHttpTest, AQuestionIsNotAskedAgainWhereAnAnswerHasBegun) {
  const HttpEndpoint endpoint([](const HttpEndpoint::Request& request) {
    return request.number == 2
               ? "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\n\r\n{"
               : http_answer("200 OK", kAllow);
  });
  start(endpoint.url());
  EXPECT_EQ(ask().text(), "somebody");
  EXPECT_EQ(ask().text(), std::string("[") + kNotAvailable + "]");
  EXPECT_EQ(endpoint.requests(), 2);
}

TEST_F(AuthHttpTest, AQuestionIsNotAskedAgainOnAFreshConnection) {
  const HttpEndpoint endpoint{std::string()};
  start(endpoint.url());
  EXPECT_EQ(ask().text(), std::string("[") + kNotAvailable + "]");
  EXPECT_EQ(endpoint.requests(), 1);
}

TEST_F(AuthHttpTest, SoManyAreAskedAtATimeAndTheOthersWait) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return http_answer("200 OK", kAllow);
  });
  start(endpoint.url(), {{"max_concurrent", std::int64_t{3}}});
  std::vector<Pending> asked;
  for (int i = 0; i < 20; ++i) asked.push_back(ask());
  endpoint.wait_for_requests(3);
  release.set_value();
  for (Pending& one : asked) EXPECT_EQ(one.text(), "somebody");
  EXPECT_EQ(endpoint.requests(), 20);
  EXPECT_EQ(endpoint.most_at_once(), 3);
  EXPECT_LE(endpoint.connections(), 3);
}

TEST_F(AuthHttpTest, AWaitCountsForTheTimeout) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return http_answer("200 OK", kAllow);
  });
  constexpr std::chrono::milliseconds kTimeout{500};
  start(endpoint.url(), {{"max_concurrent", std::int64_t{1}}, {"timeout", kTimeout.count()}});
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Pending> asked;
  for (int i = 0; i < 4; ++i) asked.push_back(ask());
  for (Pending& one : asked) EXPECT_EQ(one.text(), std::string("[") + kNotAvailable + "]");
  // One behind the other they would take four times as long.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3 * kTimeout);
  release.set_value();
}

TEST_F(AuthHttpTest, WhoHasGoneIsNotAskedAbout) {
  std::promise<void> release;
  const HttpEndpoint endpoint([released = release.get_future().share()](const auto&) {
    released.wait();
    return http_answer("200 OK", kAllow);
  });
  start(endpoint.url(), {{"max_concurrent", std::int64_t{1}}});
  Pending first = ask();
  endpoint.wait_for_requests(1);
  const auto staying = std::exchange(peer_, std::make_shared<int>());
  Pending gone = ask();
  peer_ = staying;
  Pending waiting = ask();
  release.set_value();
  EXPECT_EQ(first.text(), "somebody");
  EXPECT_EQ(gone.text(), std::string("[") + kFailed + "]");  // to nobody
  EXPECT_EQ(waiting.text(), "somebody");
  EXPECT_EQ(endpoint.requests(), 2);
  EXPECT_EQ(count("gone"), 1U);
}

TEST_F(AuthHttpTest, ProxiesOfTheEnvironmentAreNotUsed) {
  const HttpEndpoint proxy(http_answer("200 OK", R"({"allow":false})"));
  const HttpEndpoint endpoint(http_answer("200 OK", kAllow));
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) {
    setenv(name, proxy.url("").c_str(), 1);
  }
  start(endpoint.url());
  EXPECT_EQ(ask().text(), "somebody");
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(AuthHttpTest, AnHttpsServerIsOneWhoseAuthorityAndNameAreKnown) {
  const DevCertificate certificate;
  const SecureServer server(certificate, http_answer("200 OK", kAllow));
  const auto answer_of = [&](const char* host) {
    start(server.url(host));
    return ask().text();
  };
  unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(answer_of("localhost"), std::string("[") + kFailed + "]");
  EXPECT_THAT(log(), Contains(HasSubstr("cannot ask its url: SSL certificate problem")));
  setenv("SSL_CERT_FILE", certificate.certificate().c_str(), 1);
  EXPECT_EQ(answer_of("localhost"), "somebody");
  EXPECT_EQ(answer_of("127.0.0.1"), "somebody");
  EXPECT_EQ(answer_of("127.0.0.2"), std::string("[") + kFailed + "]");  // not in the certificate
  unsetenv("SSL_CERT_FILE");
}

}  // namespace
}  // namespace peer::test
