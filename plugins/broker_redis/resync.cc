#include "cluster_node.h"

#include <algorithm>
#include <utility>

// The one way in which Redis is put right: after an outage, a loss of its data, or when this node
// was taken for dead. Peers that are dirty are written whole, and what Redis has of this node
// beyond them is removed. What the core tells meanwhile changes the mirror and makes its peer
// dirty; when nothing is dirty any more the node is connected. A single peer of which Redis has
// something else is put right by the way, while the node stays connected.

namespace peer_redis {

void ClusterNode::begin_resync(bool quiet) {
  set_state(State::kResyncing);
  quiet_ = quiet;
  catch_up_due_ = true;
  mirror_.mark_all_behind();
  for (const auto& [peer, entry] : mirror_.peers()) dirty_.insert(peer);
  if (listing_own_peers_) return;
  listing_own_peers_ = true;
  list_own_peers("0");
}

void ClusterNode::list_own_peers(const std::string& cursor) {
  link_.run(Script::kOwnPeers, {cursor}, [this](const Reply* reply) {
    if (reply == nullptr || !listing_own_peers_) return;
    if (reply->is_error()) return link_.give_up(reply->text());
    forget_unknown((*reply)[1]);
    const std::string next((*reply)[0].text());
    if (next != "0") return list_own_peers(next);
    listing_own_peers_ = false;
    resync_more();
  });
}

void ClusterNode::forget_unknown(const Reply& fingerprints) {
  Arguments unknown;
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    const auto peer = from_hex(fingerprints[i].text());
    if (!peer || mirror_.find(*peer) == nullptr) unknown.push_back(fingerprints[i].text());
  }
  if (unknown.empty()) return;
  link_.run(Script::kForget, unknown, [this](const Reply* reply) { give_up_on_error(reply); });
}

void ClusterNode::mark_dirty(const Fingerprint& peer) {
  if (state_ == State::kDegraded || mirror_.find(peer) == nullptr) return;
  dirty_.insert(peer);
  if (!listing_own_peers_) resync_more();
}

void ClusterNode::resync_more() {
  while (resyncs_under_way_ < kScriptsUnderWay && !dirty_.empty() &&
         (resyncs_under_way_ == 0 || link_.has_room())) {
    const Fingerprint peer = *dirty_.begin();
    dirty_.erase(dirty_.begin());
    resync_peer(peer);
  }
  if (resyncs_under_way_ == 0 && dirty_.empty()) finish_resync();
}

// On Redis' clock, us: as it was told at the registration, or reckoned for one that it never heard
// of.
std::string ClusterNode::since_text(const Mirror::Peer& peer) const {
  const auto own_us =
      std::chrono::duration_cast<std::chrono::microseconds>(peer.since.time_since_epoch()).count();
  const std::int64_t reckoned = std::max<std::int64_t>(0, own_us + clock_offset_us_);
  return std::to_string(peer.shared_since.value_or(reckoned));
}

void ClusterNode::resync_peer(const Fingerprint& peer) {
  const Mirror::Peer* entry = mirror_.find(peer);
  if (entry == nullptr) return;
  std::vector<std::string> arguments{to_hex(peer), std::to_string(entry->registration),
                                     since_text(*entry), entry->alias};
  std::vector<std::string> namespaces;
  for (const auto& [ns, member] : entry->members) {
    namespaces.push_back(ns);
    const bool quiet = quiet_ && !connected() && member.shared;
    arguments.insert(arguments.end(), {ns, member.object, quiet ? "1" : "0", member.place});
    const Mirror::Namespace* here = mirror_.find(ns);
    if (here != nullptr && here->room) {
      const Mirror::Room& room = *here->room;
      arguments.insert(arguments.end(), {std::to_string(room.version), to_hex(room.state.owner),
                                         std::to_string(room.state.max_size), room.state.state});
    } else {
      arguments.insert(arguments.end(), {"", "", "", ""});
    }
  }
  ++resyncs_under_way_;
  link_.run(Script::kResync, Arguments(arguments.begin(), arguments.end()),
            [this, peer, registration = entry->registration,
             namespaces = std::move(namespaces)](const Reply* reply) {
              --resyncs_under_way_;
              if (reply == nullptr) return;
              if (reply->is_error()) return link_.give_up(reply->text());
              take_resynced(peer, registration, namespaces, *reply);
              resync_more();
            });
}

void ClusterNode::take_resynced(const Fingerprint& peer, std::uint64_t registration,
                                const std::vector<std::string>& namespaces, const Reply& reply) {
  if (!mirror_.is_live({peer, registration})) return;
  if (reply[0].text() == "moved") return host_.replaced({peer, registration});
  if (reply[1].integer() == 1) lose_alias({peer, registration});
  if (connected()) share_tickets_of(peer);
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    if (reply[2 + i].integer() < 0 || from_hex(reply[2 + i].text())) {
      end_membership(namespaces[i], {peer, registration}, from_hex(reply[2 + i].text()));
      continue;
    }
    mirror_.mark_shared(namespaces[i], {peer, registration}, {});
    Mirror::Namespace* here = mirror_.find(namespaces[i]);
    if (here == nullptr) continue;
    here->total = static_cast<std::uint64_t>(std::max<std::int64_t>(0, reply[2 + i].integer()));
    count_members(namespaces[i], *here);
  }
}

void ClusterNode::lose_alias(const Registered& peer) {
  mirror_.drop_alias(peer);
  host_.alias_lost(peer);
}

// From while this node was cut off: the name is taken by others, elsewhere, or the peer was kicked.
void ClusterNode::end_membership(const std::string& ns, const Registered& peer,
                                 const std::optional<Fingerprint>& kicked_by) {
  if (!mirror_.remove_member(ns, peer)) return;
  member_gone(ns);
  kicked_by ? host_.kicked(ns, peer.peer, *kicked_by) : host_.room_closed(ns, peer);
}

void ClusterNode::say_settled() {
  link_.run(Script::kSettled, {}, [this](const Reply* reply) {
    if (reply != nullptr && !reply->is_error() && reply->integer() == 0) catch_up();
  });
}

void ClusterNode::say_back() {
  told_failures_.clear();
  std::string line = "Redis is back; this node is part of the cluster again";
  const std::uint64_t lost = shared_.dropped - dropped_before_;
  if (lost > 0)
    line += "; " + std::to_string(lost) + " messages for other nodes were lost meanwhile";
  warn(line);
}

void ClusterNode::finish_resync() {
  if (state_ != State::kResyncing || listing_own_peers_) return;
  set_state(State::kConnected);
  say_settled();
  if (!told_failures_.empty()) say_back();
  link_.has_proved_itself();
  for (const auto& [room, peer] : std::exchange(to_be_settled_, {})) {
    host_.member_reaped(room, peer);
  }
  share_tickets();
  if (matching_due_) beat();
  outage_.flush();
}

}  // namespace peer_redis
