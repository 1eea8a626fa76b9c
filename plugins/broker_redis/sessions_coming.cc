#include <utility>

#include "sessions.h"

// A session comes to this node: because its client is here, or because it was parked. In comes the
// core's wish to take it. Out goes lua/take_peer.lua: from that step on the registration is this
// node's. Its place in the streams of both nodes is marked, there by an envelope, here by an
// announcement, as that of a join is; at its place each core is told with a hold.
namespace peer_redis {

using peer::sdk::ParkedSession;
using peer::sdk::TakeOutcome;
using peer::sdk::TakeStatus;

namespace {

// As lua/common.lua names no node.
constexpr const char* kNobody = "parked";
constexpr std::size_t kFirstMembership = 6;
constexpr std::size_t kMembershipFields = 11;
constexpr std::chrono::milliseconds kMostForClear{1'000};
constexpr std::chrono::milliseconds kPauseForClear{2};

TakeStatus status_of(std::string_view text) {
  if (text == "taken") return TakeStatus::kTaken;
  if (text == "gone") return TakeStatus::kGone;
  if (text == "too_often") return TakeStatus::kTooOften;
  return TakeStatus::kUnavailable;
}

}  // namespace

void Sessions::next(const ReplyTo<ParkedSession>& reply) {
  if (!objects_.state.is_connected()) return reply({});
  objects_.link.run(Script::kNextParked, {}, [this, reply](const Reply* answer) {
    if (!has_answered(answer) || answer->size() < 3) {
      has_parked_ = false;
      return reply({});
    }
    const auto peer = from_hex((*answer)[0].text());
    const auto registration = to_number<std::uint64_t>((*answer)[1].text());
    if (!peer || !registration) return reply({});
    if (answer->size() == 3) {
      objects_.events.end_parked({*peer, *registration}, (*answer)[2].text());
      return next(reply);
    }
    const auto left = to_number<std::uint32_t>((*answer)[3].text()).value_or(0);
    reply({true,
           {*peer, *registration},
           kNobody,
           std::string((*answer)[2].text()),
           std::chrono::milliseconds(left)});
  });
}

void Sessions::take(const Take& take, const ReplyTo<TakeOutcome>& reply) {
  take_when_clear(take, {Clock::now() + kMostForClear, objects_.router.last_held()}, reply);
}

// What the peers of this node have said to it, or to its namespaces, reaches it where it is: from
// the step on they speak to it here, and nothing may come behind that.
void Sessions::take_when_clear(const Take& take, Patience patience,
                               const ReplyTo<TakeOutcome>& reply) {
  if (!objects_.state.is_connected()) return reply(outcome_of(TakeStatus::kGone));
  const bool holds_broadcasts = objects_.router.holds_broadcasts(patience.last_held);
  if (Clock::now() < patience.until &&
      (holds_broadcasts || objects_.router.holds_for(take.what.peer.peer))) {
    objects_.loop.run_at(Clock::now() + kPauseForClear,
                         [this, take, patience, reply] { take_when_clear(take, patience, reply); });
    return;
  }
  // The peer would never hear them: it was no member here when they were said, and would be none
  // there when they come.
  if (holds_broadcasts) return reply(outcome_of(TakeStatus::kGone));
  objects_.router.await_arrival(take.what.peer.peer, take.node,
                                [this, take, reply] { take_now(take, reply); });
}

void Sessions::take_now(const Take& take, const ReplyTo<TakeOutcome>& reply) {
  if (!objects_.state.is_connected()) return reply(outcome_of(TakeStatus::kGone));
  run_step(Script::kTakePeer,
           {to_hex(take.what.peer.peer), take.node, std::to_string(take.what.peer.registration),
            std::to_string(take.what.number), take.what.takes_over ? "1" : "0"},
           begin_step(take), [this, take, reply](const Taken& taken) {
             TakeOutcome outcome = outcome_of(taken.status);
             if (taken.status != TakeStatus::kTaken) return reply(std::move(outcome));
             // By now, so that what the core tells of the peer from here on finds it in the mirror.
             const Registered peer{take.what.peer.peer, take.what.number};
             if (enter_taken(objects_.mirror, take, taken, outcome)) {
               enter_here(peer, taken, outcome);
             } else {
               end_watches(taken, false);
               outcome = outcome_of(TakeStatus::kGone);
             }
             objects_.announcements.complete(taken.token,
                                             [this, outcome = std::move(outcome), reply]() mutable {
                                               outcome.hold = objects_.announcements.hold_stream();
                                               reply(std::move(outcome));
                                             });
           });
}

void Sessions::take_here(const Take& take, std::optional<std::uint64_t> since_us,
                         const std::string& unreachable, const OnTaken& on_taken) {
  Taken taken = begin_step(take);
  std::vector<std::string> arguments{to_hex(take.what.peer.peer), take.node,
                                     std::to_string(take.what.peer.registration),
                                     std::to_string(take.what.number)};
  if (since_us) {
    arguments.push_back(std::to_string(*since_us));
    return run_step(Script::kTakeCopy, std::move(arguments), std::move(taken), on_taken);
  }
  arguments.emplace_back(take.what.takes_over ? "1" : "0");
  arguments.push_back(taken.token);
  arguments.push_back(unreachable);
  run_step(Script::kTakeHome, std::move(arguments), std::move(taken), on_taken);
}

// The members here that watch others do so from the step on.
Sessions::Taken Sessions::begin_step(const Take& take) {
  Taken taken;
  taken.token = objects_.announcements.begin();
  for (const auto& [ns, watches] : take.watches) {
    if (!objects_.link.part().has(ns)) continue;
    taken.watched.push_back({ns, watches, objects_.watchers.join_begins(ns, watches)});
  }
  return taken;
}

void Sessions::run_step(Script script, std::vector<std::string> arguments, Taken taken,
                        const OnTaken& on_taken) {
  const bool is_home = script == Script::kTakeHome;
  if (!is_home) arguments.push_back(taken.token);
  for (const Taken::Watched& watched : taken.watched) {
    arguments.insert(arguments.end(), {watched.ns, watched.marked});
  }
  objects_.link.run(
      script, Arguments(arguments.begin(), arguments.end()),
      [this, is_home, taken = std::move(taken), on_taken](const Reply* answer) mutable {
        if (has_answered(answer)) read_step(*answer, is_home, taken);
        if (taken.status != TakeStatus::kTaken) give_back(taken);
        on_taken(std::move(taken));
      });
}

void Sessions::give_back(const Taken& taken) {
  objects_.announcements.abandon(taken.token);
  end_watches(taken, false);
}

void Sessions::end_watches(const Taken& taken, bool are_marked) {
  for (const Taken::Watched& watched : taken.watched) {
    objects_.watchers.join_ended(watched.ns, watched.watches,
                                 are_marked ? &watched.marked : nullptr);
  }
}

void Sessions::read_step(const Reply& answer, bool with_copies, Taken& taken) const {
  taken.status = status_of(answer[0].text());
  if (taken.status != TakeStatus::kTaken) return;
  taken.alias = answer[1].text();
  taken.since_us = to_number<std::uint64_t>(answer[2].text()).value_or(0);
  taken.tokens = answer[3].text();
  taken.missed = to_number<std::uint64_t>(answer[4].text()).value_or(0);
  taken.away = answer[5].integer() == 1;
  if (with_copies) taken.copies = answer[6].text();
  for (std::size_t i = kFirstMembership + (with_copies ? 1 : 0);
       i + kMembershipFields <= answer.size(); i += kMembershipFields) {
    Taken::Membership member{std::string(answer[i].text()), std::string(answer[i + 1].text()),
                             std::string(answer[i + 2].text()),
                             to_number<std::uint64_t>(answer[i + 3].text()).value_or(1),
                             std::nullopt};
    const auto version = to_number<std::uint64_t>(answer[i + 4].text());
    const auto owner = from_hex(answer[i + 5].text());
    const auto max_size = to_number<std::uint32_t>(answer[i + 6].text());
    if (version && owner && max_size) {
      const peer::sdk::RoomState room{*owner, *max_size, std::string(answer[i + 7].text())};
      member.room =
          Mirror::Room{room,
                       *version,
                       std::string(answer[i + 8].text()),
                       {std::string(answer[i + 9].text()), std::string(answer[i + 10].text())}};
    }
    taken.memberships.push_back(std::move(member));
  }
}

bool enter_taken(Mirror& mirror, const Sessions::Take& take, const Sessions::Taken& taken,
                 TakeOutcome& outcome) {
  const Registered peer{take.what.peer.peer, take.what.number};
  outcome.status = TakeStatus::kTaken;
  outcome.holds_alias = !taken.alias.empty();
  outcome.missed = taken.missed;
  mirror.add_peer(peer, taken.alias, take.what.proved ? kProved : std::string_view());
  if (!mirror.is_live(peer)) return false;
  Mirror::Peer& entry = *mirror.find(peer.peer);
  entry.shared_since = static_cast<std::int64_t>(taken.since_us);
  entry.tokens = taken.tokens;
  entry.away = taken.away;
  return true;
}

void Sessions::enter_here(const Registered& peer, const Taken& taken, TakeOutcome& outcome) {
  Mirror& mirror = objects_.mirror;
  for (const Taken::Membership& membership : taken.memberships) {
    const std::string& ns = membership.ns;
    mirror.add_member(ns, peer, membership.object);
    mirror.mark_shared(ns, peer, membership.place);
    Mirror::Namespace& here = *mirror.find(ns);
    here.total = membership.total;
    outcome.memberships.push_back({ns, std::nullopt});
    if (membership.room) {
      here.room = membership.room;
      outcome.memberships.back().room = membership.room->state;
    }
    if (here.own == 1) {
      // Whom it knows of the others only Redis can say.
      here.elsewhere.reset();
      here.is_first = true;
      objects_.catch_up.compare_soon(ns);
    } else if (here.elsewhere) {
      here.elsewhere->erase(peer.peer);
    }
    objects_.counts.tell(ns, here);
  }
  for (const Taken::Watched& watched : taken.watched) {
    mirror.set_watches(watched.ns, peer, watched.watches);
  }
  end_watches(taken, true);
}

void Sessions::has_come_here(const Fingerprint& peer, const Taken& taken) {
  for (const Taken::Membership& membership : taken.memberships) {
    objects_.host.member_moved(membership.ns, peer, true,
                               membership.room ? &membership.room->state : nullptr);
  }
}

}  // namespace peer_redis
