#include "turns.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace peer_redis {
namespace {

/// So long may a message be on its way.
constexpr std::chrono::seconds kMostOnItsWay{2};
/// So long may a message wait for its turn: longer than a part takes to confirm (Part::confirm()),
/// which is up to 2.3 s.
constexpr std::chrono::seconds kMostWaiting{5};
constexpr std::size_t kMostWaitingBytes = std::size_t{4} << 20;
constexpr std::size_t kMostOfOneSender = std::size_t{1} << 20;

}  // namespace

void Turns::say(const Fingerprint& sender, Message message) {
  tidy();
  Line& line = lines_[sender];
  if (line.waiting.empty() && ahead_of(line, message).empty()) {
    note(line, message);
    return message.send();
  }
  const bool is_too_much = waiting_bytes_ + message.size > kMostWaitingBytes ||
                           line.bytes + message.size > kMostOfOneSender;
  if (is_too_much) return message.give_up();
  waiting_bytes_ += message.size;
  line.bytes += message.size;
  message.since = Clock::now();
  message.place = ++last_waiting_;
  waiting_.insert(message.place);
  if (message.is_broadcast) waiting_broadcasts_.insert(message.place);
  line.waiting.push_back(std::move(message));
  move(sender);
}

// A part may confirm at once, and whoever is told may say something: then the loop below goes on.
void Turns::move(const Fingerprint& sender) {
  Line& line = lines_[sender];
  if (std::exchange(line.moves, true)) return;
  while (!line.waiting.empty() && line.unconfirmed == 0) {
    if (Clock::now() - line.waiting.front().since > kMostWaiting) {
      take_first(line).give_up();
      continue;
    }
    const std::vector<std::size_t> parts = ahead_of(line, line.waiting.front());
    if (parts.empty()) {
      const Message message = take_first(line);
      note(line, message);
      message.send();
      continue;
    }
    line.unconfirmed = parts.size();
    for (const std::size_t part : parts) line.ways.erase(part);
    for (const std::size_t part : parts) {
      confirm_(sender, part, [this, sender, age = age_] { confirmed(sender, age); });
    }
  }
  line.moves = false;
}

Turns::Message Turns::take_first(Line& line) {
  Message message = std::move(line.waiting.front());
  line.waiting.pop_front();
  waiting_.erase(message.place);
  waiting_broadcasts_.erase(message.place);
  waiting_bytes_ -= message.size;
  line.bytes -= message.size;
  return message;
}

void Turns::confirmed(const Fingerprint& sender, std::uint64_t age) {
  if (age != age_) return;
  if (--lines_[sender].unconfirmed == 0) move(sender);
}

void Turns::give_up_all() {
  ++age_;
  waiting_bytes_ = 0;
  waiting_.clear();
  waiting_broadcasts_.clear();
  for (const auto& [sender, line] : std::exchange(lines_, {})) {
    for (const Message& message : line.waiting) message.give_up();
  }
}

std::vector<std::size_t> Turns::ahead_of(const Line& line, const Message& message) {
  std::vector<std::size_t> parts;
  const Time now = Clock::now();
  for (const auto& [part, way] : line.ways) {
    const bool may_meet = message.is_broadcast || way.has_broadcast;
    if (part != message.part && may_meet && now - way.at < kMostOnItsWay) parts.push_back(part);
  }
  return parts;
}

std::vector<std::size_t> Turns::ways_of(const Fingerprint& sender) const {
  std::vector<std::size_t> parts;
  const auto found = lines_.find(sender);
  if (found == lines_.end()) return parts;
  const Time now = Clock::now();
  for (const auto& [part, way] : found->second.ways) {
    if (now - way.at < kMostOnItsWay) parts.push_back(part);
  }
  return parts;
}

void Turns::note(Line& line, const Message& message) {
  const Time now = Clock::now();
  Way& way = line.ways[message.part];
  const bool is_old = now - way.at >= kMostOnItsWay;
  way = {now, message.is_broadcast || (way.has_broadcast && !is_old)};
}

void Turns::tidy() {
  const Time now = Clock::now();
  if (now - tidied_ < kMostOnItsWay) return;
  tidied_ = now;
  std::erase_if(lines_, [now](const auto& entry) {
    const Line& line = entry.second;
    if (!line.waiting.empty() || line.unconfirmed > 0 || line.moves) return false;
    return std::none_of(line.ways.begin(), line.ways.end(),
                        [now](const auto& way) { return now - way.second.at < kMostOnItsWay; });
  });
}

}  // namespace peer_redis
