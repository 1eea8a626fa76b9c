#include "core/protocol/events.h"

#include <array>
#include <utility>

// In: what has happened, from any loop, as a text that is ready to be sent. Out: the same, in the
// order in which it was told, for the one thread that takes it.
namespace peer {
namespace {

constexpr std::array<std::string_view, kEventKinds> kWords{"register", "leave", "join", "match",
                                                           "room",     "ban",   "drop"};

}  // namespace

std::string_view to_text(EventKind kind) { return kWords[static_cast<std::size_t>(kind)]; }

std::optional<EventKind> parse_event_kind(std::string_view text) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == text) return static_cast<EventKind>(i);
  }
  return std::nullopt;
}

std::string event_json(const Event& event, std::string_view node) {
  std::string json = "{" + event.members;
  json.append(",\"node\":\"").append(node);
  json.append("\",\"ts\":").append(std::to_string(event.at)).append("}");
  return json;
}

void Events::tell(EventKind kind, std::string members, sdk::Instant now) {
  bool is_first = false;
  {
    const MutexLock lock(mutex_);
    is_first = waiting_.events.empty() && waiting_.lost == 0;
    bytes_ += members.size();
    if (waiting_.events.size() < kMostWaiting && bytes_ <= kMostBytes && waiting_.lost == 0) {
      waiting_.events.push_back({kind, now.time_since_epoch().count(), std::move(members)});
    } else {
      ++waiting_.lost;
    }
  }
  if (is_first && wake_) wake_();
}

Events::Taken Events::take() {
  const MutexLock lock(mutex_);
  bytes_ = 0;
  return std::exchange(waiting_, {});
}

}  // namespace peer
