#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/broker.h>

#include "heartbeat.h"
#include "kit.h"
#include "link.h"

namespace peer_redis {

/// What Redis has of rooms: read with a version, and committed if that is still the version. The
/// policy decides in the core. Loop thread only.
class Rooms {
 public:
  Rooms(EventLoop& loop, Link& link, Mirror& mirror, Announcements& announcements,
        const NodeState& state, Heartbeat& heartbeat)
      : loop_(loop),
        link_(link),
        mirror_(mirror),
        announcements_(announcements),
        state_(state),
        heartbeat_(heartbeat) {}

  /// Answers with the room as all nodes have it, or with "cannot know".
  void read(const std::string& room_id, const ReplyTo<peer::sdk::RoomReading>& reply);
  /// Answers when the change has been announced here: the core has heard of it first.
  void commit(const std::string& room_id, const peer::sdk::RoomCommit& commit,
              ReplyTo<peer::sdk::CommitOutcome> reply);
  /// Public rooms of all nodes behind a place; nullopt: cannot know.
  void list(std::uint64_t after, std::uint32_t limit,
            const ReplyTo<std::optional<peer::sdk::RoomPage>>& reply);

 private:
  /// Tries again while nodes have yet to put back what was lost. `since`: when the reading began.
  void try_read(const std::string& room_id, const ReplyTo<peer::sdk::RoomReading>& reply,
                Time since);
  /// The script has answered. `token` marks the place of the announcement.
  void take_commit_reply(const std::string& token, const std::string& room_id,
                         const peer::sdk::RoomCommit& commit, const Reply* answer,
                         const ReplyTo<peer::sdk::CommitOutcome>& reply);
  /// Redis cannot know. The mirror keeps the change for the next resync.
  void commit_alone(const std::string& room_id, const peer::sdk::RoomCommit& commit,
                    const ReplyTo<peer::sdk::CommitOutcome>& reply);

  /// The mirror has the room as it is now.
  void remember(const std::string& room_id, const peer::sdk::RoomCommit& commit,
                std::uint64_t version);

  EventLoop& loop_;
  Link& link_;
  Mirror& mirror_;
  Announcements& announcements_;
  const NodeState& state_;
  Heartbeat& heartbeat_;
};

/// The news of a change of a room (R). `token`: of the commit, or empty.
std::string room_envelope(std::string_view room_id, std::string_view token,
                          const peer::sdk::RoomCommit& commit);

}  // namespace peer_redis
