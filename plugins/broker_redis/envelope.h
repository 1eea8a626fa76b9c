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

namespace peer_redis {

/// An envelope is what one node writes to another's channel: fields as netstrings (`3:abc,`), the
/// first of them a letter, its kind. Bytes travel as they are.
///
///   S  directed message: node, number, flags, from, to, namespaces (packed), text;
///      flags: w wants outcome, c by a known route, q who does not have the target says nothing
///   A  its outcome: number, code
///   F  a known route is wrong: fp, node
///   B  when all is done that was sent before this, say so: node, fp, number
///   C  it is done: fp, number
///   E  message to the members of a namespace: ns, from, excluded (packed), text
///   J  joined: ns, fp, node, token, object
///   L  left: ns, fp, node
///   D  reaped: ns, fp
///   R  room changed: ns, token, owner, max, state, posts (packed: to or '', text, ...)
///   K  kicked: ns, fp, by
///   X  replaced: fp, registration
///   H  another has its alias: fp, registration
///   T  a new ticket: ns, ticket, node, fp, registration, enqueued, request
///   W  it has been looked at, and waits: ns, ticket
///   U  it has ended: ns, ticket
///   Q  tickets wait in a namespace that the receiver may match: ns
///   M  matched: ns, session, then fp, ticket, object of each peer
///   N  the nodes have changed, or with "lost": what is shared
///   P  probe: number
///
/// Texts and objects go to clients as they are: is_client_text().
using Fields = std::vector<std::string_view>;

/// More fields than any envelope has: 1000 excluded peers, a page of posts.
inline constexpr std::size_t kMaxFields = 8192;

/// Appends one field.
void append_field(std::string& out, std::string_view field);
std::string pack(std::span<const std::string_view> fields);
inline std::string pack(std::initializer_list<std::string_view> fields) {
  return pack(std::span(fields.begin(), fields.size()));
}
/// Appends a fingerprint as a field.
void append_hex_field(std::string& out, const peer::sdk::Fingerprint& fingerprint);

/// The fields of an envelope, views into it; nullopt when it is none: hostile bytes are expected.
std::optional<Fields> unpack(std::string_view envelope);

/// Whether clients may get these bytes as, or within, a message: valid UTF-8 in braces. That it is
/// JSON is the word of the node that wrote it; nothing is parsed on the way.
bool is_client_text(std::string_view text);

/// 64 lower-case hex digits.
std::string to_hex(const peer::sdk::Fingerprint& fingerprint);
std::optional<peer::sdk::Fingerprint> from_hex(std::string_view hex);

/// A decimal number, all of `text`; nullopt when it is none or does not fit.
template <std::unsigned_integral Number>
std::optional<Number> to_number(std::string_view text);

extern template std::optional<std::uint64_t> to_number(std::string_view);
extern template std::optional<std::uint32_t> to_number(std::string_view);

}  // namespace peer_redis
