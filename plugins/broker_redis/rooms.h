#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/broker.h>

#include "heartbeat.h"
#include "kit.h"
#include "link.h"

namespace peer_redis {

/// A change of a room on its way, kept while Redis is asked.
struct Commit {
  std::string room_id;
  peer::sdk::RoomCommit change;
  ReplyTo<peer::sdk::CommitOutcome> reply;  ///< called once, on the plugin's thread
  std::string token{};                      ///< marks the place of its announcement in the stream
  peer::sdk::CommitOutcome outcome{};
};
using CommitRef = std::shared_ptr<Commit>;

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
  void commit(const CommitRef& commit);
  /// Public rooms of all nodes behind a place; nullopt: cannot know.
  void list(std::uint64_t after, std::uint32_t limit,
            const ReplyTo<std::optional<peer::sdk::RoomPage>>& reply);

 private:
  /// Tries again while nodes have yet to put back what was lost. `since`: when the reading began.
  void try_read(const std::string& room_id, const ReplyTo<peer::sdk::RoomReading>& reply,
                Time since);
  /// The script has answered; null: it has not.
  void take_commit_reply(const CommitRef& commit, const Reply* answer);
  /// Redis cannot know. The mirror keeps the change for the next resync.
  void commit_alone(const Commit& commit);
  /// The mirror has the room as it is now.
  void remember(const Commit& commit, std::uint64_t version);

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
