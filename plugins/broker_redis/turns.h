#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kit.h"

namespace peer_redis {

/// What a peer here says by several parts, in its order (plugins/broker_redis/DESIGN.md, "Parts").
/// Each part keeps the order of what goes by it. A message that could overtake an earlier one to
/// the same receiver, which has gone by another part, waits until that one is known to have
/// arrived. Loop thread only.
class Turns {
 public:
  /// Calls `then` when all that the sender has said by that part has arrived, or is lost.
  using Confirm = std::function<void(const Fingerprint& sender, std::size_t part, Task then)>;
  struct Message {
    std::size_t part = 0;
    bool is_broadcast = false;  ///< its receivers may be those of any other message
    std::size_t size = 0;       ///< bytes that it keeps while it waits
    Task send;
    Task give_up;             ///< too much waits, or too long
    Time since{};             ///< it waits
    std::uint64_t place = 0;  ///< among all that have waited
  };

  explicit Turns(Confirm confirm) : confirm_(std::move(confirm)) {}

  /// Whether what the sender says by that part now can overtake nothing. Then it is on its way: the
  /// caller sends it. Else it has to wait(). Most messages go at once, and need no Message to be
  /// kept in.
  [[nodiscard]] bool goes_at_once(const Fingerprint& sender, std::size_t part, bool is_broadcast,
                                  Time now);
  /// Sends it in its turn, or gives it up.
  void wait(const Fingerprint& sender, Message message);
  /// All that waits; answers that are still to come lead to nothing.
  void give_up_all();
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  /// The latest message that could not go out at once, and whether one of those up to `last` waits
  /// still.
  using Place = std::uint64_t;
  [[nodiscard]] Place last_waiting() const { return last_waiting_; }
  [[nodiscard]] bool holds(Place last) const {
    return !waiting_.empty() && *waiting_.begin() <= last;
  }
  /// The same of broadcasts alone, and of what that sender has said.
  [[nodiscard]] bool holds_broadcasts(Place last) const {
    return !waiting_broadcasts_.empty() && *waiting_broadcasts_.begin() <= last;
  }
  [[nodiscard]] bool holds_back(const Fingerprint& sender) const {
    const auto found = lines_.find(sender);
    return found != lines_.end() && !found->second.waiting.empty();
  }
  /// Parts by which something that the sender has said may be on its way.
  [[nodiscard]] std::vector<std::size_t> ways_of(const Fingerprint& sender) const;

 private:
  /// What may be on its way by one part.
  struct Way {
    std::size_t part = 0;
    Time at{};
    bool has_broadcast = false;
  };
  struct Line {
    std::vector<Way> ways;        ///< a part has one at the most
    std::list<Message> waiting;   ///< in its order
    std::size_t bytes = 0;        ///< of these
    std::size_t unconfirmed = 0;  ///< parts, for the first that waits
    bool moves = false;           ///< move() is at it
  };

  void move(const Fingerprint& sender);
  Message take_first(Line& line);
  void confirmed(const Fingerprint& sender, std::uint64_t age);
  static bool may_be_on_its_way(const Way& way, Time now);
  /// Whether what goes that way could be overtaken by what goes by that part.
  static bool is_ahead(const Way& way, std::size_t part, bool is_broadcast, Time now);
  static void note(Line& line, std::size_t part, bool is_broadcast, Time now);
  void tidy(Time now);

  const Confirm confirm_;
  std::unordered_map<Fingerprint, Line> lines_;  ///< by sender
  std::size_t waiting_bytes_ = 0;
  std::set<Place> waiting_;
  std::set<Place> waiting_broadcasts_;
  Place last_waiting_ = 0;
  std::uint64_t age_ = 0;  ///< rises with give_up_all()
  Time tidied_{};
};

}  // namespace peer_redis
