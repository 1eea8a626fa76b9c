#include <algorithm>
#include <memory>

#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

// The room policy "standard". In: a room and what somebody wants of it, on any loop. Out: a
// decision; nothing is kept, neither here nor in the room's state. Decisions are pure functions of
// their arguments: the core may ask again when another change came first, and other nodes come to
// the same answer.
namespace {

using namespace peer::sdk;

/// Bounds of `max_size`, in members.
struct RoomSizes {
  std::uint32_t standard = 20;
  std::uint32_t largest = 30;
};

RoomDecision refuse(int code, std::string message) {
  RoomDecision decision;
  decision.refusal = RoomRefusal{code, std::move(message)};
  return decision;
}

RoomDecision unchanged(const RoomView& room) {
  RoomDecision decision;
  decision.owner = room.owner;
  decision.max_size = room.max_size;
  return decision;
}

/// The standard rooms: up to 30 members, 20 unless asked otherwise; the owner kicks;
/// when the owner goes, the longest-present member owns the room (docs/protocol.md, "Rooms"). Keeps
/// no state in the room. Thread-safe.
class StandardRooms final : public RoomPolicy {
 public:
  explicit StandardRooms(RoomSizes sizes) : sizes_(sizes) {}

  RoomDecision decide(const RoomView& room, const RoomRequest& request) const override {
    switch (request.action) {
      case RoomAction::kCreate:
        return create(request);
      case RoomAction::kJoin:
        return join(room);
      case RoomAction::kLeave:
        return leave(room, request.actor);
      case RoomAction::kKick:
        return kick(room, request.actor);
      case RoomAction::kMessage:
        return refuse(400, "unknown message type");
      case RoomAction::kTimer:
        return unchanged(room);
    }
    return refuse(400, "unknown message type");
  }

 private:
  RoomDecision create(const RoomRequest& request) const {
    RoomDecision decision;
    decision.owner = request.actor;
    decision.max_size = granted_size(request.fields.find("max_size"));
    return decision;
  }

  /// The core has refused what is neither null nor an integer.
  std::uint32_t granted_size(const Value* asked) const {
    const double* size = asked == nullptr ? nullptr : asked->as_number();
    // Written so that NaN is no size.
    if (size == nullptr || !(*size >= 1)) return sizes_.standard;
    return static_cast<std::uint32_t>(std::min(*size, static_cast<double>(sizes_.largest)));
  }

  static RoomDecision join(const RoomView& room) {
    if (room.members.size() >= room.max_size) return refuse(429, "room full");
    return unchanged(room);
  }

  static RoomDecision leave(const RoomView& room, const Fingerprint& gone) {
    RoomDecision decision = unchanged(room);
    if (gone != room.owner) return decision;
    // Members are in the order in which they came (RoomView).
    const auto heir = std::find_if(room.members.begin(), room.members.end(),
                                   [&](const Fingerprint& member) { return member != gone; });
    if (heir != room.members.end()) decision.owner = *heir;
    return decision;
  }

  static RoomDecision kick(const RoomView& room, const Fingerprint& actor) {
    if (actor != room.owner) return refuse(403, "only room owner can kick");
    return unchanged(room);
  }

  const RoomSizes sizes_;
};

Result<std::unique_ptr<RoomPolicy>> make_standard(PluginConfig& config) {
  constexpr std::int64_t kLargestRoom = 100'000;
  const std::int64_t standard = config.integer("default_size", 20, 1, kLargestRoom);
  const std::int64_t largest = config.integer("max_size", 30, 1, kLargestRoom);
  if (standard > largest) {
    config.mistake("default_size", "at most max_size, which is " + std::to_string(largest));
  }
  return std::make_unique<StandardRooms>(
      RoomSizes{static_cast<std::uint32_t>(standard), static_cast<std::uint32_t>(largest)});
}

}  // namespace

PEER_PLUGIN(peer::sdk::RoomPolicy, "standard", "1.0.0", make_standard)
