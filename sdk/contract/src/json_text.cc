#include <peer/sdk/contract/json_text.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <peer/sdk/json.h>

// JSON for contract tests, in one pass and without a library. In: a text, or a Value. Out: the
// Value, or why there is none; the text. Pure, so any thread may call it. Its bounds are those that
// the server has for what plugins read: depth 64.
namespace peer::sdk::contract {
namespace {

constexpr std::size_t kLongest = 1024 * 1024;
constexpr int kDeepest = 64;

/// One pass over a text. What is wrong ends it: nullopt, and `fault` says what.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<Value> whole() {
    auto value = read(0);
    skip_blanks();
    if (value && !rest_.empty()) return fail("text behind the value");
    return value;
  }
  [[nodiscard]] const char* fault() const { return fault_; }

 private:
  std::nullopt_t fail(const char* fault) {
    fault_ = fault;
    return std::nullopt;
  }
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::optional<Value> read(int depth) {
    skip_blanks();
    if (rest_.starts_with('{') || rest_.starts_with('[')) {
      if (depth >= kDeepest) return fail("more than 64 deep");
      return take("{") ? object(depth + 1) : (take("["), list(depth + 1));
    }
    if (take("null")) return Value{};
    if (take("true")) return Value{true};
    if (take("false")) return Value{false};
    if (!rest_.starts_with('"')) return number();
    auto read = string();
    return read ? std::optional(Value{std::move(*read)}) : std::nullopt;
  }

  std::optional<Value> object(int depth) {
    Value::Object members;
    skip_blanks();
    if (take("}")) return Value{members};
    do {
      skip_blanks();
      if (!rest_.starts_with('"')) return fail("a member without a name");
      auto key = string();
      if (!key) return std::nullopt;
      skip_blanks();
      if (!take(":")) return fail("a member without a value");
      auto value = read(depth);
      if (!value) return std::nullopt;
      if (!members.emplace(std::move(*key), std::move(*value)).second)
        return fail("a duplicate key");
      skip_blanks();
    } while (take(","));
    if (!take("}")) return fail("an object without an end");
    return Value{std::move(members)};
  }

  std::optional<Value> list(int depth) {
    Value::List entries;
    skip_blanks();
    if (take("]")) return Value{entries};
    do {
      auto value = read(depth);
      if (!value) return std::nullopt;
      entries.push_back(std::move(*value));
      skip_blanks();
    } while (take(","));
    if (!take("]")) return fail("a list without an end");
    return Value{std::move(entries)};
  }

  // RFC 8259, section 6: no sign but '-', no leading zero, digits around the point.
  std::optional<Value> number() {
    std::size_t at = 0;
    const auto digits = [&] {
      const std::size_t start = at;
      while (at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9') ++at;
      return at - start;
    };
    const auto is = [&](std::string_view any) {
      return at < rest_.size() && any.find(rest_[at]) != any.npos;
    };
    if (is("-")) ++at;
    const bool zero = is("0");
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return fail("no value");
    if (is(".") && (++at, digits() == 0)) return fail("a number that ends with its point");
    if (is("eE")) {
      ++at;
      if (is("+-")) ++at;
      if (digits() == 0) return fail("a number without its exponent");
    }
    const std::string_view text = rest_.substr(0, at);
    rest_.remove_prefix(at);
    double value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec ==
        std::errc::result_out_of_range) {
      const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
      value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
      if (text.starts_with('-')) value = -value;
    }
    return Value{value};
  }

  std::optional<std::string> string() {
    std::string text;
    for (rest_.remove_prefix(1); !take("\"");) {
      if (rest_.empty()) return fail("a string without an end");
      if (take("\\")) {
        if (!escape(text)) return fail("a bad escape");
        continue;
      }
      const std::size_t length = detail::utf8_length(rest_);
      if (length == 0) return fail("a string that is not UTF-8");
      if (static_cast<unsigned char>(rest_.front()) < 0x20) return fail("a control character");
      text += rest_.substr(0, length);
      rest_.remove_prefix(length);
    }
    return text;
  }

  bool escape(std::string& text) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (rest_.empty()) return false;
    const char name = rest_.front();
    rest_.remove_prefix(1);
    if (const std::size_t at = kNames.find(name); at != kNames.npos) {
      text += kMeant[at];
      return true;
    }
    std::uint32_t code = 0;
    if (name != 'u' || !hex(code)) return false;
    if (code >= 0xDC00 && code < 0xE000) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      std::uint32_t low = 0;
      if (!take("\\u") || !hex(low) || low < 0xDC00 || low >= 0xE000) return false;
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
    append(text, code);
    return true;
  }

  bool hex(std::uint32_t& code) {
    if (rest_.size() < 4) return false;
    const char* end = rest_.data() + 4;
    if (std::from_chars(rest_.data(), end, code, 16).ptr != end) return false;
    rest_.remove_prefix(4);
    return true;
  }

  static void append(std::string& text, std::uint32_t code) {
    const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
    const auto tail = [&](unsigned shift) { byte(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
      byte(0xC0U | (code >> 6U));
      return tail(0);
    }
    if (code < 0x10000) {
      byte(0xE0U | (code >> 12U));
    } else {
      byte(0xF0U | (code >> 18U));
      tail(12);
    }
    tail(6);
    tail(0);
  }

  std::string_view rest_;
  const char* fault_ = "no value";
};

}  // namespace

Result<Value> parse_json(std::string_view text) {
  if (text.size() > kLongest) return Error{"a JSON text of more than 1 MiB"};
  Reader reader(text);
  auto value = reader.whole();
  if (!value) return Error{std::string("no JSON text: ") + reader.fault()};
  return std::move(*value);
}

Value json(std::string_view text) {
  auto value = parse_json(text);
  if (!value) throw std::invalid_argument(value.error().message + ": " + std::string(text));
  return std::move(*value);
}

std::string text_of(const Value& value) {
  if (const double* number = value.as_number(); number != nullptr && !std::isfinite(*number)) {
    return *number < 0 ? "-1e999" : "1e999";
  }
  std::string text;
  if (const Value::List* list = value.as_list()) {
    for (const Value& entry : *list) text += (text.empty() ? "" : ",") + text_of(entry);
    return "[" + text + "]";
  }
  if (const Value::Object* object = value.as_object()) {
    for (const auto& [key, entry] : *object) {
      text += text.empty() ? "" : ",";
      static_cast<void>(detail::append_json_string(text, key));
      text += ":" + text_of(entry);
    }
    return "{" + text + "}";
  }
  if (const std::string* string = value.as_string()) {
    static_cast<void>(detail::append_json_string(text, *string));
    return text;
  }
  const auto array = JsonArray().add(value).text();
  return array->substr(1, array->size() - 2);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = detail::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace peer::sdk::contract
