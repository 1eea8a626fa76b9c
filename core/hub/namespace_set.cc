#include "core/hub/namespace_set.h"

#include <functional>

// In: namespaces that a peer enters and leaves. Out: which two peers have in common. The operator <
// between pointers into different objects is unspecified; std::less orders them all.
namespace peer {

NamespaceSet::NamespaceSet(const NamespaceSet& other) : only_(other.only_) {
  if (other.is_several()) hold(new Several(*other.several()));
}

void NamespaceSet::insert(const Namespace* ns) {
  if (contains(*this, ns)) return;
  if (empty()) {
    only_ = ns;
    return;
  }
  if (!is_several()) hold(new Several(begin(), end()));
  Several& all = *several();
  all.insert(std::lower_bound(all.begin(), all.end(), ns, std::less<>()), ns);
}

void NamespaceSet::erase(const Namespace* ns) {
  if (!is_several()) {
    if (only_ == ns) only_ = nullptr;
    return;
  }
  std::erase(*several(), ns);
  if (several()->size() > 1) return;
  const Namespace* last = several()->front();
  clear();
  only_ = last;
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
