#pragma once

#include <cstddef>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

/// Walks JSON text that has been validated: finds raw slices, decodes strings, builds nothing.
/// Text that is not valid JSON gives useless slices, never a read outside of it.
namespace peer {

/// The end of the value that starts at `p`, itself no white space. Linear in the value's length.
[[nodiscard]] const char* skip_json_value(const char* p, const char* end);

/// Whether a text is this word: a comparison with a constant, and no call as `==` may be.
template <std::size_t kSize>
[[nodiscard]] inline bool is_word(std::string_view text, const char (&word)[kSize]) {
  return text.size() == kSize - 1 && std::memcmp(text.data(), word, kSize - 1) == 0;
}

/// Kinds of raw values; an empty one is none that was there.
[[nodiscard]] inline bool is_json_null(std::string_view raw) { return is_word(raw, "null"); }
[[nodiscard]] inline bool is_absent_or_null(std::string_view raw) {
  return raw.empty() || is_json_null(raw);
}
[[nodiscard]] inline bool is_json_string(std::string_view raw) { return raw.starts_with('"'); }
[[nodiscard]] inline bool is_json_number(std::string_view raw) {
  return !raw.empty() && (raw.front() == '-' || (raw.front() >= '0' && raw.front() <= '9'));
}

/// One member of an object; both raw, the key with its quotes.
struct JsonMember {
  std::string_view key;
  std::string_view value;
  // Nothing in it is escaped, so that its text need not be looked at again. False: it may be.
  bool key_is_plain = false;
  bool value_is_plain = false;
};

/// The members of a raw object, in order. One thread; the text outlives the cursor.
class ObjectCursor {
 public:
  /// `object` starts with its brace; anything else has no members.
  explicit ObjectCursor(std::string_view object);
  /// Goes on to the next member. False at the end: then `member` is as it was.
  [[nodiscard]] bool next(JsonMember& member);

 private:
  const char* p_;
  const char* end_;
};

/// The raw value of the first member whose key is spelled `key` between its quotes; empty: there is
/// none, or `object` is no object. A key with an escape in it is not found: for objects that the
/// server has written itself. Linear in the object.
[[nodiscard]] std::string_view find_member(std::string_view object, std::string_view key);

/// The elements of a raw array, in order. One thread; the text outlives the cursor.
class ListCursor {
 public:
  /// `list` starts with its bracket; anything else has no elements.
  explicit ListCursor(std::string_view list);
  /// Goes on to the next element. False at the end.
  [[nodiscard]] bool next(std::string_view& element);

 private:
  const char* p_;
  const char* end_;
};

/// What is between the quotes of a raw string, of two bytes at least; escapes stay as they are.
[[nodiscard]] inline std::string_view without_quotes(std::string_view raw) {
  return {raw.data() + 1, raw.size() - 2};
}

/// Appends the text of the raw string `raw` (with its quotes) as UTF-8. Returns false when it has
/// an unpaired surrogate escape, which no UTF-8 can say; `out` is then of no use.
[[nodiscard]] bool append_decoded(std::string& out, std::string_view raw);

/// Keeps the decoded strings of one message. Views of it stay good while more are added. One
/// thread.
class TextArena {
 public:
  /// The text of the raw string `raw`: a view of `raw` itself when nothing in it is escaped, else
  /// one that lives until clear(). Nullopt for an unpaired surrogate escape.
  [[nodiscard]] std::optional<std::string_view> decode(std::string_view raw);
  void clear() {
    if (!texts_.empty()) texts_.clear();
  }

 private:
  std::deque<std::string> texts_;
};

}  // namespace peer
