#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <peer/sdk/auth.h>
#include <peer/sdk/json.h>
#include <peer/sdk/plugin.h>

#include "proof.h"

// In: the first message of a peer, and its answer to the challenge. Out: a challenge with a new
// number, and then a grant if the signature is that of the peer's key. The core keeps the number
// between the two (AuthRequest::context), so nothing is remembered here, and a number is good for
// one answer.
namespace {

using namespace peer::sdk;
using peer_keys::VerifyKey;

constexpr const char* kNoKey = "public_key is no P-256 or Ed25519 key";

struct Settings {
  bool required = true;  ///< else only those are asked who want to be
  std::string audience;
};

/// One for each thread, so that its memory is reused.
peer_keys::ObjectParser& parser() {
  static thread_local peer_keys::ObjectParser own;
  return own;
}

/// Of the register message. Copies: the next text that is parsed ends what the parser holds.
struct Registering {
  std::string public_key;
  bool wants_proof = false;
  bool proof_is_wrong_type = false;
};

Registering read(const AuthRequest& request) {
  Registering read;
  const auto object = parser().parse(request.payload);
  if (!object) return read;
  if (const auto key = peer_keys::text_member(*object, "public_key")) read.public_key = *key;
  const auto proof = peer_keys::member(*object, "proof");
  if (!proof || proof->is_null()) return read;
  read.proof_is_wrong_type = proof->get_bool().get(read.wants_proof) != simdjson::SUCCESS;
  return read;
}

/// Lets in who proves to hold the private key of its `public_key`. Thread-safe: what it remembers
/// of a challenge is kept by the core, with the connection.
class KeyProofAuth final : public Auth {
 public:
  explicit KeyProofAuth(Settings settings) : settings_(std::move(settings)) {}

  void authenticate(const AuthRequest& request, AuthReply reply) override {
    reply(request.context.empty() ? challenge(read(request)) : judge(request));
  }

 private:
  [[nodiscard]] AuthVerdict challenge(const Registering& peer) const {
    if (peer.proof_is_wrong_type) return AuthRejection{"proof must be a boolean"};
    if (!settings_.required && !peer.wants_proof) return AuthGrant{};
    const auto key = key_of(peer);
    if (!key) return AuthRejection{kNoKey};
    const std::string nonce = peer_keyproof::make_nonce();
    if (nonce.empty()) return AuthRejection{"authentication failed"};
    const auto payload = JsonObject()
                             .add("method", "key_proof")
                             .add("nonce", nonce)
                             .add("audience", settings_.audience)
                             .add("algorithm", peer_keys::name_of(key->algorithm()))
                             .text();
    if (!payload) return AuthRejection{"authentication failed"};
    return AuthChallenge{*payload, nonce};
  }

  [[nodiscard]] AuthVerdict judge(const AuthRequest& request) const {
    const Registering peer = read(request);
    const auto key = key_of(peer);
    if (!key) return AuthRejection{kNoKey};
    const auto response = parser().parse(request.response);
    const auto signature = response ? peer_keys::text_member(*response, "signature") : std::nullopt;
    if (!signature) return AuthRejection{"signature must be a string"};
    const std::string text =
        peer_keyproof::signed_text(settings_.audience, request.context, peer.public_key);
    if (!peer_keyproof::is_proof(*key, text, *signature)) return AuthRejection{"wrong signature"};
    AuthGrant granted;
    granted.proved = true;
    return granted;
  }

  static std::optional<VerifyKey> key_of(const Registering& peer) {
    return peer_keyproof::read_public_key(peer.public_key, parser());
  }

  const Settings settings_;
};

bool is_control_character(char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }

Result<std::unique_ptr<Auth>> make_keyproof(PluginConfig& config) {
  Settings settings;
  const std::string mode = config.string("mode", "required");
  settings.required = mode != "optional";
  if (mode != "required" && mode != "optional") config.mistake("mode", "required or optional");
  settings.audience = config.required_string("audience");
  const bool is_text = JsonObject().add("audience", settings.audience).text().has_value();
  if (!is_text || settings.audience.size() > 1024 ||
      std::any_of(settings.audience.begin(), settings.audience.end(), is_control_character)) {
    config.mistake("audience", "at most 1024 bytes of UTF-8 without control characters");
  }
  return std::make_unique<KeyProofAuth>(std::move(settings));
}

}  // namespace

PEER_PLUGIN(peer::sdk::Auth, "keyproof", "1.0.0", make_keyproof)
