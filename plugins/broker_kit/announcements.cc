#include "plugins/broker_kit/announcements.h"

#include <utility>

namespace peer_broker_kit {

std::string Announcements::begin() {
  std::string token = std::to_string(++last_token_);
  operations_.emplace(token, Operation{});
  return token;
}

void Announcements::complete(const std::string& token, Task finish) {
  const auto entry = operations_.find(token);
  // The stream was lost meanwhile (interrupt), and no announcement can come any more.
  if (entry == operations_.end()) return finish();
  if (!entry->second.seen) {
    entry->second.finish = std::move(finish);
    return;
  }
  operations_.erase(entry);
  finish();
  gate_.open();
}

void Announcements::abandon(const std::string& token) {
  const auto entry = operations_.find(token);
  if (entry == operations_.end()) return;
  const bool seen = entry->second.seen;
  operations_.erase(entry);
  if (seen) gate_.open();
}

void Announcements::take(const std::string& token) {
  const auto entry = operations_.find(token);
  if (entry == operations_.end()) return;
  if (!entry->second.finish) {
    entry->second.seen = true;
    gate_.shut();
    return;
  }
  const Task finish = std::move(entry->second.finish);
  operations_.erase(entry);
  finish();
}

void Announcements::interrupt() {
  // What has been answered counts as done; what has not is answered by the link, with nothing.
  for (auto& [token, operation] : std::exchange(operations_, {})) {
    if (operation.seen) gate_.open();
    if (operation.finish) operation.finish();
  }
}

std::shared_ptr<void> Announcements::hold_stream() {
  gate_.shut();
  return gate_.hold();
}

}  // namespace peer_broker_kit
