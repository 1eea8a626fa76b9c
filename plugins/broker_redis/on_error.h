#pragma once

#include "link.h"

namespace peer_redis {

/// For what Redis must know: should it refuse, for want of memory, say, the link is built anew, and
/// the resync puts that right.
inline OnReply or_give_up(Link& link) {
  return [&link](const Reply* reply) {
    if (reply != nullptr && reply->is_error()) link.give_up(reply->text());
  };
}

}  // namespace peer_redis
