#include "core/protocol/json_value.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/protocol/json_bytes.h"
#include "core/protocol/json_number.h"
#include "core/protocol/json_scan.h"
#include "core/protocol/json_text.h"

// Raw JSON as a value, for plugins and for comparisons. In: JSON that has been validated. Out: an
// sdk::Value, or what it cannot hold; and the text that is the same for all JSON of one value. No
// state, any thread. Both ways recurse, so both need a bound of the depth: parse_json_value() has
// it, and canonical_json() is only for what that took.
namespace peer {
namespace {

using sdk::Value;

/// Recursive descent: the depth is bounded, the grammar is known to be right.
class ValueParser {
 public:
  explicit ValueParser(std::string_view raw) : p_(raw.data()), end_(p_ + raw.size()) {}

  ValueFault value(std::size_t depth_left, Value& out) {
    p_ = skip_json_space(p_, end_);
    if (p_ == end_) return ValueFault::kNone;
    if (*p_ != '{' && *p_ != '[') return scalar(out);
    if (depth_left == 0) return ValueFault::kTooDeep;
    return *p_ == '{' ? object(depth_left - 1, out.data.emplace<Value::Object>())
                      : list(depth_left - 1, out.data.emplace<Value::List>());
  }

 private:
  std::string_view token() {
    const char* const begin = p_;
    p_ = skip_json_value(p_, end_);
    return {begin, static_cast<std::size_t>(p_ - begin)};
  }

  ValueFault scalar(Value& out) {
    const std::string_view raw = token();
    switch (raw.front()) {
      case '"':
        return string(raw, out.data.emplace<std::string>());
      case 't':
        out.data = true;
        break;
      case 'f':
        out.data = false;
        break;
      case 'n':
        break;
      default:
        out.data = double_value(raw);
    }
    return ValueFault::kNone;
  }

  static ValueFault string(std::string_view raw, std::string& out) {
    return append_decoded(out, raw) ? ValueFault::kNone : ValueFault::kUnpairedSurrogate;
  }

  /// Steps to the next item of a container, over white space and a comma. Returns false, behind
  /// the closing bracket, when there is none.
  bool next_item(char closing) {
    p_ = skip_json_space(p_, end_);
    if (p_ != end_ && *p_ == ',') p_ = skip_json_space(p_ + 1, end_);
    if (p_ == end_) return false;
    if (*p_ != closing) return true;
    ++p_;
    return false;
  }

  ValueFault object(std::size_t depth_left, Value::Object& out) {
    ++p_;
    while (next_item('}')) {
      std::string key;
      if (const auto fault = string(token(), key); fault != ValueFault::kNone) return fault;
      // Compared decoded: "a" and "\u0061" are one key.
      const auto [member, is_new] = out.try_emplace(std::move(key));
      if (!is_new) return ValueFault::kDuplicateKey;
      p_ = skip_json_space(p_, end_);
      if (p_ != end_) ++p_;  // the colon
      const auto fault = value(depth_left, member->second);
      if (fault != ValueFault::kNone) return fault;
    }
    return ValueFault::kNone;
  }

  ValueFault list(std::size_t depth_left, Value::List& out) {
    ++p_;
    while (next_item(']')) {
      const auto fault = value(depth_left, out.emplace_back());
      if (fault != ValueFault::kNone) return fault;
    }
    return ValueFault::kNone;
  }

  const char* p_;
  const char* end_;
};

void append_canonical(std::string& out, std::string_view raw);

std::string decoded(std::string_view raw) {
  std::string text;
  // A string that cannot be decoded stays what it is: still equal only to itself.
  return append_decoded(text, raw) ? text : std::string(raw);
}

void append_canonical_object(std::string& out, std::string_view raw) {
  std::vector<std::pair<std::string, std::string_view>> members;
  if (raw.size() > 2) members.reserve(8);
  ObjectCursor cursor(raw);
  for (JsonMember member; cursor.next(member);) {
    members.emplace_back(decoded(member.key), member.value);
  }
  std::sort(members.begin(), members.end());
  char separator = '{';
  for (const auto& [key, value] : members) {
    out += separator;
    append_json_string(out, key);
    out += ':';
    append_canonical(out, value);
    separator = ',';
  }
  out += members.empty() ? "{}" : "}";
}

void append_canonical_list(std::string& out, std::string_view raw) {
  ListCursor cursor(raw);
  char separator = '[';
  for (std::string_view element; cursor.next(element); separator = ',') {
    out += separator;
    append_canonical(out, element);
  }
  out += separator == '[' ? "[]" : "]";
}

void append_canonical(std::string& out, std::string_view raw) {
  switch (raw.front()) {
    case '{':
      return append_canonical_object(out, raw);
    case '[':
      return append_canonical_list(out, raw);
    case '"':
      return append_json_string(out, decoded(raw));
    case 't':
    case 'f':
    case 'n':
      out += raw;
      return;
    default:
      return append_canonical_number(out, raw);
  }
}

}  // namespace

ValueFault parse_json_value(std::string_view raw, std::size_t max_depth, Value& out) {
  out.data = std::monostate{};
  return ValueParser(raw).value(max_depth, out);
}

std::size_t memory_of(const Value& value) {
  std::size_t size = sizeof(Value);
  if (const std::string* text = value.as_string()) size += text->size();
  if (const auto* list = value.as_list()) {
    for (const Value& element : *list) size += memory_of(element);
  }
  if (const auto* object = value.as_object()) {
    for (const auto& [key, member] : *object) size += kMemberSize + key.size() + memory_of(member);
  }
  return size;
}

std::string canonical_json(std::string_view raw) {
  std::string out;
  append_canonical(out, raw);
  return out;
}

}  // namespace peer
