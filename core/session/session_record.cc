#include "core/session/session_record.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "core/base/name_pattern.h"
#include "core/base/packed_bytes.h"
#include "core/base/utf8.h"
#include "core/protocol/json_text.h"
#include "core/wire/notices.h"

namespace peer {
namespace {

// Of all that is packed here. Another one is of a node whose sessions this one cannot take.
constexpr std::uint64_t kForm = 1;

bool read_into(Fingerprint& hash, PackedReader& reader) {
  const std::optional<Fingerprint> found = read_hash(reader.text());
  if (found) hash = *found;
  return found.has_value();
}

std::uint32_t small(std::uint64_t number) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max()));
}

// Longer than any time that a configuration allows.
milliseconds duration(std::uint64_t number) {
  constexpr std::uint64_t kLongest = std::uint64_t{1} << 40;
  return milliseconds(static_cast<std::int64_t>(std::min(number, kLongest)));
}

std::uint64_t number_of(milliseconds time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
}

bool is_object(std::string_view json) {
  return json.empty() || (json.front() == '{' && is_valid_json(json));
}

bool is_name(std::string_view text) { return !text.empty() && is_valid_utf8(text); }

void write(PackedWriter& writer, const TokenBucket::Level& level) {
  writer.number(static_cast<std::uint64_t>(level.thousandths)).number(number_of(level.age));
}

TokenBucket::Level read_level(PackedReader& reader) {
  TokenBucket::Level level;
  level.thousandths =
      static_cast<std::int64_t>(std::min<std::uint64_t>(reader.number(), std::uint64_t{1} << 42));
  level.age = duration(reader.number());
  return level;
}

std::uint64_t since_epoch(sdk::Instant at) {
  return number_of(std::chrono::duration_cast<milliseconds>(at.time_since_epoch()));
}

// Milliseconds since the epoch; far from where the sum with a time-out would overflow.
sdk::Instant instant(std::uint64_t number) {
  constexpr std::uint64_t kLatest = std::uint64_t{1} << 43;
  const milliseconds since(static_cast<std::int64_t>(std::min(number, kLatest)));
  return sdk::Instant(std::chrono::duration_cast<sdk::Instant::duration>(since));
}

void write(PackedWriter& writer, const MovingMembership& membership) {
  writer.text(membership.ns).text(membership.app_type).text(membership.meta);
  writer.text(membership.object).number(membership.ticket_size);
  writer.number((membership.watches.meta ? 1U : 0U) | (membership.watches.presence ? 2U : 0U));
  writer.number(membership.room ? 1 : 0);
  if (!membership.room) return;
  writer.text(bytes_of(membership.room->owner)).number(membership.room->max_size);
  writer.text(membership.room->state);
}

bool read(PackedReader& reader, MovingMembership& membership) {
  membership.ns = reader.text();
  membership.app_type = reader.text();
  membership.meta = reader.text();
  membership.object = reader.text();
  membership.ticket_size = small(reader.number());
  const std::uint64_t watches = reader.number();
  membership.watches = {(watches & 1) != 0, (watches & 2) != 0};
  if (reader.number() != 0) {
    Room room;
    if (!read_into(room.owner, reader)) return false;
    room.max_size = small(reader.number());
    room.state = reader.text();
    membership.room = std::move(room);
  }
  return reader.good() && is_name(membership.ns) && is_object(membership.meta) &&
         is_valid_json(membership.object) &&
         (membership.app_type.empty() || is_valid_json(membership.app_type));
}

void write(PackedWriter& writer, const std::vector<FrameRef>& frames) {
  writer.number(frames.size());
  for (const FrameRef& frame : frames) writer.text(text_of(frame));
}

bool read(PackedReader& reader, std::vector<FrameRef>& frames) {
  for (std::uint64_t i = reader.count(); i > 0; --i) {
    const std::string_view text = reader.text();
    if (!is_valid_json(text)) return false;
    frames.push_back(text_frame(text));
  }
  return true;
}

bool read(PackedReader& reader, MovingTicketOf& moving) {
  moving.ns = reader.text();
  moving.ticket.id = reader.number();
  moving.ticket.enqueued = instant(reader.number());
  const std::uint64_t expires = reader.number();
  if (expires != 0) moving.ticket.expires = instant(expires);
  moving.ticket.shows_ticket = reader.number() != 0;
  moving.ticket.text = reader.text();
  return reader.good();
}

}  // namespace

std::optional<Fingerprint> read_hash(std::string_view bytes) {
  Fingerprint hash;
  if (bytes.size() != hash.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(hash.bytes.data()));
  return hash;
}

std::string packed(const MovingIdentity& identity) {
  PackedWriter writer;
  writer.number(kForm).text(bytes_of(identity.peer.peer)).number(identity.peer.registration);
  writer.number(static_cast<std::uint64_t>(identity.registered_at));
  writer.text(identity.alias).text(identity.meta).text(identity.auth);
  writer.number((identity.proved ? 1U : 0U) | (identity.has_identity ? 2U : 0U) |
                (identity.takes_over ? 4U : 0U) | (identity.away ? 8U : 0U) |
                (identity.patterns ? 16U : 0U) | (identity.rate ? 32U : 0U) |
                (identity.may_create_rooms ? 64U : 0U));
  if (identity.patterns) {
    writer.number(identity.patterns->size());
    for (const std::string& pattern : *identity.patterns) writer.text(pattern);
  }
  if (identity.rate) writer.number(*identity.rate);
  writer.number(identity.memberships.size());
  for (const MovingMembership& membership : identity.memberships) write(writer, membership);
  writer.number(identity.replacements).number(number_of(identity.replacements_age));
  return writer.take();
}

std::optional<MovingIdentity> read_identity(std::string_view bytes) {
  PackedReader reader(bytes);
  MovingIdentity identity;
  if (reader.number() != kForm || !read_into(identity.peer.peer, reader)) return std::nullopt;
  identity.peer.registration = reader.number();
  identity.registered_at = static_cast<std::int64_t>(reader.number());
  identity.alias = reader.text();
  identity.meta = reader.text();
  identity.auth = reader.text();
  const std::uint64_t flags = reader.number();
  identity.proved = (flags & 1) != 0;
  identity.has_identity = (flags & 2) != 0;
  identity.takes_over = (flags & 4) != 0;
  identity.away = (flags & 8) != 0;
  identity.may_create_rooms = (flags & 64) != 0;
  if ((flags & 16) != 0) {
    identity.patterns.emplace();
    for (std::uint64_t i = reader.count(); i > 0; --i) {
      identity.patterns->emplace_back(reader.text());
    }
  }
  if ((flags & 32) != 0) identity.rate = small(reader.number());
  for (std::uint64_t i = reader.count(); i > 0; --i) {
    if (!read(reader, identity.memberships.emplace_back())) return std::nullopt;
  }
  // Earlier nodes do not say how often it was taken over.
  if (!reader.is_at_end()) {
    identity.replacements = small(reader.number());
    identity.replacements_age = duration(reader.number());
  }
  const bool is_sound =
      reader.good() && is_valid_utf8(identity.alias) && is_object(identity.meta) &&
      (!identity.patterns ||
       std::all_of(identity.patterns->begin(), identity.patterns->end(), is_sound_pattern));
  if (!is_sound) return std::nullopt;
  return identity;
}

std::string packed(const MovingRest& rest) {
  PackedWriter writer;
  writer.number(kForm)
      .number(rest.messages)
      .number(rest.handled)
      .number(rest.sent)
      .number(rest.lost);
  writer.number(rest.limited_in_a_row).text(bytes_of(rest.token)).number(rest.used ? 1 : 0);
  if (rest.used) {
    writer.text(bytes_of(rest.used->hash)).number(rest.used->lost).number(rest.used->resumed);
    writer.number(rest.used->bytes).number(rest.used->keeps_all ? 1 : 0);
  }
  writer.number(number_of(rest.ends)).number(number_of(rest.window));
  writer.number(rest.grant ? 1 : 0).number(rest.grant ? number_of(*rest.grant) : 0);
  writer.number(rest.waiting);
  write(writer, rest.kept);
  writer.number(rest.rate ? 1 : 0);
  if (rest.rate) write(writer, *rest.rate);
  write(writer, rest.fanout);
  writer.number(rest.tickets.size());
  for (const auto& [ns, ticket] : rest.tickets) {
    writer.text(ns).number(ticket.id).number(since_epoch(ticket.enqueued));
    writer.number(ticket.expires ? since_epoch(*ticket.expires) : 0);
    writer.number(ticket.shows_ticket ? 1 : 0).text(ticket.text);
  }
  writer.number(rest.handed_out);
  const auto& address = rest.address.bytes;
  writer.text({reinterpret_cast<const char*>(address.data()), address.size()});
  return writer.take();
}

std::string packed(const HeardMeanwhile& heard) {
  PackedWriter writer;
  writer.number(kForm).text(bytes_of(heard.peer));
  write(writer, heard.frames);
  return writer.take();
}

std::optional<HeardMeanwhile> read_heard(std::string_view bytes) {
  PackedReader reader(bytes);
  HeardMeanwhile heard;
  if (reader.number() != kForm || !read_into(heard.peer, reader)) return std::nullopt;
  if (!read(reader, heard.frames) || !reader.good()) return std::nullopt;
  return heard;
}

std::optional<MovingRest> read_rest(std::string_view bytes) {
  PackedReader reader(bytes);
  MovingRest rest;
  if (reader.number() != kForm) return std::nullopt;
  rest.messages = reader.number();
  rest.handled = reader.number();
  rest.sent = reader.number();
  rest.lost = small(reader.number());
  rest.limited_in_a_row = small(reader.number());
  if (!read_into(rest.token, reader)) return std::nullopt;
  if (reader.number() != 0) {
    rest.used.emplace();
    if (!read_into(rest.used->hash, reader)) return std::nullopt;
    rest.used->lost = small(reader.number());
    rest.used->resumed = reader.number();
    rest.used->bytes = reader.number();
    rest.used->keeps_all = reader.number() != 0;
  }
  rest.ends = duration(reader.number());
  rest.window = duration(reader.number());
  const bool has_grant = reader.number() != 0;
  const milliseconds grant = duration(reader.number());
  if (has_grant) rest.grant = grant;
  rest.waiting = small(reader.number());
  if (!read(reader, rest.kept)) return std::nullopt;
  if (reader.number() != 0) rest.rate = read_level(reader);
  rest.fanout = read_level(reader);
  for (std::uint64_t i = reader.count(); i > 0; --i) {
    if (!read(reader, rest.tickets.emplace_back())) return std::nullopt;
  }
  // Nodes of 1.3 do not say it: any of them.
  rest.handed_out = rest.kept.size();
  if (!reader.is_at_end()) rest.handed_out = std::min(rest.handed_out, reader.number());
  // Earlier nodes do not say where the client was last.
  if (!reader.is_at_end()) {
    const std::string_view address = reader.text();
    if (address.size() == rest.address.bytes.size()) rest.address = address_of_bytes(address);
  }
  if (!reader.good() || rest.sent < rest.kept.size()) return std::nullopt;
  return rest;
}

void let_pass(MovingRest& rest, milliseconds left) {
  const milliseconds given = std::min({rest.window, rest.ends, rest.grant.value_or(rest.window)});
  const milliseconds passed = std::max(given - left, milliseconds(0));
  rest.window -= passed;
  rest.ends -= passed;
  if (rest.grant) *rest.grant -= passed;
}

}  // namespace peer
