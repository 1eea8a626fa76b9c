#include "core/session/departure.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/packed_bytes.h"
#include "core/session/away.h"
#include "core/session/membership.h"
#include "core/session/parking_queue.h"
#include "core/session/presence.h"
#include "core/session/replies.h"
#include "core/session/resume.h"
#include "core/session/session_record.h"

// A session of this node that a client resumes at another one. In: the claim of that node, and,
// from the broker, that the registration has gone over. Out: who the session is, for the other node
// to make a place for it; then what it has; and it ends here, unheard.
//
// Nothing may reach the peer twice, or not at all. What comes to the peer alone goes where it is
// registered, and this node passes on what comes late. What all members of a namespace are told
// comes from other nodes in one order, in which the step to the other node has its place. But what
// the members of this node do they are told at once, and other nodes by the broker, maybe behind
// that step. So its memberships are marked before (Member::Move): from then on whoever does
// something tells the broker that this member knows.
namespace peer {
namespace {

// The other node asks the broker at once, which has 2 s.
constexpr milliseconds kOfferStands{5'000};
// What is asked of others is answered within 2 s; the client may ask again.
constexpr milliseconds kMostForAnswers{1'500};
constexpr milliseconds kPauseForAnswers{3};

Departure* find_departure(LoopState& home, SessionRef session) {
  if (home.moves == nullptr) return nullptr;
  const auto at = home.moves->departures.find(session.slot);
  return at == home.moves->departures.end() ? nullptr : &at->second;
}

// The session, if it still departs to there.
Session* find_departing(LoopState& home, SessionRef ref, std::uint64_t number) {
  Session* session = find_session(*home.loop, ref);
  const Departure* departure = session == nullptr ? nullptr : find_departure(home, ref);
  return departure != nullptr && departure->to.number == number ? session : nullptr;
}

void stay(Node& node, LoopState& home, Session& session, ClaimFate fate) {
  const Departure departure = std::move(home.moves->departures.at(session.ref().slot));
  home.moves->departures.erase(session.ref().slot);
  home.loop->cancel(departure.timeout);
  for (const Membership& membership : session.memberships) {
    node.namespaces.end_move(*membership.ns, membership.joined, std::nullopt);
  }
  // The connection that carried it has ended for this.
  if (!departure.told_away) tell_presence(node, session, true);
  await_end(node, session);
  if (!departure.to.node.empty()) refuse_claim(node, departure.to, fate);
  home.loop->deliver_mail();
  if (node.stopping) park(session);
}

MovingIdentity identity_of(Node& node, const Session& session, bool told_away) {
  MovingIdentity identity;
  identity.peer = session.registered();
  identity.registered_at = session.registered_at;
  identity.alias = session.alias().view();
  identity.meta = session.meta.empty() ? std::string() : session.meta.to_json();
  identity.proved = session.proved;
  identity.has_identity = session.has_identity;
  identity.takes_over = !told_away;
  identity.away = told_away;
  identity.auth = node.auths[session.auth_entry].calls.name();
  if (const Rights* rights = session.rights.get()) {
    identity.patterns = rights->namespaces;
    identity.rate = rights->rate_per_second;
    identity.may_create_rooms = rights->may_create_rooms;
  }
  const Inheritance counted = node.peers.replacements_of(session.fingerprint);
  identity.replacements = counted.replacements;
  if (counted.replacements > 0) {
    identity.replacements_age =
        std::chrono::duration_cast<milliseconds>(session.loop().now() - counted.since);
  }
  for (const Membership& membership : session.memberships) {
    MovingMembership moving;
    moving.ns = membership.ns->name;
    moving.app_type = membership.app_type;
    moving.meta = membership.meta;
    moving.object = peer_object(session, membership.app_type, membership.meta);
    moving.ticket_size = membership.ticket_size;
    moving.watches = membership.watches;
    if (const auto room = node.namespaces.room(moving.ns)) moving.room = room->room;
    identity.memberships.push_back(std::move(moving));
  }
  return identity;
}

// Nobody is there to take the step: this node does.
void ask_to_park(Node& node, LoopState& home, Session& session, Departure& departure) {
  departure.identity = packed(identity_of(node, session, departure.told_away));
  node.others.park_peer(
      *home.loop, session.registered(),
      [&node, &home, ref = session.ref(), peer = session.registered()](sdk::ParkOutcome outcome) {
        Session* there = find_departing(home, ref, peer.registration);
        if (there == nullptr) return;
        if (!outcome.parked) {
          return stay(node, home, *there, ClaimFate::kUnavailable);
        }
        complete_departure(node, home, ref, peer, std::move(outcome.hold));
      });
}

void offer(Node& node, LoopState& home, SessionRef ref, std::uint64_t number) {
  Session* session = find_departing(home, ref, number);
  if (session == nullptr) return;
  Departure& departure = *find_departure(home, ref);
  if (departure.to.node.empty()) return ask_to_park(node, home, *session, departure);
  say(node, departure.to.node, MoveStep::kOffer, departure.to.loop, number,
      packed(identity_of(node, *session, departure.told_away)));
}

// What the members here have done until now is told before the step that follows.
void await_said(Node& node, LoopState& home, SessionRef ref, std::uint64_t number) {
  const Session* session = find_departing(home, ref, number);
  if (session == nullptr) return;
  node.others.await_sent(*home.loop, session->fingerprint, [&node, &home, ref, number](bool sent) {
    if (sent) return offer(node, home, ref, number);
    // Some of it would come to the other node behind the step, and be told twice.
    Session* there = find_departing(home, ref, number);
    if (there != nullptr) stay(node, home, *there, ClaimFate::kBusy);
  });
}

// Answers that are due come first: the client has been told that their messages were handled.
void await_answers(Node& node, LoopState& home, SessionRef ref, std::uint64_t number, Time until) {
  Session* session = find_departing(home, ref, number);
  if (session == nullptr) return;
  if (home.loop->pauses(ref) == 0 && session->resumable->unanswered == 0) {
    // What it has changed itself it can change no more, and where it goes nobody knows of that.
    tell_waiting_changes(node, *session);
    for (const Membership& membership : session->memberships) {
      node.namespaces.begin_move(*membership.ns, membership.joined);
    }
    return after_all_loops(node, *home.loop,
                           [&node, &home, ref, number] { await_said(node, home, ref, number); });
  }
  if (home.loop->now() >= until) return stay(node, home, *session, ClaimFate::kBusy);
  home.loop->schedule(home.loop->now() + kPauseForAnswers, [&node, &home, ref, number, until] {
    await_answers(node, home, ref, number, until);
  });
}

MovingRest rest_of(Session& session, std::vector<MovingTicketOf> tickets) {
  const Resumable& state = *session.resumable;
  const Away& away = *state.away;
  const Time now = session.loop().now();
  MovingRest rest;
  rest.messages = session.messages;
  rest.handled = state.handled;
  rest.sent = state.sent;
  rest.lost = state.lost;
  rest.limited_in_a_row = session.limited_in_a_row;
  rest.token = state.token;
  if (state.used != nullptr) rest.used = *state.used;
  rest.ends = state.ends - now;
  rest.window = away.window_ends - now;
  if (away.grant_ends != kNever) rest.grant = away.grant_ends - now;
  rest.address = away.address;
  rest.waiting = away.waiting;
  for (std::uint32_t i = 0; i < state.kept.count(); ++i) rest.kept.push_back(state.kept.at(i));
  rest.handed_out = state.kept.handed_out();
  rest.rate = session.tokens.level(now);
  rest.fanout = session.fanout ? session.fanout->level(now) : TokenBucket().level(now);
  rest.tickets = std::move(tickets);
  return rest;
}

void keep_parked(Node& node, LoopState& home, const Session& session, const std::string& identity,
                 const std::string& rest) {
  PackedWriter record;
  record.text(identity).text(rest);
  const auto left = std::max(
      std::chrono::duration_cast<milliseconds>(ends_at(*session.resumable) - home.loop->now()),
      milliseconds(0));
  node.others.keep_parked(*home.loop, session.registered(), record.take(), left, [](bool) {});
}

// The last that has been sent to it here has come.
void give(Node& node, LoopState& home, SessionRef ref, std::uint64_t number) {
  Session* session = find_departing(home, ref, number);
  if (session == nullptr) return;
  home.loop->deliver_mail();
  Departure& departure = *find_departure(home, ref);
  const ClaimName to = departure.to;
  const std::string rest = packed(rest_of(*session, std::move(departure.tickets)));
  if (to.node.empty()) {
    keep_parked(node, home, *session, departure.identity, rest);
  } else {
    say(node, to.node, MoveStep::kRest, to.loop, to.number, rest);
  }
  if (log_debug_enabled()) {
    log_debug("resumed at another node",
              {{"peer", to_hex(session->fingerprint)}, {"node", to.node}});
  }
  session->stage = Session::Stage::kGone;
  release_resumable(node, *session);
  home.loop->forget(ref);
}

// What the peer has said here is on its way before what it says there.
void await_sent(Node& node, LoopState& home, SessionRef ref, std::uint64_t number) {
  const Session* session = find_departing(home, ref, number);
  if (session == nullptr) return;
  node.others.await_sent(*home.loop, session->fingerprint,
                         [&node, &home, ref, number](bool) { give(node, home, ref, number); });
}

// Its place is at the other node now; nobody is told.
void leave_hub(Node& node, Session& session, Departure& departure) {
  for (const Membership& membership : session.memberships) {
    forget_changes(session, *membership.ns);
    if (membership.ticket_size == 0) continue;
    const std::string& ns = membership.ns->name;
    auto ticket = node.matching->take_out(session.loop(), ns, session.fingerprint);
    if (ticket) departure.tickets.push_back({ns, std::move(*ticket)});
  }
  release_memberships(node, session);
  session.admitted = false;  // the broker knows
  if (session.holds_alias) node.peers.free_alias(session.alias());
  static_cast<void>(node.peers.remove(session.fingerprint, session.ref(), false));
}

// The session is away. It stays, should nobody take it in time.
void set_off(Node& node, LoopState& home, Session& session, const ClaimName& to, bool told_away) {
  const SessionRef ref = session.ref();
  const std::uint64_t number = to.number;
  home.loop->cancel(session.resumable->away->end);  // its time runs on where it goes
  const TimerId timeout =
      home.loop->schedule(home.loop->now() + kOfferStands, [&node, &home, ref, number] {
        Session* there = find_departing(home, ref, number);
        if (there != nullptr) stay(node, home, *there, ClaimFate::kUnavailable);
      });
  moves_of(home).departures.insert_or_assign(std::uint32_t{ref.slot},
                                             Departure{to, told_away, false, timeout, {}});
  await_answers(node, home, ref, number, home.loop->now() + kMostForAnswers);
}

}  // namespace

void begin_departure(Node& node, LoopState& home, SessionRef ref, const ClaimName& to,
                     const TokenHash& token, std::uint64_t received) {
  Session* session = find_session(*home.loop, ref);
  if (session != nullptr && is_moving(home, ref)) return refuse_claim(node, to, ClaimFate::kBusy);
  if (!may_be_resumed(session, token, received)) {
    return refuse_claim(node, to, ClaimFate::kNotFound);
  }
  const bool told_away = session->is_away();
  if (!told_away) {
    if (!node.peers.count_replacement(session->fingerprint, home.loop->now())) {
      return refuse_claim(node, to, ClaimFate::kTooOften);
    }
    begin_away(node, *session, replace_transport(*session), Told::kNobody);
  }
  set_off(node, home, *session, to, told_away);
}

void begin_parking_departure(Node& node, LoopState& home, Session& session) {
  set_off(node, home, session, {{}, 0, session.registration_number}, true);
}

void cancel_departure(Node& node, LoopState& home, SessionRef ref, const ClaimName& to) {
  Session* session = find_departing(home, ref, to.number);
  if (session == nullptr || find_departure(home, ref)->to.node != to.node) return;
  if (find_departure(home, ref)->given) return;
  stay(node, home, *session, ClaimFate::kUnavailable);
}

void take_heard(LoopState& home, SessionRef ref, const ClaimName& to,
                std::span<const FrameRef> frames) {
  Session* session = find_departing(home, ref, to.number);
  if (session == nullptr) return;
  const Departure& departure = *find_departure(home, ref);
  if (departure.to.node != to.node || departure.given) return;
  // Here it comes behind what was sent by others meanwhile: only each sender's order counts.
  for (const FrameRef& frame : frames) static_cast<void>(session->send(frame));
}

void complete_departure(Node& node, LoopState& home, SessionRef ref, const sdk::Registered& peer,
                        std::shared_ptr<void> hold) {
  Session* session = find_session(*home.loop, ref);
  if (session == nullptr || !session->admitted || session->registered() != peer) return;
  Departure* departure = find_departure(home, ref);
  if (departure == nullptr) {
    // The other node has taken it after this one had given up waiting for that.
    end_session(node, *session, Ending::kGone);
    return session->close(CloseCode::kReplaced, "replaced by a newer connection");
  }
  home.loop->cancel(departure->timeout);
  departure->given = true;
  // What the broker has told before is carried out by the loops first: it is for the peer here.
  after_all_loops(
      node, *home.loop,
      [&node, &home, ref, number = departure->to.number, hold = std::move(hold)]() mutable {
        Session* there = find_departing(home, ref, number);
        if (there != nullptr) leave_hub(node, *there, *find_departure(home, ref));
        hold.reset();
        // Other loops may have found it in the hub before that.
        after_all_loops(node, *home.loop,
                        [&node, &home, ref, number] { await_sent(node, home, ref, number); });
      });
}

}  // namespace peer
