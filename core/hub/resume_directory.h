#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/fingerprint.h"
#include "core/base/mutex.h"
#include "core/base/time.h"
#include "core/net/session_ref.h"

namespace peer {

/// The SHA-256 of a token that a session can be resumed with. Tokens themselves are kept nowhere.
using TokenHash = Fingerprint;

/// Which session a token leads to, and in which order sessions have gone away (docs/protocol.md,
/// "C.6 Session resume"). The session itself, on its loop, has the last word: an answer may be out
/// of date at once.
///
/// Thread-safe; a session's entries are changed by its own loop only.
class ResumeDirectory {
 public:
  /// Counts since the start, or now; for /stats and /metrics.
  std::atomic<std::uint64_t> resumable{0};  ///< now: sessions that have a token, away ones too
  std::atomic<std::uint64_t> resumed{0};
  std::atomic<std::uint64_t> expired{0};     ///< went away, and have ended without coming back
  std::atomic<std::uint64_t> replayed{0};    ///< messages
  std::atomic<std::uint64_t> parked{0};      ///< now: away ones whose nodes have stopped
  std::atomic<std::uint64_t> not_parked{0};  ///< for which there was no room when this node stopped

  // Of a node that stops (core/session/parking.h).
  std::atomic<std::uint64_t> parked_bytes{0};  ///< that it has handed over
  std::atomic<std::size_t> loops_parked{0};    ///< whose sessions have gone
  // Of one that takes what others have left.
  std::atomic<bool> is_adopting{false};
  std::atomic<std::size_t> adoptions{0};

  ResumeDirectory();

  /// False: another token has the same first 64 bits, and a new one is needed.
  [[nodiscard]] bool add(const TokenHash& token, SessionRef session);
  /// Of a token that add() has taken: of one that it has not, the entry of another might go.
  void remove(const TokenHash& token);
  /// The only session that the token may be of. Whether it is that session's own, all 256 bits of
  /// it, is for the session to say.
  [[nodiscard]] std::optional<SessionRef> find(const TokenHash& token) const;

  /// The session of this token has ended since its peer is banned: until `ends` a client that comes
  /// with it is told so. At most kMostBanned are remembered.
  void note_banned(const TokenHash& token, Time ends, Time now);
  [[nodiscard]] bool is_banned(const TokenHash& token, Time now) const;
  static constexpr std::size_t kMostBanned = 10'000;

  struct Absent {
    std::uint64_t place = 0;  ///< for come_back()
    SessionRef session;
  };
  /// What a session that goes away gets, and who has to end for it: the oldest, so that `most` are
  /// left. They are several only when a reload has lowered that.
  struct Departure {
    std::uint64_t place = 0;
    std::vector<Absent> too_many;
  };
  [[nodiscard]] Departure go_away(SessionRef session, std::size_t most);
  /// Back, or ended. Nothing happens when the place has been given up for another one.
  void come_back(std::uint64_t place);
  /// Sessions that are away now.
  [[nodiscard]] std::size_t away() const;

 private:
  struct Shard {
    mutable Mutex mutex;
    /// By the first 64 bits of the hash: who can tell a token apart has all of it.
    std::unordered_map<std::uint64_t, SessionRef> sessions PEER_GUARDED_BY(mutex);
  };
  [[nodiscard]] static std::uint64_t key_of(const TokenHash& token);

  std::array<Shard, 16> shards_;
  mutable Mutex mutex_;
  std::map<TokenHash, Time> banned_ PEER_GUARDED_BY(mutex_);
  std::map<std::uint64_t, SessionRef> away_ PEER_GUARDED_BY(mutex_);
  std::uint64_t last_place_ PEER_GUARDED_BY(mutex_) = 0;
};

}  // namespace peer
