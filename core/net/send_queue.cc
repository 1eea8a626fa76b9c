#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "core/net/connection.h"

namespace peer {
namespace {

constexpr std::size_t kMaxIovecs = 64;
// A drained queue keeps room for this many frames: freeing it for each message would cost more
// than the 64 bytes that an idle peer pays.
constexpr std::size_t kKeptCapacity = 8;

}  // namespace

void SendQueue::push(FrameRef frame) {
  bytes_ += frame.size();
  frames_.push_back(std::move(frame));
}

bool SendQueue::flush(int fd) {
  while (!empty()) {
    std::array<iovec, kMaxIovecs> iovecs;
    std::size_t used = 0;
    std::size_t offered = 0;
    for (std::size_t i = head_; i < frames_.size() && used < kMaxIovecs; ++i) {
      std::span<const std::uint8_t> bytes = frames_[i].bytes();
      if (i == head_) bytes = bytes.subspan(head_offset_);
      iovecs[used++] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
      offered += bytes.size();
    }
    msghdr message{};
    message.msg_iov = iovecs.data();
    message.msg_iovlen = used;
    const ssize_t written = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    consume(static_cast<std::size_t>(written));
    if (static_cast<std::size_t>(written) < offered) return true;
  }
  return true;
}

void SendQueue::consume(std::size_t written) {
  bytes_ -= written;
  head_offset_ += written;
  while (!empty() && head_offset_ >= frames_[head_].size()) {
    head_offset_ -= frames_[head_].size();
    frames_[head_++] = FrameRef();
  }
  if (!empty()) {
    // A queue that never drains, because a slow reader's is always filled again, must not keep the
    // places of all frames that it ever held.
    if (head_ >= kMaxIovecs && 2 * head_ >= frames_.size()) {
      frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return;
  }
  head_ = 0;
  if (frames_.capacity() > kKeptCapacity) {
    std::vector<FrameRef>().swap(frames_);
  } else {
    frames_.clear();
  }
}

}  // namespace peer
