#include "options.h"

#include <string>

// In: the options of the configuration. Out: checked values; every mistake is told, not the first
// alone.
namespace peer_managed {
namespace {

// What the state of a room has to have room for, together with the bounds of the lists below
// (room_state.h).
constexpr std::int64_t kLargestRoom = 500;
constexpr std::int64_t kLongestList = 400;
constexpr std::chrono::hours kLongestBan{24 * 3650};
constexpr std::chrono::hours kLongestEmpty{24 * 30};

Succession succession_of(peer::sdk::PluginConfig& config) {
  const std::string word = config.string("succession", "oldest");
  if (word == "none") return Succession::kNone;
  if (word == "close") return Succession::kClose;
  if (word != "oldest") config.mistake("succession", "oldest, none or close");
  return Succession::kOldest;
}

}  // namespace

Options read_options(peer::sdk::PluginConfig& config) {
  Options options;
  options.default_size =
      static_cast<std::uint32_t>(config.integer("default_size", 20, 1, kLargestRoom));
  options.max_size = static_cast<std::uint32_t>(config.integer("max_size", 30, 1, kLargestRoom));
  if (options.default_size > options.max_size) {
    config.mistake("default_size",
                   "at most max_size, which is " + std::to_string(options.max_size));
  }
  options.ban = config.duration("ban", options.ban, std::chrono::milliseconds(0), kLongestBan);
  options.kick_bans = config.boolean("kick_bans", false);
  options.succession = succession_of(config);
  options.list_rooms = config.boolean("list_rooms", false);
  options.empty_timeout = config.duration("empty_timeout", options.empty_timeout,
                                          std::chrono::milliseconds(0), kLongestEmpty);
  if (options.empty_timeout.count() > 0 && options.succession == Succession::kClose) {
    config.mistake("empty_timeout", "0 with succession close, which ends a room with its owner");
  }
  options.max_bans = static_cast<std::size_t>(config.integer("max_bans", 100, 1, kLongestList));
  options.max_invited =
      static_cast<std::size_t>(config.integer("max_invited", 100, 1, kLongestList));
  return options;
}

}  // namespace peer_managed
