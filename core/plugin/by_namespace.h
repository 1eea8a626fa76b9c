#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>
#include <peer/sdk/plugin.h>

#include "core/base/name_pattern.h"
#include "core/plugin/loaded_plugins.h"

namespace peer {

/// The first SDK in which a strategy may say what it does without.
inline constexpr std::uint32_t kSdkOfMatchTraits = 7;

/// What a plugin that serves names has said of itself, asked once; most kinds say nothing.
template <typename Interface>
struct Said {
  Said(const Interface&, PluginCalls&, std::uint32_t /*revision*/) {}
};
template <>
struct Said<sdk::MatchStrategy> {
  Said(const sdk::MatchStrategy& plugin, PluginCalls& calls, std::uint32_t revision) {
    if (revision < kSdkOfMatchTraits) return;
    sdk::MatchTraits told;  // what it had said before it threw does not count
    if (calls.run("traits", [&] { plugin.traits(told); })) traits = told;
  }
  sdk::MatchTraits traits;
};

/// A plugin that serves names, and the calls that go through it.
template <typename Interface>
struct Served {
  Interface& plugin;
  PluginCalls& calls;
  std::size_t index = 0;                       ///< in the list of the configuration
  std::uint32_t revision = PEER_SDK_REVISION;  ///< of the SDK that it was built with
  Said<Interface> said{plugin, calls, revision};
};

/// Which plugin of a list serves a namespace or room: the first of which a pattern fits, else the
/// one that has none. Where there is one plugin nothing is compared. Thread-safe: nothing in it
/// changes after the start, and plugins are never replaced.
template <typename Interface>
class ByNamespace {
 public:
  /// `plugins`: at least one, as load_plugins() gives them; they outlive this.
  explicit ByNamespace(const std::vector<LoadedPlugin<Interface>>& plugins) {
    for (const LoadedPlugin<Interface>& plugin : plugins) {
      const std::size_t index = entries_.size();
      const auto& patterns = plugin.record->info.namespaces;
      if (patterns.empty()) rest_ = index;
      entries_.push_back({{*plugin, plugin.calls(), index, plugin.record->revision}, patterns});
    }
  }
  /// One that serves all names: for tests.
  ByNamespace(Interface& plugin, PluginCalls& calls) { entries_.push_back({{plugin, calls}, {}}); }

  /// Good as long as this is. Where there are several, the name is held against one pattern after
  /// the other with each call.
  [[nodiscard]] const Served<Interface>& of(std::string_view name) const {
    if (entries_.size() == 1) return entries_.front().served;
    for (const Entry& entry : entries_) {
      const auto fits = [&](const std::string& pattern) { return matches_pattern(pattern, name); };
      if (std::any_of(entry.patterns.begin(), entry.patterns.end(), fits)) return entry.served;
    }
    return entries_[rest_].served;
  }

 private:
  struct Entry {
    Served<Interface> served;
    std::vector<std::string> patterns;
  };

  /// In the order of the configuration: the first that fits serves the name.
  std::vector<Entry> entries_;
  /// The entry without patterns; of names that no pattern fits.
  std::size_t rest_ = 0;
};

}  // namespace peer
