#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "core/base/address.h"
#include "core/base/mutex.h"
#include "core/base/time.h"

namespace peer {

/// Why a connection is turned away. Named, in the log, /stats and /metrics, by the configuration
/// key that decides it, where there is one.
enum class Refusal : std::uint8_t {
  kNone,  ///< it is not
  kMaxConnectionsPerIp,
  kConnectionRatePerIp,
  kMaxUnregisteredPerIp,
  kMaxUnregistered,
  kDescriptors,          ///< the process has no file descriptor left
  kProxyProtocol,        ///< no PROXY header where one is required, or not of a trusted proxy
  kRequest,              ///< not a request of HTTP/1.1
  kUpgrade,              ///< a request for the WebSocket endpoint that is no upgrade
  kAllowedOrigins,       ///< a page of another web site
  kFirstMessage,         ///< no register, or a wrong one
  kRegistrationTimeout,  ///< no register within pong_wait
  kMaxPeers,             ///< server full
  kAuth,                 ///< rejected by the auth plugin
  kReplacedTooOften,     ///< clients of one identity that replace each other
  kBan,                  ///< an operator has banned the peer or its address
};
inline constexpr std::size_t kRefusalCount = 16;

/// The word for it in the log, /stats and /metrics; operators' rules may depend on it, so a word
/// stays as it is. Pure.
[[nodiscard]] std::string_view to_text(Refusal reason);

/// Counts connections that are turned away, and tells of them: a debug line of each, and of the
/// same words one warning within 10 s, with the number of the others behind it
/// (log_counted_warning). However many addresses there are, each reason writes about kSubjects
/// lines within that time. Thread-safe; never waits for a disk.
class Refusals {
 public:
  static constexpr std::size_t kSubjects = 8;
  static constexpr milliseconds kWindow{10'000};

  /// `why` names the limit and its key, says what to do, and holds nothing of the client's that has
  /// not been checked. Takes a lock that the loops share, and puts lines together: for what happens
  /// once in the life of a connection.
  void note(Refusal reason, const Address& address, const std::string& why, Time now)
      PEER_EXCLUDES(mutex_);
  /// The same without the warning: for what any scanner of the internet causes.
  void note_quietly(Refusal reason, const Address& address, const std::string& why);

  /// Since the start, those that were noted quietly included.
  [[nodiscard]] std::uint64_t count(Refusal reason) const {
    return counts_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
  }

 private:
  struct Window {
    Time end{};
    std::unordered_set<std::string> lines;
  };

  [[nodiscard]] bool has_room(Refusal reason, const std::string& line, Time now)
      PEER_EXCLUDES(mutex_);

  std::array<std::atomic<std::uint64_t>, kRefusalCount> counts_{};
  Mutex mutex_;
  std::array<Window, kRefusalCount> windows_ PEER_GUARDED_BY(mutex_);
};

}  // namespace peer
