#pragma once

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Message.h>

#include <cstdint>
#include <string>
#include <unordered_map>

#include "core/base/mutex.h"
#include "core/base/time.h"

namespace peer {

/// Passes lines on, but of the same words (a warning that every message of a flood causes) only the
/// first kShown within kWindow, and one of log_counted_warning(); how many more there were is told
/// when the window is over. Lines of a lower level than notice, and those of log_change(), always
/// pass.
/// Thread-safe.
///
/// A window ends when the next line comes after its time, or at sum_up(): nothing here has a timer.
class RepeatFilter final : public Poco::Channel {
 public:
  static constexpr std::uint64_t kShown = 5;
  static constexpr milliseconds kWindow{10'000};
  /// So many lines with words of their own are counted at a time; others pass uncounted.
  static constexpr std::size_t kMost = 256;

  explicit RepeatFilter(Poco::AutoPtr<Poco::Channel> next) : next_(std::move(next)) {}

  void log(const Poco::Message& message) override;
  /// Tells of the windows that are over at `now`; with kNever of all.
  void sum_up(Time now);

 private:
  struct Window {
    Time end;
    std::uint64_t shown = kShown;
    std::uint64_t lines = 0;
    Poco::Message::Priority priority = Poco::Message::PRIO_WARNING;
  };

  [[nodiscard]] bool passes(const Poco::Message& message, Time now);

  Poco::AutoPtr<Poco::Channel> next_;
  Mutex mutex_;
  std::unordered_map<std::string, Window> windows_ PEER_GUARDED_BY(mutex_);
  Time first_end_ PEER_GUARDED_BY(mutex_) = kNever;  // of all windows
};

}  // namespace peer
