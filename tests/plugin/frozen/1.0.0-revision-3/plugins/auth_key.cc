// Lets in whoever connects to /ws?key=<one of the option `keys`>.
//
//   auth: {name: key, options: {keys: ["s3cret"]}}

#include <algorithm>
#include <memory>

#include <peer/sdk/auth.h>
#include <peer/sdk/plugin.h>

using namespace peer::sdk;

namespace {

/// Takes as long for a wrong key as for the right one: how much of it was right stays secret.
bool equal(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference |= static_cast<unsigned char>(left[i] ^ right[i]);
  }
  return difference == 0;
}

class KeyAuth final : public Auth {
 public:
  explicit KeyAuth(std::vector<std::string> keys) : keys_(std::move(keys)) {}

  void authenticate(const AuthRequest& request, AuthReply reply) override {
    const bool known = std::any_of(keys_.begin(), keys_.end(), [&](const std::string& key) {
      return equal(request.query, "key=" + key);
    });
    reply(known ? AuthVerdict{AuthGrant{}} : AuthVerdict{AuthRejection{"wrong key"}});
  }

 private:
  const std::vector<std::string> keys_;
};

Result<std::unique_ptr<Auth>> make_key_auth(PluginConfig& config) {
  std::vector<std::string> keys = config.strings("keys");
  if (keys.empty()) config.mistake("keys", "a list of at least one key");
  return std::make_unique<KeyAuth>(std::move(keys));
}

}  // namespace

PEER_PLUGIN(peer::sdk::Auth, "key", "1.0.0", make_key_auth)
