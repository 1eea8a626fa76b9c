#include <algorithm>
#include <utility>

#include "moves.h"

// A session goes away from this node: another one has taken it, or it is parked. Each part says
// when its stream has reached that place; then the memberships of that part are elsewhere. The
// registration is elsewhere when all parts with something of it have said so, or when that has been
// waited for long enough: what is left of it in the others ends.
namespace peer_redis {

using peer::sdk::ParkOutcome;

namespace {

/// From the first place on, and more than the core of the other node waits for its broker: then
/// that node has died, or a part is out of reach.
constexpr std::chrono::milliseconds kMostBetweenPlaces{2'500};
/// Less than this node's core waits: no other one does.
constexpr std::chrono::milliseconds kMostForParking{1'500};
/// Behind the time of a parked one. By then a node has ended its copies, or died meanwhile.
constexpr std::chrono::milliseconds kMoreForCopies{10'000};

}  // namespace

void Moves::park(const Registered& peer, const ReplyTo<ParkOutcome>& reply) {
  if (parts_.size() == 1) return only().park(peer, reply);
  if (!mirror_.is_live(peer) || !reaches_all_of(peer.peer)) return reply({});
  const std::size_t home = home_of(peer.peer);
  parts_[home]->sessions().note_copies(peer, copies_.text(peer.peer), [](bool) {});
  parts_[home]->sessions().park_here(peer, [this, peer, home, reply](const std::string& token) {
    if (token.empty()) return reply({});
    const std::set<std::size_t> copied = copies_.all_of(peer.peer);
    Going going{peer.registration, {}, copied, reply};
    going.awaited->insert(home);
    going.timeout =
        loop_.run_at(Clock::now() + kMostForParking, [this, peer] { end_waiting(peer); });
    forget(peer.peer);
    going_.emplace(peer.peer, std::move(going));
    parked_[peer.peer] = copied;
    parts_[home]->sessions().await_place(token, [this, peer, home] { reached(peer, home); });
    for (const std::size_t part : copied) {
      parts_[part]->sessions().park_here(peer, [this, peer, part](const std::string& its_token) {
        if (!its_token.empty()) {
          return parts_[part]->sessions().await_place(its_token,
                                                      [this, peer, part] { reached(peer, part); });
        }
        const auto found = going_.find(peer.peer);
        if (found == going_.end() || found->second.registration != peer.registration) return;
        found->second.awaited->erase(part);
        go_on(peer.peer);
      });
    }
  });
}

void Moves::keep(const Registered& peer, const std::string& record, std::chrono::milliseconds time,
                 const ReplyTo<bool>& reply) {
  std::set<std::size_t> copied;
  if (auto found = parked_.extract(peer.peer)) copied = std::move(found.mapped());
  // At once: this node may be about to end.
  for (const std::size_t part : copied) {
    parts_[part]->sessions().keep_copy(peer, time + kMoreForCopies);
  }
  parts_[home_of(peer.peer)]->sessions().keep(
      peer, record, time, [this, peer, copied = std::move(copied), reply](Sessions::Kept kept) {
        // It was replaced meanwhile. Whoever did so may have been there before the copies were
        // parked, and nobody else knows of them.
        if (kept == Sessions::Kept::kGone) {
          for (const std::size_t part : copied) parts_[part]->sessions().end_parked_copy(peer);
        }
        reply(kept == Sessions::Kept::kKept);
      });
}

void Moves::end_parked(const Registered& peer, std::string_view copies) {
  for (const std::size_t part : read_parts(copies)) parts_[part]->sessions().end_parked_copy(peer);
}

void Moves::taken(const Registered& peer, std::size_t part,
                  std::optional<std::string_view> copies) {
  if (!mirror_.is_live(peer)) return;
  auto found = going_.find(peer.peer);
  if (found == going_.end() || found->second.registration != peer.registration) {
    forget(peer.peer);
    found = going_.emplace(peer.peer, Going{peer.registration, {}, {}, {}}).first;
    found->second.timeout =
        loop_.run_at(Clock::now() + kMostBetweenPlaces, [this, peer] { end_waiting(peer); });
  }
  if (copies) {
    found->second.awaited = read_parts(*copies);
    found->second.awaited->insert(part);
  }
  reached(peer, part);
}

// What comes by this part from here on is for the peer where it is now.
void Moves::reached(const Registered& peer, std::size_t part) {
  const auto found = going_.find(peer.peer);
  if (found == going_.end() || found->second.registration != peer.registration) return;
  if (!found->second.reached.insert(part).second) return;
  parts_[part]->sessions().let_go_here(peer);
  go_on(peer.peer);
}

void Moves::go_on(const Fingerprint& peer) {
  const auto found = going_.find(peer);
  if (found == going_.end()) return;
  const Going& going = found->second;
  if (!going.awaited || !std::includes(going.reached.begin(), going.reached.end(),
                                       going.awaited->begin(), going.awaited->end())) {
    return;
  }
  gone_over({peer, going.registration});
}

void Moves::end_waiting(const Registered& peer) {
  const auto found = going_.find(peer.peer);
  if (found == going_.end() || found->second.registration != peer.registration) return;
  if (found->second.awaited) return gone_over(peer);
  // Its own part has yet to say whose it is.
  forget(peer.peer);
  if (parts_[home_of(peer.peer)]->is_connected()) {
    parts_[home_of(peer.peer)]->resync().put_right(peer.peer);
  }
}

// It hears nothing any more of what all nodes are told.
void Moves::gone_over(const Registered& peer) {
  auto found = going_.extract(peer.peer);
  Going& going = found.mapped();
  loop_.cancel(going.timeout);
  // Nobody has taken what is left there, or could not have known of it.
  for (const std::size_t part : copies_.all_of(peer.peer)) {
    if (going.reached.contains(part)) continue;
    parts_[part]->sessions().lose_here(peer);
    parts_[part]->peers().end(peer);
  }
  copies_.forget(peer.peer);
  mirror_.remove_peer(peer);
  // Until the core has let it go no message to it alone is given to it: what came behind would be
  // lost.
  const std::shared_ptr<void> hold = parts_[home_of(peer.peer)]->sessions().hold_stream();
  if (going.reply) return going.reply({true, hold});
  host_.peer_taken(peer, hold);
}

void Moves::forget(const Fingerprint& peer) {
  const auto found = going_.find(peer);
  if (found == going_.end()) return;
  loop_.cancel(found->second.timeout);
  const ReplyTo<ParkOutcome> reply = std::move(found->second.reply);
  going_.erase(found);
  if (reply) reply({});
}

void Moves::give_up_all() {
  while (!going_.empty()) {
    const Registered peer{going_.begin()->first, going_.begin()->second.registration};
    gone_over(peer);
  }
}

}  // namespace peer_redis
