#pragma once

#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "core/protocol/json_scan.h"

/// The objects that the server reads: members by their decoded keys, which must be unique.
namespace peer {

inline constexpr std::string_view kInvalidMessage = "invalid message";
inline constexpr std::string_view kDuplicateField = "duplicate field";

/// A hostile message must not leave a large buffer behind: one that had room for more members than
/// this is freed at the next message.
inline constexpr std::size_t kMembersKept = 1024;

/// Empties the list.
inline void clear_members(std::vector<JsonMember>& members) {
  members.clear();
  if (members.capacity() > kMembersKept) members.shrink_to_fit();
}

/// Replaces the raw keys by the decoded ones. Returns nullopt, else the words of the 400 error:
/// kDuplicateField, or kInvalidMessage for a key with an unpaired surrogate escape; even then
/// `members` has all the others.
[[nodiscard]] std::optional<std::string_view> decode_keys(TextArena& texts,
                                                          std::vector<JsonMember>& members);

/// Reads all members of a raw object, keys decoded; as decode_keys().
[[nodiscard]] std::optional<std::string_view> read_members(std::string_view object,
                                                           TextArena& texts,
                                                           std::vector<JsonMember>& members);

/// What stands for a member that is not there.
inline constexpr JsonMember kNoMember{};

/// The first member with this key, compared with decoded keys; kNoMember when there is none.
template <std::size_t kSize>
[[nodiscard]] const JsonMember& member_of(const std::vector<JsonMember>& members,
                                          const char (&key)[kSize]) {
  for (const JsonMember& member : members) {
    if (is_word(member.key, key)) return member;
  }
  return kNoMember;
}
/// Most keys have different lengths: that is seen without a call.
[[nodiscard]] inline bool is_same_key(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}
[[nodiscard]] inline const JsonMember& member_of(const std::vector<JsonMember>& members,
                                                 std::string_view key) {
  for (const JsonMember& member : members) {
    if (is_same_key(member.key, key)) return member;
  }
  return kNoMember;
}
/// The text of a member that is a string; nullopt for an unpaired surrogate escape.
[[nodiscard]] inline std::optional<std::string_view> text_of(const JsonMember& member,
                                                             TextArena& texts) {
  return member.value_is_plain ? without_quotes(member.value) : texts.decode(member.value);
}

}  // namespace peer
