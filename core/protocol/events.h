#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>

#include "core/base/mutex.h"

/// What happens on a node, as operators and backends are told (docs/api.md, "Events").
namespace peer {

/// Nodes tell each other of them by these numbers: a new one stands at the end.
enum class EventKind : std::uint8_t {
  kRegister,
  kLeave,
  kJoin,
  kMatch,
  kRoom,
  kBan,
  kDrop,
};
inline constexpr std::size_t kEventKinds = 7;

/// A set of kinds: bit 0 is the first of them.
using EventSet = std::uint32_t;
[[nodiscard]] constexpr EventSet set_of(EventKind kind) {
  return EventSet{1} << static_cast<unsigned>(kind);
}
inline constexpr EventSet kAllEvents = (EventSet{1} << kEventKinds) - 1;

/// The word on the wire, and back.
[[nodiscard]] std::string_view to_text(EventKind kind);
[[nodiscard]] std::optional<EventKind> parse_event_kind(std::string_view text);

/// One event, ready to be sent in whatever form: its time, and its members as text.
struct Event {
  EventKind kind = EventKind::kRegister;
  std::int64_t at = 0;  ///< milliseconds since the Unix epoch
  std::string members;  ///< of its JSON object, without braces, `node` and `ts`
};
/// `{<members>,"node":<node>,"ts":<at>}`.
[[nodiscard]] std::string event_json(const Event& event, std::string_view node);

/// The events of this node on their way from the loops to one thread that hands them on. While
/// nobody wants a kind, it costs one load to know that.
///
/// Thread-safe. Its lock is held for no call of anything else, so events may be told with any other
/// lock held.
class Events {
 public:
  /// So much waits to be taken; what comes then is lost, and counted.
  static constexpr std::size_t kMostWaiting = 10'000;
  static constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

  /// Asked before the text of an event is made, which is spared where nobody wants it.
  [[nodiscard]] bool wanted(EventKind kind) const {
    return (wanted_.load(std::memory_order_relaxed) & set_of(kind)) != 0;
  }
  /// `members`: Event::members, of which nothing is checked, so the caller escapes. It may be
  /// called for a kind that nobody wants any more: the taker sorts that out. Never waits.
  void tell(EventKind kind, std::string members, sdk::Instant now) PEER_EXCLUDES(mutex_);

  /// `wake` is called, on any thread, when something waits and nothing did before. Before anything
  /// is told.
  void use_taker(std::function<void()> wake) { wake_ = std::move(wake); }
  /// These are wanted from now on.
  void want(EventSet kinds) { wanted_.store(kinds, std::memory_order_relaxed); }
  struct Taken {
    std::vector<Event> events{};
    std::uint64_t lost = 0;  ///< after these, since there was no room
  };
  /// All that waits, in the order in which it was told. One thread: the taker's. Once something was
  /// lost, all that comes after it is lost too until this is called, so that there is one gap.
  [[nodiscard]] Taken take() PEER_EXCLUDES(mutex_);

 private:
  std::atomic<EventSet> wanted_{0};
  std::function<void()> wake_;
  Mutex mutex_;
  Taken waiting_ PEER_GUARDED_BY(mutex_);
  std::size_t bytes_ PEER_GUARDED_BY(mutex_) = 0;
};

}  // namespace peer
