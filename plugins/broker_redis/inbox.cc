#include "inbox.h"

#include <utility>
#include <vector>

#include "client_text.h"

// In comes whatever was published on this node's channel and on those of the original
// implementation; out it goes to one object of the part, by its kind, or to the core. Envelopes are
// listed in plugins/broker_kit/envelope.h. A field more than is known is no mistake: a newer minor
// version has added it.
namespace peer_redis {

using peer::sdk::DirectedMessage;
using peer::sdk::NamespaceMessage;

namespace {

std::optional<std::vector<Fingerprint>> read_fingerprints(std::string_view packed) {
  const auto fields = unpack(packed);
  if (!fields) return std::nullopt;
  std::vector<Fingerprint> peers;
  for (const std::string_view field : *fields) {
    const auto peer = from_hex(field);
    if (!peer) return std::nullopt;
    peers.push_back(*peer);
  }
  return peers;
}

/// fp, registration.
std::optional<Registered> read_registered(const Fields& fields) {
  const auto peer = fields.size() >= 3 ? from_hex(fields[1]) : std::nullopt;
  const auto registration = peer ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (!registration) return std::nullopt;
  return Registered{*peer, *registration};
}

}  // namespace

void Inbox::take(std::string_view channel, std::string_view message) {
  const bool ours = channel == link_.own_channel();
  if (gate_.is_open()) return ours ? take_envelope(message) : take_guide_message(message);
  const bool taken = gate_.pass(message.size() + 64, [this, ours, text = std::string(message)] {
    ours ? take_envelope(text) : take_guide_message(text);
  });
  // The gate holds back 64 MiB at most. Beyond that the stream has a gap, and only a resync closes
  // it.
  if (!taken) link_.give_up("the server takes too long over what has come");
}

void Inbox::take_envelope(std::string_view envelope) {
  const auto fields = unpack(envelope);
  const auto head = fields ? read_head(*fields) : std::nullopt;
  if (head && head->major != kMajorVersion) return log_.strange_envelope(head->major);
  if (!head || !dispatch(head->kind, *fields)) {
    log_.warn(
        "a malformed message came on the channel of this node; who else writes to this Redis?");
  }
}

void Inbox::take_guide_message(std::string_view json) {
  if (objects_.guide.take(json)) return;
  log_.warn("a message on a channel of the original implementation is not the protocol's JSON");
}

bool Inbox::dispatch(char kind, const Fields& fields) {
  switch (kind) {
    case 'S':
      return take_directed(fields);
    case 'A':
      return objects_.router.take_outcome(fields);
    case 'F':
      return objects_.router.take_moved(fields);
    case 'B':
      return objects_.router.take_arrival_request(fields);
    case 'C':
      return objects_.router.take_arrival(fields);
    case 'E':
      return take_broadcast(fields);
    case 'J':
      return take_joined(fields);
    case 'L':
      return take_left(fields);
    case 'D':
      return take_reaped(fields);
    case 'R':
      return take_room_change(fields);
    case 'K':
      return take_kick(fields);
    case 'X':
      return take_replaced(fields);
    case 'H':
      return take_alias_lost(fields);
    case 'V':
      return take_revoked(fields);
    case 'T':
      return objects_.tickets.take_ticket(fields);
    case 'U':
      return objects_.tickets.take_end(fields);
    case 'W':
      return objects_.tickets.take_waiting(fields);
    case 'Q':
      return objects_.tickets.take_hint(fields);
    case 'M':
      return objects_.tickets.take_matched(fields);
    case 'I':
      return objects_.sessions.take_saying(fields);
    case 'Y':
      return objects_.sessions.take_taken(fields);
    case 'O':
    case 'G':
      return take_watched(kind, fields);
    case 'N':
      return take_news_of_nodes(fields);
    case 'P':  // an earlier probe, late
    default:   // added by a newer minor version
      return true;
  }
}

bool Inbox::take_directed(const Fields& fields) {
  const auto message = read_directed(fields);
  const auto namespaces = message ? unpack(message->namespaces) : std::nullopt;
  if (!namespaces || !is_client_text(message->text)) return false;
  const auto outcome = host_.deliver(DirectedMessage{message->from, message->to, *namespaces,
                                                     message->text, message->wants_outcome});
  objects_.router.take_delivered(*message, outcome);
  return true;
}

bool Inbox::take_broadcast(const Fields& fields) {
  if (fields.size() < 5) return false;
  const auto from = from_hex(fields[2]);
  const auto exclude = read_fingerprints(fields[3]);
  if (!from || !exclude || !is_client_text(fields[4])) return false;
  host_.deliver(NamespaceMessage{fields[1], *from, *exclude, fields[4]});
  return true;
}

bool Inbox::take_joined(const Fields& fields) {
  if (fields.size() < 6) return false;
  const auto peer = from_hex(fields[2]);
  if (!peer) return false;
  // The own announcement marks the place of this node's join in the stream. The core made the join,
  // and needs no news of it.
  if (fields[3] == objects_.view.self()) {
    objects_.announcements.take(std::string(fields[4]));
    return true;
  }
  if (!is_client_text(fields[5])) return false;
  objects_.view.hear_of(fields[3]);
  // Messages for it go by its own part.
  if (link_.part().is_home_of(*peer)) objects_.router.peer_is_at(*peer, fields[3]);
  if (Mirror::Namespace* here = objects_.mirror.find(fields[1])) {
    if (here->elsewhere && here->elsewhere->contains(*peer)) return true;  // they know
    if (objects_.catch_up.know_of(fields[1], *here, *peer)) ++here->total;
    objects_.counts.tell(fields[1], *here);
  }
  host_.member_joined(fields[1], *peer, fields[5]);
  return true;
}

bool Inbox::take_left(const Fields& fields) {
  if (fields.size() < 4) return false;
  const auto peer = from_hex(fields[2]);
  const auto told = fields.size() > 4 ? read_fingerprints(fields[4])
                                      : std::make_optional<std::vector<Fingerprint>>();
  if (!peer || !told) return false;
  if (fields[3] == objects_.view.self()) return true;  // this node was taken for dead, but it lives
  Mirror::Namespace* here = objects_.mirror.find(fields[1]);
  // The members here have heard of its leaving, or never of the peer.
  if (here != nullptr && here->elsewhere && here->elsewhere->erase(*peer) == 0) return true;
  objects_.counts.member_gone(fields[1]);
  if (here != nullptr) here->away.erase(*peer);
  told->empty() ? host_.member_left(fields[1], *peer)
                : host_.member_left_told(fields[1], *peer, *told);
  return true;
}

bool Inbox::take_watched(char kind, const Fields& fields) {
  const auto told = fields.size() >= 5 ? read_fingerprints(fields[4]) : std::nullopt;
  if (!told) return false;
  return kind == 'O' ? objects_.watchers.take_away(fields, *told)
                     : objects_.watchers.take_update(fields, *told);
}

bool Inbox::take_reaped(const Fields& fields) {
  const auto peer = fields.size() >= 3 ? from_hex(fields[2]) : std::nullopt;
  if (!peer) return false;
  objects_.resync.settle(fields[1], *peer);
  return true;
}

bool Inbox::take_room_change(const Fields& fields) {
  if (fields.size() < 7) return false;
  const auto owner = from_hex(fields[3]);
  const auto max_size = to_number<std::uint32_t>(fields[4]);
  const auto posts = unpack(fields[6]);
  if (!owner || !max_size || !posts || posts->size() % 2 != 0) return false;
  std::vector<peer::sdk::RoomPost> list;
  for (std::size_t i = 0; i < posts->size(); i += 2) {
    list.push_back({from_hex((*posts)[i]), std::string((*posts)[i + 1])});
    // An empty receiver means all members. Any other text must be a fingerprint.
    if (!list.back().to && !(*posts)[i].empty()) return false;
    if (!is_client_text(list.back().text)) return false;
  }
  const peer::sdk::RoomState state{*owner, *max_size, std::string(fields[5])};
  if (Mirror::Namespace* here = objects_.mirror.find(fields[1]); here != nullptr && here->room) {
    here->room->state = state;
    here->room->terms =
        fields.size() > 9 ? RoomTerms{std::string(fields[8]), std::string(fields[9])} : RoomTerms();
  }
  // The core tells leave() of each member of a room that has ended: so the mirror forgets them.
  const bool closed = fields.size() > 7 && fields[7] == kRoomCloses;
  host_.room_changed({fields[1], state, list, false, closed});
  // Behind the news: the core has heard of the change before its commit is answered.
  if (!fields[2].empty()) objects_.announcements.take(std::string(fields[2]));
  return true;
}

bool Inbox::take_kick(const Fields& fields) {
  if (fields.size() < 4) return false;
  const auto target = from_hex(fields[2]);
  const auto by = from_hex(fields[3]);
  if (!target || !by) return false;
  const Mirror::Peer* entry = objects_.mirror.find(*target);
  // The target has gone by itself.
  if (entry == nullptr) return true;
  if (objects_.mirror.remove_member(fields[1], {*target, entry->registration}))
    objects_.counts.member_gone(fields[1]);
  host_.kicked(fields[1], *target, *by);
  return true;
}

bool Inbox::take_replaced(const Fields& fields) {
  const auto registered = read_registered(fields);
  if (registered && objects_.mirror.is_live(*registered)) host_.replaced(*registered);
  return registered.has_value();
}

bool Inbox::take_revoked(const Fields& fields) {
  const auto peer = fields.size() >= 3 ? from_hex(fields[1]) : std::nullopt;
  if (!peer) return false;
  host_.revoked(*peer, fields[2]);
  return true;
}

bool Inbox::take_alias_lost(const Fields& fields) {
  const auto registered = read_registered(fields);
  if (registered && objects_.mirror.is_live(*registered)) objects_.resync.lose_alias(*registered);
  return registered.has_value();
}

// A beat tells who is there now, and that data was lost.
bool Inbox::take_news_of_nodes(const Fields& fields) {
  objects_.heartbeat.beat_soon(fields.size() >= 2 && fields[1] == "lost");
  return true;
}

}  // namespace peer_redis
