#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>
#include <peer/sdk/value.h>

#include "core/base/watches.h"

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

/// docs/protocol.md, "register". A client without `public_key` may still be let in: an auth plugin
/// may grant it an identity.
struct RegisterRequest {
  std::string_view public_key;            ///< empty: none
  std::optional<std::string_view> alias;  ///< nullopt: automatic; never 64 hex digits
  std::string_view meta;                  ///< raw object; empty when absent
  bool wants_ice_servers = false;         ///< `want` has the word
  bool wants_resume = false;              ///< a session that may be resumed
};

/// docs/protocol.md, "C.6 Session resume". Both are there; whether the token is one is not known
/// yet.
struct ResumeRequest {
  std::string_view token;
  std::optional<std::uint64_t> received;  ///< nullopt: a number, but none that counts messages
};

/// docs/protocol.md, "ping".
struct PingRequest {
  std::optional<std::uint64_t> received;  ///< messages; nullopt: not given
};

/// docs/protocol.md, "join". Whether the peer may use the name is not known yet.
struct JoinRequest {
  std::string_view ns;
  std::optional<std::string_view> app_type;
  std::optional<std::string_view> version;
  std::string_view meta;  ///< raw object; empty when absent
  Watches watches;
};

/// docs/protocol.md, "leave"; `match_cancel` asks for no more.
struct NamespaceRequest {
  std::string_view ns;
};

/// docs/protocol.md, "discover".
struct DiscoverRequest {
  std::string_view ns;
  std::uint32_t limit = 50;  ///< cut to Bounds::discover_limit
  std::optional<sdk::Fingerprint> after;
};

/// docs/protocol.md, "broadcast".
struct BroadcastRequest {
  std::string_view ns;
  std::optional<std::string_view> data;   ///< raw, `null` too; nullopt when absent
  std::vector<std::string_view> exclude;  ///< fingerprints or aliases
};

/// A longer `timeout_ms` is cut to this.
inline constexpr std::chrono::milliseconds kMaxMatchTimeout = std::chrono::hours(24 * 365);

/// docs/protocol.md, "match". A ticket keeps it beyond its message, after keep_fields(): its views
/// are of no use then.
struct MatchRequest {
  std::string_view ns;
  std::uint32_t group_size = 2;
  std::uint32_t group_size_max = 0;  ///< `match_group_max`, for a strategy that sets the size
  std::string criteria_key;          ///< of criteria that it has; see key()
  bool has_criteria = false;         ///< it has such a member, and not `null`
  bool has_own_fields = false;       ///< it has members that only a strategy may know
  std::optional<std::chrono::milliseconds> timeout;  ///< nullopt: not given; zero: none
  std::size_t fields_size = 0;  ///< what `fields` takes in memory, about, whether parsed or not

  /// The whole payload object as it came, until keep_fields() has been called: a strategy may do
  /// without its values, and to make them is a tenth of a match.
  std::string_view payload;
  sdk::Value fields;  ///< the same, parsed by keep_fields(); null before that

  /// Equal exactly when the criteria are equal as values: `{}` where there are none. As long as the
  /// request.
  [[nodiscard]] std::string_view key() const {
    return criteria_key.empty() ? std::string_view("{}") : criteria_key;
  }
  /// Parses the fields if they are `needed`, and lets go of the message.
  void keep_fields(bool needed);
  /// Of `fields`, and as long as these; always an object, empty where they are not parsed.
  [[nodiscard]] const sdk::Value& criteria() const;
};

/// docs/protocol.md, "create_room". The room policy says what the fields mean.
struct CreateRoomRequest {
  std::string_view room_id;
  sdk::Value fields;  ///< the whole payload object, parsed; max_size is null, absent or an integer
  Watches watches;
};

/// `join_room`, `room_info` and the types of a room policy.
struct RoomRequest {
  std::string_view room_id;
  sdk::Value fields;  ///< the whole payload object, parsed
  Watches watches;    ///< of join_room alone
};

/// docs/protocol.md, "C.8 Managed rooms": a page of the public ones.
struct ListRoomsRequest {
  std::uint64_t after = 0;  ///< the place of a room; 0: from the first
  std::uint32_t limit = 50;
};

/// docs/protocol.md, "kick".
struct KickRequest {
  std::string_view room_id;
  std::string_view target;  ///< fingerprint or alias
};

/// docs/protocol.md, "metadata".
struct MetadataRequest {
  std::string_view meta;  ///< raw object, to be merged: null in it removes a key
};

/// docs/protocol.md, "C.3 Authentication".
struct AuthRefreshRequest {
  std::string_view token;  ///< not empty; as long as the message may be: auth plugins have bounds
};

}  // namespace peer
