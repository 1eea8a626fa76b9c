#include "core/config/entry_reader.h"

#include <utility>

#include "core/config/read_secret_file.h"
#include "core/config/value_rules.h"

namespace peer {

void EntryReader::mistake(const ConfigNode& at, const std::string& name,
                          const std::string& expected) {
  const std::string key = name.empty() ? path_ : path_ + "." + name;
  draft_.mistake(where_in(layer_, at), key + ": expected " + expected);
  sound_ = false;
}

std::optional<ConfigNode> EntryReader::read_file(const ConfigNode& field, const std::string& what) {
  const auto text = as_string(field);
  const auto path = text ? absolute_path(layer_, *text) : std::nullopt;
  if (!path) {
    mistake(field, field.key, "a path, got " + describe(field, false));
    return std::nullopt;
  }
  auto content = read_secret_file(*path, draft_.pipes);
  if (!content) {
    mistake(field, field.key, "a file with " + what + " in it; " + content.error().message);
    return std::nullopt;
  }
  return untyped(field.key, std::move(*content));
}

}  // namespace peer
