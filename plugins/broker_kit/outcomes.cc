#include "plugins/broker_kit/outcomes.h"

#include <utility>

namespace peer_broker_kit {

using peer::sdk::RouteOutcome;

std::uint64_t Outcomes::add(Reply reply, Time since) {
  outcomes_.push_back({std::move(reply), since});
  // Numbers have no gap, so the place in the queue follows from the number.
  return first_ + outcomes_.size() - 1;
}

Outcomes::Outcome* Outcomes::find(std::uint64_t number) {
  if (number < first_ || number - first_ >= outcomes_.size()) return nullptr;
  Outcome& outcome = outcomes_[number - first_];
  return outcome.reply ? &outcome : nullptr;
}

void Outcomes::note_way(std::uint64_t number, Way way) {
  Outcome* outcome = find(number);
  if (outcome == nullptr) return;
  outcome->way = way;
  if (way == Way::kOneNode && outcome->not_found) settle(number, RouteOutcome::kNotFound);
}

void Outcomes::hear(std::uint64_t number, RouteOutcome said) {
  Outcome* outcome = find(number);
  if (outcome == nullptr) return;
  if (said == RouteOutcome::kNotFound) {
    // How many nodes were asked may not be known yet: that comes on another connection.
    outcome->not_found = true;
    if (outcome->way != Way::kOneNode) return;
  }
  settle(number, said);
}

void Outcomes::settle(std::uint64_t number, RouteOutcome outcome) {
  if (const Reply reply = release(number)) reply(outcome);
}

Outcomes::Reply Outcomes::release(std::uint64_t number) {
  Outcome* outcome = find(number);
  return outcome == nullptr ? Reply() : std::exchange(outcome->reply, nullptr);
}

void Outcomes::expire(Time now) {
  while (!outcomes_.empty()) {
    const Outcome& first = outcomes_.front();
    // The oldest is first, but may have been told: then its place is freed without a word.
    if (first.reply && outcomes_.size() <= kMax && now - first.since < kDeadline) return;
    settle(first_, RouteOutcome::kUnavailable);
    outcomes_.pop_front();
    ++first_;
  }
}

}  // namespace peer_broker_kit
