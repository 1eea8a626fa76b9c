#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <peer/sdk/types.h>

namespace peer {

/// The tickets that wait in one namespace, for the Server API.
struct QueueFacts {
  std::string ns;
  std::size_t waiting = 0;  ///< those of peers that are away included
  sdk::Instant oldest{};    ///< since when the first of them waits

  /// The order of their list.
  struct ByName {
    bool operator()(const QueueFacts& a, const QueueFacts& b) const { return a.ns < b.ns; }
    bool operator()(std::string_view name, const QueueFacts& b) const { return name < b.ns; }
  };
};

}  // namespace peer
