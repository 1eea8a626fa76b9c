#include "sessions.h"

#include <utility>

#include "on_error.h"

// A session goes from the node that has it to the one at which its client resumes it. In come the
// steps of the two cores, and what the other node says. Out go envelopes, and lua/take_peer.lua:
// from that step on the registration is the caller's. Its place in the streams of both nodes is
// marked, there by an envelope, here by an announcement, as that of a join is; at its place each
// core is told with a hold.
namespace peer_redis {

using peer::sdk::ParkedSession;
using peer::sdk::ParkOutcome;
using peer::sdk::SessionSearch;
using peer::sdk::TakeOutcome;
using peer::sdk::TakeStatus;

namespace {

// As lua/common.lua names no node.
constexpr const char* kNobody = "parked";
constexpr std::size_t kFirstMembership = 6;
constexpr std::size_t kMembershipFields = 11;
/// Below the core's patience, which is 2 s.
constexpr std::chrono::milliseconds kMostForSent{1'800};
constexpr std::chrono::milliseconds kPauseForSent{2};
constexpr std::chrono::milliseconds kMostForClear{1'000};

TakeStatus status_of(std::string_view text) {
  if (text == "taken") return TakeStatus::kTaken;
  if (text == "gone") return TakeStatus::kGone;
  if (text == "too_often") return TakeStatus::kTooOften;
  return TakeStatus::kUnavailable;
}

SessionSearch search_of(std::string_view text) {
  if (text == "asked") return SessionSearch::kAsked;
  if (text == "parked") return SessionSearch::kParked;
  return text == "none" ? SessionSearch::kNone : SessionSearch::kUnavailable;
}

}  // namespace

TakeOutcome outcome_of(TakeStatus status) {
  TakeOutcome outcome;
  outcome.status = status;
  return outcome;
}

std::string tokens_text(std::span<const peer::sdk::SessionToken> tokens) {
  std::string text;
  for (const peer::sdk::SessionToken& token : tokens) text += to_hex(token) + '|';
  return text;
}

void Sessions::set_tokens(const Registered& peer, const std::string& tokens,
                          const ReplyTo<bool>& reply) {
  if (!objects_.mirror.is_live(peer)) return reply(false);
  if (objects_.link.part().is_only()) objects_.mirror.find(peer.peer)->tokens = tokens;
  if (!objects_.state.is_connected()) {
    objects_.resync.mark_dirty(peer.peer);
    return reply(false);
  }
  std::vector<std::string> arguments{to_hex(peer.peer), std::to_string(peer.registration), tokens};
  for (std::string& text : objects_.copies.arguments(peer)) arguments.push_back(std::move(text));
  objects_.link.run(Script::kSetTokens, Arguments(arguments.begin(), arguments.end()),
                    [this, reply](const Reply* answer) {
                      or_give_up(objects_.link)(answer);
                      // Not where it has gone over to another node, of which this one will hear: a
                      // resync would take it for replaced.
                      reply(says_yes(answer));
                    });
}

std::string Sessions::saying(std::string_view text) const {
  return envelope('I', {objects_.self, text});
}

void Sessions::ask(const std::string& token, const std::string& text,
                   const ReplyTo<SessionSearch>& reply) {
  if (!objects_.state.is_connected()) return reply(SessionSearch::kUnavailable);
  objects_.link.run(Script::kAskSession, {token, saying(text)}, [reply](const Reply* answer) {
    const bool known = has_answered(answer);
    reply(known ? search_of(answer->text()) : SessionSearch::kUnavailable);
  });
}

void Sessions::tell_node(const std::string& node, const std::string& text) {
  objects_.link.publish_to_node(node, saying(text), [](const Reply*) {});
}

void Sessions::ask_any(std::uint64_t number, const std::string& text,
                       const ReplyTo<SessionSearch>& reply) {
  if (!objects_.state.is_connected()) return reply(SessionSearch::kUnavailable);
  // Its last digits are enough to tell nodes apart, and Lua has no more than 2^53.
  const std::string choice = std::to_string(number % 1'000'000);
  objects_.link.run(Script::kAskNode, {choice, saying(text)}, [reply](const Reply* answer) {
    const bool known = has_answered(answer);
    reply(known ? search_of(answer->text()) : SessionSearch::kUnavailable);
  });
}

void Sessions::await_sent(const Fingerprint& peer, const ReplyTo<bool>& reply) {
  look_for_sent(peer, {Clock::now() + kMostForSent, objects_.router.last_held()}, reply);
}

void Sessions::look_for_sent(const Fingerprint& peer, Patience patience,
                             const ReplyTo<bool>& reply) {
  // A broadcast that waits was heard by the members here, and must be on its way before one of them
  // goes.
  if (!objects_.router.holds_back(peer) && !objects_.router.holds_broadcasts(patience.last_held)) {
    return check_sent(peer, patience, reply);
  }
  if (Clock::now() >= patience.until) return reply(false);
  objects_.loop.run_at(Clock::now() + kPauseForSent,
                       [this, peer, patience, reply] { look_for_sent(peer, patience, reply); });
}

// What it has said by a route that has become wrong is passed on before it speaks elsewhere.
void Sessions::check_sent(const Fingerprint& peer, Patience patience, const ReplyTo<bool>& reply) {
  std::vector<Router::Sent> sent = objects_.router.begin_check(peer);
  if (sent.empty()) return reply(true);
  std::vector<std::string> arguments;
  for (const Router::Sent& item : sent) {
    arguments.push_back(to_hex(item.to));
    arguments.push_back(*item.node);
  }
  objects_.link.run(
      Script::kMoved, Arguments(arguments.begin(), arguments.end()),
      [this, peer, patience, reply, sent = std::move(sent)](const Reply* answer) {
        if (!has_answered(answer) || answer->size() == 0) {
          objects_.router.end_check(peer);
          return reply(has_answered(answer));
        }
        std::vector<Router::Sent> moved;
        for (std::size_t i = 0; i < answer->size(); ++i) {
          const auto index = static_cast<std::size_t>((*answer)[i].integer());
          if (index < sent.size()) moved.push_back(sent[index]);
        }
        objects_.router.await_passed_on(
            peer, moved, {},
            [this, peer, patience, reply](Router::Place) { look_for_sent(peer, patience, reply); },
            [reply] { reply(false); });
      });
}

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
    objects_.loop.run_at(Clock::now() + kPauseForSent,
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

void Sessions::note_copies(const Registered& peer, const std::string& copies,
                           const ReplyTo<bool>& reply) {
  objects_.link.run(Script::kNoteCopies,
                    {to_hex(peer.peer), std::to_string(peer.registration), copies},
                    [reply](const Reply* answer) { reply(says_yes(answer)); });
}

// Redis answers in the order in which it is asked.
void Sessions::await_done(const ReplyTo<bool>& reply) {
  objects_.link.run(Script::kMoved, {},
                    [reply](const Reply* answer) { reply(has_answered(answer)); });
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

bool Sessions::take_saying(const Fields& fields) {
  if (fields.size() < 3 || fields[1].size() > 64) return false;
  objects_.host.node_says(fields[1], fields[2]);
  return true;
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
