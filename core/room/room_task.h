#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/broker_types.h>
#include <peer/sdk/room_policy.h>

#include "core/base/fingerprint.h"
#include "core/base/password_hash.h"
#include "core/base/unique_task.h"
#include "core/hub/namespace_directory.h"
#include "core/net/event_loop.h"

namespace peer {

class Rooms;

/// What a room's policy is asked. Outlives the message that it came with.
struct RoomQuestion {
  std::string name;  ///< of the room
  sdk::RoomAction action = sdk::RoomAction::kLeave;
  Fingerprint actor{};
  Fingerprint target{};
  std::string message_type{};
  sdk::Value fields{sdk::Value::Object()};
  /// Only if the room is at this version still (kTimer).
  std::optional<std::uint64_t> version{};
  bool actor_proved = false;  ///< sdk::RoomRequest
  /// Of a message: the policy hears who is no member, too (sdk::RoomTraits).
  bool of_strangers = false;
  /// The operator ends the room, for this reason: no policy is asked.
  std::optional<std::string> ends{};
  /// What the peer has given, and what has been found out about it (sdk::RoomRequest).
  std::shared_ptr<const Secret> password{};
  std::string password_hash{};
  std::string compared_with{};
  bool password_matches = false;
};

/// A peer on its way in.
struct Newcomer {
  enum class Into : std::uint8_t {
    kNamespace,  ///< has no policy; where the name turns out to be a room's: kRoom
    kRoom,
    kNewRoom,
  };

  Into into = Into::kNamespace;
  SessionRef where;
  sdk::Registered peer;
  std::string object;                    ///< what others will see of it there
  std::uint32_t max_namespace_size = 0;  ///< for kNamespace
  std::size_t page_bytes = 0;            ///< that the list of members may have
  Watches watches{};
  bool quiet = false;  ///< nobody is told, and it is shown no others
};

/// What has become of a question.
struct RoomAnswer {
  std::string_view name;                    ///< of the room
  std::optional<sdk::RoomRefusal> refusal;  ///< then all that follows says nothing
  Room room{};                              ///< as it is now
  std::size_t members = 0;                  ///< for Rooms::look() only
  JoinResult joined{};                      ///< of a newcomer
  /// The broker has told all nodes of the change. The target of a kick is removed by its own node,
  /// not by the one that has asked.
  bool told_by_broker = false;
  /// Who is put out with the change.
  std::optional<Fingerprint> removed{};
};

/// A question on its way: it goes from step to step as one object, and is kept on the heap only
/// while an answer is waited for. Of its loop's thread. One that is dropped on its way, since the
/// newcomer has gone or the node ends, calls nobody: `done` is destroyed with it.
struct RoomTask {
  /// The words are those of a join's end, the largest.
  using Done = UniqueTask<void(RoomAnswer& answer), 18>;

  EventLoop& loop;  ///< hears, too, when the policy wants to be woken
  RoomQuestion question;
  Done done{};                         ///< may be none
  std::optional<Newcomer> newcomer{};  ///< of kJoin and kCreate

  // How far it has come.
  Rooms* rooms = nullptr;
  int attempts = 0;
  int passwords = 0;   ///< how often the password has been looked at
  bool alone = false;  ///< the broker could not know: the node's own truth counts to the end
  std::uint64_t based_on = 0;  ///< version of the room that `change` was decided for
  RoomChange change{};
  milliseconds wake_after{0};

  [[nodiscard]] bool newcomer_has_gone() const {
    return newcomer && loop.find_open(newcomer->where) == nullptr;
  }
};

}  // namespace peer
