#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <peer/sdk/result.h>
#include <peer/sdk/value.h>

/// A writer that makes JSON texts (RFC 8259) and nothing else. A text is a value that a plugin
/// builds from inside to outside, so that containers cannot be left open:
///
///   const Result<std::string> text = JsonObject()
///                                        .add("round", 3)
///                                        .add("votes", JsonArray().add("yes").add(nullptr))
///                                        .text();
///
/// Strings are escaped. What JSON cannot say, a string that is not UTF-8, a number that is not
/// finite, the same key twice, makes an error of the whole text, which names the key.
///
/// Header only; plain values, which need the same care between threads as a std::string. Nothing is
/// kept of what is added: it is copied into the text. Nothing throws but for want of memory.
namespace peer::sdk {

class JsonArray;
class JsonObject;

namespace detail {

/// The length of the UTF-8 character (RFC 3629) at the beginning of `text`; 0: there is none.
inline std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) > 0x9F;
  const bool beyond = first == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

/// Appends `text` as a JSON string with its quotes: quotes, backslashes and control characters are
/// escaped, everything else stays as it is. Returns false when it is not UTF-8; then `out` is good
/// for nothing.
inline bool append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto is_plain = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
  };
  out += '"';
  while (!text.empty()) {
    // Most texts are nothing else.
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    const char c = text.front();
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 15U];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
  return true;
}

}  // namespace detail

/// A text as a JSON string with its quotes, for JSON that is put together around values that are
/// raw already; `""` for one that is not UTF-8, since no error can be told.
[[nodiscard]] inline std::string json_string(std::string_view text) {
  std::string json;
  return detail::append_json_string(json, text) ? json : R"("")";
}

/// What may stand in a container, as text or as what is wrong with it. Made from a boolean, a
/// number, a string, nullptr, a Value, or a container. Programs write the value itself, and the
/// item is made of it.
class JsonItem {
 public:
  template <std::same_as<bool> T>
  JsonItem(T value) : text_(value ? "true" : "false") {}
  /// All digits of any integer, though readers that keep numbers as doubles round those beyond
  /// 2^53: such an id is better written as a string. A `char` is an integer here: 'a' is 97.
  template <std::integral T>
  requires(!std::same_as<T, bool>) JsonItem(T value) : text_(std::to_string(value)) {}
  JsonItem(std::nullptr_t) : text_("null") {}
  JsonItem(std::string_view value) {
    if (!detail::append_json_string(text_, value)) error_ = "a string that is not UTF-8";
  }
  JsonItem(const std::string& value) : JsonItem(std::string_view(value)) {}
  /// `value` ends in NUL, and is not null.
  JsonItem(const char* value) : JsonItem(std::string_view(value)) {}
  /// The shortest text that reads back as that number; an integer up to 2^53 is written as one.
  JsonItem(double value) {
    if (!std::isfinite(value)) {
      error_ = "a number that is not finite";
      return;
    }
    std::array<char, 32> digits{};
    const bool whole = std::abs(value) <= 9007199254740992.0 && value == std::floor(value);
    const auto end = whole ? std::to_chars(digits.data(), digits.data() + digits.size(),
                                           static_cast<std::int64_t>(value))
                           : std::to_chars(digits.data(), digits.data() + digits.size(), value);
    text_.assign(digits.data(), end.ptr);
  }
  /// An infinite number in it is an error, since the reader of a Value makes one of what is too
  /// large for a double.
  JsonItem(const Value& value);
  /// A container with a name is handed over by std::move(), and is not to be used after that.
  JsonItem(JsonArray&& array);
  JsonItem(JsonObject&& object);

 private:
  friend class JsonArray;
  friend class JsonObject;

  std::string text_;
  std::string error_;  ///< empty: none
};

/// `[...]` in the making. add() takes elements in their order, any number of them. An item that is
/// an error makes one of the array, which names the element's index: "[2]: ...".
class JsonArray {
 public:
  JsonArray& add(const JsonItem& item) & {
    if (error_.empty() && !item.error_.empty()) {
      error_ = "[" + std::to_string(count_) + "]: " + item.error_;
    }
    if (count_++ > 0) text_ += ',';
    text_ += item.text_;
    return *this;
  }
  JsonArray&& add(const JsonItem& item) && { return std::move(add(item)); }

  /// The array as JSON; what has been added stays, and more may follow. The error is that of the
  /// first element that is wrong, for the log.
  [[nodiscard]] Result<std::string> text() const {
    if (!error_.empty()) return Error{error_};
    return text_ + "]";
  }

 private:
  friend class JsonItem;

  std::string text_ = "[";
  std::string error_;
  std::size_t count_ = 0;
};

/// `{...}` in the making. add() takes members in their order, which the text keeps, and remembers
/// their keys. A key that is not UTF-8 or stands
/// twice, and an item that is an error, make an error of the object, which names the key. After the
/// first error the object is an error, whatever is added.
class JsonObject {
 public:
  JsonObject& add(std::string_view key, const JsonItem& item) & {
    std::string name;
    if (!detail::append_json_string(name, key)) {
      fail("a key that is not UTF-8");
    } else if (!keys_.emplace(key).second) {
      fail(name + " stands twice");
    } else if (!item.error_.empty()) {
      fail(name + ": " + item.error_);
    }
    if (text_.size() > 1) text_ += ',';
    text_ += name + ":" + item.text_;
    return *this;
  }
  JsonObject&& add(std::string_view key, const JsonItem& item) && {
    return std::move(add(key, item));
  }

  /// The object as JSON; what has been added stays, and more may follow.
  [[nodiscard]] Result<std::string> text() const {
    if (!error_.empty()) return Error{error_};
    return text_ + "}";
  }

 private:
  friend class JsonItem;

  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }

  std::string text_ = "{";
  std::string error_;
  std::set<std::string, std::less<>> keys_;
};

inline JsonItem::JsonItem(JsonArray&& array)
    : text_(std::move(array.text_)), error_(std::move(array.error_)) {
  text_ += ']';
}

inline JsonItem::JsonItem(JsonObject&& object)
    : text_(std::move(object.text_)), error_(std::move(object.error_)) {
  text_ += '}';
}

/// By recursion, as deep as the value is, which the core bounds (Value).
inline JsonItem::JsonItem(const Value& value) {
  if (const bool* flag = value.as_bool()) {
    *this = JsonItem(*flag);
  } else if (const double* number = value.as_number()) {
    *this = JsonItem(*number);
  } else if (const std::string* string = value.as_string()) {
    *this = JsonItem(*string);
  } else if (const Value::List* list = value.as_list()) {
    JsonArray array;
    for (const Value& entry : *list) array.add(entry);
    *this = JsonItem(std::move(array));
  } else if (const Value::Object* object = value.as_object()) {
    JsonObject copy;
    for (const auto& [key, entry] : *object) copy.add(key, entry);
    *this = JsonItem(std::move(copy));
  } else {
    *this = JsonItem(nullptr);
  }
}

}  // namespace peer::sdk
