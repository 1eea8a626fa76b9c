#pragma once

#include <vector>

#include "guide_channels.h"
#include "kit.h"
#include "link.h"

namespace peer_redis {

/// Messages to the members of a namespace on other nodes. They wait for what the same sender has
/// said before, and for nothing else: where they cannot be sent they are dropped and counted. Loop
/// thread only.
class Broadcasts {
 public:
  Broadcasts(Link& link, const NodeState& state, SharedState& shared, Router& router,
             GuideChannels& guide)
      : link_(link), state_(state), shared_(shared), router_(router), guide_(guide) {}

  void send(const Broadcast& message);

 private:
  /// `place`: that it had while it waited.
  void send_now(const Broadcast& message, Router::Place place = 0);
  /// Unless somebody to whom the sender has said something has moved: then it waits for that.
  void send_checked(const Broadcast& message, std::vector<Router::Sent> sent);
  void take_count(const Reply* absent);

  Link& link_;
  const NodeState& state_;
  SharedState& shared_;
  Router& router_;
  GuideChannels& guide_;
};

}  // namespace peer_redis
