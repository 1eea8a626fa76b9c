// auth_http: what it asks, and what it makes of the answer: plugins/auth_http/README.md.
#include "tests/plugin/auth_http_test.h"

namespace peer::test {
namespace {

using namespace sdk;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(AuthHttpTest, TheQuestionIsOnePost) {
  std::promise<HttpEndpoint::Request> question;
  const HttpEndpoint endpoint([&](const HttpEndpoint::Request& request) {
    question.set_value(request);
    return http_answer("200 OK", R"({"allow":true,"identity":"7"})");
  });
  start(endpoint.url("/may?a=b"), {{"identity_prefix", std::string("shop:")}});
  EXPECT_EQ(ask().text(), "shop:7");
  const HttpEndpoint::Request asked = question.get_future().get();
  EXPECT_THAT(asked.head, testing::StartsWith("POST /may?a=b HTTP/1.1\r\n"));
  EXPECT_THAT(asked.head, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(asked.head, testing::Not(HasSubstr("Expect")));
  EXPECT_EQ(asked.body,
            R"({"register":{"public_key":"k"},"address":"203.0.113.5","origin":"","headers":{}})");
}

TEST_F(AuthHttpTest, ADenialHasTheWordsOfTheEndpoint) {
  const HttpEndpoint endpoint(http_answer("200 OK", R"({"allow":false,"message":"banned"})"));
  start(endpoint.url());
  EXPECT_EQ(ask().text(), "[banned]");
}

TEST_F(AuthHttpTest, OnlyStatus200Counts) {
  for (const std::string status : {"201 Created", "204 No Content", "206 Partial", "400 Bad",
                                   "401 Unauthorized", "403 Forbidden", "404 Not Found"}) {
    const HttpEndpoint endpoint(http_answer(status, status.starts_with("204") ? "" : kAllow));
    start(endpoint.url());
    EXPECT_EQ(ask().text(), std::string("[") + kFailed + "]") << status;
    EXPECT_THAT(log(), Contains(HasSubstr("it answers " + status.substr(0, 3) + ", expected 200")));
  }
  const HttpEndpoint broken(http_answer("503 Later", kAllow));
  start(broken.url());
  EXPECT_EQ(ask().text(), std::string("[") + kNotAvailable + "]");
}

TEST_F(AuthHttpTest, WhatMakesNoSenseDeniesAndIsLogged) {
  for (const std::string body :
       {"", "yes", "[]", R"({"allow":"true"})", R"({"allow":true,"rate":"9"})",
        R"({"allow":true,"allow":true})", R"({"allow":true)", "{\"allow\":true,\"alias\":\"\xE9\"}",
        R"({"allow":true} {})"}) {
    const HttpEndpoint endpoint(http_answer("200 OK", body));
    start(endpoint.url());
    EXPECT_EQ(ask().text(), std::string("[") + kFailed + "]") << body;
  }
  EXPECT_THAT(log(), Contains(HasSubstr("its url answers what makes no sense: ")));
}

TEST_F(AuthHttpTest, AnAnswerIsBoundedInSize) {
  std::string longest = R"({"allow":true})";
  longest.resize(1000, ' ');
  const HttpEndpoint exact(http_answer("200 OK", longest));
  start(exact.url(), {{"max_body", std::int64_t{1000}}});
  EXPECT_EQ(ask().text(), "somebody");

  const HttpEndpoint announced(http_answer("200 OK", longest + " "));
  const ScriptedServer endless([](int connection, const std::string&) {
    ScriptedServer::write(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (ScriptedServer::write(connection, "400\r\n" + std::string(1024, ' ') + "\r\n")) {
    }
  });
  const ScriptedServer long_head([](int connection, const std::string&) {
    ScriptedServer::write(connection, "HTTP/1.1 200 OK\r\n");
    while (ScriptedServer::write(connection, "X: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  const ScriptedServer interim([](int connection, const std::string&) {
    while (ScriptedServer::write(connection, "HTTP/1.1 103 Early\r\nA: b\r\n\r\n")) {
    }
  });
  for (const std::string& url : {announced.url(), endless.url(), long_head.url(), interim.url()}) {
    start(url, {{"max_body", std::int64_t{1000}}});
    EXPECT_EQ(ask().text(), std::string("[") + kFailed + "]");
  }
  EXPECT_THAT(log(), Contains(HasSubstr("its answer is too long")));
}

TEST_F(AuthHttpTest, AnInterimAnswerIsPassedOver) {
  const HttpEndpoint endpoint("HTTP/1.1 103 Early\r\nA: b\r\n\r\n" + http_answer("200 OK", kAllow));
  start(endpoint.url());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask().text(), "somebody");
  EXPECT_EQ(endpoint.connections(), 1);
}

TEST_F(AuthHttpTest, OnErrorAllowLetsInWhereNobodyAnswers) {
  const Options allow{{"on_error", std::string("allow")}, {"timeout", std::int64_t{200}}};
  const HttpEndpoint broken(http_answer("500 Broken", ""));
  const ScriptedServer silent(
      [](int connection, const std::string&) { ScriptedServer::await_end(connection); });
  for (const std::string& url : {dead_url(), broken.url(), silent.url()}) {
    start(url, allow);
    EXPECT_EQ(ask().text(), "somebody") << url;
  }
  EXPECT_THAT(log(), Contains(HasSubstr("on_error: allow lets everybody in")));
  // Whoever answers decides, and nonsense decides against.
  const HttpEndpoint denying(http_answer("200 OK", R"({"allow":false})"));
  const HttpEndpoint forbidding(http_answer("403 Forbidden", kAllow));
  const HttpEndpoint nonsense(http_answer("200 OK", "{}"));
  for (const std::string& url : {denying.url(), forbidding.url(), nonsense.url()}) {
    start(url, allow);
    EXPECT_EQ(ask().text(), std::string("[") + kFailed + "]") << url;
  }
}

TEST_F(AuthHttpTest, ARenewalThatCannotBeAskedLeavesTheGrantAsItIs) {
  AuthGrant granted;
  granted.identity = "7";
  granted.namespaces = {"lobby"};
  const std::string nobody = dead_url();
  start(nobody);
  EXPECT_EQ(ask(&granted).text(), "passed");
  start(nobody, {{"on_error", std::string("allow")}});
  const AuthVerdict verdict = ask(&granted).get();
  const auto& again = std::get<AuthGrant>(verdict);
  EXPECT_EQ(again.identity, "7");
  EXPECT_THAT(again.namespaces, ElementsAre("lobby"));
  EXPECT_GT(*again.expires, record().host.now() + std::chrono::seconds(50));
  const HttpEndpoint denying(http_answer("200 OK", R"({"allow":false,"message":"banned"})"));
  start(denying.url());
  EXPECT_EQ(ask(&granted).text(), "[banned]");
}

TEST_F(AuthHttpTest, CookiesOfAnyPageAreWarnedOf) {
  const HttpEndpoint endpoint(http_answer("200 OK", kAllow));
  const auto warned = [&](std::vector<std::string> headers, bool any_origin) {
    const std::size_t before = log().size();
    start(endpoint.url(), {{"headers", std::move(headers)}}, any_origin);
    return log().size() > before;
  };
  EXPECT_TRUE(warned({"X-Tag", "cookie"}, true));
  EXPECT_TRUE(warned({"Authorization"}, true));
  EXPECT_FALSE(warned({"Authorization"}, false));
  EXPECT_FALSE(warned({"X-Tag"}, true));
  EXPECT_THAT(log(), Contains(HasSubstr("allowed_origins is empty")));
}

TEST_F(AuthHttpTest, MistakesOfTheOptionsAreAllToldOf) {
  EXPECT_THAT(mistakes({}), ElementsAre(HasSubstr("options.url: expected a string, got nothing")));
  const std::string at = "plugins.auth.options.";
  EXPECT_THAT(
      mistakes({{"url", std::string("ftp://x/")},
                {"timeout", std::int64_t{5}},
                {"max_body", std::int64_t{5}},
                {"max_concurrent", std::int64_t{0}},
                {"headers", std::vector<std::string>{"a b"}},
                {"on_error", std::string("perhaps")}}),
      ElementsAre(HasSubstr(at + "url: expected an http or https URL without user and fragment"),
                  HasSubstr(at + "timeout: "), HasSubstr(at + "max_body: "),
                  HasSubstr(at + "max_concurrent: "),
                  HasSubstr(at + "headers: expected at most 32 names of headers, each once"),
                  HasSubstr(at + "on_error: expected deny or allow")));
  EXPECT_THAT(mistakes({{"url", std::string("https://x/")},
                        {"headers", std::vector<std::string>{"Cookie", "cookie"}}}),
              ElementsAre(HasSubstr("each once")));
}

TEST_F(AuthHttpTest, HttpToAPublicAddressHasToBeAllowed) {
  const std::string url = "http://192.0.2.1/";
  EXPECT_THAT(mistakes({{"url", url}}),
              ElementsAre(HasSubstr("https, or a private address, or allow_http: true")));
  EXPECT_THAT(mistakes({{"url", url}, {"allow_http", true}}), IsEmpty());
  start(url, {{"allow_http", true}});
  EXPECT_THAT(log(), Contains(HasSubstr("its url is http")));
}

}  // namespace
}  // namespace peer::test
