#pragma once

#include <string_view>

#include <peer/sdk/types.h>

#include "core/base/fingerprint.h"
#include "core/net/websocket/frame.h"

/// What nearly every frame has in it, written where it stays. Any thread, each builder on one.
namespace peer {

/// `text` as a JSON string, with its quotes.
FrameBuilder& append_json_string(FrameBuilder& out, std::string_view text);
/// The digits of a fingerprint, with quotes.
FrameBuilder& append_hex(FrameBuilder& out, const Fingerprint& fingerprint);
/// `,"ts":1764460800000`
FrameBuilder& append_ts(FrameBuilder& out, sdk::Instant now);

}  // namespace peer
