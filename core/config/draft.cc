#include "core/config/draft.h"

#include <utility>

namespace peer {
namespace {

constexpr std::string_view kKeyBytes =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

std::string cut_at_others(std::string_view text, std::string_view bytes) {
  constexpr std::size_t kLongest = 64;
  const std::string_view clean = text.substr(0, text.find_first_not_of(bytes));
  return std::string(clean.substr(0, kLongest)) + (clean.size() == text.size() ? "" : "...");
}

}  // namespace

std::string where_in(const ConfigLayer& layer, const ConfigNode& node) {
  return node.line > 0 ? layer.name + ":" + std::to_string(node.line) : layer.name;
}

std::string shown_key(std::string_view key) { return cut_at_others(key, kKeyBytes); }

std::string shown_path(std::string_view path) {
  return cut_at_others(path, std::string(kKeyBytes) + "[]");
}

void ConfigDraft::set_origin(const std::string& path, const ConfigLayer& layer,
                             const ConfigNode& node) {
  origins_[path] = {where_in(layer, node), layer.rank};
}

ConfigDraft::Origin ConfigDraft::origin(std::string_view path) const {
  const auto found = origins_.find(path);
  return found == origins_.end() ? Origin{} : found->second;
}

void ConfigDraft::forget_origins(const std::string& path) {
  std::erase_if(origins_, [&](const auto& origin) {
    const std::string_view name = origin.first;
    if (!name.starts_with(path)) return false;
    return name.size() == path.size() || name[path.size()] == '.' || name[path.size()] == '[';
  });
}

void ConfigDraft::move_origins(const std::string& from, const std::string& to) {
  std::map<std::string, Origin, std::less<>> moved;
  for (const auto& [path, origin] : origins_) {
    const bool below = path.starts_with(from + ".");
    moved.emplace(below ? to + path.substr(from.size()) : path, origin);
  }
  origins_ = std::move(moved);
}

void ConfigDraft::add(Lines& lines, const std::string& where, const std::string& what) {
  constexpr std::size_t kMost = 100;
  // A file of a megabyte may have as many mistakes: the first ones are enough to begin with.
  if (lines.kept.size() < kMost) {
    lines.kept.push_back(where + ": " + what);
  } else {
    ++lines.more;
  }
}

std::vector<std::string> ConfigDraft::lines(const Lines& collected) {
  std::vector<std::string> all = collected.kept;
  if (collected.more > 0) all.push_back("... and " + std::to_string(collected.more) + " more");
  return all;
}

std::vector<const ConfigNode*> entries_of(ConfigDraft& draft, const ConfigLayer& layer,
                                          const ConfigNode& map, std::string_view prefix) {
  std::vector<const ConfigNode*> entries;
  std::map<std::string_view, int> first_lines;
  for (const ConfigNode& node : map.children) {
    const auto [first, is_new] = first_lines.emplace(node.key, node.line);
    if (is_new) {
      entries.push_back(&node);
      continue;
    }
    const std::string first_line =
        first->second > 0 ? ", first set on line " + std::to_string(first->second) : "";
    draft.mistake(where_in(layer, node), std::string(prefix) + shown_key(node.key) +
                                             ": duplicate key" + first_line + "; remove one");
  }
  return entries;
}

}  // namespace peer
