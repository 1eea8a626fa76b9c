#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace peer {

struct Namespace;

/// Namespaces of one peer, sorted by address: "do these two share one" is an intersection. A
/// pointer here is a name for comparing. PeerDirectory::namespaces_of() follows it, under the lock
/// that keeps the namespace alive, and so does the loop of a session that is in it.
///
/// Most peers are in one: that has its place here, and no allocation. Several are in a vector. It
/// takes one pointer, since every peer has two of these.
///
/// One thread at a time: a session's set is its loop's own, and the one of its entry in
/// PeerDirectory is behind that shard's lock.
class NamespaceSet {
 public:
  using Iterator = const Namespace* const*;

  NamespaceSet() = default;
  NamespaceSet(const NamespaceSet& other);
  NamespaceSet(NamespaceSet&& other) noexcept : only_(std::exchange(other.only_, nullptr)) {}
  NamespaceSet& operator=(NamespaceSet other) noexcept {
    std::swap(only_, other.only_);
    return *this;
  }
  ~NamespaceSet() { clear(); }

  [[nodiscard]] Iterator begin() const { return is_several() ? several()->data() : &only_; }
  [[nodiscard]] Iterator end() const { return begin() + size(); }
  [[nodiscard]] std::size_t size() const {
    return is_several() ? several()->size() : (only_ == nullptr ? 0 : 1);
  }
  [[nodiscard]] bool empty() const { return only_ == nullptr; }
  void clear() {
    if (is_several()) delete several();
    only_ = nullptr;
  }

  /// Keeps the order. Nothing happens when it is there (insert) or is not there (erase).
  void insert(const Namespace* ns);
  void erase(const Namespace* ns);

  friend bool operator==(const NamespaceSet& a, const NamespaceSet& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  using Several = std::vector<const Namespace*>;  // two at least

  // The lowest bit of an address of either is 0. With a 1 there it is that of a vector.
  [[nodiscard]] bool is_several() const { return (std::bit_cast<std::uintptr_t>(only_) & 1U) != 0; }
  [[nodiscard]] Several* several() const {
    return std::bit_cast<Several*>(std::bit_cast<std::uintptr_t>(only_) - 1);
  }
  void hold(Several* several) {
    only_ = std::bit_cast<const Namespace*>(std::bit_cast<std::uintptr_t>(several) + 1);
  }

  const Namespace* only_ = nullptr;  // null: none
};

/// Logarithmic in the namespaces of the peer.
[[nodiscard]] bool contains(const NamespaceSet& set, const Namespace* ns);
/// Whether the two have a namespace in common. Linear in both.
[[nodiscard]] bool intersects(const NamespaceSet& a, const NamespaceSet& b);

}  // namespace peer
