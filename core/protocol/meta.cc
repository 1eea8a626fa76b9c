#include "core/protocol/meta.h"

#include <algorithm>
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
  std::map<std::string, std::string_view> known;
  const std::vector<Field> earlier = fields_of(before.object_);
  for (const Field& field : earlier) known.emplace(decoded_key(field.key), field.value);
  MetaKeys gone = also;
  std::string changes;
  const auto add = [&](std::string_view raw_key, std::string_view value) {
    changes.append(changes.empty() ? "{" : ",").append(raw_key).append(":").append(value);
  };
  for (const Field& field : fields_of(object_)) {
    const std::string key = decoded_key(field.key);
    const auto same = known.find(key);
    const bool is_new = same == known.end() || same->second != field.value;
    if (is_new || gone.contains(key)) add(field.key, field.value);
    if (same != known.end()) known.erase(same);
    gone.erase(key);
  }
  for (const Field& field : earlier) {
    const std::string key = decoded_key(field.key);
    if (!known.contains(key)) continue;
    add(field.key, "null");
    gone.erase(key);
  }
  for (const auto& [key, raw_key] : gone) add(raw_key, "null");
  return changes.empty() ? changes : changes + "}";
}

void Meta::add_changed_keys(const Meta& before, MetaKeys& keys) const {
  std::map<std::string, const Field*> known;
  const std::vector<Field> earlier = fields_of(before.object_);
  for (const Field& field : earlier) known.emplace(decoded_key(field.key), &field);
  for (const Field& field : fields_of(object_)) {
    std::string key = decoded_key(field.key);
    const auto same = known.find(key);
    const bool is_new = same == known.end() || same->second->value != field.value;
    if (same != known.end()) known.erase(same);
    if (is_new) keys.emplace(std::move(key), field.key);
  }
  for (const auto& [key, field] : known) keys.emplace(key, field->key);
}

}  // namespace peer
