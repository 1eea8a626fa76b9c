#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/address.h"
#include "core/base/time.h"
#include "core/hub/resume_directory.h"
#include "core/limit/kept_budget.h"
#include "core/net/event_loop.h"
#include "core/net/websocket/frame.h"

/// What a session has that may be resumed, beside what every session has (docs/protocol.md,
/// "C.6 Session resume"). Sessions that have not asked for it have none of this. On the session's
/// loop.
namespace peer {

/// Frames in the order in which they were sent; shared with whoever else has them. Empty, it holds
/// no memory.
class KeptFrames {
 public:
  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// `i`: from 0, the oldest.
  [[nodiscard]] const FrameRef& at(std::uint32_t i) const { return frames_[index(i)]; }
  void push(FrameRef frame);
  /// There must be one. Returns its size.
  std::size_t pop();
  /// So many of them, the oldest, have left this node on some connection, or are about to: the
  /// client may have them. Of what it was sent later none can be there.
  [[nodiscard]] std::uint32_t handed_out() const { return handed_out_; }
  /// So many at least.
  void note_handed_out(std::uint32_t count) { handed_out_ = std::max(handed_out_, count); }

 private:
  [[nodiscard]] std::uint32_t index(std::uint32_t i) const { return (head_ + i) & (capacity_ - 1); }
  void grow();

  std::unique_ptr<FrameRef[]> frames_;
  std::uint32_t capacity_ = 0;  // 0, or a power of two
  std::uint32_t head_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t handed_out_ = 0;
};

/// The token that a session was resumed with: good until the client is heard on the connection that
/// it was resumed on.
struct UsedToken {
  TokenHash hash;
  std::uint32_t lost = 0;     ///< Resumable::lost of it
  std::uint64_t resumed = 0;  ///< Resumable::sent when the session was resumed
  std::size_t bytes = 0;      ///< MessageKeeper::bytes then
  bool keeps_all = true;      ///< what was kept then is kept still
};

/// Of a session that nothing carries.
struct Away {
  std::uint64_t place = 0;        ///< of ResumeDirectory
  Address address;                ///< the last one
  bool holds_admission = false;   ///< it counts among the connections of that
  bool parked = false;            ///< its node has stopped, or this one does
  Time window_ends = kNever;      ///< `resume_window`
  Time grant_ends = kNever;       ///< Connection::deadline()
  TimerId end;                    ///< of the loop
  std::uint32_t waiting = 0;      ///< messages that it has been sent since
  std::size_t waiting_bytes = 0;  ///< of these
};

struct Resumable : MessageKeeper {
  SessionRef session;
  TokenHash token;  ///< the latest
  std::unique_ptr<UsedToken> used;
  std::unique_ptr<Away> away;  ///< null: it has a transport
  Time ends = kNever;          ///< `resume_max_age`
  /// Messages of the client that have been handled, and messages to it, since it registered. The
  /// latest `kept.count()` of the latter are kept.
  std::uint64_t handled = 0;
  std::uint64_t sent = 0;
  std::uint32_t lost = 0;     ///< messages dropped since the message that brought the latest token
  bool given_up : 1 = false;  ///< it keeps nothing, and cannot be resumed any more
  /// The other nodes are being told of the next token. They know the tokens that they were told
  /// last, and no others, so the next connection that comes waits until this one is through.
  bool shares_token : 1 = false;
  bool is_over = false;          ///< release_resumable()
  std::uint16_t unanswered = 0;  ///< messages for other nodes of which the client is to hear
  KeptFrames kept;
};
/// When a session that is away ends, if its client does not come.
[[nodiscard]] inline Time ends_at(const Resumable& state) {
  return std::min({state.away->window_ends, state.away->grant_ends, state.ends});
}

// A resumable idle peer takes at most 200 bytes beside the messages kept: this, its place in a
// KeptBudget and its entry in a ResumeDirectory.
static_assert(sizeof(Resumable) <= 136);

}  // namespace peer
