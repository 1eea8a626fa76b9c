#include "token_source.h"

#include <gtest/gtest.h>

#include <vector>

namespace peer_jwt {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A register message and the request that it came by.
struct Sent {
  std::string payload = R"({"public_key":"alice"})";
  Headers headers{};
  std::string query{};
};

/// The token that is found; "": none. `refusal` in brackets if there is one: "[...]".
std::string token_in(const Sent& sent) {
  peer::sdk::AuthRequest request;
  request.payload = sent.payload;
  request.headers = sent.headers;
  request.query = sent.query;
  peer_keys::ObjectParser parser;
  Presented presented;
  if (const auto refusal = read_presented(request, parser, presented)) return "[" + *refusal + "]";
  return presented.token.value_or("");
}

TEST(TokenSourceTest, ThereMayBeNone) {
  EXPECT_EQ(token_in({}), "");
  EXPECT_EQ(token_in({.payload = R"({"token":null})"}), "");
}

TEST(TokenSourceTest, ThePublicKeyIsReadBesideIt) {
  peer::sdk::AuthRequest request;
  request.payload = R"({"public_key":"a\nb","token":"t"})";
  peer_keys::ObjectParser parser;
  Presented presented;
  ASSERT_EQ(read_presented(request, parser, presented), std::nullopt);
  EXPECT_EQ(presented.public_key, "a\nb");
  EXPECT_EQ(presented.token, "t");
}

TEST(TokenSourceTest, TheFirstOfFourPlacesCounts) {
  Sent sent{.payload = R"({"token":"payload"})",
            .headers = {{"Authorization", "Bearer header"},
                        {"Sec-WebSocket-Protocol", "bearer, protocol"}},
            .query = "access_token=query"};
  EXPECT_EQ(token_in(sent), "payload");
  sent.payload = "{}";
  EXPECT_EQ(token_in(sent), "header");
  sent.headers.erase(sent.headers.begin());
  EXPECT_EQ(token_in(sent), "query");
  sent.query.clear();
  EXPECT_EQ(token_in(sent), "protocol");
}

TEST(TokenSourceTest, ATokenThatIsNoTextIsNotPassedOver) {
  for (const char* wrong : {"1", "{}", "[\"t\"]", "true"}) {
    EXPECT_EQ(token_in({.payload = "{\"token\":" + std::string(wrong) + "}",
                        .headers = {{"authorization", "Bearer header"}}}),
              "[token must be a string]");
  }
}

TEST(TokenSourceTest, TheSchemeIsBearerInAnyCase) {
  for (const char* value : {"Bearer t", "bearer t", "BEARER   t", " Bearer t "}) {
    EXPECT_EQ(token_in({.headers = {{"AUTHORIZATION", value}}}), "t") << value;
  }
  for (const char* value : {"Basic t", "Bearert", "t", "", "Digest bearer t"}) {
    EXPECT_EQ(token_in({.headers = {{"Authorization", value}}}), "") << value;
  }
  EXPECT_EQ(token_in({.headers = {{"Authorization", "Basic b"}, {"Authorization", "Bearer t"}}}),
            "t");
}

TEST(TokenSourceTest, TheQueryParameterIsDecodedAndStandsOnce) {
  EXPECT_EQ(token_in({.query = "a=b&access_token=x%2Ey%2e&c"}), "x.y.");
  EXPECT_EQ(token_in({.query = "my_access_token=x&access_token"}), "");
  EXPECT_EQ(token_in({.query = "access_token=%4&"}), "%4");
  EXPECT_EQ(token_in({.query = "access_token=%zz%"}), "%zz%");
  EXPECT_EQ(token_in({.query = "access_token=a&access_token=a"}), "[access_token stands twice]");
}

TEST(TokenSourceTest, TheSubprotocolIsTheOneAfterBearer) {
  const auto offered = [](const char* value) {
    return token_in({.headers = {{"sec-websocket-protocol", value}}});
  };
  EXPECT_EQ(offered("bearer, a.b.c"), "a.b.c");
  EXPECT_EQ(offered("chat,bearer,a.b.c,d"), "a.b.c");
  EXPECT_EQ(offered("a.b.c, bearer"), "");
  EXPECT_EQ(offered("Bearer, a.b.c"), "");
  EXPECT_EQ(offered(", ,"), "");
  EXPECT_EQ(token_in({.headers = {{"Sec-WebSocket-Protocol", "bearer"},
                                  {"Sec-WebSocket-Protocol", "a.b.c"}}}),
            "a.b.c");
}

}  // namespace
}  // namespace peer_jwt
