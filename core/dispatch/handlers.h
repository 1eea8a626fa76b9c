#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "core/base/unique_task.h"
#include "core/dispatch/node.h"
#include "core/dispatch/peer.h"
#include "core/net/connection.h"
#include "core/protocol/message.h"
#include "core/room/room_task.h"

/// One function for each message type of docs/protocol.md, by the file that holds it. The message
/// has been parsed, its sender is registered (but for handle_register), the rate limit is paid.
/// Loop thread of the connection.
namespace peer {

/// A client message at work.
struct Call {
  Node& node;
  Connection& connection;
  Peer& peer;
  const Message& message;

  [[nodiscard]] MessageParser& parser() const { return node.state_of(connection).parser; }
  [[nodiscard]] EventLoop& loop() const { return connection.loop(); }
  void error(int code, std::string_view text) const;
  void ack(std::uint32_t delivered = 0, std::uint32_t dropped = 0) const;
  /// Reads the payload; answers 400 and returns false when it is not what `request` asks for.
  template <typename Request>
  [[nodiscard]] bool read(Request& request) const {
    const auto problem = parser().read(message, node.bounds(), request);
    if (problem) error(400, *problem);
    return !problem;
  }
};

// dispatcher.cc
/// Tells the log which limit a peer has met: once for each limit and connection.
void note_limit(const Call& call, const std::string& limit);

// registration.cc
void handle_first_message(Node& node, Connection& connection, std::string_view text);
/// The time that a registration or a grant had is over.
void handle_deadline(Node& node, Connection& connection);
enum class Ending : std::uint8_t { kGone, kReplaced };
/// Ends all that a peer is part of: tickets, memberships, alias, registration. On its loop, once:
/// later calls find nothing to end. Returns what a replacement takes over; its seat only when
/// `ending` is kReplaced.
Inheritance end_peer(Node& node, Connection& connection, Ending ending);

// namespaces.cc
void handle_join(const Call& call);
void handle_leave(const Call& call);
void handle_discover(const Call& call);
void handle_metadata(const Call& call);

// routing.cc
void handle_directed(const Call& call);  // signal, relay
void handle_broadcast(const Call& call);
/// Asks the broker about aliases that nobody here holds, and goes on, unless the peer has gone,
/// with a `holders` as long as `aliases` and a call that knows the request's type and id alone.
void resolve_elsewhere(
    const Call& call, std::span<const std::string_view> aliases,
    UniqueTask<void(const Call& later, const sdk::ResolveOutcome& outcome)> then);

// matching.cc
void handle_match(const Call& call);
void handle_match_cancel(const Call& call);

// rooms.cc
void handle_create_room(const Call& call);
void handle_join_room(const Call& call);
void handle_room_info(const Call& call);
void handle_kick(const Call& call);
void handle_room_message(const Call& call);  // types of the room policy

// Shared by several of them.

/// Answers for a refused change of a room, or join.
void reply_refusal(Connection& connection, std::string_view id, const sdk::RoomRefusal& refusal);

/// A join that has been read and whose text outlives the message.
struct JoinDraft {
  std::string id{};
  std::string app_type{};  ///< as JSON; empty: none
  std::string meta{};
  bool room_only = false;
  bool holds_alias = true;  ///< as the peer's object says that goes with it
};
/// join, or join_room: judged and answered. `fields`: for a room's policy.
void start_join(const Call& call, std::string_view ns, JoinDraft draft, sdk::Value fields);
/// The peer as a newcomer. `object`: what others will see of it.
[[nodiscard]] Newcomer newcomer_of(const Call& call, Newcomer::Into into, std::string_view ns,
                                   std::string object);
/// Enters a successful join or creation into the peer's own books.
void enter_membership(Node& node, Peer& peer, const JoinDraft& draft, const JoinResult& result);
/// What others see of a peer is another text from now on, wherever it is a member. Nobody is told.
void refresh_objects(Node& node, const Peer& peer);
/// Ends one membership: ticket, announcement, succession in a room.
void leave_namespace(Node& node, Connection& connection, std::size_t membership);
/// Ends the membership of a peer that did not ask for it, after `farewell`. On the peer's loop.
/// Returns false when it is no member any more.
bool remove_member(Node& node, EventLoop& loop, ConnectionRef where, const std::string& name,
                   const FrameRef& farewell);
/// True when the auth plugin's grant covers the name.
[[nodiscard]] bool may_use_namespace(const Peer& peer, std::string_view ns);
/// True when `name` matches one of `patterns`: exact, or a prefix followed by '*'.
[[nodiscard]] bool matches_any(const std::vector<std::string>& patterns, std::string_view name);
/// Bytes that the server holds for a peer (docs/protocol.md, "Bounds").
[[nodiscard]] std::size_t state_size(const Peer& peer);

}  // namespace peer
