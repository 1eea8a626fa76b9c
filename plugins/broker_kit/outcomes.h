#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include <peer/sdk/broker_types.h>

#include "plugins/broker_kit/event_loop.h"

namespace peer_broker_kit {

/// What the senders of directed messages are still to be told. Messages have numbers, which rise.
/// Loop thread only, on which the replies are called too. Each reply is called once, by the
/// deadline at the latest, if expire() is: there is no timer here.
class Outcomes {
 public:
  using Reply = peer::sdk::BrokerReply<peer::sdk::RouteOutcome>;
  /// How many nodes a message has gone to.
  enum class Way { kUnknown, kOneNode, kAllNodes };

  static constexpr std::size_t kMax = 65'536;
  /// Below the core's patience of 2 s.
  static constexpr std::chrono::milliseconds kDeadline{1800};

  /// A message that has come at `since`; returns its number.
  std::uint64_t add(Reply reply, Time since);
  /// How far the question has gone: it may be known after the first answers.
  void note_way(std::uint64_t number, Way way);
  /// A node that was asked has said so. That it has no such peer counts when it alone was asked.
  void hear(std::uint64_t number, peer::sdk::RouteOutcome outcome);
  /// Tells the sender; nothing if it has been told.
  void settle(std::uint64_t number, peer::sdk::RouteOutcome outcome);
  /// Somebody else will tell the sender; empty if it has been told.
  [[nodiscard]] Reply release(std::uint64_t number);
  /// A caller that has waited too long, or is one too many, hears that nothing can be known.
  void expire(Time now);
  [[nodiscard]] bool empty() const { return outcomes_.empty(); }

 private:
  struct Outcome {
    Reply reply;  ///< empty: the sender has been told
    Time since;
    Way way = Way::kUnknown;
    bool not_found = false;  ///< said a node, while the way was unknown
  };

  [[nodiscard]] Outcome* find(std::uint64_t number);

  std::deque<Outcome> outcomes_;
  std::uint64_t first_ = 1;  ///< number of the first of them
};

}  // namespace peer_broker_kit
