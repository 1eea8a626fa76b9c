#include "core/net/send_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

// The frames that a connection's socket has not taken yet, on the loop's thread. In: frames, in
// their order. Out: their bytes, to the socket or to TLS, in as few system calls as possible, and
// false when the connection is broken. A frame that is partly sent stays the first, and nothing
// ever goes before it. The queue has no bound of its own: the connection asks for room before it
// pushes (Connection::fits).
namespace peer {
namespace {

constexpr std::size_t kMaxIovecs = 64;
constexpr std::size_t kFirstRoom = 8;  // frames

}  // namespace

// A queue has more than one frame for the rest of a round, mostly: so what it has for these is
// made and freed all the time. A few of them are kept by each thread, none that had room for many.
struct SendQueue::Spares {
  static constexpr std::size_t kMostFrames = kMaxIovecs;

  std::array<std::unique_ptr<Behind>, 64> kept;
  std::size_t count = 0;

  static Spares& of_thread() {
    static thread_local Spares spares;
    return spares;
  }
};

std::unique_ptr<SendQueue::Behind> SendQueue::make_behind() {
  Spares& spares = Spares::of_thread();
  if (spares.count > 0) return std::move(spares.kept[--spares.count]);
  auto behind = std::make_unique<Behind>();
  behind->frames.reserve(kFirstRoom);
  return behind;
}

void SendQueue::end_behind() {
  Spares& spares = Spares::of_thread();
  if (spares.count < spares.kept.size() && behind_->frames.capacity() <= Spares::kMostFrames) {
    behind_->frames.clear();
    behind_->head = behind_->exempt = behind_->exempt_bytes = 0;
    spares.kept[spares.count++] = std::move(behind_);
  }
  behind_.reset();
}

void SendQueue::push_behind(FrameRef&& frame) {
  if (behind_ == nullptr) behind_ = make_behind();
  behind_->frames.push_back(std::move(frame));
}

std::size_t SendQueue::count_texts() const {
  std::size_t texts = 0;
  for (std::size_t i = 0; i < count(); ++i) texts += at(i).opcode() == Opcode::kText ? 1 : 0;
  return texts;
}

void SendQueue::exempt_all() {
  if (empty()) return;
  if (behind_ == nullptr) behind_ = make_behind();
  behind_->exempt = count();
  behind_->exempt_bytes = bytes_ + sent_;
}

SendQueue::Load SendQueue::load() const {
  if (behind_ == nullptr || behind_->exempt == 0) return {count(), bytes_};
  return {count() - behind_->exempt, bytes_ - (behind_->exempt_bytes - sent_)};
}

ssize_t SendQueue::write_some(int fd, std::size_t& offered) const {
  const std::span<const std::uint8_t> first = first_.bytes().subspan(sent_);
  offered = first.size();
  if (behind_ == nullptr) return send_some(fd, first);
  std::array<iovec, kMaxIovecs> iovecs;
  iovecs[0] = {const_cast<std::uint8_t*>(first.data()), first.size()};
  const std::size_t used = std::min(count(), kMaxIovecs);
  for (std::size_t i = 1; i < used; ++i) {
    const std::span<const std::uint8_t> bytes = at(i).bytes();
    iovecs[i] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    offered += bytes.size();
  }
  msghdr message{};
  message.msg_iov = iovecs.data();
  message.msg_iovlen = used;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool SendQueue::flush_several(int fd) {
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

bool SendQueue::go_on(int fd, ssize_t written) {
  if (written >= 0) {
    consume(static_cast<std::size_t>(written));
    return true;
  }
  if (errno == EINTR) return flush_several(fd);
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

// Whole records, gathered from as many frames as one holds. After a short write the next record
// begins with the same bytes and is not shorter, as TlsStream::write() wants it.
bool SendQueue::flush(TlsStream& tls) {
  while (!empty()) {
    std::array<std::uint8_t, kTlsRecord> record;
    std::span<const std::uint8_t> bytes = first_.bytes().subspan(sent_);
    if (bytes.size() < record.size() && behind_ != nullptr) {
      std::size_t size = 0;
      const std::size_t waiting = count();
      for (std::size_t i = 0; i < waiting && size < record.size(); ++i) {
        if (i > 0) bytes = at(i).bytes();
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
  written += sent_;
  while (!empty() && written >= first_.size()) {
    written -= first_.size();
    drop_first();
  }
  sent_ = static_cast<std::uint32_t>(written);
}

void SendQueue::drop_first() {
  if (behind_ == nullptr) {
    first_ = FrameRef();
  } else {
    move_up();
  }
}

void SendQueue::move_up() {
  auto& [frames, head, exempt, exempt_bytes] = *behind_;
  if (exempt > 0) {
    --exempt;
    exempt_bytes -= first_.size();
  }
  if (head == frames.size()) {
    first_ = FrameRef();
    end_behind();
    return;
  }
  first_ = std::move(frames[head++]);
  if (head == frames.size() && exempt == 0) {
    end_behind();
  } else if (head >= kMaxIovecs && 2 * head >= frames.size()) {
    // A queue that never drains, because a slow reader's is always filled again, must not keep the
    // places of all frames that it ever held.
    frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(head));
    head = 0;
  }
}

}  // namespace peer
