#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/base/password_hash.h"
#include "core/base/time.h"
#include "core/base/unique_task.h"

namespace peer {

/// What has become of a password. Neither: it could not be looked at.
struct PasswordResult {
  std::optional<std::string> hash;  ///< of one that was to be hashed
  std::optional<bool> matches;      ///< of one that was to be compared
};

/// Hashes and compares passwords of rooms on a thread of its own, one after the other, in the order
/// in which they came: each takes some 40 ms, and no loop waits for it. The thread starts with the
/// first one. What may wait is bounded, of one peer, by time for one room, and in all
/// (docs/protocol.md, "C.8 Managed rooms").
///
/// Thread-safe.
class Passwords {
 public:
  static constexpr std::size_t kMostOfAPeer = 10;
  static constexpr std::uint32_t kTriesPerSecond = 5;  ///< of one room

  struct Job {
    Secret password;
    std::string compare_with;  ///< empty: to be hashed
    /// Once, on the thread of the passwords, or never: when the node ends. It hands on to a loop,
    /// and must not throw: nothing would catch that.
    UniqueTask<void(PasswordResult)> then;
  };

  /// What has become of them since the start; `waiting`: now, with the one at work.
  struct Counts {
    std::uint64_t hashed = 0;
    std::uint64_t matched = 0;
    std::uint64_t wrong = 0;
    std::uint64_t failed = 0;   ///< could not be looked at
    std::uint64_t refused = 0;  ///< their peers were to try again later
    std::size_t waiting = 0;
  };
  [[nodiscard]] Counts counts() const;

  /// `queue`: most that may wait, of all peers.
  explicit Passwords(std::size_t queue) : queue_(queue) {}
  /// What waits is given up, what is at work is waited for.
  ~Passwords();

  /// From now on; what waits goes on waiting.
  void use_queue(std::size_t queue);
  /// Whether one more may come of that peer, for that room. Then add() must follow. False: the peer
  /// is to try again later.
  [[nodiscard]] bool admit(const Fingerprint& peer, std::string_view room, Time now);
  /// `peer`: the one of admit(), which has counted this job.
  void add(const Fingerprint& peer, Job job);

 private:
  struct Waiting {
    Fingerprint peer;
    Job job;
  };
  /// How many tries a room has had since.
  struct Tries {
    Time since;
    std::uint32_t count = 0;
  };

  bool has_room(const Fingerprint& peer) const PEER_REQUIRES(mutex_);
  /// Of the tries that one room has in a second. A refused one counts for nothing.
  bool take_try(std::string_view room, Time now) PEER_REQUIRES(mutex_);
  bool start_its_thread() PEER_REQUIRES(mutex_);
  std::optional<Waiting> next();
  void run();

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::thread thread_ PEER_GUARDED_BY(mutex_);
  std::size_t queue_ PEER_GUARDED_BY(mutex_);
  std::size_t admitted_ PEER_GUARDED_BY(mutex_) = 0;
  std::deque<Waiting> waiting_ PEER_GUARDED_BY(mutex_);
  std::unordered_map<Fingerprint, std::size_t> of_peer_ PEER_GUARDED_BY(mutex_);
  std::map<std::string, Tries, std::less<>> tries_ PEER_GUARDED_BY(mutex_);
  bool closing_ PEER_GUARDED_BY(mutex_) = false;
  Counts counts_ PEER_GUARDED_BY(mutex_);  // but for `waiting`
};

}  // namespace peer
