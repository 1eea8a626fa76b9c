#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace peer {

/// Names a connection of a loop, for what the loop hears from epoll, and for its lists: it may be
/// gone when the name is used. Who has a message for a client names its session (SessionRef).
struct ConnectionRef {
  std::uint32_t slot : 24 = 0;
  std::uint32_t loop : 8 = 0;
  std::uint32_t generation = 0;

  friend bool operator==(const ConnectionRef&, const ConnectionRef&) = default;
};

/// Connections in the order in which they were added. A vector whose push_back() is always inline:
/// each copy of a broadcast is one.
class ConnectionList {
 public:
  void add(ConnectionRef ref) {
    if (size_ == refs_.size()) refs_.resize(2 * size_ + 64);
    refs_[size_++] = ref;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<const ConnectionRef> all() const { return {refs_.data(), size_}; }
  /// Keeps the first `size`, which it has.
  void cut(std::size_t size) { size_ = size; }

 private:
  std::vector<ConnectionRef> refs_;  // those behind size_ are room
  std::size_t size_ = 0;
};

}  // namespace peer
