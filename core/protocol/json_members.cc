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
        if (is_same_key(members[i].key, members[k].key)) return true;
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
  if (has_duplicate_keys(members)) return kDuplicateField;
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
