#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.h"
#include "core/hub/namespace.h"
#include "core/limit/token_bucket.h"
#include "core/match/matching.h"
#include "core/net/websocket/frame.h"
#include "core/session/session.h"

/// A session as one node hands it to another (docs/resume.md, "On another node"), in two parts: who
/// it is, by which the other node can take its place, and what it has, once nothing more can be
/// added. Anybody who can write to the nodes' store may have written what is read here.
namespace peer {

/// One namespace or room of it. JSON texts here are valid when read_identity() has read them; names
/// and sizes are not held against the bounds of this node.
struct MovingMembership {
  std::string ns;
  std::string app_type;  ///< JSON, or empty
  std::string meta;      ///< of the join: an object, or empty
  std::string object;    ///< the peer object, as members see it
  std::uint32_t ticket_size = 0;
  Watches watches{};
  std::optional<Room> room;
};

/// The first part: the node of the client makes a session of it, which is away until the second
/// part has come.
struct MovingIdentity {
  sdk::Registered peer;
  std::int64_t registered_at = 0;  ///< Session
  std::string alias;
  std::string meta;  ///< an object, or empty
  std::string auth;  ///< the label of the plugin that has granted; empty: without rights
  bool proved = false;
  bool has_identity = false;
  bool takes_over = false;  ///< a connection carried it until now
  bool away = false;        ///< those who watch have been told so
  std::optional<std::vector<std::string>> patterns;
  std::optional<std::uint32_t> rate;
  bool may_create_rooms = true;
  std::vector<MovingMembership> memberships;
  std::uint32_t replacements = 0;    ///< Inheritance; the one that this move is counts
  milliseconds replacements_age{0};  ///< of its window
};

/// A ticket that is set aside, and where.
struct MovingTicketOf {
  std::string ns;
  MovingTicket ticket;
};

/// The second part. Times are what is left of them; nullopt: no limit. It is the last that the node
/// of the session does for it.
struct MovingRest {
  std::uint64_t messages = 0;  ///< Session
  std::uint64_t handled = 0;
  std::uint64_t sent = 0;
  std::uint32_t lost = 0;
  std::uint32_t limited_in_a_row = 0;
  TokenHash token;
  std::optional<UsedToken> used;
  milliseconds ends{0};
  milliseconds window{0};
  std::optional<milliseconds> grant;
  std::uint32_t waiting = 0;  ///< the latest so many of `kept` have come while it was away
  std::vector<FrameRef> kept;
  std::size_t handed_out = 0;  ///< the oldest so many of `kept` the client may have
  std::optional<TokenBucket::Level> rate;
  TokenBucket::Level fanout;
  std::vector<MovingTicketOf> tickets;
  Address address{};  ///< the client's last one
};

/// What a session was sent at the node that had a place for it, and did not get it.
struct HeardMeanwhile {
  Fingerprint peer;
  std::vector<FrameRef> frames;  ///< in their order
};

/// The bytes of a fingerprint or a hash; and one of these, nullopt where they are none.
[[nodiscard]] inline std::string_view bytes_of(const Fingerprint& hash) {
  return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}
[[nodiscard]] std::optional<Fingerprint> read_hash(std::string_view bytes);

/// As PackedWriter writes it, with a number in front that says the form. Pure; any thread.
[[nodiscard]] std::string packed(const MovingIdentity& identity);
[[nodiscard]] std::string packed(const MovingRest& rest);
[[nodiscard]] std::string packed(const HeardMeanwhile& heard);
/// Nullopt: that is none, or not for clients.
[[nodiscard]] std::optional<MovingIdentity> read_identity(std::string_view bytes);
[[nodiscard]] std::optional<MovingRest> read_rest(std::string_view bytes);
[[nodiscard]] std::optional<HeardMeanwhile> read_heard(std::string_view bytes);
/// What has passed since it was packed counts: so much is left of the shortest of its times.
void let_pass(MovingRest& rest, milliseconds left);

}  // namespace peer
