#include <algorithm>
#include <utility>

#include "plugins/broker_kit/router.h"

// Neither may it overtake what went by a route that has just become wrong, and is passed on by the
// node that had the receiver: so before a broadcast of somebody who has said something by known
// routes of late, the nodes' store is asked whether these are right still (begin_check), in the
// step that sends it. If one is not, the broadcast waits until that node says that all has been
// passed on.
//
// A peer's messages for one receiver may wait (router_seek.cc) while what it sends to others goes
// on. But a broadcast is for that receiver, too: it may not overtake what waits, nor be overtaken
// by what the sender says after it. So it stands in line, and all that follows of its sender stands
// behind it, until nothing of the sender waits for a route any more. A route is sought for 2 s at
// most.
namespace peer_broker_kit {
namespace {

constexpr std::chrono::milliseconds kPauseInLine{2};
/// So long may a message that went by a wrong route be on its way.
constexpr std::chrono::seconds kMostOnItsWay{2};
/// Receivers that are known of one sender.
constexpr std::size_t kMostSent = 64;
constexpr std::size_t kMostSenders = 100'000;

}  // namespace

void Router::note_sent(const Fingerprint& sender, const Fingerprint& to,
                       const std::shared_ptr<const std::string>& node) {
  if (sent_.size() >= kMostSenders && !sent_.contains(sender)) sent_.erase(sent_.begin());
  std::vector<Sent>& sent = sent_[sender];
  const auto known = std::find_if(sent.begin(), sent.end(), [&](const Sent& item) {
    return item.to == to && *item.node == *node;
  });
  if (known != sent.end()) {
    known->at = loop_.now();
    return;
  }
  if (sent.size() == kMostSent) sent.erase(sent.begin());
  sent.push_back({to, node, loop_.now()});
}

void Router::forget_sent(Time now) {
  for (auto at = sent_.begin(); at != sent_.end();) {
    std::erase_if(at->second, [&](const Sent& item) { return now - item.at > kMostOnItsWay; });
    at = at->second.empty() ? sent_.erase(at) : std::next(at);
  }
}

std::vector<Router::Sent> Router::begin_check(const Fingerprint& sender, Place place) {
  if (sent_.empty()) return {};
  const auto found = sent_.find(sender);
  if (found == sent_.end()) return {};
  std::vector<Sent> sent = std::move(found->second);
  sent_.erase(found);
  std::erase_if(sent, [&](const Sent& item) { return loop_.now() - item.at > kMostOnItsWay; });
  if (sent.empty()) return sent;
  if (place == 0) held_.insert(place = ++last_held_);
  checks_.emplace(sender, place);
  return sent;
}

void Router::end_check(const Fingerprint& sender) {
  const auto check = checks_.find(sender);
  if (check == checks_.end()) return;
  held_.erase(check->second);
  checks_.erase(check);
  move_line(sender);
  move_lines_later();
}

void Router::await_passed_on(const Fingerprint& sender, const std::vector<Sent>& moved,
                             std::vector<Sent> others, Send send, Task give_up) {
  if (!others.empty()) sent_.insert_or_assign(sender, std::move(others));
  if (moved.empty() || held_bytes_ > kMaxHeldBytes) {
    give_up();
    return end_check(sender);
  }
  struct Wait {
    std::size_t count;
    InLine item;
  };
  // One for each sender: it is not counted among the bytes that wait. It keeps its place.
  const Place place = std::exchange(checks_.at(sender), 0);
  auto wait = std::make_shared<Wait>(
      Wait{moved.size(), {std::nullopt, 0, 0, std::move(send), std::move(give_up), place}});
  for (const Sent& item : moved) {
    leave_route(item.to, *item.node);
    ask_for_arrival(item.to, *item.node, [this, sender, wait] {
      if (--wait->count > 0) return;
      // Ahead of what has come since; but what is being sought by now was said before.
      lines_[sender].push_front(std::move(wait->item));
      end_check(sender);
    });
  }
}

bool Router::holds_back(const Fingerprint& sender) const {
  if (!holds_back_anything()) return false;
  if (is_in_line(sender)) return true;
  return std::any_of(seeks_.begin(), seeks_.end(), [&](const auto& seek) {
    const auto& waiting = seek.second.waiting;
    return std::any_of(waiting.begin(), waiting.end(),
                       [&](const auto& held) { return held.second.from == sender; });
  });
}

void Router::send_in_line(const Fingerprint& sender, std::size_t size, Send send, Task give_up) {
  stand_in_line(sender, {std::nullopt, 0, size, std::move(send), std::move(give_up)});
}

void Router::stand_in_line(const Fingerprint& sender, InLine item) {
  if (held_bytes_ > kMaxHeldBytes) {
    if (item.message) return drop(item.number);
    return item.give_up();
  }
  held_bytes_ += item.size;
  held_.insert(item.place = ++last_held_);
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
  if (at == lines_.end() || checks_.contains(sender)) return;
  Line line = std::move(at->second);
  lines_.erase(at);
  while (!line.empty()) {
    if (checks_.contains(sender) || (!line.front().message && holds_back(sender))) {
      lines_.emplace(sender, std::move(line));
      return;
    }
    InLine item = std::move(line.front());
    line.pop_front();
    held_bytes_ -= item.size;
    if (!item.message) {
      item.send(item.place);
      const auto check = checks_.find(sender);
      if (check != checks_.end() && check->second == item.place) continue;  // it waits on
    } else if (auto reply = outcomes_.release(item.number)) {
      // Under a new number: it comes behind what others have sent meanwhile.
      send(std::move(*item.message), std::move(reply));
    }
    held_.erase(item.place);
  }
}

void Router::break_lines() {
  for (auto& [sender, line] : std::exchange(lines_, {})) {
    for (InLine& item : line) {
      held_.erase(item.place);
      if (!item.message) {
        item.give_up();
      } else if (auto reply = outcomes_.release(item.number)) {
        route(std::move(*item.message), std::move(reply));
      }
    }
  }
}

}  // namespace peer_broker_kit
