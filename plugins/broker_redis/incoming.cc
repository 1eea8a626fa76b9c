#include <algorithm>
#include <utility>

#include "cluster_node.h"
#include "guide_messages.h"

// What comes from the subscription. Anybody who can write to Redis can publish anything: what is no
// message of ours is dropped with a warning.

namespace peer_redis {

using peer::sdk::DirectedMessage;
using peer::sdk::NamespaceMessage;
using peer::sdk::RouteOutcome;

namespace {

constexpr std::size_t kMaxToBeSettled = 100'000;
/// So soon after a beat none is made for news.
constexpr std::chrono::milliseconds kPauseAfterLoss{10};
constexpr std::chrono::milliseconds kPauseAfterNews{100};

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

/// ms since the epoch.
std::string now_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// fp, registration.
std::optional<Registered> read_registered(const Fields& fields) {
  const auto peer = fields.size() == 3 ? from_hex(fields[1]) : std::nullopt;
  const auto registration = peer ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (!registration) return std::nullopt;
  return Registered{*peer, *registration};
}

}  // namespace

void ClusterNode::take_message(std::string_view channel, std::string_view message) {
  const bool ours = channel == own_channel_;
  if (gate_.is_open()) return ours ? take_envelope(message) : take_guide_message(message);
  const bool taken = gate_.pass(message.size() + 64, [this, ours, text = std::string(message)] {
    ours ? take_envelope(text) : take_guide_message(text);
  });
  if (!taken) link_.give_up("the server takes too long over what has come");
}

void ClusterNode::take_envelope(std::string_view envelope) {
  const auto fields = unpack(envelope);
  if (!fields || fields->empty() || !dispatch(*fields)) {
    warn("a malformed message came on the channel of this node; who else writes to this Redis?");
  }
}

bool ClusterNode::dispatch(const Fields& fields) {
  if (fields[0].size() != 1) return false;
  switch (fields[0][0]) {
    case 'S':
      return take_directed(fields);
    case 'A':
      return take_outcome(fields);
    case 'F':
      return take_moved(fields);
    case 'B':
      return take_arrival_request(fields);
    case 'C':
      return take_arrival(fields);
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
    case 'T':
      return take_ticket(fields);
    case 'U':
      return take_ticket_end(fields);
    case 'W':
      return take_ticket_waits(fields);
    case 'Q':
      return take_ticket_hint(fields);
    case 'M':
      return take_matched(fields);
    case 'N':
      return take_nodes_changed(fields);
    case 'P':  // an earlier probe, late
      return true;
    default:
      return false;
  }
}

bool ClusterNode::take_directed(const Fields& fields) {
  if (fields.size() != 8) return false;
  const auto from = from_hex(fields[4]);
  const auto to = from_hex(fields[5]);
  const auto namespaces = unpack(fields[6]);
  if (!from || !to || !namespaces || fields[1].size() > 64 || fields[2].size() > 20) return false;
  if (!is_client_text(fields[7])) return false;
  const bool wants_outcome = fields[3].find('w') != std::string_view::npos;
  const bool cached = fields[3].find('c') != std::string_view::npos;
  const bool passed_on = fields[3].find('q') != std::string_view::npos;
  const RouteOutcome outcome =
      host_.deliver(DirectedMessage{*from, *to, *namespaces, fields[7], wants_outcome});
  if (outcome == RouteOutcome::kNotFound && cached) {
    const std::string channel = options_.node_channel(fields[1]);
    link_.publish(channel, pack({"F", fields[5], node_}), [](const Reply*) {});
    pass_on({*from, *to, std::string(fields[6]), std::string(fields[7]), false}, fields[1],
            fields[2],
            pack({"S", fields[1], fields[2], wants_outcome ? "wq" : "q", fields[4], fields[5],
                  fields[6], fields[7]}));
  } else if (outcome == RouteOutcome::kNotFound
                 ? !passed_on
                 : wants_outcome || outcome == RouteOutcome::kForbidden) {
    answer_origin(fields[1], fields[2], outcome);
  }
  return true;
}

bool ClusterNode::take_moved(const Fields& fields) {
  const auto peer = fields.size() == 3 ? from_hex(fields[1]) : std::nullopt;
  if (peer) leave_route(*peer, fields[2]);
  return peer.has_value();
}

bool ClusterNode::take_broadcast(const Fields& fields) {
  if (fields.size() != 5) return false;
  const auto from = from_hex(fields[2]);
  const auto exclude = read_fingerprints(fields[3]);
  if (!from || !exclude || !is_client_text(fields[4])) return false;
  host_.deliver(NamespaceMessage{fields[1], *from, *exclude, fields[4]});
  return true;
}

bool ClusterNode::take_joined(const Fields& fields) {
  if (fields.size() != 6) return false;
  const auto peer = from_hex(fields[2]);
  if (!peer) return false;
  if (fields[3] == node_) {
    announcement_seen(std::string(fields[4]));
    return true;
  }
  if (!is_client_text(fields[5])) return false;
  hear_of(fields[3]);
  if (const auto route = routes_.find(*peer);
      route != routes_.end() && *route->second != fields[3]) {
    leave_route(*peer, std::string(*route->second));
  }
  if (Mirror::Namespace* here = mirror_.find(fields[1])) {
    if (here->elsewhere && here->elsewhere->contains(*peer)) return true;  // they know
    ++here->total;
    know_of(*here, *peer);
    count_members(fields[1], *here);
  }
  host_.member_joined(fields[1], *peer, fields[5]);
  return true;
}

// Its members are known from now on: should what is shared be lost, they are waited for.
void ClusterNode::hear_of(std::string_view node) {
  constexpr std::size_t kMaxNodes = 1000;
  if (std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end()) return;
  if (std::find(nodes_before_.begin(), nodes_before_.end(), node) != nodes_before_.end()) return;
  if (nodes_before_.size() < kMaxNodes) nodes_before_.emplace_back(node);
}

bool ClusterNode::take_left(const Fields& fields) {
  if (fields.size() != 4) return false;
  const auto peer = from_hex(fields[2]);
  if (!peer) return false;
  if (fields[3] == node_) return true;  // this node was taken for dead, but it lives
  Mirror::Namespace* here = mirror_.find(fields[1]);
  if (here != nullptr && here->elsewhere && here->elsewhere->erase(*peer) == 0) return true;
  member_gone(fields[1]);
  host_.member_left(fields[1], *peer);
  return true;
}

bool ClusterNode::take_reaped(const Fields& fields) {
  const auto peer = fields.size() == 3 ? from_hex(fields[2]) : std::nullopt;
  if (!peer) return false;
  if (connected()) {
    host_.member_reaped(fields[1], *peer);
  } else if (to_be_settled_.size() < kMaxToBeSettled) {
    to_be_settled_.emplace_back(fields[1], *peer);
  }
  return true;
}

bool ClusterNode::take_room_change(const Fields& fields) {
  if (fields.size() != 7) return false;
  const auto owner = from_hex(fields[3]);
  const auto max_size = to_number<std::uint32_t>(fields[4]);
  const auto posts = unpack(fields[6]);
  if (!owner || !max_size || !posts || posts->size() % 2 != 0) return false;
  std::vector<peer::sdk::RoomPost> list;
  for (std::size_t i = 0; i < posts->size(); i += 2) {
    list.push_back({from_hex((*posts)[i]), std::string((*posts)[i + 1])});
    if (!list.back().to && !(*posts)[i].empty()) return false;
    if (!is_client_text(list.back().text)) return false;
  }
  const peer::sdk::RoomState state{*owner, *max_size, std::string(fields[5])};
  if (Mirror::Namespace* here = mirror_.find(fields[1]); here != nullptr && here->room) {
    here->room->state = state;
  }
  host_.room_changed({fields[1], state, list});
  if (!fields[2].empty()) announcement_seen(std::string(fields[2]));
  return true;
}

bool ClusterNode::take_kick(const Fields& fields) {
  if (fields.size() != 4) return false;
  const auto target = from_hex(fields[2]);
  const auto by = from_hex(fields[3]);
  if (!target || !by) return false;
  const Mirror::Peer* entry = mirror_.find(*target);
  if (entry == nullptr) return true;
  if (mirror_.remove_member(fields[1], {*target, entry->registration})) member_gone(fields[1]);
  host_.kicked(fields[1], *target, *by);
  return true;
}

bool ClusterNode::take_replaced(const Fields& fields) {
  const auto registered = read_registered(fields);
  if (registered && mirror_.is_live(*registered)) host_.replaced(*registered);
  return registered.has_value();
}

bool ClusterNode::take_alias_lost(const Fields& fields) {
  const auto registered = read_registered(fields);
  if (registered && mirror_.is_live(*registered)) lose_alias(*registered);
  return registered.has_value();
}

// A beat tells who is there now, and that data was lost.
bool ClusterNode::take_nodes_changed(const Fields& fields) {
  const bool lost = fields.size() == 2 && fields[1] == "lost";
  const auto pause = std::min(lost ? kPauseAfterLoss : kPauseAfterNews, options_.beat / 4);
  if (Clock::now() - last_beat_ > pause) {
    beat();
  } else if (!std::exchange(beat_soon_, true)) {
    loop_.run_at(last_beat_ + pause, [this] {
      beat_soon_ = false;
      if (link_.is_up()) beat();
    });
  }
  return true;
}

void ClusterNode::take_guide_message(std::string_view json) {
  auto message = parse_guide_message(json);
  const auto from = message ? from_hex(message->from) : std::nullopt;
  if (!from) {
    warn("a message on a channel of the original implementation is not the protocol's JSON");
  } else if (message->node_id != node_ && message->db.value_or(options_.db) == options_.db) {
    if (message->ts.empty()) message->ts = now_text();
    message->type == "broadcast" ? deliver_guide_broadcast(*message, *from)
                                 : deliver_guide_signal(*message, *from);
  }
}

// As clients of other nodes write it: a fingerprint in either case, or an alias of a peer here.
std::optional<Fingerprint> ClusterNode::find_named(std::string_view name) const {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto peer = from_hex(lower);
  return peer ? peer : mirror_.holder_of(name);
}

void ClusterNode::deliver_guide_signal(GuideMessage& message, const Fingerprint& from) {
  const auto to = find_named(message.to);
  if (!to || *to == from || message.routed || (!message.namespaces && options_.legacy_strict)) {
    return;
  }
  message.to = to_hex(*to);
  std::vector<std::string_view> namespaces;
  if (message.namespaces) {
    namespaces.assign(message.namespaces->begin(), message.namespaces->end());
  }
  const std::string text = message.client_text();
  DirectedMessage delivery{from, *to, namespaces, text};
  delivery.namespaces_unknown = !message.namespaces;
  delivery.is_checked = message.is_checked;
  host_.deliver(delivery);
}

void ClusterNode::deliver_guide_broadcast(const GuideMessage& message, const Fingerprint& from) {
  if (message.routed) return;
  const bool is_told = message.namespaces.has_value();
  if (is_told ? std::find(message.namespaces->begin(), message.namespaces->end(), message.ns) ==
                    message.namespaces->end()
              : options_.legacy_strict) {
    return;
  }
  std::vector<Fingerprint> exclude;
  for (const std::string& name : message.exclude) {
    if (const auto peer = find_named(name)) exclude.push_back(*peer);
  }
  host_.deliver(
      NamespaceMessage{message.ns, from, exclude, message.client_text(), message.is_checked});
}

}  // namespace peer_redis
