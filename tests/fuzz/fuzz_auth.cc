#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base64.h"
#include "claims.h"
#include "key_set.h"
#include "proof.h"
#include "token.h"
#include "token_source.h"

// Any bytes as what clients and issuers send to the auth plugins: a token, its claims, a set of
// keys, a public key, a signature, the head of an upgrade request.

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

peer_keys::ObjectParser& parser() {
  static peer_keys::ObjectParser own;
  return own;
}

void read_base64(std::string_view bytes) {
  const auto decoded = peer_keys::decode_base64url(bytes);
  if (decoded) require(peer_keys::encode_base64url(*decoded) == bytes);  // one text for each
  const std::string text = peer_keys::encode_base64url(bytes);
  require(peer_keys::decode_base64url(text) == bytes);
}

void read_token(std::string_view bytes) {
  peer_jwt::Token token;
  if (peer_jwt::parse_token(bytes, parser(), token)) return;
  require(bytes.starts_with(token.signed_part) && !token.signature.empty());
  require(!token.kid || token.kid->size() <= peer_jwt::kMaxKid);
}

void read_claims(std::string_view bytes) {
  const peer_jwt::ClaimRules rules;
  const peer::sdk::Instant now{std::chrono::seconds(1'800'000'000)};
  peer::sdk::AuthGrant grant;
  if (peer_jwt::judge_claims(bytes, rules, "key", now, parser(), grant)) return;
  require(grant.identity && !grant.identity->empty() && grant.expires && *grant.expires > now);
  require(grant.rate_per_second != 0U);
  for (const std::string& pattern : grant.namespaces) require(!pattern.empty());
}

void read_keys(std::string_view bytes) {
  const auto jwks = peer_jwt::read_jwks(bytes, {}, peer_jwt::Secrets::kAllowed);
  if (!jwks) return;
  for (const peer_jwt::NamedKey& key : jwks->keys.keys()) {
    for (const peer_keys::VerifyKey& use : key.uses) require(!use.verifies("message", "signature"));
  }
}

void read_proof(std::string_view bytes) {
  const auto key = peer_keyproof::read_public_key(bytes, parser());
  if (key) require(!peer_keyproof::is_proof(*key, "text", bytes));
}

void read_request(std::string_view bytes) {
  const std::vector<std::pair<std::string, std::string>> headers{
      {"Authorization", std::string(bytes)}, {"Sec-WebSocket-Protocol", std::string(bytes)}};
  peer::sdk::AuthRequest request;
  request.payload = bytes;
  request.query = bytes;
  request.headers = headers;
  peer_jwt::Presented presented;
  (void)peer_jwt::read_presented(request, parser(), presented);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_base64(bytes);
  read_token(bytes);
  read_claims(bytes);
  read_keys(bytes);
  read_proof(bytes);
  read_request(bytes);
  return 0;
}
