#include <utility>

#include "sessions.h"

// A session leaves this node: another one has taken it, or it is parked, because this node stops
// and no other one lives. Nobody sees it leave: what it is a member of keeps it, as one of those
// elsewhere.
namespace peer_redis {

using peer::sdk::ParkOutcome;

void Sessions::park(const Registered& peer, const ReplyTo<ParkOutcome>& reply) {
  if (!objects_.mirror.is_live(peer)) return reply({});
  park_here(peer, [this, peer, reply](const std::string& token) {
    if (token.empty()) return reply({});
    objects_.announcements.complete(token, [this, peer, reply] {
      let_go(peer);
      reply({true, objects_.announcements.hold_stream()});
    });
  });
}

void Sessions::park_here(const Registered& peer,
                         const std::function<void(std::string token)>& parked) {
  if (!objects_.state.is_connected()) return parked({});
  const std::string token = objects_.announcements.begin();
  objects_.link.run(Script::kPark, {to_hex(peer.peer), std::to_string(peer.registration), token},
                    [this, token, parked](const Reply* answer) {
                      const bool is_done = says_yes(answer);
                      if (!is_done) objects_.announcements.abandon(token);
                      parked(is_done ? token : std::string());
                    });
}

void Sessions::keep(const Registered& peer, const std::string& record,
                    std::chrono::milliseconds time, const ReplyTo<Kept>& reply) {
  objects_.link.run(
      Script::kKeepParked,
      {to_hex(peer.peer), std::to_string(peer.registration), record, std::to_string(time.count())},
      [reply](const Reply* answer) {
        if (!has_answered(answer)) return reply(Kept::kUnknown);
        reply(says_yes(answer) ? Kept::kKept : Kept::kGone);
      });
}

void Sessions::keep_copy(const Registered& peer, std::chrono::milliseconds time) {
  const std::string until = std::to_string(time.count());
  objects_.link.run(Script::kKeepCopy,
                    {to_hex(peer.peer), std::to_string(peer.registration), until},
                    [](const Reply*) {});
}

void Sessions::end_parked_copy(const Registered& peer) {
  objects_.link.run(Script::kEndCopy, {to_hex(peer.peer), std::to_string(peer.registration)},
                    [](const Reply*) {});
}

bool Sessions::take_taken(const Fields& fields) {
  const auto peer = fields.size() >= 3 ? from_hex(fields[1]) : std::nullopt;
  const auto registration = peer ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (!registration) return false;
  const Registered registered{*peer, *registration};
  if (!objects_.link.part().is_only()) {
    objects_.events.taken(registered, fields.size() > 3 ? std::optional(fields[3]) : std::nullopt);
    return true;
  }
  if (!let_go(registered)) return true;
  objects_.host.peer_taken(registered, objects_.announcements.hold_stream());
  return true;
}

// It is no peer of this node any more, though nobody has seen it leave. False: it was none.
bool Sessions::let_go(const Registered& peer) {
  if (!objects_.mirror.is_live(peer)) return false;
  are_elsewhere(peer, take_out(peer));
  objects_.mirror.remove_peer(peer);
  objects_.mirror.note_gone_over(peer);
  return true;
}

void Sessions::let_go_here(const Registered& peer) {
  const Mirror::Members members = take_out(peer);
  for (const auto& [ns, member] : members) {
    objects_.host.member_moved(ns, peer.peer, false, nullptr);
  }
  are_elsewhere(peer, members);
  objects_.mirror.note_gone_over(peer);
}

void Sessions::lose_here(const Registered& peer) {
  for (const auto& [ns, member] : take_out(peer)) {
    objects_.mirror.release_member(ns, member);
    objects_.counts.member_gone(ns);
    objects_.host.member_left_told(ns, peer.peer, {&peer.peer, 1});
  }
}

Mirror::Members Sessions::take_out(const Registered& peer) {
  Mirror::Members members;
  Mirror::Peer* entry = objects_.mirror.find(peer.peer);
  if (entry == nullptr || entry->registration != peer.registration) return members;
  for (auto at = entry->members.begin(); at != entry->members.end();) {
    const auto here = at++;
    if (objects_.link.part().has(here->first)) members.insert(entry->members.extract(here));
  }
  return members;
}

// They stay members, but of those elsewhere.
void Sessions::are_elsewhere(const Registered& peer, const Mirror::Members& members) {
  for (const auto& [ns, member] : members) {
    objects_.mirror.release_member(ns, member);
    Mirror::Namespace* here = objects_.mirror.find(ns);
    if (here == nullptr) {
      objects_.counts.member_gone(ns);
      continue;
    }
    objects_.catch_up.know_of(ns, *here, peer.peer);
    objects_.counts.tell(ns, *here);
  }
}

}  // namespace peer_redis
