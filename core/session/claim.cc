#include "core/session/claim.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/protocol/message.h"
#include "core/session/adoption.h"
#include "core/session/arrival.h"
#include "core/session/away.h"
#include "core/session/membership.h"
#include "core/session/parking_queue.h"
#include "core/session/presence.h"
#include "core/session/replies.h"
#include "core/session/resume.h"
#include "core/session/session_record.h"
#include "core/session/turned_away.h"

// A client resumes a session that another node has. In: its token; from the other node who the
// session is, and, later, what it has; from the broker that its registration is this node's. Out: a
// session that is away, as if it had always been here, and the client comes back to it. Without a
// client, a node takes what a node that stops asks it to take, and what is parked (adoption.cc).
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
// Each attempt costs both nodes and the broker as much as a step of a move: of hundreds that wait
// while nodes stop, none may keep those up that are under way.
constexpr milliseconds kLongestPause{320};
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
  const milliseconds pause = claim.pause;
  claim.pause = std::min(pause * 2, kLongestPause);
  home.loop->schedule(home.loop->now() + pause, [&node, &home, claim = std::move(claim)]() mutable {
    const std::uint64_t number = ++node.last_registration;
    moves_of(home).claims.emplace(number, std::move(claim));
    ask_cluster(node, home, number);
  });
}

void conclude(Node& node, LoopState& home, std::uint64_t number, ClaimFate fate) {
  std::optional<Claim> claim = take_claim(home, number);
  if (!claim) return;
  if (claim->rest != nullptr) return adopt_next(node);
  // Without a client the other node asks elsewhere.
  Session* newcomer = claim->newcomer ? session_of(claim->newcomer) : nullptr;
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
                            } else if (search == sdk::SessionSearch::kParked) {
                              adopt_parked(node);
                              conclude(node, home, number, ClaimFate::kBusy);
                            }
                          });
}

// What is made for the claim with that number, whichever session it is.
Arriving* arrival_of_claim(LoopState& home, std::uint64_t number) {
  if (home.moves == nullptr) return nullptr;
  auto& arrivals = home.moves->arrivals;
  const auto at = std::find_if(arrivals.begin(), arrivals.end(), [&](const auto& arrival) {
    return arrival.second.number == number;
  });
  return at == arrivals.end() ? nullptr : &at->second;
}

// That session, if it is still made for the claim; null: it has ended meanwhile.
Session* arriving_session(LoopState& home, SessionRef ref, std::uint64_t number) {
  if (home.moves == nullptr) return nullptr;
  const auto at = home.moves->arrivals.find(ref.slot);
  if (at == home.moves->arrivals.end() || at->second.number != number) return nullptr;
  return find_session(*home.loop, ref);
}

// It does not come, and stays where it is: nobody finds it here any more.
void leave_hub(Node& node, LoopState& home, SessionRef ref, std::uint64_t number) {
  Session* session = arriving_session(home, ref, number);
  if (session == nullptr) return;
  release_memberships(node, *session);
  static_cast<void>(node.peers.remove(session->fingerprint, ref, false));
}

// What it has been sent here was not sent to it there.
void discard(Node& node, LoopState& home, SessionRef ref, const ClaimName& to) {
  home.loop->deliver_mail();
  Session* session = arriving_session(home, ref, to.number);
  if (session == nullptr) return;
  HeardMeanwhile heard{session->fingerprint, {}};
  const KeptFrames& kept = session->resumable->kept;
  for (std::uint32_t i = 0; i < kept.count(); ++i) heard.frames.push_back(kept.at(i));
  if (!heard.frames.empty()) {
    say(node, to.node, MoveStep::kHeard, to.loop, to.number, packed(heard));
  }
  session->stage = Session::Stage::kGone;
  release_resumable(node, *session);
  home.loop->forget(ref);
}

void conclude_take(Node& node, LoopState& home, std::uint64_t number, sdk::TakeStatus status) {
  switch (status) {
    case sdk::TakeStatus::kTooOften:
      return conclude(node, home, number, ClaimFate::kTooOften);
    case sdk::TakeStatus::kGone:  // it has ended, or another node has it by now
      return conclude(node, home, number, ClaimFate::kBusy);
    case sdk::TakeStatus::kTaken:
    case sdk::TakeStatus::kUnavailable:
      return conclude(node, home, number, ClaimFate::kUnavailable);
  }
}

// The broker has said before which of its memberships it still has.
void settle(Node& node, LoopState& home, SessionRef ref, std::uint64_t number,
            const sdk::TakeOutcome& outcome) {
  Session* session = arriving_session(home, ref, number);
  if (session == nullptr) return;
  home.moves->arrivals.at(ref.slot).is_settled = true;
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

void take_moving_rest(Node& node, LoopState& home, std::uint64_t number, MovingRest rest);

void take_rest_that_waits(Node& node, LoopState& home, std::uint64_t number) {
  const Arriving* arrival = arrival_of_claim(home, number);
  if (arrival == nullptr || arrival->rest == nullptr) return;
  take_moving_rest(node, home, number, std::move(*arrival->rest));
}

// A parked one has been given with all that it has.
void take_rest_of_parked(Node& node, LoopState& home, std::uint64_t number) {
  const auto claim = home.moves->claims.find(number);
  if (claim == home.moves->claims.end() || claim->second.rest == nullptr) return;
  take_moving_rest(node, home, number, std::move(*claim->second.rest));
}

void take_outcome(Node& node, LoopState& home, SessionRef ref, const ClaimName& to,
                  const Fingerprint& peer, sdk::TakeOutcome outcome) {
  Session* session = arriving_session(home, ref, to.number);
  if (outcome.status == sdk::TakeStatus::kTaken) {
    if (session != nullptr) {
      session->resumable->lost += static_cast<std::uint32_t>(outcome.missed);
    }
    // It has ended here meanwhile.
    if (session == nullptr) return node.others.unregister_peer({peer, to.number});
    session->holds_alias = outcome.holds_alias && node.peers.claim_alias(session->alias(), peer);
    // What the broker has told before is carried out by the loops first: the peer has heard it
    // where it was.
    after_all_loops(
        node, *home.loop,
        [&node, &home, ref, number = to.number, outcome = std::move(outcome)]() mutable {
          settle(node, home, ref, number, outcome);
          outcome.hold.reset();
          take_rest_of_parked(node, home, number);
          take_rest_that_waits(node, home, number);
        });
    return;
  }
  leave_hub(node, home, ref, to.number);
  // Other loops may have found it in the hub before that.
  after_all_loops(node, *home.loop, [&node, &home, ref, to, peer, status = outcome.status] {
    discard(node, home, ref, to);
    say(node, to.node, MoveStep::kCancel, to.loop, to.number, bytes_of(peer));
    conclude_take(node, home, to.number, status);
  });
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
  const Inheritance counted{false, home.loop->now() - identity->replacements_age,
                            identity->replacements};
  if (node.peers.admit(session.fingerprint, ref, counted).admission !=
      PeerDirectory::Admission::kAdmitted) {
    home.loop->forget(ref);
    return refuse(ClaimFate::kUnavailable);
  }
  home.kept.enter(state);
  home.kept.heard(state, home.loop->now());
  node.resumes.resumable.fetch_add(1, std::memory_order_relaxed);
  // Another claim of it meanwhile finds it here, and waits.
  state.token = claim->second.token;
  static_cast<void>(node.resumes.add(state.token, ref));
  state.ends = kNever;
  home.moves->arrivals.insert_or_assign(std::uint32_t{ref.slot}, Arriving{ref, from.number});
  enter_namespaces(node, session, *identity);
  auto away = std::make_unique<Away>();
  away->parked = !claim->second.newcomer;
  begin_away(node, session, std::move(away), Told::kNobody);
  state.away->window_ends = home.loop->now() + kMostForRest;
  await_end(node, session);
  // What the members here have done by now without the newcomer has been told to the broker before
  // the step that follows.
  after_all_loops(node, *home.loop,
                  [&node, &home, ref, from, peer = identity->peer,
                   takes_over = identity->takes_over, proved = identity->proved] {
                    const Session* there = arriving_session(home, ref, from.number);
                    if (there == nullptr) return;
                    const std::vector<sdk::WatchedNamespace> watches = watched_by(*there);
                    const sdk::PeerTake take{peer,   from.node,  from.number,
                                             proved, takes_over, watches};
                    node.others.take_peer(
                        *home.loop, take,
                        [&node, &home, ref, from, peer = peer.peer](sdk::TakeOutcome outcome) {
                          take_outcome(node, home, ref, from, peer, std::move(outcome));
                        });
                  });
}

void take_rest(Node& node, LoopState& home, std::uint64_t number, std::string_view bytes) {
  std::optional<MovingRest> rest = read_rest(bytes);
  Arriving* arrival = arrival_of_claim(home, number);
  if (!rest || arrival == nullptr) return;
  if (arrival->is_settled) return take_moving_rest(node, home, number, std::move(*rest));
  // A broker may tell this node of the step later than the other one. Until it does nobody knows
  // whether the session comes.
  arrival->rest = std::make_shared<MovingRest>(std::move(*rest));
}

namespace {

void take_moving_rest(Node& node, LoopState& home, std::uint64_t number, MovingRest rest) {
  const Arriving* arrival = arrival_of_claim(home, number);
  if (arrival == nullptr) return;
  const SessionRef ref = arrival->session;
  Session* session = find_session(*home.loop, ref);
  home.moves->arrivals.erase(ref.slot);
  if (session == nullptr) return;
  home.loop->deliver_mail();
  std::vector<MovingTicketOf> tickets = std::move(rest.tickets);
  add_rest(node, *session, std::move(rest));
  for (MovingTicketOf& ticket : tickets) add_ticket(node, *session, std::move(ticket));
  await_end(node, *session);
  std::optional<Claim> claim = take_claim(home, number);
  if (claim && claim->rest != nullptr) adopt_next(node);
  const bool has_client = claim && session_of(claim->newcomer) != nullptr;
  if (has_client) {
    return move_newcomer(node, std::move(claim->newcomer), ref, claim->token, claim->received);
  }
  if (!session->resumable->away->parked) tell_presence(node, *session, true);
  if (node.stopping) park(*session);
}

}  // namespace

std::uint64_t claim_without_client(Node& node, LoopState& home, const TokenHash& token,
                                   std::uint64_t received) {
  const std::uint64_t number = ++node.last_registration;
  const Time ends = home.loop->now() + kMostForStep;
  const TimerId timeout = home.loop->schedule(
      ends, [&node, &home, number] { conclude(node, home, number, ClaimFate::kUnavailable); });
  moves_of(home).claims.emplace(number, Claim{{}, token, received, ends, timeout});
  return number;
}

void claim_parked(Node& node, LoopState& home, const std::string& from, const TokenHash& token,
                  std::uint64_t sent) {
  const std::uint64_t number = claim_without_client(node, home, token, sent);
  node.others.tell_node(from, claim_text(name_of(node, home, number), token, sent));
}

}  // namespace peer
