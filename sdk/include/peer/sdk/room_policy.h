#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>
#include <peer/sdk/value.h>

namespace peer::sdk {

/// What happens to a room.
enum class RoomAction {
  kCreate,   ///< `actor` creates it; the room view is empty but for its id
  kJoin,     ///< `actor` wants in; it is not among the members yet
  kLeave,    ///< `actor` has gone (left, kicked, disconnected): no member any more, though it
             ///< may still be the owner; refusals are ignored
  kKick,     ///< `actor` wants `target`, a member, out
  kMessage,  ///< `actor`, a member, sent one of message_types()
  kTimer,    ///< the time set by RoomDecision::wake_after has come; no actor
};

/// A room as it is before the action. Views die with the call.
struct RoomView {
  std::string_view room_id;
  Fingerprint owner;
  std::uint32_t max_size = 0;
  std::span<const Fingerprint> members;  ///< in the order they joined
  std::string_view state;                ///< what the policy returned last; empty at creation
};

/// The action that wants a verdict. Views die with the call.
struct RoomRequest {
  RoomAction action = RoomAction::kCreate;
  Fingerprint actor;
  Fingerprint target;             ///< kKick only
  std::string_view message_type;  ///< kMessage only
  const Value& fields;            ///< the payload object; {} for kLeave, kKick, kTimer
  Instant now;
  /// Since revision 2. The actor has proved that its public_key is its own. What a policy keeps for
  /// a peer that had proved it (ownership, an invitation, a ban that it may lift) is nothing to an
  /// actor with the same fingerprint that has not.
  bool actor_proved = false;

  // Since revision 4. Of a policy that takes passwords (RoomTraits); kCreate, kJoin, kMessage.

  /// The actor has given a `password`. It is not among the fields: the core keeps it, and says of
  /// it what the policy has ordered (RoomOrders::password). A null stays among the fields.
  bool has_password = false;
  std::string_view password_hash{};  ///< what to keep of it; empty: not ordered yet
  std::string_view compared_with{};  ///< the hash that it was compared with; empty: with none
  bool password_matches = false;     ///< with that hash
};

/// A message that the policy wants sent to members.
struct RoomMessage {
  std::optional<Fingerprint> to;  ///< one member, or nullopt: all of them
  std::string type;               ///< of the envelope; one of the protocol is dropped and logged
  std::string payload;            ///< a JSON text; what is no JSON is dropped and logged
};

/// The refusal that a client gets: one of the protocol's codes (400, 403, 404, 409, 429), words for
/// the client in UTF-8. With another code the request fails with 500, which is logged.
struct RoomRefusal {
  int code = 403;
  std::string message;
};

/// The verdict, and what the room is afterwards.
struct RoomDecision {
  std::optional<RoomRefusal> refusal;  ///< set: nothing changes, all else here is ignored
  Fingerprint owner;                   ///< must be a member (the creator at kCreate)
  std::uint32_t max_size = 0;          ///< 1 or more
  std::string state;                   ///< opaque to the core; at most 64 KiB
  std::vector<RoomMessage> messages;   ///< sent once the change is made, in this order
  /// Calls again with kTimer after this time, once. Every decision but a refusal sets it anew, so
  /// that a policy that waits for something says on each how long it still takes; 0: do not call.
  std::chrono::milliseconds wake_after{0};
};

// Since revision 3. The core makes these structs and hands them over by reference: the policy sets
// what it needs. Members are added at their ends, with a new revision.

/// What a policy is, beside its decisions.
struct RoomTraits {
  /// kMessage is asked of peers that are no members, too. Otherwise the core refuses them (403 "not
  /// in room").
  bool hears_strangers = false;
  /// Since revision 4. The core takes `password` out of the fields of `create_room`, `join_room`
  /// and the policy's messages: a string of 1 to 256 bytes. Else it is a field like any other.
  bool takes_passwords = false;

  // Since revision 6.

  /// Its public rooms (RoomDescription::listed) are in the list that peers ask for (`list_rooms`).
  bool lists_rooms = false;
  /// RoomDescription::keep_empty is above 0 for some rooms.
  bool keeps_empty_rooms = false;
};

/// Since revision 4. What the core is to do with a password, which takes a thread of its own some
/// 40 ms. Then it asks the policy again, of the room as it is by then.
enum class PasswordOrder : std::uint8_t {
  kNone,
  kHash,     ///< RoomRequest::password_hash
  kCompare,  ///< with RoomOrders::compare_with, a hash of earlier: RoomRequest::compared_with
};

/// What is to be done with a decision beyond the change of the room's own values. Ignored with a
/// refusal.
struct RoomOrders {
  /// kMessage: this member is put out, as by a kick of the actor. Not the owner.
  std::optional<Fingerprint> remove;
  /// kMessage, kLeave, kTimer: the room ends. All members hear `room_closed` with this reason, in
  /// UTF-8, and are members no more; nobody hears `peer_left` of them. Messages come before it.
  std::optional<std::string> close;
  /// kLeave: the owner that has gone stays the owner, by the decision.
  bool keeps_owner = false;
  /// Since revision 4. With a request that has a password: all else here, and the decision, are
  /// ignored.
  PasswordOrder password = PasswordOrder::kNone;
  std::string compare_with{};
};

/// What follows from a room as it is.
struct RoomDescription {
  /// A JSON object. Members of the room hear `room_updated`, with its members beside `room_id`,
  /// `owner` and `max_size`, when any of these changes. Empty: nothing.
  std::string updated;

  // Since revision 6. Read when a change is made, of a policy whose traits say so.

  bool listed = false;  ///< the room is public (RoomTraits::lists_rooms)
  /// So long the room lives on when its last member has gone, of which the policy is not asked: it
  /// can be joined, and its owner stays the owner. 0: it ends then.
  std::chrono::milliseconds keep_empty{0};
};

/// Since revision 6. Who asks for a list of rooms.
struct RoomViewer {
  Fingerprint peer;
  bool proved = false;  ///< as RoomRequest::actor_proved
  Instant now;
};

/// Since revision 6. What a policy says of a public room to one peer.
struct RoomEntry {
  bool shown = false;  ///< false: the room is left out
  /// A JSON object, whose members stand beside `room_id`, `owner`, `max_size` and `peer_count`.
  /// Empty: nothing.
  std::string members;
};

/// The rules of rooms: sizes, ownership, who may join, be kicked, and so on. Plugin kind
/// `room_policy`, file `room_<name>.so`.
///
/// decide() is a pure function of its arguments. The core calls it on a copy of the room and
/// commits the result only if the room has not changed meanwhile; else it asks again. That is
/// what lets one policy serve a cluster of nodes.
///
/// Threading: thread-safe; called on loop threads, so it never blocks. Budget: 100 us a call.
/// Errors: an exception fails the request at hand with 500 and is logged with the plugin's name.
class RoomPolicy {
 public:
  static constexpr const char* kKind = "room_policy";
  static constexpr std::uint32_t kApiVersion = 1;

  virtual ~RoomPolicy() = default;
  [[nodiscard]] virtual RoomDecision decide(const RoomView& room,
                                            const RoomRequest& request) const = 0;
  /// Message types beyond the protocol's that this policy answers; each carries `room_id` in its
  /// payload. Asked before the start, and for `--check-config`; an empty type, or one of the
  /// protocol itself (the server's own such as "matched" included), stops the start.
  [[nodiscard]] virtual std::vector<std::string> message_types() const { return {}; }

  // Since revision 3.

  /// Asked once, at the start.
  virtual void traits(RoomTraits& traits) const { (void)traits; }
  /// kCreate, kJoin (by `join_room`) and kMessage, before it is known whether there is such a room:
  /// what is wrong with the fields themselves. Refusals of decide() come after the core's own.
  [[nodiscard]] virtual std::optional<RoomRefusal> check(const RoomRequest& request) const {
    (void)request;
    return std::nullopt;
  }
  /// What the core calls in place of decide().
  [[nodiscard]] virtual RoomDecision decide_and_order(const RoomView& room,
                                                      const RoomRequest& request,
                                                      RoomOrders& orders) const {
    (void)orders;
    return decide(room, request);
  }
  /// A pure function too, of the room before and after a change.
  virtual void describe(const RoomView& room, RoomDescription& description) const {
    (void)room, (void)description;
  }

  // Since revision 6.

  /// Asked of each public room of a list, for the peer that asked for it. A pure function too. The
  /// view has no members, however many there are.
  virtual void list(const RoomView& room, const RoomViewer& viewer, RoomEntry& entry) const {
    (void)room, (void)viewer, (void)entry;
  }
};

}  // namespace peer::sdk
