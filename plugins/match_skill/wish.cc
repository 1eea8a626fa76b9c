#include "wish.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

// In: a request, as a stranger wrote it. Out: what it asks for, or why that will not do, in words
// for the client. Any thread.
namespace peer_skill {

using peer::sdk::Error;
using peer::sdk::MatchRequest;
using peer::sdk::Result;
using peer::sdk::Value;

namespace {

constexpr double kMostTeams = 1024;
constexpr std::size_t kMostPartyId = 128;

// Texts and names carry their length, so that no text can be made to look like another value.
void append_text(std::string& out, const std::string& text) {
  out.append(std::to_string(text.size())).append(":").append(text);
}

void append_number(std::string& out, double number) {
  if (number == 0) number = 0;  // -0 equals 0
  out.append(std::to_string(std::bit_cast<std::uint64_t>(number)));
}

/// A member of `object`; null where it is absent or null.
const Value* find(const Value& object, std::string_view key) {
  const Value* found = object.find(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

/// An integer from `min` to `max`.
std::optional<std::uint32_t> integer(const Value* value, double min, double max) {
  const double* number = value == nullptr ? nullptr : value->as_number();
  if (number == nullptr || !(*number >= min && *number <= max)) return std::nullopt;
  if (std::floor(*number) != *number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<std::string> read_teams(const Options& options, const Value& fields, Wish& wish) {
  const Value* teams = find(fields, "teams");
  if (teams == nullptr) return std::nullopt;
  if (teams->as_object() == nullptr) return "teams must be an object";
  if (find(fields, "group_size") != nullptr) return "teams and group_size exclude each other";
  if (options.ranges.empty()) return "teams need a range rule";
  const auto count = integer(find(*teams, "count"), 2, kMostTeams);
  const auto size = integer(find(*teams, "size"), 1, kMostTeams);
  if (!count) return "teams.count must be an integer of at least 2";
  if (!size) return "teams.size must be an integer of at least 1";
  wish.team_count = *count;
  wish.team_size = *size;
  wish.group_size = *count * *size;
  return std::nullopt;
}

std::optional<std::string> read_party(const Value& fields, Wish& wish) {
  const Value* party = find(fields, "party");
  if (party == nullptr) return std::nullopt;
  if (party->as_object() == nullptr) return "party must be an object";
  const Value* id = find(*party, "id");
  const std::string* text = id == nullptr ? nullptr : id->as_string();
  if (text == nullptr || text->empty()) return "party.id must be a string";
  if (text->size() > kMostPartyId) return "party.id too long";
  const auto size = integer(find(*party, "size"), 1, kMostTeams);
  if (!size) return "party.size must be an integer of at least 1";
  const bool in_teams = wish.team_count > 0;
  if (*size > (in_teams ? wish.team_size : wish.group_size)) {
    return in_teams ? "party larger than a team" : "party larger than the group";
  }
  wish.party = *text;
  wish.party_size = *size;
  return std::nullopt;
}

/// Takes the ruled fields out of `criteria`.
std::optional<std::string> read_fields(const Options& options, Value::Object& criteria,
                                       Wish& wish) {
  for (const RangeRule& rule : options.ranges) {
    const auto found = criteria.find(rule.field);
    const double* number = found == criteria.end() ? nullptr : found->second.as_number();
    if (number == nullptr || !std::isfinite(*number)) return rule.field + " must be a number";
    wish.numbers.push_back(*number);
    criteria.erase(found);
  }
  for (const std::string& field : options.overlaps) {
    const auto found = criteria.find(field);
    const Value::List* list = found == criteria.end() ? nullptr : found->second.as_list();
    if (list == nullptr) return field + " must be an array";
    if (list->size() > options.max_elements) return field + " too long";
    std::vector<std::string>& texts = wish.lists.emplace_back();
    for (const Value& element : *list) append_canonical(texts.emplace_back(), element);
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    criteria.erase(found);
  }
  return std::nullopt;
}

}  // namespace

void append_canonical(std::string& out, const Value& value) {
  if (const double* number = value.as_number()) {
    append_number(out.append("n"), *number);
  } else if (const bool* boolean = value.as_bool()) {
    out.append(*boolean ? "t" : "f");
  } else if (const std::string* text = value.as_string()) {
    append_text(out.append("s"), *text);
  } else if (const Value::List* list = value.as_list()) {
    out.append("[");
    for (const Value& element : *list) append_canonical(out, element);
    out.append("]");
  } else if (const Value::Object* object = value.as_object()) {
    out.append("{");
    for (const auto& [key, member] : *object) {
      append_text(out, key);
      append_canonical(out, member);
    }
    out.append("}");
  } else {
    out.append("0");
  }
}

Result<Wish> read_wish(const Options& options, const MatchRequest& request) {
  Wish wish;
  wish.group_size = request.group_size;
  if (auto wrong = read_teams(options, request.fields, wish)) return Error{std::move(*wrong)};
  if (auto wrong = read_party(request.fields, wish)) return Error{std::move(*wrong)};
  Value rest = request.criteria;
  auto* criteria = std::get_if<Value::Object>(&rest.data);
  Value::Object none;
  if (auto wrong = read_fields(options, criteria == nullptr ? none : *criteria, wish)) {
    return Error{std::move(*wrong)};
  }
  wish.kind = std::to_string(wish.group_size) + "/" + std::to_string(wish.team_count) + "/";
  append_canonical(wish.kind, rest);
  return wish;
}

}  // namespace peer_skill
