#include "managed_rooms.h"

// What is told of a room: to its members when it changes, to the core, which keeps it, and to peers
// that ask for public rooms. In: the room's state. Out: JSON, and what follows from the options.
namespace peer_managed {

using peer::sdk::RoomDescription;
using peer::sdk::RoomView;

void ManagedRooms::describe(const RoomView& room, RoomDescription& description) const {
  const RoomState state = state_of(room.state);
  std::string text = "{\"locked\":";
  text.append(state.locked ? "true" : "false").append(",\"public\":");
  text.append(state.listed ? "true" : "false");
  if (!state.info.empty()) text.append(",\"info\":").append(state.info);
  description.updated = text + "}";
  description.listed = state.listed;
  description.keep_empty = options_.empty_timeout;
}

void ManagedRooms::list(const RoomView& room, const peer::sdk::RoomViewer& viewer,
                        peer::sdk::RoomEntry& entry) const {
  const RoomState state = state_of(room.state);
  if (!state.listed || is_banned(state, viewer.peer, viewer.now)) return;
  entry.shown = true;
  entry.members = "{\"has_password\":";
  entry.members.append(state.password.empty() ? "false" : "true").append(",\"locked\":");
  entry.members.append(state.locked ? "true" : "false");
  if (!state.info.empty()) entry.members.append(",\"info\":").append(state.info);
  entry.members += '}';
}

}  // namespace peer_managed
