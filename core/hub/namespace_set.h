#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace peer {

struct Namespace;

/// Namespaces of one peer, sorted by address: "do these two share one" is an intersection. A
/// pointer here is a name for comparing. Only PeerDirectory::namespaces_of() follows it, under the
/// lock that keeps the namespace alive.
///
/// Most peers are in one: that has its place here, and no allocation. Several are in a vector.
///
/// One thread at a time: a session's set is its loop's own, and the one of its entry in
/// PeerDirectory is behind that shard's lock.
class NamespaceSet {
 public:
  using Iterator = const Namespace* const*;

  [[nodiscard]] Iterator begin() const { return several_ == nullptr ? &only_ : several_->data(); }
  [[nodiscard]] Iterator end() const { return begin() + size(); }
  [[nodiscard]] std::size_t size() const {
    return several_ == nullptr ? (only_ == nullptr ? 0 : 1) : several_->size();
  }
  [[nodiscard]] bool empty() const { return size() == 0; }
  void clear() {
    only_ = nullptr;
    several_.reset();
  }

  /// Keeps the order. Nothing happens when it is there (insert) or is not there (erase).
  void insert(const Namespace* ns);
  void erase(const Namespace* ns);

  friend bool operator==(const NamespaceSet& a, const NamespaceSet& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  const Namespace* only_ = nullptr;
  std::unique_ptr<std::vector<const Namespace*>> several_;  // null: fewer than two
};

/// Logarithmic in the namespaces of the peer.
[[nodiscard]] bool contains(const NamespaceSet& set, const Namespace* ns);
/// Whether the two have a namespace in common. Linear in both.
[[nodiscard]] bool intersects(const NamespaceSet& a, const NamespaceSet& b);

}  // namespace peer
