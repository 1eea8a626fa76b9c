#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "core/base/unique_task.h"
#include "core/session/call.h"
#include "core/session/membership.h"

/// One function for each message type of docs/protocol.md, by the file that holds it. The message
/// has been parsed, its sender is registered, the rate limit is paid. Each answers, at once or
/// later. Loop thread of the session.
namespace peer {

// dispatcher.cc
/// Takes one token of the sender's rate, or answers 429 and returns false (docs/protocol.md, "Rate
/// limits").
[[nodiscard]] bool pay(const Call& call);
/// Calls the handler of the message's type, once it is paid for.
void handle_message(const Call& call);

// namespaces.cc
void handle_join(const Call& call);
void handle_leave(const Call& call);
void handle_discover(const Call& call);
void handle_metadata(const Call& call);
/// join, or join_room: judged and answered. `task`: its question is for a room's policy, and has
/// the name of the namespace.
void start_join(const Call& call, JoinDraft draft, RoomTask&& task);
/// What a peer wants of a room, or of a namespace that may be one, for its policy.
[[nodiscard]] RoomQuestion question_of(const Call& call, std::string_view name,
                                       sdk::RoomAction action);
/// The peer as a newcomer. `object`: what others will see of it.
[[nodiscard]] Newcomer newcomer_of(const Call& call, Newcomer::Into into, std::string_view ns,
                                   std::string object);

// routing.cc
void handle_directed(const Call& call);  // signal, relay
void handle_broadcast(const Call& call);
/// To the members of a namespace but the sender, who need not be one. `data`: JSON.
void broadcast_to(const Call& call, std::string_view ns, std::string_view data);
/// A `signal` to a peer of this node; nothing is answered, but for 429. What has become of it;
/// nullopt: the peer is not here, but may be elsewhere.
[[nodiscard]] std::optional<sdk::RouteOutcome> signal_here(const Call& call,
                                                           const Fingerprint& target,
                                                           std::string_view payload);
/// The same to a peer that may be on another node. `then` hears what has become of it, at once or
/// later, unless the session has ended.
void signal_elsewhere(const Call& call, const Fingerprint& target, std::string_view payload,
                      UniqueTask<void(Session& session, sdk::RouteOutcome outcome)> then);
/// Asks the broker about aliases that nobody here holds, and goes on, unless the peer has gone,
/// with a `holders` as long as `aliases` and a call that knows the request's type and id alone.
void resolve_elsewhere(
    const Call& call, std::span<const std::string_view> aliases,
    UniqueTask<void(const Call& later, const sdk::ResolveOutcome& outcome)> then);

// matching.cc
void handle_match(const Call& call);
void handle_match_cancel(const Call& call);

// refresh.cc
/// A newer token: the rights of its grant replace those that the peer has.
void handle_auth_refresh(const Call& call);

// room_list.cc
void handle_list_rooms(const Call& call);

// rooms.cc
void handle_create_room(const Call& call);
void handle_join_room(const Call& call);
void handle_room_info(const Call& call);
/// The target is removed on its own loop. The owner's next messages wait for that.
void handle_kick(const Call& call);
/// A type of a room policy. `answered_by`: the policies that answer it (Served::index).
void handle_room_message(const Call& call, const std::vector<std::size_t>& answered_by);

}  // namespace peer
