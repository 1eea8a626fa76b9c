#include "core/config/plugin_kinds.h"

#include <algorithm>
#include <utility>

// Lists of plugins. In: the lists as they were read. Out: mistakes, where two labels are the same,
// or where an entry of a list by namespace can never be reached; and lists in which some entry
// serves every name. The order of `auth` depends on what its plugins say of themselves, so it is
// checked when they are loaded (core/plugin/loader.cc).

namespace peer {
namespace {

/// Whether every name that matches `pattern` matches `other`, too.
bool is_within(std::string_view pattern, std::string_view other) {
  if (!other.ends_with('*')) return pattern == other;
  other.remove_suffix(1);
  return pattern.starts_with(other);
}

bool is_within_any(std::string_view pattern, const std::vector<std::string_view>& others) {
  return std::any_of(others.begin(), others.end(),
                     [&](std::string_view other) { return is_within(pattern, other); });
}

class ListCheck {
 public:
  using Mistake = std::function<void(const std::string&, const std::string&)>;

  ListCheck(const PluginKind& kind, const std::vector<PluginChoice>& list, const Mistake& mistake)
      : kind_(kind), list_(list), mistake_(mistake) {}

  void check() const {
    check_labels();
    if (kind_.use != PluginUse::kByNamespace) return;
    check_rest();
    check_hidden();
    check_reach();
  }

 private:
  void say(std::size_t index, const std::string& text) const {
    mistake_(list_[index].where, plugin_path(kind_.key, index, list_.size()) + text);
  }
  [[nodiscard]] std::string name_of(std::size_t index) const {
    return plugin_path(kind_.key, index, list_.size()) + " (" + list_[index].where + ")";
  }

  void check_labels() const {
    for (std::size_t i = 0; i < list_.size(); ++i) {
      const auto same = [&](const PluginChoice& other) { return other.as == list_[i].as; };
      const auto first = std::find_if(list_.begin(), list_.end(), same);
      const auto at = static_cast<std::size_t>(first - list_.begin());
      if (list_[i].as.empty() || at == i) continue;
      say(i, ".as: expected another name than that of " + name_of(at));
    }
  }

  void check_rest() const {
    std::size_t first = list_.size();
    for (std::size_t i = 0; i < list_.size(); ++i) {
      if (!list_[i].namespaces.empty()) continue;
      if (first == list_.size()) {
        first = i;
      } else {
        say(i, ": expected namespaces, since " + name_of(first) +
                   " has none and serves the rest already");
      }
    }
  }

  // The first entry that fits a name serves it, and one without patterns fits every name.
  void check_hidden() const {
    const auto serves_all = std::find_if(
        list_.begin(), list_.end(), [](const auto& choice) { return choice.namespaces.empty(); });
    const auto at = static_cast<std::size_t>(serves_all - list_.begin());
    std::string hidden;
    for (std::size_t i = at + 1; i < list_.size(); ++i) {
      if (!list_[i].namespaces.empty()) hidden += (hidden.empty() ? "" : ", ") + name_of(i);
    }
    if (!hidden.empty()) say(at, ": serves every name, and so hides " + hidden + "; put it last");
  }

  void check_reach() const {
    std::vector<std::string_view> before;
    for (std::size_t i = 0; i < list_.size(); ++i) {
      const auto& patterns = list_[i].namespaces;
      const bool none_left =
          std::all_of(patterns.begin(), patterns.end(),
                      [&](const auto& pattern) { return is_within_any(pattern, before); });
      if (!patterns.empty() && none_left) {
        say(i, ": can never be reached: entries before it serve all of its namespaces");
      }
      before.insert(before.end(), patterns.begin(), patterns.end());
    }
    if (std::find(before.begin(), before.end(), "*") == before.end()) return;
    for (std::size_t i = 0; i < list_.size(); ++i) {
      if (list_[i].namespaces.empty()) {
        say(i, ": can never be reached: another entry serves the namespaces \"*\"");
      }
    }
  }

  const PluginKind& kind_;
  const std::vector<PluginChoice>& list_;
  const Mistake& mistake_;
};

}  // namespace

std::string plugin_path(std::string_view key, std::size_t index, std::size_t count) {
  const std::string path = "plugins." + std::string(key);
  return count == 1 ? path : path + "[" + std::to_string(index) + "]";
}

void check_plugin_lists(
    const PluginsConfig& plugins,
    const std::function<void(const std::string&, const std::string&)>& mistake) {
  for (const PluginKind& kind : kPluginKinds) {
    ListCheck(kind, plugins.*kind.choices, mistake).check();
  }
}

void complete_plugin_lists(PluginsConfig& plugins,
                           const std::function<void(const PluginKind&)>& added) {
  const PluginsConfig defaults;
  for (const PluginKind& kind : kPluginKinds) {
    std::vector<PluginChoice>& list = plugins.*kind.choices;
    const auto has_patterns = [](const PluginChoice& choice) { return !choice.namespaces.empty(); };
    const auto serves_all = [](const PluginChoice& choice) {
      const auto& patterns = choice.namespaces;
      return std::find(patterns.begin(), patterns.end(), "*") != patterns.end();
    };
    if (kind.use != PluginUse::kByNamespace ||
        !std::all_of(list.begin(), list.end(), has_patterns) ||
        std::any_of(list.begin(), list.end(), serves_all)) {
      continue;
    }
    list.push_back((defaults.*kind.choices).front());
    added(kind);
  }
}

}  // namespace peer
