#include "core/protocol/meta.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/protocol/json_scan.h"

namespace peer {
namespace {

// A member of the object, as it stands there: the key with its quotes.
struct Field {
  std::string_view key;
  std::string_view value;
};

std::vector<Field> fields_of(std::string_view object) {
  std::vector<Field> fields;
  ObjectCursor cursor(object);
  for (JsonMember member; cursor.next(member);) fields.push_back({member.key, member.value});
  return fields;
}

std::string decoded_key(std::string_view raw) {
  std::string key;
  return append_decoded(key, raw) ? key : std::string(raw);
}

enum class FieldChange : std::uint8_t { kNone, kNew, kGone };

// Calls `visit(decoded key, field, FieldChange)` for each field of `now`, and then for those of
// `before` that are no more, in their order there.
template <typename Visit>
void compare_fields(const std::vector<Field>& now, const std::vector<Field>& before,
                    const Visit& visit) {
  std::map<std::string, const Field*> rest;
  for (const Field& field : before) rest.emplace(decoded_key(field.key), &field);
  for (const Field& field : now) {
    const std::string key = decoded_key(field.key);
    const auto old = rest.find(key);
    const bool is_same = old != rest.end() && old->second->value == field.value;
    visit(key, field, is_same ? FieldChange::kNone : FieldChange::kNew);
    if (old != rest.end()) rest.erase(old);
  }
  std::vector<std::pair<const Field*, const std::string*>> gone;
  gone.reserve(rest.size());
  for (const auto& [key, field] : rest) gone.emplace_back(field, &key);
  std::sort(gone.begin(), gone.end());
  for (const auto& [field, key] : gone) visit(*key, *field, FieldChange::kGone);
}

}  // namespace

void Meta::merge(std::string_view object) {
  if (object.empty()) return;
  std::vector<Field> fields = fields_of(object_);
  std::map<std::string, std::size_t> positions;  // by decoded key
  for (std::size_t i = 0; i < fields.size(); ++i) positions.emplace(decoded_key(fields[i].key), i);

  ObjectCursor cursor(object);
  for (JsonMember member; cursor.next(member);) {
    const auto [entry, is_new] = positions.try_emplace(decoded_key(member.key), fields.size());
    if (is_new) fields.push_back({member.key, {}});
    fields[entry->second].value = is_json_null(member.value) ? std::string_view() : member.value;
  }
  std::string merged;
  merged.reserve(object_.size() + object.size());
  for (const Field& field : fields) {
    if (field.value.empty()) continue;  // removed: no value of JSON is an empty text
    merged += merged.empty() ? '{' : ',';
    merged.append(field.key).append(":").append(field.value);
  }
  if (!merged.empty()) merged += '}';
  object_ = LeanText(merged);
}

std::string Meta::changes_from(const Meta& before, const MetaKeys& also) const {
  MetaKeys unseen = also;
  std::string changes;
  const auto add = [&](std::string_view raw_key, std::string_view value) {
    changes.append(changes.empty() ? "{" : ",").append(raw_key).append(":").append(value);
  };
  compare_fields(fields_of(object_), fields_of(before.object_),
                 [&](const std::string& key, const Field& field, FieldChange change) {
                   const bool is_wanted = unseen.erase(key) != 0 || change != FieldChange::kNone;
                   if (is_wanted)
                     add(field.key,
                         change == FieldChange::kGone ? std::string_view("null") : field.value);
                 });
  for (const auto& [key, raw_key] : unseen) add(raw_key, "null");
  return changes.empty() ? changes : changes + "}";
}

void Meta::add_changed_keys(const Meta& before, MetaKeys& keys) const {
  compare_fields(fields_of(object_), fields_of(before.object_),
                 [&](const std::string& key, const Field& field, FieldChange change) {
                   if (change != FieldChange::kNone) keys.emplace(key, field.key);
                 });
}

}  // namespace peer
