#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <peer/sdk/plugin_config.h>

namespace peer_managed {

/// Who owns a room when its owner has gone.
enum class Succession : std::uint8_t {
  kOldest,  ///< the member that has been there longest
  kNone,    ///< the owner stays the owner, and is it again on its return
  kClose,   ///< nobody: the room ends
};

/// The options of the plugin (README.md, "Configuration").
struct Options {
  std::uint32_t default_size = 20;  ///< members
  std::uint32_t max_size = 30;
  std::chrono::milliseconds ban{0};  ///< how long one holds; 0: as long as the room lives
  bool kick_bans = false;
  Succession succession = Succession::kOldest;
  bool list_rooms = false;                     ///< public rooms are told to who asks
  std::chrono::milliseconds empty_timeout{0};  ///< how long a room waits for members
  std::size_t max_bans = 100;                  ///< of a room
  std::size_t max_invited = 100;               ///< of a room
};

/// Reads and checks them; mistakes are the config's.
[[nodiscard]] Options read_options(peer::sdk::PluginConfig& config);

}  // namespace peer_managed
