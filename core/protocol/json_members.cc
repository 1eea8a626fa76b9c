#include "core/protocol/json_members.h"

#include <algorithm>

namespace peer {
namespace {

/// Up to this many keys, comparing all pairs beats sorting.
constexpr std::size_t kFewMembers = 16;

}  // namespace

bool has_duplicate_keys(const std::vector<JsonMember>& members) {
  if (members.size() <= kFewMembers) {
    for (std::size_t i = 1; i < members.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (members[i].key == members[k].key) return true;
      }
    }
    return false;
  }
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const JsonMember& member : members) keys.push_back(member.key);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

std::string_view value_of(const std::vector<JsonMember>& members, std::string_view key) {
  for (const JsonMember& member : members) {
    if (member.key == key) return member.value;
  }
  return {};
}

}  // namespace peer
