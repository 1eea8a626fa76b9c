#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/protocol/meta.h"
#include "core/server/node.h"
#include "core/session/session.h"

/// What members that watch a namespace hear of a peer (docs/protocol.md, "C.7 Presence"). On the
/// peer's loop; who changes something delivers the loop's mail afterwards.
namespace peer {

/// A peer's meta in one namespace as watchers see it before a change.
struct SeenMeta {
  const Namespace* ns;
  Meta meta;
};

/// Of all its namespaces in which somebody else watches; of `only` alone, if given.
[[nodiscard]] std::vector<SeenMeta> seen_meta(const Node& node, const Session& session,
                                              const Namespace* only = nullptr);
/// Tells the watchers what differs by now: at once, or, while the latest news are younger than
/// `presence_interval`, when that is over.
void tell_changes(Node& node, Session& session, std::vector<SeenMeta> before);
/// The same of the watchers on other nodes, who know `before`, where it was `after` then.
void tell_changes_elsewhere(Node& node, Session& session, std::string_view ns, const Meta& before,
                            const Meta& after);
/// Tells now what waits for the end of an interval: the session is about to move to another node.
void tell_waiting_changes(Node& node, Session& session);
/// A membership ends: nothing more is told of it.
void forget_changes(const Session& session, const Namespace& ns);

/// The peer is away, or back: told in all its namespaces.
void tell_presence(Node& node, const Session& session, bool away);
/// Behind a `peer_list`: which of the listed are away.
void send_away(Session& session, std::string_view ns, const PeerPage& page);

}  // namespace peer
