#include <memory>

#include <peer/sdk/auth.h>
#include <peer/sdk/plugin.h>

namespace {

using namespace peer::sdk;

/// Lets everybody in, with every right, as the peer whose public key they show (docs/protocol.md,
/// "Identity"). Thread-safe.
class OpenAuth final : public Auth {
 public:
  void authenticate(const AuthRequest&, AuthReply reply) override { reply(AuthGrant{}); }
};

Result<std::unique_ptr<Auth>> make_open(PluginConfig&) { return std::make_unique<OpenAuth>(); }

}  // namespace

PEER_PLUGIN(peer::sdk::Auth, "open", "1.0.0", make_open)
