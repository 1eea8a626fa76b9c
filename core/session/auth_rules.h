#pragma once

#include <string_view>

#include <peer/sdk/auth.h>

#include "core/protocol/requests.h"

/// What the core believes of an auth plugin's verdict. Nonsense is the plugin's fault, and a
/// denial: a right that was meant otherwise must not be granted by accident.
namespace peer {

/// What makes no sense in a verdict, for the log: "granted an empty identity". Null: nothing.
/// Of an alias see is_sound_alias().
[[nodiscard]] const char* fault_of(const sdk::AuthVerdict& verdict);

/// Whether a peer may have an alias that a plugin grants: UTF-8 without control characters, within
/// the bounds, no fingerprint (docs/protocol.md, "Identity").
[[nodiscard]] bool is_sound_alias(const Bounds& bounds, std::string_view alias);

}  // namespace peer
