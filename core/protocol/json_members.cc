#include "core/protocol/json_members.h"

#include <algorithm>

namespace peer {
namespace {

/// Up to this many keys, comparing all pairs beats sorting.
constexpr std::size_t kFewMembers = 16;

[[gnu::noinline]] bool has_duplicates_among_many(const std::vector<JsonMember>& members) {
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const JsonMember& member : members) keys.push_back(member.key);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

// Inline by order: a message has two objects of a few members. O(n log n).
[[gnu::always_inline]] inline bool has_duplicates(const std::vector<JsonMember>& members) {
  if (members.size() > kFewMembers) return has_duplicates_among_many(members);
  for (auto member = members.begin(); member != members.end(); ++member) {
    for (auto other = members.begin(); other != member; ++other) {
      if (is_same_key(member->key, other->key)) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string_view> decode_keys(TextArena& texts, std::vector<JsonMember>& members) {
  bool has_bad_key = false;
  for (JsonMember& member : members) {
    if (member.key_is_plain) {
      member.key = without_quotes(member.key);
    } else if (const auto key = texts.decode(member.key)) {
      member.key = *key;
    } else {
      member = {};  // no member that anybody asks for
      has_bad_key = true;
    }
  }
  if (has_bad_key) return kInvalidMessage;
  if (has_duplicates(members)) return kDuplicateField;
  return std::nullopt;
}

std::optional<std::string_view> read_members(std::string_view object, TextArena& texts,
                                             std::vector<JsonMember>& members) {
  clear_members(members);
  ObjectCursor cursor(object);
  for (JsonMember member; cursor.next(member);) members.push_back(member);
  return decode_keys(texts, members);
}

}  // namespace peer
