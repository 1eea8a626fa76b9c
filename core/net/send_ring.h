#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <peer/sdk/result.h>

struct io_uring;

namespace peer {

/// The sends of many sockets in one system call, by the kernel's io_uring. Each goes as send(2)
/// with MSG_DONTWAIT | MSG_NOSIGNAL would, and has ended when send_all() returns: nothing is ever
/// under way behind the caller's back.
///
/// Threading: the thread that has made it. Memory: what add() is given stays until send_all().
class SendRing {
 public:
  /// Sends for one call.
  static constexpr std::size_t kMost = 256;

  /// An error says why there is none: the kernel is too old, or it or the container forbids it.
  [[nodiscard]] static sdk::Result<std::unique_ptr<SendRing>> make();
  ~SendRing();
  SendRing(const SendRing&) = delete;
  SendRing& operator=(const SendRing&) = delete;

  /// The kernel has failed: it is of no use any more.
  [[nodiscard]] bool is_broken() const { return is_broken_; }

  /// Prepares a send. Up to kMost of them.
  void add(int fd, std::span<const std::uint8_t> bytes);
  /// Sends what was added. For each, in that order: the bytes that the socket has taken, or the
  /// error number of send(2), negated. Good until the next call.
  [[nodiscard]] std::span<const int> send_all();

 private:
  explicit SendRing(std::unique_ptr<io_uring> ring);
  std::size_t take_results();

  const std::unique_ptr<io_uring> ring_;
  std::size_t count_ = 0;
  std::vector<int> results_;
  bool is_broken_ = false;
};

}  // namespace peer
