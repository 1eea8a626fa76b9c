#pragma once

#include <string_view>

#include <peer/sdk/auth.h>

#include "core/base/mutex.h"
#include "core/server/node.h"

namespace peer {

/// What this node offers its auth plugins: they throw peers out, of this node and of others.
/// Thread-safe. It outlives the plugins' objects, and the node outlives it. Words that are empty,
/// too long or no UTF-8 are replaced, since clients read them.
class AuthPluginHost final : public sdk::AuthHost {
 public:
  explicit AuthPluginHost(Node& node) : node_(node) {}

  /// Hands itself to each plugin that knows of it. Main thread, once the broker has started.
  void start() PEER_EXCLUDES(mutex_);
  /// From now on nothing is done: the broker is about to end. Main thread.
  void stop() PEER_EXCLUDES(mutex_);

  void revoke(const Fingerprint& peer, std::string_view message) noexcept override
      PEER_EXCLUDES(mutex_);
  void revoke_identity(std::string_view identity, std::string_view message) noexcept override;

 private:
  Node& node_;
  Mutex mutex_;
  bool serves_ PEER_GUARDED_BY(mutex_) = false;
};

/// Ends a peer of this node, if it is one, on its loop: `error` 401, close 4003. Any thread.
void throw_out(Node& node, const Fingerprint& peer, std::string_view message);

}  // namespace peer
