#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace peer::sdk {

/// A parsed JSON value (RFC 8259): what a client wrote in the fields that a plugin is to judge.
/// Plain data; copy it to keep it. Objects are ordered by key and have no duplicate keys.
///
/// It is at most 65 containers deep: a request's payload may hold 64 (docs/protocol.md, "Bounds").
/// So a plugin may walk through it by recursion. Strings are valid UTF-8 and may contain NUL.
struct Value {
  using List = std::vector<Value>;
  using Object = std::map<std::string, Value, std::less<>>;

  /// Numbers are doubles: an integer beyond 2^53 is rounded, one beyond the range is infinite.
  std::variant<std::monostate, bool, double, std::string, List, Object> data;

  // The value as one of its kinds; null when it is of another kind. Pointers are valid as long as
  // this value is neither changed nor destroyed.
  [[nodiscard]] bool is_null() const { return data.index() == 0; }
  [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&data); }
  [[nodiscard]] const double* as_number() const { return std::get_if<double>(&data); }
  [[nodiscard]] const std::string* as_string() const { return std::get_if<std::string>(&data); }
  [[nodiscard]] const List* as_list() const { return std::get_if<List>(&data); }
  [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&data); }

  /// The member `key` of an object; null when this is no object or has no such member.
  [[nodiscard]] const Value* find(std::string_view key) const {
    const Object* object = as_object();
    if (object == nullptr) return nullptr;
    const auto found = object->find(key);
    return found == object->end() ? nullptr : &found->second;
  }

  /// By value and kind: 1 equals 1.0 and differs from "1"; the order of keys does not matter.
  friend bool operator==(const Value&, const Value&) = default;
};

}  // namespace peer::sdk
