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

bool Turns::goes_at_once(const Fingerprint& sender, std::size_t part, bool is_broadcast, Time now) {
  tidy(now);
  Line& line = lines_[sender];
  if (!line.waiting.empty()) return false;
  for (const Way& way : line.ways) {
    if (is_ahead(way, part, is_broadcast, now)) return false;
  }
  note(line, part, is_broadcast, now);
  return true;
}

void Turns::wait(const Fingerprint& sender, Message message) {
  Line& line = lines_[sender];
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
    const Time now = Clock::now();
    const Message& first = line.waiting.front();
    std::vector<std::size_t> parts;
    std::erase_if(line.ways, [&](const Way& way) {
      const bool is_one = is_ahead(way, first.part, first.is_broadcast, now);
      if (is_one) parts.push_back(way.part);
      return is_one;
    });
    if (parts.empty()) {
      const Message message = take_first(line);
      note(line, message.part, message.is_broadcast, now);
      message.send();
      continue;
    }
    line.unconfirmed = parts.size();
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

bool Turns::may_be_on_its_way(const Way& way, Time now) { return now - way.at < kMostOnItsWay; }

bool Turns::is_ahead(const Way& way, std::size_t part, bool is_broadcast, Time now) {
  const bool may_meet = is_broadcast || way.has_broadcast;
  return way.part != part && may_meet && may_be_on_its_way(way, now);
}

std::vector<std::size_t> Turns::ways_of(const Fingerprint& sender) const {
  std::vector<std::size_t> parts;
  const auto found = lines_.find(sender);
  if (found == lines_.end()) return parts;
  const Time now = Clock::now();
  for (const Way& way : found->second.ways) {
    if (may_be_on_its_way(way, now)) parts.push_back(way.part);
  }
  return parts;
}

void Turns::note(Line& line, std::size_t part, bool is_broadcast, Time now) {
  auto way = std::find_if(line.ways.begin(), line.ways.end(),
                          [part](const Way& other) { return other.part == part; });
  if (way == line.ways.end()) way = line.ways.insert(way, Way{part});
  way->has_broadcast = is_broadcast || (way->has_broadcast && may_be_on_its_way(*way, now));
  way->at = now;
}

void Turns::tidy(Time now) {
  if (now - tidied_ < kMostOnItsWay) return;
  tidied_ = now;
  std::erase_if(lines_, [now](const auto& entry) {
    const Line& line = entry.second;
    if (!line.waiting.empty() || line.unconfirmed > 0 || line.moves) return false;
    return std::none_of(line.ways.begin(), line.ways.end(),
                        [now](const Way& way) { return may_be_on_its_way(way, now); });
  });
}

}  // namespace peer_redis
