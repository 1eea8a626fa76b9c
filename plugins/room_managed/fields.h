#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <peer/sdk/result.h>
#include <peer/sdk/types.h>
#include <peer/sdk/value.h>

#include "options.h"

/// What clients write, read and checked: everything that is refused with 400. An error is the words
/// for the client. Pure functions; any thread.
namespace peer_managed {

/// A field that is absent, null, or there.
template <typename T>
struct Field {
  bool is_null = false;
  std::optional<T> value{};

  [[nodiscard]] bool is_there() const { return is_null || value.has_value(); }
};

/// Of `create_room` and `room_update`. The core has looked at `password`.
struct RoomFields {
  Field<bool> locked;       ///< create_room only
  Field<bool> listed;       ///< `public`
  Field<std::string> info;  ///< as JSON, at most kMaxInfo bytes
  Field<std::vector<peer::sdk::Fingerprint>> invited;
  Field<double> max_size;  ///< an integer
};
inline constexpr std::size_t kMaxInfo = 1024;

/// Of several faults the first one in a fixed order of the fields. Fields that it does not know are
/// passed over.
[[nodiscard]] peer::sdk::Result<RoomFields> read_room_fields(const Options& options,
                                                             const peer::sdk::Value& fields);
/// The size that a room gets which asks for this one.
[[nodiscard]] std::uint32_t granted_size(const Options& options, std::optional<double> asked);

/// `fingerprint`.
[[nodiscard]] peer::sdk::Result<peer::sdk::Fingerprint> read_target(const peer::sdk::Value& fields);
/// `seconds` of a ban; nullopt: not given; zero: as long as the room lives.
[[nodiscard]] peer::sdk::Result<std::optional<std::chrono::seconds>> read_seconds(
    const peer::sdk::Value& fields);

}  // namespace peer_managed
