#include "broadcasts.h"

#include <string>

namespace peer_redis {

void Broadcasts::send(const Broadcast& message) {
  if (!router_.holds_back(message.from)) return send_now(message);
  router_.send_in_line(
      message.from, message.text.size() + 256, [this, message] { send_now(message); },
      [this] { ++shared_.dropped; });
}

void Broadcasts::send_now(const Broadcast& message) {
  if (!state_.is_connected() || link_.is_giving_up()) {
    ++shared_.dropped;
    return;
  }
  std::string excluded;
  for (const Fingerprint& peer : message.exclude) append_field(excluded, to_hex(peer));
  const std::string text =
      envelope('E', {message.ns, to_hex(message.from), excluded, message.text});
  link_.run(
      Script::kBroadcast, {message.ns, text},
      [this](const Reply* absent) {
        const bool failed = absent == nullptr || absent->is_error();
        // The script answers how many nodes with members listen to nobody.
        if (failed || absent->integer() > 0) ++shared_.dropped;
      },
      Link::Kind::kMessage);
  if (guide_.has_listeners()) guide_.publish(message);
}

}  // namespace peer_redis
