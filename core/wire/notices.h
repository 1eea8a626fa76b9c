#pragma once

#include <string>
#include <string_view>

#include "core/base/fingerprint.h"
#include "core/hub/namespace_directory.h"
#include "core/net/frame.h"

/// What peers hear without having asked, and what one says to another: as frames, which all who
/// hear the same share (docs/protocol.md).
namespace peer {

/// `{"room_id","owner","max_size"`: what is said of a room begins so, and may have more members.
[[nodiscard]] std::string room_payload(std::string_view room_id, const Room& room);
[[nodiscard]] FrameRef peer_joined_frame(const Fingerprint& peer, std::string_view ns,
                                         std::string_view object, sdk::Instant now);
[[nodiscard]] FrameRef peer_left_frame(const Fingerprint& peer, std::string_view ns,
                                       sdk::Instant now);
[[nodiscard]] FrameRef kick_frame(const Fingerprint& by, const Fingerprint& target,
                                  std::string_view room_id, sdk::Instant now);
[[nodiscard]] FrameRef room_updated_frame(std::string_view room_id, const Room& room,
                                          sdk::Instant now);
[[nodiscard]] FrameRef room_closed_frame(std::string_view room_id, sdk::Instant now);
/// A room policy's own message.
[[nodiscard]] FrameRef room_message_frame(std::string_view room_id, std::string_view type,
                                          std::string_view payload, sdk::Instant now);

/// The JSON of a `signal` or `relay` on its way to the target; `payload` empty: absent.
[[nodiscard]] FrameRef directed_frame(std::string_view type, const Fingerprint& from,
                                      const Fingerprint& to, std::string_view payload,
                                      sdk::Instant now);
/// The same to an alias that only nodes of another kind may know.
[[nodiscard]] FrameRef directed_frame(std::string_view type, const Fingerprint& from,
                                      std::string_view alias, std::string_view payload,
                                      sdk::Instant now);
/// The JSON of a `broadcast`; `data` empty: absent.
[[nodiscard]] FrameRef broadcast_frame(const Fingerprint& from, std::string_view ns,
                                       std::string_view data, sdk::Instant now);
/// The JSON text within a text frame.
[[nodiscard]] std::string_view text_of(const FrameRef& frame);

}  // namespace peer
