#include <peer/sdk/contract/auth_contract.h>

#include "core/base/fingerprint.h"
#include "tests/support/http_endpoint.h"
#include "tests/support/token_signer.h"

namespace peer::sdk::contract {
namespace {

using test::base64;
using test::SigningKey;

std::string shipped(const std::string& name) { return PEER_PLUGIN_DIR "/auth_" + name + ".so"; }

std::string register_with(const std::string& field, const std::string& text) {
  return R"({"public_key":"a key",")" + field + R"(":")" + text + R"("})";
}

AuthCase open_case() { return {.plugin = {shipped("open"), {}}, .granted = {{}}}; }

AuthCase key_case() {
  return {
      .plugin = {PEER_EXAMPLE_DIR "/auth_key.so", {{"keys", std::vector<std::string>{"s3cret"}}}},
      .granted = {{.query = "key=s3cret"}},
      .rejected = {{}, {.query = "key=guess"}}};
}

AuthCase jwt_case() {
  const std::string secret = "0123456789abcdef0123456789abcdef";
  const PluginOptionMap key{{{"algorithm", std::string("HS256")}, {"secret", secret}}};
  const auto token = [&](const char* claims) {
    return test::signed_token(secret, "HS256", claims);
  };
  const std::string good =
      token(R"({"sub":"ann","exp":9999999999,"alias":"Ann","namespaces":["lobby*"]})");
  return {.plugin = {shipped("jwt"), {{"keys", PluginOptionMaps{{key}, true}}}},
          .granted = {{.payload = register_with("token", good)},
                      {.query = "access_token=" + good},
                      {.headers = {{"Authorization", "Bearer " + good}}}},
          .rejected = {{.payload = register_with("token", token(R"({"sub":"ann","exp":1})"))},
                       {.payload = register_with("token", good + "x")}},
          .passed = {{}}};
}

AuthCase keyproof_case() {
  static const SigningKey key = SigningKey::ec("P-256");
  const std::string public_key = base64(key.public_der());
  const auto sign = [public_key](const Newcomer&, const std::string& challenge) {
    const Value asked = json(challenge);
    const std::string text = "peer-server key proof 1\n" + *asked.find("audience")->as_string() +
                             "\n" + *asked.find("nonce")->as_string() + "\n" +
                             to_hex(fingerprint_of(public_key));
    return R"({"signature":")" + base64(key.sign("ES256", text)) + R"("})";
  };
  return {.plugin = {shipped("keyproof"), {{"audience", std::string("https://game.example")}}},
          .granted = {{.payload = R"({"public_key":")" + public_key + R"("})"}},
          .rejected = {{}},
          .answer = sign};
}

/// Of an endpoint that lets in who says so.
AuthCase http_case() {
  static test::HttpEndpoint endpoint([](const test::HttpEndpoint::Request& request) {
    const bool is_friend = request.body.find(R"("friend":true)") != std::string::npos;
    return test::http_answer("200 OK", is_friend ? R"({"allow":true,"alias":"Ann","expires_in":60})"
                                                 : R"({"allow":false,"message":"no friend"})");
  });
  return {.plugin = {shipped("http"), {{"url", endpoint.url()}}},
          .granted = {{.payload = R"({"public_key":"a key","friend":true})"}},
          .rejected = {{}}};
}

INSTANTIATE_TEST_SUITE_P(Open, PluginContract, testing::Values(open_case().plugin));
INSTANTIATE_TEST_SUITE_P(Open, AuthContract, testing::Values(open_case()));
INSTANTIATE_TEST_SUITE_P(Key, PluginContract, testing::Values(key_case().plugin));
INSTANTIATE_TEST_SUITE_P(Key, AuthContract, testing::Values(key_case()));
INSTANTIATE_TEST_SUITE_P(Jwt, PluginContract, testing::Values(jwt_case().plugin));
INSTANTIATE_TEST_SUITE_P(Jwt, AuthContract, testing::Values(jwt_case()));
INSTANTIATE_TEST_SUITE_P(KeyProof, PluginContract, testing::Values(keyproof_case().plugin));
INSTANTIATE_TEST_SUITE_P(KeyProof, AuthContract, testing::Values(keyproof_case()));
INSTANTIATE_TEST_SUITE_P(Http, PluginContract, testing::Values(http_case().plugin));
INSTANTIATE_TEST_SUITE_P(Http, AuthContract, testing::Values(http_case()));

}  // namespace
}  // namespace peer::sdk::contract
