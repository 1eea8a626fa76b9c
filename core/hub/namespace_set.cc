#include "core/hub/namespace_set.h"

#include <functional>

// In: namespaces that a peer enters and leaves. Out: which two peers have in common. The operator <
// between pointers into different objects is unspecified; std::less orders them all.
namespace peer {

void NamespaceSet::insert(const Namespace* ns) {
  if (contains(*this, ns)) return;
  if (empty()) {
    only_ = ns;
    return;
  }
  if (several_ == nullptr) {
    several_ = std::make_unique<std::vector<const Namespace*>>(begin(), end());
    only_ = nullptr;
  }
  several_->insert(std::lower_bound(several_->begin(), several_->end(), ns, std::less<>()), ns);
}

void NamespaceSet::erase(const Namespace* ns) {
  if (several_ == nullptr) {
    if (only_ == ns) only_ = nullptr;
    return;
  }
  std::erase(*several_, ns);
  if (several_->size() > 1) return;
  only_ = several_->front();
  several_.reset();
}

bool contains(const NamespaceSet& set, const Namespace* ns) {
  return std::binary_search(set.begin(), set.end(), ns, std::less<>());
}

bool intersects(const NamespaceSet& a, const NamespaceSet& b) {
  auto left = a.begin();
  auto right = b.begin();
  const std::less<> less;
  while (left != a.end() && right != b.end()) {
    if (*left == *right) return true;
    if (less(*left, *right)) {
      ++left;
    } else {
      ++right;
    }
  }
  return false;
}

}  // namespace peer
