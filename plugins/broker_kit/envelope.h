#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>

#include "plugins/broker_kit/version.h"

namespace peer_broker_kit {

/// An envelope is what one node writes to another's channel: fields as netstrings (`3:abc,`). The
/// first of them is its head: a letter, its kind, and the major version. Bytes travel as they are.
///
/// A reader takes more fields than it knows, which a newer minor version has added at the end, and
/// ignores a kind that it does not know.
///
///   S  directed message: node, number, flags, from, to, namespaces (packed), text;
///      flags: w wants outcome, c by a known route, q who does not have the target says nothing
///   A  its outcome: number, code
///   F  a known route is wrong: fp, node
///   B  when all is done that was sent before this, say so: node, fp, number
///   C  it is done: fp, number
///   E  message to the members of a namespace: ns, from, excluded (packed), text
///   J  joined: ns, fp, node, token, object
///   L  left: ns, fp, node, and only if there are some: members that know already (packed; since
///      1.2)
///   D  reaped: ns, fp
///   R  room changed: ns, token, owner, max, state, posts (packed: to or '', text, ...),
///      kRoomCloses if it has ended with that (since 1.1), else '', its terms, listed and empty, if
///      it has any (since 1.3)
///   K  kicked: ns, fp, by
///   X  replaced: fp, registration
///   H  another has its alias: fp, registration
///   T  a new ticket: ns, ticket, node, fp, registration, enqueued, request
///   W  it has been looked at, and waits: ns, ticket, what else there is to say of it (since 1.1)
///   U  it has ended: ns, ticket
///   Q  tickets wait in a namespace that the receiver may match: ns
///   M  matched: ns, session, peers (packed: fp, ticket, object, ...), teams as JSON (since 1.1)
///   V  revoked: fp, words (since 1.1)
///   I  the core says to the core: node, text (since 1.2)
///   Y  the peer has gone over to another node: fp, registration (since 1.2), and in its own part
///   of
///      several the others where it has something, "," behind each
///   O  a member is away or back, for those who watch: ns, fp, a or b, members that know already
///      (packed; since 1.4)
///   G  the same of its meta: ns, fp, text, members that know already (packed; since 1.4)
///   N  the nodes have changed, or with "lost": what is shared
///   P  probe: number
///
/// Texts and objects go to clients as they are, when they may (a broker looks at them).
using Fields = std::vector<std::string_view>;

inline constexpr std::string_view kRoomCloses = "closed";

/// More fields than any envelope has: 1000 excluded peers, a page of posts.
inline constexpr std::size_t kMaxFields = 8192;

/// Appends one field.
void append_field(std::string& out, std::string_view field);
/// Fields one behind the other, without a head: a list within one field.
std::string pack(std::span<const std::string_view> fields);
inline std::string pack(std::initializer_list<std::string_view> fields) {
  return pack(std::span(fields.begin(), fields.size()));
}
/// Appends the head of an envelope.
void append_head(std::string& out, char kind);
/// A whole envelope of this version.
std::string envelope(char kind, std::initializer_list<std::string_view> fields);
/// Appends a fingerprint as a field.
void append_hex_field(std::string& out, const peer::sdk::Fingerprint& fingerprint);

/// The fields of an envelope, views into it; nullopt when it is none: hostile bytes are expected.
std::optional<Fields> unpack(std::string_view envelope);

struct Head {
  char kind;
  char major;  ///< '0': of a node from before envelopes had a version
};
/// Of the fields of an envelope; nullopt when they are of no version of ours.
std::optional<Head> read_head(const Fields& fields);

/// Whether it is a probe of this version.
bool is_probe(std::string_view envelope);

/// 64 lower-case hex digits.
std::string to_hex(const peer::sdk::Fingerprint& fingerprint);
/// nullopt: anything but 64 of these.
std::optional<peer::sdk::Fingerprint> from_hex(std::string_view hex);

/// A decimal number, all of `text`; nullopt when it is none or does not fit.
template <std::unsigned_integral Number>
std::optional<Number> to_number(std::string_view text);

extern template std::optional<std::uint64_t> to_number(std::string_view);
extern template std::optional<std::uint32_t> to_number(std::string_view);

}  // namespace peer_broker_kit
