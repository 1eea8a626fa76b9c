#include "json_object.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace peer_keys {

namespace {

// Of any number: an object from a stranger may have thousands, so not each with each.
bool repeats_one_of_many(const simdjson::dom::object& object) {
  std::vector<std::string_view> names;
  for (const auto field : object) names.push_back(field.key);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

std::optional<simdjson::dom::object> ObjectParser::parse(std::string_view text) {
  // simdjson reads so far beyond the end; with the room there, it makes no copy of its own.
  padded_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  padded_.assign(text);
  simdjson::dom::object object;
  const bool is_object =
      parser_.parse(padded_.data(), text.size(), false).get_object().get(object) ==
      simdjson::SUCCESS;
  if (!is_object || repeats_a_name(object)) return std::nullopt;
  return object;
}

bool repeats_a_name(const simdjson::dom::object& object) {
  std::array<std::string_view, 16> few;
  std::size_t count = 0;
  for (const auto field : object) {
    if (count == few.size()) return repeats_one_of_many(object);
    const std::string_view name = field.key;
    // Names differ in length more often than not: this compares few bytes, and allocates nothing.
    const auto end = few.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::find(few.begin(), end, name) != end) return true;
    few[count++] = name;
  }
  return false;
}

std::optional<simdjson::dom::element> member(const simdjson::dom::object& object,
                                             std::string_view name) {
  for (const auto field : object) {
    if (field.key == name) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> text_of(const simdjson::dom::element& element) {
  std::string_view text;
  if (element.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<std::string_view> text_member(const simdjson::dom::object& object,
                                            std::string_view name) {
  const auto found = member(object, name);
  return found ? text_of(*found) : std::nullopt;
}

}  // namespace peer_keys
