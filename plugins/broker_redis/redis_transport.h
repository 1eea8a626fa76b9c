#pragma once

#include <string_view>

#include "guide_channels.h"
#include "kit.h"
#include "link.h"

namespace peer_redis {

/// How directed messages travel by Redis: publications to the channels of nodes, and lua/route.lua,
/// which looks a peer up and publishes in one step. One connection, so all of it keeps its order.
/// Loop thread only.
class RedisTransport final : public Transport {
 public:
  RedisTransport(Link& link, GuideChannels& guide) : link_(link), guide_(guide) {}

  [[nodiscard]] bool is_giving_up() const override { return link_.is_giving_up(); }
  /// PUBLISH to the node's channel. The answer has the number of listeners.
  void publish(std::string_view node, std::string_view envelope, Errand errand) override;
  /// The same, without an answer.
  void tell(std::string_view node, std::string_view envelope) override;
  /// lua/route.lua. The answer says which node has the peer, and whether the envelope was sent.
  void find(const Fingerprint& peer, std::string_view envelope, bool patient,
            Errand errand) override;

  /// Strangers are the nodes of the original implementation.
  [[nodiscard]] bool has_strangers() const override { return guide_.has_listeners(); }
  void heard_of_strangers() override { guide_.set_listeners(true); }
  void publish_to_strangers(const Directed& message, bool routed) override {
    guide_.publish(message, routed);
  }

 private:
  Link& link_;
  GuideChannels& guide_;
};

}  // namespace peer_redis
