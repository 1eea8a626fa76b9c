#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace peer_keys {

/// Parses JSON objects (RFC 8259) strictly, one at a time, reusing its memory: what an object holds
/// dies with the next one. One thread.
class ObjectParser {
 public:
  /// nullopt: no JSON, no object, an object with the same name twice, or a text that is no Unicode
  /// (half of a surrogate pair).
  [[nodiscard]] std::optional<simdjson::dom::object> parse(std::string_view text);

 private:
  simdjson::dom::parser parser_;
  std::string padded_;
};

/// Whether a name stands twice in it: readers would differ on which of the two counts (RFC 8259 4).
[[nodiscard]] bool repeats_a_name(const simdjson::dom::object& object);

/// The member `name`; nullopt when there is none.
[[nodiscard]] std::optional<simdjson::dom::element> member(const simdjson::dom::object& object,
                                                           std::string_view name);
/// An element's text; nullopt when it is none.
[[nodiscard]] std::optional<std::string_view> text_of(const simdjson::dom::element& element);
/// The member `name` if it is a text.
[[nodiscard]] std::optional<std::string_view> text_member(const simdjson::dom::object& object,
                                                          std::string_view name);

}  // namespace peer_keys
