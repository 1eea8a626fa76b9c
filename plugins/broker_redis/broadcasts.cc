#include "broadcasts.h"

#include <string>
#include <utility>
#include <vector>

namespace peer_redis {
namespace {

std::string envelope_of(const Broadcast& message) {
  std::string excluded;
  for (const Fingerprint& peer : message.exclude) append_field(excluded, to_hex(peer));
  return envelope('E', {message.ns, to_hex(message.from), excluded, message.text});
}

}  // namespace

void Broadcasts::send(const Broadcast& message) {
  if (!router_.holds_back(message.from)) return send_now(message);
  router_.send_in_line(
      message.from, message.text.size() + 256,
      [this, message](Router::Place place) { send_now(message, place); },
      [this] { ++shared_.dropped; });
}

void Broadcasts::send_now(const Broadcast& message, Router::Place place) {
  if (!state_.is_connected() || link_.is_giving_up()) {
    ++shared_.dropped;
    return;
  }
  std::vector<Router::Sent> sent = router_.begin_check(message.from, place);
  if (!sent.empty()) return send_checked(message, std::move(sent));
  link_.run(
      Script::kBroadcast, {message.ns, envelope_of(message)},
      [this](const Reply* absent) { take_count(absent); }, Link::Kind::kMessage);
  if (guide_.has_listeners()) guide_.publish(message);
}

void Broadcasts::send_checked(const Broadcast& message, std::vector<Router::Sent> sent) {
  std::vector<std::string> arguments{message.ns, envelope_of(message)};
  for (const Router::Sent& item : sent) {
    arguments.push_back(to_hex(item.to));
    arguments.push_back(*item.node);
  }
  link_.run(
      Script::kBroadcast, Arguments(arguments.begin(), arguments.end()),
      [this, message, sent = std::move(sent)](const Reply* answer) {
        const Fingerprint sender = message.from;
        if (!has_answered(answer) || answer->size() == 0) {
          take_count(answer);
          if (answer != nullptr && guide_.has_listeners()) guide_.publish(message);
          return router_.end_check(sender);
        }
        std::vector<Router::Sent> moved;
        std::vector<Router::Sent> others;
        for (std::size_t i = 0; i < sent.size(); ++i) {
          bool has_moved = false;
          for (std::size_t j = 0; j < answer->size(); ++j) {
            has_moved = has_moved || (*answer)[j].integer() == static_cast<std::int64_t>(i);
          }
          (has_moved ? moved : others).push_back(sent[i]);
        }
        router_.await_passed_on(
            sender, moved, std::move(others),
            [this, message](Router::Place place) { send_now(message, place); },
            [this] { ++shared_.dropped; });
      },
      Link::Kind::kMessage);
}

// The script answers how many nodes with members listen to nobody.
void Broadcasts::take_count(const Reply* absent) {
  const bool failed = !has_answered(absent);
  if (failed || absent->integer() > 0) ++shared_.dropped;
}

}  // namespace peer_redis
