#include <memory>

#include <peer/sdk/auth.h>
#include <peer/sdk/plugin.h>

#include "jwt_auth.h"

namespace {

using namespace peer::sdk;

Result<std::unique_ptr<Auth>> make_jwt(PluginConfig& config, PluginHost& host) {
  peer_jwt::Options options = peer_jwt::read_options(config);
  // What is wrong with the options is told by the server, all of it; their files are not read then.
  const bool sound = config.mistakes().empty();
  const bool open_http = options.jwks_url && !options.jwks_url->https && options.allow_http;
  auto auth = std::make_unique<peer_jwt::JwtAuth>(std::move(options), host);
  peer_jwt::KeyLoader& keys = auth->keys();
  if (!sound) return auth;
  if (auto loaded = keys.load_files(); !loaded) return loaded.error();
  host.on_start([&keys, &host, open_http] {
    if (open_http) {
      host.log_warning("its jwks_url is http: who is on the way there can make keys of their own");
    }
    return keys.start();
  });
  host.on_reload([&keys] { keys.look_at_files(); });
  host.on_stop([&keys] { keys.stop(); });
  return auth;
}

}  // namespace

PEER_PLUGIN(peer::sdk::Auth, "jwt", "1.0.0", make_jwt)
