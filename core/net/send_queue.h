#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/net/socket_calls.h"
#include "core/net/tls.h"
#include "core/net/websocket/frame.h"

namespace peer {

/// Frames waiting for the socket, in the order in which they leave. It has no bound of its own: see
/// Connection::send(). There is no allocation for one frame, which is what most flushes find: what
/// is done with such a one stands here, to be inline. Loop thread.
class SendQueue {
 public:
  [[nodiscard]] bool empty() const { return !first_; }
  [[nodiscard]] std::size_t count() const {
    return empty() ? 0 : 1 + (behind_ == nullptr ? 0 : behind_->frames.size() - behind_->head);
  }
  /// Bytes that the socket has not taken yet.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Text messages among these; one that is partly sent counts.
  [[nodiscard]] std::size_t count_texts() const;
  /// Takes a FrameRef, or a copy of one that is shared.
  template <typename Ref>
  void push(Ref&& frame) {
    bytes_ += frame.size();
    if (empty()) {
      first_ = FrameRef(std::forward<Ref>(frame));
    } else {
      push_behind(FrameRef(std::forward<Ref>(frame)));
    }
  }
  /// What waits now is no part of Load.
  void exempt_all();
  /// What a bound is held against.
  struct Load {
    std::size_t count = 0;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Load load() const;
  /// What is left of the first frame where no other waits behind it; empty: nothing, or more.
  [[nodiscard]] std::span<const std::uint8_t> only() const {
    return empty() || behind_ != nullptr ? std::span<const std::uint8_t>()
                                         : first_.bytes().subspan(sent_);
  }
  /// The socket has taken so many bytes.
  void took(std::size_t bytes) { consume(bytes); }
  /// Writes what the socket takes. Returns false when the connection is broken.
  bool flush(int fd) {
    if (empty()) return true;
    if (behind_ != nullptr) return flush_several(fd);
    // send() is 40 ns cheaper than sendmsg() with one iovec.
    const ssize_t written = send_some(fd, only());
    if (written != static_cast<ssize_t>(bytes_)) return go_on(fd, written);
    first_ = FrameRef();
    sent_ = 0;
    bytes_ = 0;
    return true;
  }
  bool flush(TlsStream& tls);

 private:
  struct Behind {
    std::vector<FrameRef> frames;
    std::size_t head = 0;  // the first that waits; those before it have left
    // The oldest that wait, first_ included, are exempt; bytes: of whole frames.
    std::size_t exempt = 0;
    std::size_t exempt_bytes = 0;
  };
  struct Spares;

  /// What waits behind the first is kept in; taken from the thread's spare ones if there are some.
  [[nodiscard]] static std::unique_ptr<Behind> make_behind();
  /// Nothing waits behind the first any more.
  void end_behind();
  void push_behind(FrameRef&& frame);
  [[nodiscard]] const FrameRef& at(std::size_t place) const {
    return place == 0 ? first_ : behind_->frames[behind_->head + place - 1];
  }
  /// flush() where some wait behind the first.
  bool flush_several(int fd);
  /// The same behind a send of the first alone that has not taken all of it.
  bool go_on(int fd, ssize_t written);
  /// One system call for as many frames as it takes; `offered`: their bytes. As send(2).
  ssize_t write_some(int fd, std::size_t& offered) const;
  void consume(std::size_t written);
  void drop_first();
  /// The same where `behind_` is there.
  void move_up();

  FrameRef first_;
  std::size_t bytes_ = 0;
  // Null: nothing waits behind the first, which is not exempt.
  std::unique_ptr<Behind> behind_;
  std::uint32_t sent_ = 0;  // bytes of the first, which has fewer than 4 GiB
};

}  // namespace peer
