#include <algorithm>
#include <utility>

#include "plugins/broker_kit/router.h"

// A peer's messages for one receiver may wait (router_seek.cc) while what it sends to others goes
// on. But a broadcast is for that receiver, too: it may not overtake what waits, nor be overtaken
// by what the sender says after it. So it stands in line, and all that follows of its sender stands
// behind it, until nothing of the sender waits for a route any more. A route is sought for 2 s at
// most.
namespace peer_broker_kit {
namespace {

constexpr std::chrono::milliseconds kPauseInLine{2};

}  // namespace

bool Router::holds_back(const Fingerprint& sender) const {
  if (!holds_back_anything()) return false;
  if (lines_.contains(sender)) return true;
  return std::any_of(seeks_.begin(), seeks_.end(), [&](const auto& seek) {
    const auto& waiting = seek.second.waiting;
    return std::any_of(waiting.begin(), waiting.end(),
                       [&](const auto& held) { return held.second.from == sender; });
  });
}

void Router::send_in_line(const Fingerprint& sender, std::size_t size, Task send, Task give_up) {
  stand_in_line(sender, {std::nullopt, 0, size, std::move(send), std::move(give_up)});
}

void Router::stand_in_line(const Fingerprint& sender, InLine item) {
  if (held_bytes_ > kMaxHeldBytes) {
    if (item.message) return drop(item.number);
    return item.give_up();
  }
  held_bytes_ += item.size;
  lines_[sender].push_back(std::move(item));
  move_lines_later();
}

void Router::move_lines_later() {
  if (lines_.empty() || std::exchange(lines_scheduled_, true)) return;
  loop_.run_at(Clock::now() + kPauseInLine, [this] {
    lines_scheduled_ = false;
    move_lines();
    move_lines_later();
  });
}

void Router::move_lines() {
  if (transport_.is_giving_up()) return;  // went_down() follows
  std::vector<Fingerprint> senders;
  for (const auto& [sender, line] : lines_) senders.push_back(sender);
  for (const Fingerprint& sender : senders) move_line(sender);
}

void Router::move_line(const Fingerprint& sender) {
  const auto at = lines_.find(sender);
  if (at == lines_.end()) return;
  Line line = std::move(at->second);
  lines_.erase(at);
  while (!line.empty()) {
    if (!line.front().message && holds_back(sender)) {
      lines_.emplace(sender, std::move(line));
      return;
    }
    InLine item = std::move(line.front());
    line.pop_front();
    held_bytes_ -= item.size;
    if (!item.message) {
      item.send();
    } else if (auto reply = outcomes_.release(item.number)) {
      // Under a new number: it comes behind what others have sent meanwhile.
      send(std::move(*item.message), std::move(reply));
    }
  }
}

void Router::break_lines() {
  for (auto& [sender, line] : std::exchange(lines_, {})) {
    for (InLine& item : line) {
      if (!item.message) {
        item.give_up();
      } else if (auto reply = outcomes_.release(item.number)) {
        route(std::move(*item.message), std::move(reply));
      }
    }
  }
}

}  // namespace peer_broker_kit
