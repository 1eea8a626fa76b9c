#include "resync.h"

#include <algorithm>
#include <utility>

#include "on_error.h"

// In come peers that are dirty, by begin() all of the mirror. Out go lua/own_peers.lua, once, and
// lua/resync.lua for each peer, a number of them at a time. What the core tells meanwhile changes
// the mirror and makes its peer dirty again.
namespace peer_redis {
namespace {

/// Of all parts together, which may be at one Redis.
constexpr std::size_t kResyncsUnderWay = 64;
constexpr std::size_t kLeastOfAPart = 4;
constexpr std::size_t kMaxToBeSettled = 100'000;

}  // namespace

void Resync::begin(bool quiet) {
  quiet_ = quiet;
  for (const auto& [peer, entry] : mirror_.peers()) {
    if (link_.part().concerns(peer, entry)) dirty_.insert(peer);
  }
  // The list that is under way ends with go_on(), which writes these as well.
  if (listing_own_peers_) return;
  listing_own_peers_ = true;
  list_own_peers("0");
}

void Resync::list_own_peers(const std::string& cursor) {
  link_.run(Script::kOwnPeers, {cursor}, [this](const Reply* reply) {
    if (reply == nullptr || !listing_own_peers_) return;
    if (reply->is_error()) return link_.give_up(reply->text());
    forget_unknown((*reply)[1]);
    const std::string next((*reply)[0].text());
    if (next != "0") return list_own_peers(next);
    listing_own_peers_ = false;
    go_on();
  });
}

void Resync::forget_unknown(const Reply& fingerprints) {
  Arguments unknown;
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    const auto peer = from_hex(fingerprints[i].text());
    if (!peer || mirror_.find(*peer) == nullptr) {
      unknown.push_back(fingerprints[i].text());
    } else if (!link_.part().is_home_of(*peer)) {
      // The copy may be of an older registration, with what that one had here.
      dirty_.insert(*peer);
    }
  }
  if (unknown.empty()) return;
  link_.run(Script::kForget, unknown, or_give_up(link_));
}

void Resync::interrupt() {
  dirty_.clear();
  listing_own_peers_ = false;
}

void Resync::settle(std::string_view room, const Fingerprint& peer) {
  if (state_.is_connected()) {
    host_.member_reaped(room, peer);
  } else if (to_be_settled_.size() < kMaxToBeSettled) {
    to_be_settled_.emplace_back(room, peer);
  }
}

void Resync::settle_kept() {
  for (const auto& [room, peer] : std::exchange(to_be_settled_, {})) {
    host_.member_reaped(room, peer);
  }
}

void Resync::mark_dirty(const Fingerprint& peer) {
  if (state_.is_degraded() || mirror_.find(peer) == nullptr) return;
  dirty_.insert(peer);
  if (!listing_own_peers_) go_on();
}

void Resync::go_on() {
  const std::size_t most = std::max(kLeastOfAPart, kResyncsUnderWay / link_.part().parts);
  while (under_way_ < most && !dirty_.empty() && (under_way_ == 0 || link_.has_room())) {
    const Fingerprint peer = *dirty_.begin();
    dirty_.erase(dirty_.begin());
    put_right(peer);
  }
  if (under_way_ == 0 && dirty_.empty()) finish();
}

void Resync::append(std::vector<std::string>& arguments, const std::string& ns,
                    const Mirror::Member& member) {
  // The members elsewhere have not heard of its leaving, so they must not hear of a join.
  const bool quiet = quiet_ && !state_.is_connected() && member.shared;
  const Mirror::Namespace* here = mirror_.find(ns);
  const char* telling = here != nullptr && here->quiet ? "2" : quiet ? "1" : "0";
  arguments.insert(arguments.end(), {ns, member.object, telling, member.place});
  if (here != nullptr && here->room) {
    const Mirror::Room& room = *here->room;
    arguments.insert(arguments.end(), {std::to_string(room.version), to_hex(room.state.owner),
                                       std::to_string(room.state.max_size), room.state.state,
                                       room.created, room.terms.listed, room.terms.empty});
  } else {
    arguments.insert(arguments.end(), {"", "", "", "", "", "", ""});
  }
}

void Resync::put_right(const Fingerprint& peer) {
  Mirror::Peer* entry = mirror_.find(peer);
  if (entry == nullptr) return;
  const PartIndex& here = link_.part();
  const bool is_home = here.is_home_of(peer);
  copies_.note(peer);
  std::vector<std::string> arguments{to_hex(peer),
                                     std::to_string(entry->registration),
                                     std::to_string(copies_.since_us(*entry)),
                                     here.has(entry->alias) ? entry->alias : std::string(),
                                     entry->proof,
                                     here.tokens_here(entry->tokens),
                                     entry->away ? "1" : "0",
                                     is_home ? "0" : "1"};
  std::vector<std::string> namespaces;
  for (const auto& [ns, member] : entry->members) {
    if (!here.has(ns)) continue;
    namespaces.push_back(ns);
    append(arguments, ns, member);
  }
  ++under_way_;
  link_.run(Script::kResync, Arguments(arguments.begin(), arguments.end()),
            [this, peer, registration = entry->registration,
             namespaces = std::move(namespaces)](const Reply* reply) {
              --under_way_;
              if (reply == nullptr) return;
              if (reply->is_error()) return link_.give_up(reply->text());
              take(peer, registration, namespaces, *reply);
              go_on();
            });
}

void Resync::take(const Fingerprint& peer, std::uint64_t registration,
                  const std::vector<std::string>& namespaces, const Reply& reply) {
  // A newer registration has been entered meanwhile; it is dirty itself, or has told Redis.
  if (!mirror_.is_live({peer, registration})) return;
  if (reply[0].text() == "moved") return take_newer({peer, registration}, reply);
  if (reply[1].integer() == 1) lose_alias({peer, registration});
  if (link_.part().is_home_of(peer)) events_.is_at_home({peer, registration});
  if (state_.is_connected()) tickets_.share_tickets_of(peer);
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    if (reply[2 + i].integer() < 0 || from_hex(reply[2 + i].text())) {
      end_membership(namespaces[i], {peer, registration}, from_hex(reply[2 + i].text()));
      continue;
    }
    mirror_.mark_shared(namespaces[i], {peer, registration}, {});
    // One that is written by the way; after an outage all are marked when it is over.
    if (state_.is_connected()) watchers_.mark_again(namespaces[i]);
    const std::string_view known = reply[2 + namespaces.size() + i].text();
    const auto& members = mirror_.find(peer)->members;
    const auto member = members.find(namespaces[i]);
    if (!known.empty() && member != members.end()) {
      host_.update_watched(namespaces[i], {peer, registration}, known, member->second.object);
    }
    Mirror::Namespace* here = mirror_.find(namespaces[i]);
    if (here == nullptr) continue;
    here->total = static_cast<std::uint64_t>(std::max<std::int64_t>(0, reply[2 + i].integer()));
    counts_.tell(namespaces[i], *here);
  }
}

void Resync::take_newer(const Registered& peer, const Reply& reply) {
  if (link_.part().is_home_of(peer.peer)) return host_.replaced(peer);
  const auto newer_us = to_number<std::uint64_t>(reply[1].text());
  if (newer_us) events_.is_older(peer, static_cast<std::int64_t>(*newer_us));
}

void Resync::lose_alias(const Registered& peer) {
  mirror_.drop_alias(peer);
  host_.alias_lost(peer);
}

// While this node was cut off others have taken the name elsewhere, or the peer was kicked.
void Resync::end_membership(const std::string& ns, const Registered& peer,
                            const std::optional<Fingerprint>& kicked_by) {
  if (!mirror_.remove_member(ns, peer)) return;
  counts_.member_gone(ns);
  kicked_by ? host_.kicked(ns, peer.peer, *kicked_by) : host_.room_closed(ns, peer);
}

void Resync::finish() {
  if (state_.is_resyncing() && !listing_own_peers_) events_.finished();
}

}  // namespace peer_redis
