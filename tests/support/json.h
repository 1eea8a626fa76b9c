#pragma once

#include <Poco/Dynamic/Var.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace peer::test {

/// A JSON value for reading and comparing in tests. Equality is by value: neither key order nor
/// white space matters. Text that is not JSON throws.
class Json {
 public:
  Json() = default;  ///< absent
  explicit Json(const Poco::Dynamic::Var& value) : value_(value), exists_(true) {}
  static Json parse(std::string_view text);

  /// A member; absent when there is none, or when this is no object.
  Json operator[](std::string_view key) const;
  /// An element; absent beyond the end, or when this is no array.
  Json operator[](std::size_t index) const;

  bool exists() const { return exists_; }
  std::size_t size() const;  ///< members or elements; 0 for anything else
  std::vector<std::string> keys() const;
  std::string str() const;      ///< a string's value; the text of anything else
  std::int64_t number() const;  ///< an integer's value; throws otherwise
  std::string text() const;     ///< canonical JSON; "(absent)" when there is nothing
  const Poco::Dynamic::Var& value() const { return value_; }

  friend bool operator==(const Json& a, const Json& b) { return a.text() == b.text(); }
  friend std::ostream& operator<<(std::ostream& out, const Json& json);

 private:
  Poco::Dynamic::Var value_;
  bool exists_ = false;
};

namespace literals {
inline Json operator""_json(const char* text, std::size_t size) {
  return Json::parse({text, size});
}
}  // namespace literals

/// `pattern` with each `%` replaced by the next argument. For JSON texts:
/// `fmt(R"({"namespace":"%","limit":%})", ns, 5)`.
std::string fmt_strings(std::string_view pattern, const std::vector<std::string>& arguments);

inline std::string to_text(std::string_view value) { return std::string(value); }
inline std::string to_text(long long value) { return std::to_string(value); }
inline std::string to_text(unsigned long value) { return std::to_string(value); }
inline std::string to_text(int value) { return std::to_string(value); }

template <typename... Arguments>
std::string fmt(std::string_view pattern, const Arguments&... arguments) {
  return fmt_strings(pattern, {to_text(arguments)...});
}

/// fmt(), parsed.
template <typename... Arguments>
Json json(std::string_view pattern, const Arguments&... arguments) {
  return Json::parse(fmt(pattern, arguments...));
}

}  // namespace peer::test
