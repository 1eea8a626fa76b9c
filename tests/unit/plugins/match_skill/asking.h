#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "skill_queue.h"

namespace peer_skill::test {

using peer::sdk::Instant;
using peer::sdk::TicketId;
using peer::sdk::Value;
using std::chrono::milliseconds;

inline Value number(double value) { return Value{value}; }
inline Value text(std::string value) { return Value{std::move(value)}; }
inline Value list(Value::List value) { return Value{std::move(value)}; }
inline Value object(Value::Object value) { return Value{std::move(value)}; }
inline Instant at(std::int64_t ms) { return Instant(milliseconds(ms)); }

/// A request of a test, which keeps what MatchRequest only points to.
struct Ask {
  std::uint32_t group_size = 2;
  Value::Object criteria{};
  Value::Object fields{};

  Ask& party(const std::string& id, double size) {
    fields["party"] = object({{"id", text(id)}, {"size", number(size)}});
    return *this;
  }
  Ask& teams(double count, double size) {
    fields["teams"] = object({{"count", number(count)}, {"size", number(size)}});
    return *this;
  }
};

inline Ask rated(double skill, std::uint32_t group_size = 2) {
  return {group_size, {{"skill", number(skill)}}, {}};
}

/// Calls `with` with the request that a strategy sees.
template <typename With>
auto asking(const Ask& ask, With with) {
  const Value criteria{ask.criteria};
  const Value fields{ask.fields};
  return with(peer::sdk::MatchRequest{ask.group_size, criteria, {}, fields});
}

/// A queue with what outlives it.
struct Queue {
  explicit Queue(Options its_options, std::string ns = "lobby")
      : options(std::move(its_options)), queue({options, waits, limit_reached}, ns) {}

  std::optional<std::string> check(TicketId id, Instant enqueued, const Ask& ask) {
    return asking(ask, [&](const peer::sdk::MatchRequest& request) {
      return queue.check({id, {}, enqueued, request});
    });
  }
  void add(TicketId id, Instant enqueued, const Ask& ask) {
    asking(ask, [&](const peer::sdk::MatchRequest& request) {
      queue.add({id, {}, enqueued, request});
    });
  }
  std::vector<std::vector<TicketId>> groups(Instant now) {
    std::vector<std::vector<TicketId>> groups;
    for (const auto& group : queue.form_groups(now)) groups.push_back(group.tickets);
    return groups;
  }

  const Options options;
  WaitBook waits;
  peer::sdk::Counter limit_reached;
  SkillQueue queue;
};

inline RangeRule range(double tolerance, double widen = 0, double most = 1e12) {
  return {"skill", tolerance, widen, most};
}

}  // namespace peer_skill::test
