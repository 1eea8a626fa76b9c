#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>
#include <peer/sdk/value.h>

/// What each client message asks for, after all of its 400 checks (docs/protocol.md, "B.
/// Messages"). Views live as long as the message's bytes and the parser's next call; raw values are
/// JSON text.
namespace peer {

/// Sizes that a request may have (docs/protocol.md, "Bounds"); from the configuration. In bytes
/// unless said otherwise: strings decoded, meta as Meta will store it, criteria as sent.
struct Bounds {
  std::uint32_t name = 4096;
  std::uint32_t alias = 256;
  std::uint32_t app_type = 256;
  std::uint32_t public_key = 8192;
  std::uint32_t meta = 8192;
  std::uint32_t join_meta = 4096;
  std::uint32_t criteria = 4096;
  std::uint32_t exclude = 1000;        ///< entries
  std::uint32_t discover_limit = 500;  ///< peers
  std::uint32_t match_group = 64;      ///< peers
};

struct RegisterRequest {
  std::string_view public_key;
  std::optional<std::string_view> alias;  ///< nullopt: automatic; never 64 hex digits
  std::string_view meta;                  ///< raw object; empty when absent
};

struct JoinRequest {
  std::string_view ns;
  std::optional<std::string_view> app_type;
  std::optional<std::string_view> version;
  std::string_view meta;  ///< raw object; empty when absent
};

/// `leave`, `match_cancel`.
struct NamespaceRequest {
  std::string_view ns;
};

struct DiscoverRequest {
  std::string_view ns;
  std::uint32_t limit = 50;
  std::optional<sdk::Fingerprint> after;
};

struct BroadcastRequest {
  std::string_view ns;
  std::optional<std::string_view> data;   ///< raw, `null` too; nullopt when absent
  std::vector<std::string_view> exclude;  ///< fingerprints or aliases
};

/// A longer `timeout_ms` is cut to this.
inline constexpr std::chrono::milliseconds kMaxMatchTimeout = std::chrono::hours(24 * 365);

struct MatchRequest {
  std::string_view ns;
  std::uint32_t group_size = 2;
  sdk::Value criteria;       ///< always an object
  std::string criteria_key;  ///< equal exactly when the criteria are equal as values
  sdk::Value fields;         ///< the whole payload object, parsed
  std::optional<std::chrono::milliseconds> timeout;  ///< nullopt: not given; zero: none
};

struct CreateRoomRequest {
  std::string_view room_id;
  sdk::Value fields;  ///< the whole payload object, parsed; max_size is null, absent or an integer
};

/// `join_room`, `room_info` and the types of a room policy.
struct RoomRequest {
  std::string_view room_id;
  sdk::Value fields;  ///< the whole payload object, parsed
};

struct KickRequest {
  std::string_view room_id;
  std::string_view target;  ///< fingerprint or alias
};

struct MetadataRequest {
  std::string_view meta;  ///< raw object
};

}  // namespace peer
