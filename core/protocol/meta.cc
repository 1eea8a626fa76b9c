#include "core/protocol/meta.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/protocol/json_scan.h"

namespace peer {
namespace {

std::string decoded_key(std::string_view raw) {
  std::string key;
  return append_decoded(key, raw) ? key : std::string(raw);
}

}  // namespace

void Meta::merge(std::string_view object) {
  std::map<std::string, std::size_t> positions;  // by decoded key
  for (std::size_t i = 0; i < fields_.size(); ++i)
    positions.emplace(decoded_key(fields_[i].key), i);

  bool has_removed = false;
  ObjectCursor cursor(object);
  for (JsonMember member; cursor.next(member);) {
    const auto [entry, is_new] = positions.try_emplace(decoded_key(member.key), fields_.size());
    const bool removes = is_json_null(member.value);
    has_removed |= removes;
    if (is_new) {
      fields_.push_back({std::string(member.key), {}});
    }
    fields_[entry->second].value = removes ? std::string_view() : member.value;
  }
  // At the end, since `positions` are indices until then. No value of JSON is an empty text.
  if (has_removed) std::erase_if(fields_, [](const Field& field) { return field.value.empty(); });
}

std::string Meta::changes_from(const Meta& before, const MetaKeys& also) const {
  std::map<std::string, std::string_view> known;
  for (const Field& field : before.fields_) known.emplace(decoded_key(field.key), field.value);
  MetaKeys gone = also;
  std::string changes;
  const auto add = [&](std::string_view raw_key, std::string_view value) {
    changes.append(changes.empty() ? "{" : ",").append(raw_key).append(":").append(value);
  };
  for (const Field& field : fields_) {
    const std::string key = decoded_key(field.key);
    const auto same = known.find(key);
    const bool is_new = same == known.end() || same->second != field.value;
    if (is_new || gone.contains(key)) add(field.key, field.value);
    if (same != known.end()) known.erase(same);
    gone.erase(key);
  }
  for (const Field& field : before.fields_) {
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
  for (const Field& field : before.fields_) known.emplace(decoded_key(field.key), &field);
  for (const Field& field : fields_) {
    std::string key = decoded_key(field.key);
    const auto same = known.find(key);
    const bool is_new = same == known.end() || same->second->value != field.value;
    if (same != known.end()) known.erase(same);
    if (is_new) keys.emplace(std::move(key), field.key);
  }
  for (const auto& [key, field] : known) keys.emplace(key, field->key);
}

std::string Meta::to_json() const {
  if (fields_.empty()) return "{}";
  std::string json;
  json.reserve(json_size());
  char separator = '{';
  for (const Field& field : fields_) {
    json += separator;
    json += field.key;
    json += ':';
    json += field.value;
    separator = ',';
  }
  json += '}';
  return json;
}

std::size_t Meta::json_size() const {
  if (fields_.empty()) return 2;
  std::size_t size = 1;
  for (const Field& field : fields_) size += field.key.size() + field.value.size() + 2;
  return size;
}

}  // namespace peer
