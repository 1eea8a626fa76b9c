#include "core/protocol/meta.h"

#include <algorithm>
#include <map>

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

std::string Meta::changes_from(const Meta& before) const {
  std::map<std::string, std::string_view> known;
  for (const Field& field : before.fields_) known.emplace(decoded_key(field.key), field.value);
  std::string changes;
  const auto add = [&](std::string_view raw_key, std::string_view value) {
    changes.append(changes.empty() ? "{" : ",").append(raw_key).append(":").append(value);
  };
  for (const Field& field : fields_) {
    const auto same = known.find(decoded_key(field.key));
    if (same == known.end() || same->second != field.value) add(field.key, field.value);
    if (same != known.end()) known.erase(same);
  }
  for (const Field& field : before.fields_) {
    if (known.contains(decoded_key(field.key))) add(field.key, "null");
  }
  return changes.empty() ? changes : changes + "}";
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
