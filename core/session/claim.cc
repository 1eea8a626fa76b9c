#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/protocol/message.h"
#include "core/session/away.h"
#include "core/session/membership.h"
#include "core/session/presence.h"
#include "core/session/registration.h"
#include "core/session/replies.h"
#include "core/session/resume.h"
#include "core/session/session_moves.h"
#include "core/session/session_record.h"

// A client resumes a session that another node has. In: its token; from the other node who the
// session is, and, later, what it has; from the broker that its registration is this node's. Out: a
// session that is away, as if it had always been here, and the client comes back to it.
//
// The session has its place here before the registration goes over, and keeps what comes for it
// from then on: that comes behind what the other node sends. In the namespaces it is marked as
// coming (Member::Move): what this node's members do reaches it here, what other nodes tell has
// reached it there, until the broker says that this node's turn has come.
namespace peer {
namespace {

// A claim is given up then. Clients try again.
constexpr milliseconds kMostForClaim{5'000};
// One step of it.
constexpr milliseconds kMostForStep{4'000};
constexpr milliseconds kPauseWhileBusy{20};
// The other node has let go of the session, and has yet to send what it has.
constexpr milliseconds kMostForRest{10'000};

constexpr std::string_view kUnavailable = "cluster unavailable";

ClaimName name_of(const Node& node, const LoopState& home, std::uint64_t number) {
  return {node.node_id, home.loop->index(), number};
}

void ask_cluster(Node& node, LoopState& home, std::uint64_t number);

// Nullopt: it has come to its end.
std::optional<Claim> take_claim(LoopState& home, std::uint64_t number) {
  if (home.moves == nullptr) return std::nullopt;
  const auto at = home.moves->claims.find(number);
  if (at == home.moves->claims.end()) return std::nullopt;
  Claim claim = std::move(at->second);
  home.moves->claims.erase(at);
  home.loop->cancel(claim.timeout);
  return claim;
}

// Under a new number: whatever is still said of the old one concerns nobody.
void ask_again(Node& node, LoopState& home, Claim claim) {
  home.loop->schedule(home.loop->now() + kPauseWhileBusy,
                      [&node, &home, claim = std::move(claim)]() mutable {
                        const std::uint64_t number = ++node.last_registration;
                        moves_of(home).claims.emplace(number, std::move(claim));
                        ask_cluster(node, home, number);
                      });
}

void conclude(Node& node, LoopState& home, std::uint64_t number, ClaimFate fate) {
  std::optional<Claim> claim = take_claim(home, number);
  Session* newcomer = claim ? session_of(claim->newcomer) : nullptr;
  if (newcomer == nullptr) return;
  switch (fate) {
    case ClaimFate::kNotFound:
      return refuse_resume(node, *newcomer);
    case ClaimFate::kTooOften:
      return refuse_too_often(node, *newcomer);
    case ClaimFate::kBusy:
      if (home.loop->now() < claim->ends) return ask_again(node, home, std::move(*claim));
      break;
    case ClaimFate::kUnavailable:
      break;
  }
  reply_error(*newcomer, newcomer->registration->id, 503, kUnavailable);
  newcomer->close(CloseCode::kTryAgainLater, kUnavailable);
}

void ask_cluster(Node& node, LoopState& home, std::uint64_t number) {
  Claim& claim = home.moves->claims.at(number);
  claim.timeout = home.loop->schedule(home.loop->now() + kMostForStep, [&node, &home, number] {
    conclude(node, home, number, ClaimFate::kUnavailable);
  });
  // A copy: the answer may come at once, and end the claim.
  const TokenHash token = claim.token;
  const std::string text = claim_text(name_of(node, home, number), token, claim.received);
  node.others.ask_session(*home.loop, token, text,
                          [&node, &home, number](sdk::SessionSearch search) {
                            if (search == sdk::SessionSearch::kNone) {
                              conclude(node, home, number, ClaimFate::kNotFound);
                            } else if (search == sdk::SessionSearch::kUnavailable) {
                              conclude(node, home, number, ClaimFate::kUnavailable);
                            }
                          });
}

std::unique_ptr<Rights> moved_rights(const Node& node, const MovingIdentity& identity) {
  if (!identity.patterns && !identity.rate && identity.may_create_rooms) return nullptr;
  auto rights = std::make_unique<Rights>();
  rights->namespaces = identity.patterns;
  rights->rate_per_second = identity.rate;
  rights->may_create_rooms = identity.may_create_rooms;
  rights->granted_by = &node.auths.front().calls.name();
  return rights;
}

std::unique_ptr<Session> make_session(Node& node, LoopState& home, const MovingIdentity& identity,
                                      std::uint64_t number) {
  auto session = std::make_unique<Session>(home);
  session->stage = Session::Stage::kRegistered;
  session->registration_number = number;
  session->fingerprint = identity.peer.peer;
  session->registered_at = identity.registered_at;
  session->alias = identity.alias;
  session->meta.merge(identity.meta);
  session->proved = identity.proved;
  session->has_identity = identity.has_identity;
  session->rights = moved_rights(node, identity);
  for (std::size_t i = 0; i < node.auths.size(); ++i) {
    if (node.auths[i].calls.name() != identity.auth) continue;
    session->auth_entry = static_cast<std::uint32_t>(i);
    if (session->rights != nullptr) session->rights->granted_by = &node.auths[i].calls.name();
  }
  session->admitted = true;
  session->resumable = std::make_unique<Resumable>();
  return session;
}

void enter_namespaces(Node& node, Session& session, const MovingIdentity& identity) {
  for (const MovingMembership& moving : identity.memberships) {
    const Joiner joiner{session.ref(), session.fingerprint, moving.object, {},
                        false,         moving.watches};
    const JoinResult entered = node.namespaces.come(
        moving.ns, joiner, moving.room ? &*moving.room : nullptr, identity.away);
    session.memberships.push_back({entered.ns, entered.joined, moving.app_type, moving.meta,
                                   moving.ticket_size, moving.watches});
    if (may_use_namespace(session, moving.ns)) {
      session.namespaces.insert(entered.ns);
    } else {
      node.namespaces.mute(*entered.ns, entered.joined, true);
    }
  }
}

// The session that is being made for a claim; null: it has ended meanwhile.
Session* find_arriving(LoopState& home, SessionRef ref, std::uint64_t number) {
  if (home.moves == nullptr) return nullptr;
  const auto at = home.moves->arrivals.find(ref.slot);
  if (at == home.moves->arrivals.end() || at->second.number != number) return nullptr;
  return find_session(*home.loop, ref);
}

// It does not come, and nobody has heard of it.
void discard(Node& node, LoopState& home, SessionRef ref, std::uint64_t number) {
  Session* session = find_arriving(home, ref, number);
  if (session == nullptr) return;
  for (const Membership& membership : std::exchange(session->memberships, {})) {
    node.namespaces.release(*membership.ns, membership.joined, session->fingerprint);
  }
  session->stage = Session::Stage::kGone;
  release_resumable(node, *session);
  static_cast<void>(node.peers.remove(session->fingerprint, ref, false));
  home.loop->forget(ref);
}

// The broker has said before which of its memberships it still has.
void settle(Node& node, LoopState& home, SessionRef ref, std::uint64_t number,
            const sdk::TakeOutcome& outcome) {
  Session* session = find_arriving(home, ref, number);
  if (session == nullptr) return;
  for (std::size_t i = session->memberships.size(); i-- > 0;) {
    const Membership membership = session->memberships[i];
    const auto taken = std::find_if(outcome.memberships.begin(), outcome.memberships.end(),
                                    [&](const auto& its) { return its.ns == membership.ns->name; });
    if (taken != outcome.memberships.end()) {
      std::optional<Room> room;
      if (taken->room) room = node.rooms.known(taken->ns, *taken->room);
      node.namespaces.end_move(*membership.ns, membership.joined, room);
      continue;
    }
    session->namespaces.erase(membership.ns);
    session->memberships.erase(session->memberships.begin() + static_cast<std::ptrdiff_t>(i));
    node.namespaces.release(*membership.ns, membership.joined, session->fingerprint);
  }
}

void take_outcome(Node& node, LoopState& home, SessionRef ref, const ClaimName& to,
                  const Fingerprint& peer, sdk::TakeOutcome outcome) {
  Session* session = find_arriving(home, ref, to.number);
  if (outcome.status == sdk::TakeStatus::kTaken) {
    // It has ended here meanwhile.
    if (session == nullptr) return node.others.unregister_peer({peer, to.number});
    session->holds_alias = outcome.holds_alias && node.peers.claim_alias(session->alias, peer);
    // What the broker has told before is carried out by the loops first: the peer has heard it
    // where it was.
    after_all_loops(
        node, *home.loop,
        [&node, &home, ref, number = to.number, outcome = std::move(outcome)]() mutable {
          settle(node, home, ref, number, outcome);
          outcome.hold.reset();
        });
    return;
  }
  discard(node, home, ref, to.number);
  say(node, to.node, MoveStep::kCancel, to.loop, to.number, bytes_of(peer));
  switch (outcome.status) {
    case sdk::TakeStatus::kTooOften:
      return conclude(node, home, to.number, ClaimFate::kTooOften);
    case sdk::TakeStatus::kGone:  // it has ended, or another node has it by now
      return conclude(node, home, to.number, ClaimFate::kBusy);
    case sdk::TakeStatus::kTaken:
    case sdk::TakeStatus::kUnavailable:
      return conclude(node, home, to.number, ClaimFate::kUnavailable);
  }
}

// Behind what the other node has sent comes what has come here.
void add_rest(Node& node, Session& session, MovingRest rest) {
  Resumable& state = *session.resumable;
  Away& away = *state.away;
  const Time now = session.loop().now();
  KeptFrames kept;
  std::size_t bytes = state.bytes;
  const std::size_t waits = std::min<std::size_t>(rest.waiting, rest.kept.size());
  for (std::size_t i = 0; i < rest.kept.size(); ++i) {
    const std::size_t size = rest.kept[i].size();
    bytes += size;
    if (i + waits >= rest.kept.size()) away.waiting_bytes += size;
    kept.push(std::move(rest.kept[i]));
  }
  away.waiting += static_cast<std::uint32_t>(waits);
  for (std::uint32_t i = 0; i < state.kept.count(); ++i) kept.push(state.kept.at(i));
  state.kept = std::move(kept);
  session.messages = rest.messages;
  state.handled = rest.handled;
  state.sent += rest.sent;
  state.lost += rest.lost;
  session.limited_in_a_row = rest.limited_in_a_row;
  node.resumes.remove(state.token);
  state.token = rest.token;
  // Of two tokens with the same first 64 bits one leads nowhere: nobody has ever seen two.
  static_cast<void>(node.resumes.add(state.token, session.ref()));
  if (rest.used) {
    state.used = std::make_unique<UsedToken>(*rest.used);
    static_cast<void>(node.resumes.add(state.used->hash, session.ref()));
  }
  state.ends = now + rest.ends;
  away.window_ends = now + rest.window;
  away.grant_ends = rest.grant ? now + *rest.grant : kNever;
  session.home().kept.change(state, bytes);
  if (rest.rate) node.limiter.put_in(session.fingerprint, *rest.rate, now);
  session.fanout = TokenBucket(rest.fanout, now);
}

// As NodeHost reads tickets of other nodes.
void add_ticket(Node& node, Session& session, MovingTicketOf moving) {
  std::string text = moving.ticket.text;
  text.resize(text.size() + kReadPadding);
  MessageParser& parser = session.home().parser;
  Message message;
  MatchRequest request;
  const std::string_view payload = std::string_view(text).substr(0, moving.ticket.text.size());
  const bool sound = !parser.parse_payload(payload, message) &&
                     !parser.read(message, node.bounds(), request) && request.ns == moving.ns;
  if (!sound || session.find(moving.ns) == nullptr) return;
  const TicketOwner owner{session.fingerprint, session.ref(), {}, moving.ticket.shows_ticket};
  node.matching->put_in(session.loop(), moving.ns, owner, std::move(moving.ticket),
                        std::move(request));
}

}  // namespace

void claim_session(Node& node, Session& newcomer, const TokenHash& token, std::uint64_t received) {
  LoopState& home = newcomer.home();
  const std::uint64_t number = ++node.last_registration;
  moves_of(home).claims.emplace(
      number, Claim{newcomer.hold(), token, received, home.loop->now() + kMostForClaim, {}});
  ask_cluster(node, home, number);
}

void take_refusal(Node& node, LoopState& home, std::uint64_t number, ClaimFate fate) {
  conclude(node, home, number, fate);
}

void take_offer(Node& node, LoopState& home, const ClaimName& from, std::string_view bytes) {
  const std::optional<MovingIdentity> identity = read_identity(bytes);
  if (!identity) return;
  const auto refuse = [&](ClaimFate fate) {
    say(node, from.node, MoveStep::kCancel, from.loop, from.number, bytes_of(identity->peer.peer));
    conclude(node, home, from.number, fate);
  };
  if (home.moves == nullptr || node.stopping) return refuse(ClaimFate::kUnavailable);
  const auto claim = home.moves->claims.find(from.number);
  if (claim == home.moves->claims.end()) return refuse(ClaimFate::kUnavailable);

  std::unique_ptr<Session> made = make_session(node, home, *identity, from.number);
  Session& session = *made;
  Resumable& state = *session.resumable;
  state.session = home.loop->add_detached(std::move(made));
  const SessionRef ref = state.session;
  if (node.peers.admit(session.fingerprint, ref, {}).admission !=
      PeerDirectory::Admission::kAdmitted) {
    home.loop->forget(ref);
    return refuse(ClaimFate::kUnavailable);
  }
  home.kept.enter(state);
  home.kept.heard(state, home.loop->now());
  node.resumes.resumable.fetch_add(1, std::memory_order_relaxed);
  // Who else wants it meanwhile finds it here, and waits.
  state.token = claim->second.token;
  static_cast<void>(node.resumes.add(state.token, ref));
  state.ends = kNever;
  home.moves->arrivals.insert_or_assign(std::uint32_t{ref.slot}, Arriving{ref, from.number});
  enter_namespaces(node, session, *identity);
  begin_away(node, session, std::make_unique<Away>(), Told::kNobody);
  state.away->window_ends = home.loop->now() + kMostForRest;
  await_end(node, session);
  // What the members here have done by now without the newcomer has been told to the broker before
  // the step that follows.
  after_all_loops(node, *home.loop,
                  [&node, &home, ref, from, peer = identity->peer,
                   takes_over = identity->takes_over, proved = identity->proved] {
                    if (find_arriving(home, ref, from.number) == nullptr) return;
                    const sdk::PeerTake take{peer, from.node, from.number, proved, takes_over};
                    node.others.take_peer(
                        *home.loop, take,
                        [&node, &home, ref, from, peer = peer.peer](sdk::TakeOutcome outcome) {
                          take_outcome(node, home, ref, from, peer, std::move(outcome));
                        });
                  });
}

void take_rest(Node& node, LoopState& home, std::uint64_t number, std::string_view bytes) {
  if (home.moves == nullptr) return;
  const auto at =
      std::find_if(home.moves->arrivals.begin(), home.moves->arrivals.end(),
                   [&](const auto& arrival) { return arrival.second.number == number; });
  std::optional<MovingRest> rest = read_rest(bytes);
  if (at == home.moves->arrivals.end() || !rest) return;
  const SessionRef ref = at->second.session;
  Session* session = find_session(*home.loop, ref);
  home.moves->arrivals.erase(at);
  if (session == nullptr) return;
  home.loop->deliver_mail();
  std::vector<MovingTicketOf> tickets = std::move(rest->tickets);
  add_rest(node, *session, std::move(*rest));
  for (MovingTicketOf& ticket : tickets) add_ticket(node, *session, std::move(ticket));
  await_end(node, *session);
  std::optional<Claim> claim = take_claim(home, number);
  if (!claim || session_of(claim->newcomer) == nullptr) return tell_presence(node, *session, true);
  move_newcomer(node, std::move(claim->newcomer), ref, claim->token, claim->received);
}

}  // namespace peer
