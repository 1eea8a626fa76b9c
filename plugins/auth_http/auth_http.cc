#include <memory>
#include <utility>

#include <peer/sdk/auth.h>
#include <peer/sdk/plugin.h>

#include "http_auth.h"

namespace {

using namespace peer::sdk;

Result<std::unique_ptr<Auth>> make_http(PluginConfig& config, PluginHost& host) {
  auto auth =
      std::make_unique<peer_http_auth::HttpAuth>(peer_http_auth::read_options(config), host);
  host.on_start([&auth = *auth] { return auth.start_asking(); });
  host.on_stop([&auth = *auth] { auth.stop_asking(); });
  return auth;
}

}  // namespace

PEER_PLUGIN(peer::sdk::Auth, "http", "1.0.0", make_http)
