#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/net/connection.h"

// The frames that a connection's socket has not taken yet, on the loop's thread. In: frames, in
// their order. Out: their bytes, to the socket or to TLS, in as few system calls as possible, and
// false when the connection is broken. A frame that is partly sent stays at the head, and nothing
// ever goes before it. The queue has no bound of its own: the connection asks for room before it
// pushes (Connection::fits).
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

// Most flushes find one frame: send() is 40 ns cheaper than sendmsg() with one iovec.
ssize_t SendQueue::write_some(int fd, std::size_t& offered) const {
  const std::span<const std::uint8_t> first = frames_[head_].bytes().subspan(head_offset_);
  offered = first.size();
  if (count() == 1) return ::send(fd, first.data(), first.size(), MSG_NOSIGNAL | MSG_DONTWAIT);

  std::array<iovec, kMaxIovecs> iovecs;
  iovecs[0] = {const_cast<std::uint8_t*>(first.data()), first.size()};
  std::size_t used = 1;
  for (std::size_t i = head_ + 1; i < frames_.size() && used < kMaxIovecs; ++i) {
    const std::span<const std::uint8_t> bytes = frames_[i].bytes();
    iovecs[used++] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    offered += bytes.size();
  }
  msghdr message{};
  message.msg_iov = iovecs.data();
  message.msg_iovlen = used;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool SendQueue::flush(int fd) {
  while (!empty()) {
    std::size_t offered = 0;
    const ssize_t written = write_some(fd, offered);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    consume(static_cast<std::size_t>(written));
    // The socket is full. EPOLLOUT tells when there is room again.
    if (static_cast<std::size_t>(written) < offered) return true;
  }
  return true;
}

// Whole records, gathered from as many frames as one holds. After a short write the next record
// begins with the same bytes and is not shorter, as TlsStream::write() wants it.
bool SendQueue::flush(TlsStream& tls) {
  while (!empty()) {
    std::array<std::uint8_t, kTlsRecord> record;
    std::span<const std::uint8_t> bytes = frames_[head_].bytes().subspan(head_offset_);
    if (bytes.size() < record.size() && count() > 1) {
      std::size_t size = 0;
      for (std::size_t i = head_; i < frames_.size() && size < record.size(); ++i) {
        if (i > head_) bytes = frames_[i].bytes();
        bytes = bytes.first(std::min(bytes.size(), record.size() - size));
        std::memcpy(record.data() + size, bytes.data(), bytes.size());
        size += bytes.size();
      }
      bytes = std::span(record).first(size);
    }
    const ssize_t written = tls.write(bytes.first(std::min(bytes.size(), kTlsRecord)));
    if (written < 0) return errno == EAGAIN;
    consume(static_cast<std::size_t>(written));
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
