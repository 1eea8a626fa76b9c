#include "jwt_auth.h"

#include <memory>
#include <utility>

#include "digest.h"
#include "token.h"
#include "token_source.h"

// Comes in: a register message with the head of its upgrade, or the token of an auth_refresh, on
// any event loop. Goes out: a verdict, from that loop, from the plugin's thread (a signature that
// takes long), or from the loader's (keys that had to be fetched first). No token is ever written
// to a log.
namespace peer_jwt {
namespace {

using peer::sdk::AuthGrant;
using peer::sdk::AuthPass;
using peer::sdk::AuthRejection;
using peer::sdk::AuthReply;
using peer::sdk::AuthRequest;
using peer::sdk::AuthVerdict;
using peer::sdk::Instant;
using peer_keys::VerifyKey;

/// One for each thread, so that its memory is reused.
peer_keys::ObjectParser& parser() {
  static thread_local peer_keys::ObjectParser own;
  return own;
}

AuthVerdict verify(const Token& token, const VerifyKey& key,
                   const std::optional<std::string>& public_key_hash, const ClaimRules& rules,
                   Instant now) {
  if (!key.verifies(token.signed_part, token.signature)) return AuthRejection{"wrong signature"};
  AuthGrant grant;
  const auto refusal = judge_claims(token.claims, rules, public_key_hash, now, parser(), grant);
  if (refusal) return AuthRejection{*refusal};
  return grant;
}

}  // namespace

JwtAuth::JwtAuth(Options options, peer::sdk::PluginHost& host)
    : options_(std::move(options)), host_(host), keys_(options_, host) {}

void JwtAuth::authenticate(const AuthRequest& request, AuthReply reply) {
  Presented presented;
  if (const auto refusal = read_presented(request, parser(), presented)) {
    return reply(AuthRejection{*refusal});
  }
  if (!presented.token) return reply(AuthPass{});
  // Before anything is decoded: the cost of a token must not grow with what a stranger sends.
  if (presented.token->size() > options_.max_token) {
    return reply(AuthRejection{"token is too long"});
  }
  Login login{std::move(*presented.token), std::nullopt, std::move(reply)};
  if (!request.refreshes.empty()) {
    login.public_key_hash = request.refreshes;
  } else if (options_.rules.binds_public_key && presented.public_key) {
    login.public_key_hash = peer_keys::hex_sha256(*presented.public_key);
  }
  judge(std::move(login), Patience::kWaits);
}

void JwtAuth::judge(Login login, Patience patience) {
  Token token;
  if (const auto refusal = parse_token(login.token, parser(), token)) {
    return login.reply(AuthRejection{*refusal});
  }
  // This share keeps the key alive until the signature has been verified, also on another thread.
  const std::shared_ptr<const Keys> keys = keys_.current();
  const Lookup found = find_key(keys->sets, token.kid, token.algorithm);
  if (found.is_unknown_kid && patience == Patience::kWaits) {
    return wait_for_keys(std::move(login));
  }
  if (found.key == nullptr) return login.reply(AuthRejection{found.refusal});
  // A fast verification, below 100 us, may run on an event loop.
  if (!found.key->is_slow()) {
    return login.reply(
        verify(token, *found.key, login.public_key_hash, options_.rules, host_.now()));
  }
  const AuthReply reply = login.reply;
  // The token's views point into a string that is moved: it is parsed again over there.
  const bool posted = host_.post([this, keys, key = found.key, login = std::move(login)] {
    Token again;
    if (parse_token(login.token, parser(), again)) return;
    login.reply(verify(again, *key, login.public_key_hash, options_.rules, host_.now()));
  });
  if (!posted) reply(AuthRejection{"too many are being verified, try again later"});
}

// No fetch comes when there was one a moment ago: its keys may have come since these were looked
// at.
void JwtAuth::wait_for_keys(Login login) {
  const auto waiting = std::make_shared<Login>(std::move(login));
  const bool comes =
      keys_.await_fetch([this, waiting] { judge(std::move(*waiting), Patience::kHasWaited); });
  if (!comes) judge(std::move(*waiting), Patience::kHasWaited);
}

}  // namespace peer_jwt
