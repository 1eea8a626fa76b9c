#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/protocol/json_scan.h"

/// The objects that the server reads: members by their decoded keys, which must be unique.
namespace peer {

inline constexpr std::string_view kInvalidMessage = "invalid message";
inline constexpr std::string_view kDuplicateField = "duplicate field";

/// A hostile message must not leave a large buffer behind.
inline constexpr std::size_t kMembersKept = 1024;

/// True when two members have the same key. O(n log n).
[[nodiscard]] bool has_duplicate_keys(const std::vector<JsonMember>& members);

/// Reads all members from `cursor`, keys decoded. Returns nullopt, else the words of the 400 error:
/// kDuplicateField, or kInvalidMessage for a key with an unpaired surrogate escape; even then
/// `members` has all the others.
template <typename Cursor>
[[nodiscard]] std::optional<std::string_view> read_members(Cursor cursor, TextArena& texts,
                                                           std::vector<JsonMember>& members) {
  members.clear();
  if (members.capacity() > kMembersKept) members.shrink_to_fit();
  bool has_bad_key = false;
  for (JsonMember member; cursor.next(member);) {
    if (const auto key = texts.decode(member.key)) {
      members.push_back({*key, member.value});
    } else {
      has_bad_key = true;
    }
  }
  if (has_bad_key) return kInvalidMessage;
  if (has_duplicate_keys(members)) return kDuplicateField;
  return std::nullopt;
}

/// The raw value of the first member `key`; empty when there is none.
[[nodiscard]] std::string_view value_of(const std::vector<JsonMember>& members,
                                        std::string_view key);

}  // namespace peer
