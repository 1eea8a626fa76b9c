#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/fingerprint.h"
#include "core/hub/namespace.h"
#include "core/net/websocket/frame.h"

/// Frames that peers receive without having asked, and those that one peer sends to another. All
/// receivers of one text share its frame (docs/protocol.md, "Notifications"). Pure; any thread.
/// `object`, `payload` and `data` are sound JSON, and go in as they are; names are escaped here.
/// `now` becomes `ts`.
namespace peer {

/// `{"room_id","owner","max_size"`: what is said of a room begins so, and may have more members.
[[nodiscard]] std::string room_payload(std::string_view room_id, const Room& room);
/// `object`: what others see of the peer.
[[nodiscard]] FrameRef peer_joined_frame(const Fingerprint& peer, std::string_view ns,
                                         std::string_view object, sdk::Instant now);
/// A peer is no member any more, for whatever reason.
[[nodiscard]] FrameRef peer_left_frame(const Fingerprint& peer, std::string_view ns,
                                       sdk::Instant now);
/// A peer's meta has changed; `changes`: the keys that have.
[[nodiscard]] FrameRef peer_updated_frame(const Fingerprint& peer, std::string_view ns,
                                          std::string_view changes, sdk::Instant now);
/// `type`: peer_away or peer_back.
[[nodiscard]] FrameRef presence_frame(std::string_view type, const Fingerprint& peer,
                                      std::string_view ns, sdk::Instant now);
/// For the target alone, which learns who removed it.
[[nodiscard]] FrameRef kick_frame(const Fingerprint& by, const Fingerprint& target,
                                  std::string_view room_id, sdk::Instant now);
/// `more`: what the room's policy adds (updated_members), each member with a comma before it.
[[nodiscard]] FrameRef room_updated_frame(std::string_view room_id, const Room& room,
                                          std::string_view more, sdk::Instant now);
/// For a member whose room is not the cluster's any more.
[[nodiscard]] FrameRef room_closed_frame(std::string_view room_id, sdk::Instant now);
/// For the members of a room that its policy has ended.
[[nodiscard]] FrameRef room_closed_frame(std::string_view room_id, std::string_view reason,
                                         sdk::Instant now);
/// A room policy's own message; its type is none of the protocol's. Every member hears it, or one.
[[nodiscard]] FrameRef room_message_frame(std::string_view room_id, std::string_view type,
                                          std::string_view payload, sdk::Instant now);

/// What the operator's backend has to say, to one peer or, with `ns`, to a namespace's members.
[[nodiscard]] FrameRef server_message_frame(std::string_view ns, std::string_view payload,
                                            sdk::Instant now);

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
/// What a frame says of this kind that directed_frame(), to a fingerprint, or broadcast_frame() has
/// made in this process. Views of the frame; `ns` and `value` raw.
struct RelayedParts {
  std::string_view type;
  std::string_view from;     ///< 64 hex digits
  std::string_view payload;  ///< empty: absent
  // Of a broadcast.
  std::string_view ns;
  std::string_view data;  ///< in the payload; empty: absent
};
/// Known without reading the JSON. Nullopt: it is another frame, whatever it says.
[[nodiscard]] std::optional<RelayedParts> relayed_parts(const FrameRef& frame);
/// The JSON text within a text frame.
[[nodiscard]] std::string_view text_of(const FrameRef& frame);

}  // namespace peer
