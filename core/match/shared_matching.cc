#include "core/match/shared_matching.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/random.h"
#include "core/cluster/ask.h"
#include "core/match/match_messages.h"
#include "core/match/match_rules.h"

// Two halves that meet in the broker. Of a peer's ticket, on that peer's loop: in comes a request,
// out go the ticket to the broker and, later, the answer to the request. Where the matches are
// made, on the namespace's home loop: in come tickets of all nodes, out go claims, and word of
// those that wait. News of a match come on any thread, and go to the peers' loops.
namespace peer {
namespace {

// Nodes choose ids without asking each other. Two tickets with the same 64 random bits are too
// unlikely to matter.
sdk::TicketId new_ticket_id() { return std::stoull(random_hex(8), nullptr, 16); }

}  // namespace

// --- Of a peer's ticket, on its loop.

MatchOutcome::Status SharedMatching::request(MatchTask&& task) {
  const Served<sdk::MatchStrategy>& by = parts_.strategies.of(task.request.ns);
  const MatchJudgement judgement = judge(by, task.request);
  if (judgement.failed || judgement.refusal) {
    MatchOutcome refused{judgement.failed ? MatchOutcome::Status::kFailed
                                          : MatchOutcome::Status::kRefused};
    refused.refusal = judgement.refusal.value_or("");
    task.done(task.owner, refused);
    return MatchOutcome::Status::kRefused;
  }
  EventLoop& loop = task.loop;
  const sdk::TicketId id = new_ticket_id();
  OwnTicket ticket{std::string(task.request.ns), task.owner, std::move(task.request), loop.wall()};
  const milliseconds timeout = ticket.request.timeout.value_or(milliseconds(0));
  if (timeout.count() > 0) ticket.expires = ticket.enqueued + timeout;
  ticket.answer = std::move(task.done);
  ticket.answer_due = schedule_answer(loop, id);
  const std::string ns = ticket.ns;
  ticket.text = task.payload;
  ticket.may_be_set_aside = task.may_be_set_aside;
  ticket.registration = task.peer.registration;
  const sdk::SharedTicket shared{id, task.peer, ticket.enqueued, std::string(task.payload)};
  MatchRequest request = ticket.request;
  // The ticket is here before the broker hears of it, so news of a match cannot come too early.
  OwnTickets::Placed placed = own_tickets_.place(id, std::move(ticket));
  if (placed.kept) {
    loop.cancel(placed.kept->answer_due);
    repeat(loop, placed.id, std::move(*placed.kept), shared.owner);
    return MatchOutcome::Status::kWaiting;
  }
  if (placed.replaced) loop.cancel(placed.replaced_due);
  share(ns, shared, std::move(request), placed.replaced);
  return MatchOutcome::Status::kWaiting;
}

// An equal ticket waits already, and its peer was told so. Who has given an `id` may be told what
// the node that makes the matches says of it now.
void SharedMatching::repeat(EventLoop& loop, sdk::TicketId id, OwnTicket asked,
                            const sdk::Registered& peer) {
  const bool asks = !asked.owner.request_id.empty() && parts_.broker_revision >= kSdkOfRepeats;
  const TimerId due = asks ? schedule_answer(loop, id) : TimerId();
  std::optional<OwnTickets::Returning> ticket =
      asks ? own_tickets_.await(id, asked.answer, due) : std::nullopt;
  if (!ticket) {
    loop.cancel(due);
    asked.answer(asked.owner, {MatchOutcome::Status::kWaiting, id});
    return schedule_expiry(loop, asked.owner.where, asked.ns, id, asked.expires);
  }
  share(asked.ns, {id, peer, ticket->enqueued, std::move(ticket->text)}, std::move(ticket->request),
        id);
}

void SharedMatching::share(const std::string& ns, const sdk::SharedTicket& ticket,
                           MatchRequest request, std::optional<sdk::TicketId> replaces) {
  bool is_shared = false;
  parts_.broker_calls.run("add_ticket",
                          [&] { is_shared = parts_.broker.add_ticket(ns, ticket, replaces); });
  if (is_shared) return;
  // The broker does not share it now. This node's own queue takes it, so that the peers of this
  // node are matched with each other.
  EventLoop& home = home_of(parts_.loops, ns);
  home.post([this, &home, ns, ticket, request = std::move(request)]() mutable {
    add(home, ns, ticket, std::move(request));
  });
}

// The request is answered in any case, even if the node that makes the matches never says a word.
TimerId SharedMatching::schedule_answer(EventLoop& loop, sdk::TicketId id) {
  return loop.schedule(loop.now() + kAnswerDeadline,
                       [this, &loop, id] { answer_waiting(loop, id); });
}

// On the peer's loop, so that a match that is made meanwhile is told after this, or instead of it.
void SharedMatching::answer_waiting(EventLoop& loop, sdk::TicketId id,
                                    const std::optional<sdk::MatchForecast>& forecast) {
  std::optional<OwnTicket> ticket = own_tickets_.take_answer(id);
  if (!ticket) return;
  loop.cancel(ticket->answer_due);
  MatchOutcome waits{MatchOutcome::Status::kWaiting, id};
  waits.forecast = forecast;
  ticket->answer(ticket->owner, waits);
  schedule_expiry(loop, ticket->owner.where, ticket->ns, id, ticket->expires);
}

void SharedMatching::refuse(EventLoop& loop, sdk::TicketId id, const std::string& words) {
  std::optional<OwnTicket> ticket = own_tickets_.take(id);
  if (!ticket) return;
  remove_silently(ticket->ns, id);
  loop.cancel(ticket->answer_due);
  loop.cancel(ticket->expiry_due);
  if (ticket->earlier) restore(loop, std::move(*ticket->earlier), ticket->earlier_id);
  if (ticket->answer) {
    ticket->answer(ticket->owner, {MatchOutcome::Status::kRefused, id, words});
  } else if (ticket->owner.shows_ticket) {
    // It has waited, and another node makes the matches now, where another ticket was first.
    loop.send(ticket->owner.where, match_expired_frame(ticket->ns, id));
  }
}

// A request that is refused has no effect: the ticket that was to make way for it waits on, as old
// as it is.
void SharedMatching::restore(EventLoop& loop, OwnTicket earlier, sdk::TicketId id) {
  const std::string ns = earlier.ns;
  const SessionRef peer = earlier.owner.where;
  const std::optional<sdk::Instant> expires = earlier.expires;
  const sdk::SharedTicket shared{
      id, {earlier.owner.peer, earlier.registration}, earlier.enqueued, earlier.text};
  MatchRequest request = earlier.request;
  earlier.answer_due = earlier.expiry_due = {};
  static_cast<void>(own_tickets_.place(id, std::move(earlier)));
  share(ns, shared, std::move(request), std::nullopt);
  schedule_expiry(loop, peer, ns, id, expires);
}

// One timer for each ticket, on its peer's loop, however often its time starts anew. It ends with
// the ticket: a client may ask for a year, and cancel at once.
void SharedMatching::schedule_expiry(EventLoop& loop, SessionRef peer, const std::string& ns,
                                     sdk::TicketId id, std::optional<sdk::Instant> expires) {
  if (!expires) return;
  const Time at = loop.now() + (*expires - loop.wall());
  const TimerId timer = loop.schedule(at, [this, &loop, peer, ns, id] {
    const std::optional<sdk::Instant> due = own_tickets_.expiry(id);
    if (!due) return;
    // An equal request has let its time start anew.
    if (*due > loop.wall()) return schedule_expiry(loop, peer, ns, id, due);
    end_ticket(loop, ns, id, [&loop, peer, ns, id](bool ended) {
      if (ended) loop.send(peer, match_expired_frame(ns, id));
    });
  });
  loop.cancel(own_tickets_.set_expiry_due(id, timer));
}

// Goes on with whether this node may say that the ticket has ended.
template <typename Then>
void SharedMatching::end_ticket(EventLoop& loop, const std::string& ns, sdk::TicketId id,
                                Then then) {
  ask<sdk::TicketEnd>(
      loop, {parts_.broker_calls, "remove_ticket"}, sdk::TicketEnd::kUnavailable,
      [&](sdk::BrokerReply<sdk::TicketEnd> answer) {
        parts_.broker.remove_ticket(ns, id, std::move(answer));
      },
      [this, &loop, id, then = std::move(then)](sdk::TicketEnd end) mutable {
        // The broker is asked first: a group that holds the ticket may have been claimed, and then
        // the match is on its way. When the broker cannot know, or has forgotten the ticket because
        // it is set aside, this node's own record decides.
        const bool is_ours = end != sdk::TicketEnd::kGone || own_tickets_.is_withdrawn(id);
        const std::optional<OwnTicket> ticket = is_ours ? own_tickets_.take(id) : std::nullopt;
        if (ticket) loop.cancel(ticket->expiry_due);
        then(ticket.has_value());
      });
}

void SharedMatching::cancel(EventLoop& loop, std::string_view ns, const Fingerprint& peer,
                            Cancelled then) {
  const std::optional<sdk::TicketId> ticket = own_tickets_.find(ns, peer);
  if (!ticket) return then(std::nullopt);
  end_ticket(loop, std::string(ns), *ticket,
             [id = *ticket, then = std::move(then)](bool ended) mutable {
               then(ended ? std::optional(id) : std::nullopt);
             });
}

void SharedMatching::drop(EventLoop& loop, std::string_view ns, const Fingerprint& peer) {
  const std::optional<sdk::TicketId> id = own_tickets_.find(ns, peer);
  std::optional<OwnTicket> ticket = id ? own_tickets_.take(*id) : std::nullopt;
  if (!ticket) return;
  remove_silently(ns, *id);
  loop.cancel(ticket->expiry_due);
  if (!ticket->answer) return;
  loop.cancel(ticket->answer_due);
  // The request is still unanswered, and its peer's messages wait for that.
  ticket->answer(ticket->owner, {MatchOutcome::Status::kLeft, *id});
}

// What is shared of it ends, but not what this node has: a match that has been claimed meanwhile is
// told as ever.
void SharedMatching::set_aside(EventLoop& loop, std::string_view ns, const Fingerprint& peer) {
  const std::optional<sdk::TicketId> id = own_tickets_.set_aside(ns, peer);
  if (!id) return;
  parts_.broker_calls.run("remove_ticket", [&] {
    parts_.broker.remove_ticket(ns, *id, [this, id = *id](sdk::TicketEnd end) {
      if (end != sdk::TicketEnd::kGone) own_tickets_.note_withdrawn(id);
    });
  });
  EventLoop& home = home_of(parts_.loops, ns);
  if (&home == &loop) return remove(home, std::string(ns), *id);
  home.post([this, &home, ns = std::string(ns), id = *id] { remove(home, ns, id); });
}

void SharedMatching::take_back(EventLoop& loop, std::string_view ns, const sdk::Registered& peer) {
  std::optional<OwnTickets::Returning> ticket = own_tickets_.take_back(ns, peer.peer, loop.wall());
  if (!ticket) return;
  if (ticket->is_over) {
    if (const std::optional<OwnTicket> ended = own_tickets_.take(ticket->id)) {
      loop.cancel(ended->expiry_due);
      loop.send(ended->owner.where, match_expired_frame(ended->ns, ticket->id));
    }
    return;
  }
  share(std::string(ns), {ticket->id, peer, ticket->enqueued, std::move(ticket->text)},
        std::move(ticket->request), std::nullopt);
  loop.deliver_mail();
}

std::optional<MovingTicket> SharedMatching::take_out(EventLoop& loop, std::string_view ns,
                                                     const Fingerprint& peer) {
  const std::optional<sdk::TicketId> id = own_tickets_.find(ns, peer);
  std::optional<OwnTicket> ticket = id ? own_tickets_.take(*id) : std::nullopt;
  if (!ticket || !ticket->may_be_set_aside) return std::nullopt;
  loop.cancel(ticket->expiry_due);
  return MovingTicket{*id, ticket->enqueued, ticket->expires, ticket->owner.shows_ticket,
                      std::move(ticket->text)};
}

void SharedMatching::put_in(EventLoop& loop, const std::string& ns, const TicketOwner& owner,
                            MovingTicket ticket, MatchRequest request) {
  // The strategy has taken it before, and may set the group's size.
  if (!judge(parts_.strategies.of(ns), request).is_good()) return;
  OwnTicket own{ns, owner, std::move(request), ticket.enqueued, ticket.expires};
  own.text = std::move(ticket.text);
  own.may_be_set_aside = own.set_aside = own.is_withdrawn = true;
  static_cast<void>(own_tickets_.place(ticket.id, std::move(own)));
  schedule_expiry(loop, owner.where, ns, ticket.id, ticket.expires);
}

// --- News of tickets, on any thread.

void SharedMatching::remove_silently(std::string_view ns, sdk::TicketId id) {
  parts_.broker_calls.run("remove_ticket",
                          [&] { parts_.broker.remove_ticket(ns, id, [](sdk::TicketEnd) {}); });
}

// The answer is taken on the peer's loop only: taken here and told there, it could be overtaken by
// the match.
void SharedMatching::told_waiting(sdk::TicketId id, std::string_view word) {
  const std::optional<SessionRef> peer = own_tickets_.where(id);
  if (!peer) return;
  EventLoop& loop = *parts_.loops[peer->loop];
  loop.post([this, &loop, id, said = read_word(word)] {
    if (said.refusal) return refuse(loop, id, *said.refusal);
    answer_waiting(loop, id, said.forecast);
  });
}

// A ticket's end in a match, told to its peer: to who has not been told that it waits as the answer
// to its request, after which its next message is handled.
void SharedMatching::post_matched(OwnTicket& ticket, FrameRef frame) {
  EventLoop& loop = loop_of(ticket.owner);
  loop.post({std::move(frame), ticket.owner.where, {}, nullptr});
  if (!ticket.answer && !ticket.expires) return;
  loop.post([&loop, answer_due = ticket.answer_due, expiry_due = ticket.expiry_due,
             answer = std::move(ticket.answer)] {
    loop.cancel(answer_due);
    loop.cancel(expiry_due);
    loop.deliver_mail();
  });
}

// Tells those of the tickets that are this node's, and observes their waits.
void SharedMatching::tell_tickets(std::string_view ns, const Matched& matched,
                                  std::vector<OwnTicket>& tickets, sdk::Instant now) {
  for (OwnTicket& ticket : tickets) {
    waits_.observe(now - ticket.enqueued);
    // A request that was answered with "waiting" has had its id back.
    const bool echoes = ticket.answer && !ticket.owner.request_id.empty();
    post_matched(ticket, echoes ? matched_frame(ns, matched.payload, ticket.owner.request_id, now)
                                : matched.frame);
  }
}

void SharedMatching::told_matched(const sdk::MatchNews& match, std::string_view teams,
                                  sdk::Instant now) {
  std::vector<std::string> objects;
  std::vector<OwnTicket> taken;
  for (const sdk::MatchedPeer& peer : match.peers) {
    objects.push_back(peer.object);
    if (auto ticket = own_tickets_.take(peer.ticket)) taken.push_back(std::move(*ticket));
  }
  // None of the tickets is this node's, or all have ended otherwise.
  if (taken.empty()) return;
  const std::string payload =
      matched_payload(match.ns, match.session_id, objects, max_message_size_, teams);
  tell_tickets(match.ns, matched_of(match.ns, payload, now), taken, now);
}

// --- Where the matches are made, on the namespace's home loop.

void SharedMatching::add(EventLoop& loop, const std::string& ns, const sdk::SharedTicket& ticket,
                         MatchRequest request) {
  const bool may_refuse = parts_.broker_revision >= kSdkOfQueues;
  if (auto words = queues_of(loop).add(ns, ticket, std::move(request), may_refuse)) {
    return tell(ns, ticket.id, write_word({std::move(words), {}}));
  }
  make_matches(loop, ns);
  tell_waiting(loop, ns, {ticket.id});
}

void SharedMatching::remove(EventLoop& loop, const std::string& ns, sdk::TicketId ticket) {
  queues_of(loop).remove(ns, ticket);
}

void SharedMatching::forget(EventLoop& loop, const std::string& ns) { queues_of(loop).forget(ns); }

void SharedMatching::make_matches(EventLoop& loop, const std::string& ns) {
  // The groups are claimed side by side. Their tickets are set aside, so no other group can hold
  // them.
  for (SharedQueues::Proposal& proposal : queues_of(loop).propose(ns, loop.wall())) {
    claim(loop, ns, std::move(proposal));
  }
  loop.deliver_mail();
  const std::optional<sdk::Instant> next = queues_of(loop).next_change(ns, loop.wall());
  if (!next) return;
  loop.schedule("shared match " + ns, loop.now() + (*next - loop.wall()),
                [this, &loop, ns] { make_matches(loop, ns); });
}

void SharedMatching::claim(EventLoop& loop, const std::string& ns,
                           SharedQueues::Proposal proposal) {
  // The claim carries the session's id, so that every node tells its peers the same one.
  const std::string session(digits_of(new_session_id()));
  const bool with_teams = !proposal.teams.empty() && parts_.broker_revision >= kSdkOfQueues;
  ask<sdk::ClaimOutcome>(
      loop, {parts_.broker_calls, "claim"}, {},
      [&](sdk::BrokerReply<sdk::ClaimOutcome> answer) {
        if (!with_teams)
          return parts_.broker.claim(ns, session, proposal.tickets, std::move(answer));
        parts_.broker.claim_teams(ns, session, proposal.tickets, proposal.teams, std::move(answer));
      },
      [this, &loop, ns, session, proposal](const sdk::ClaimOutcome& outcome) {
        conclude(loop, ns, session, proposal, outcome);
      });
}

void SharedMatching::conclude(EventLoop& loop, const std::string& ns, const std::string& session,
                              const SharedQueues::Proposal& proposal,
                              const sdk::ClaimOutcome& outcome) {
  const TicketIds& group = proposal.tickets;
  TicketIds gone = outcome.known ? outcome.gone : claim_here(ns, session, proposal, loop.wall());
  // The group is claimed. The broker brings the match as news, to this node too (told_matched).
  if (gone.empty()) {
    tell_match(events_, ns, session, proposal.peers, loop.wall());
    return queues_of(loop).conclude(ns, group, {});
  }
  const bool makes_sense = std::any_of(gone.begin(), gone.end(), [&](sdk::TicketId id) {
    return std::find(group.begin(), group.end(), id) != group.end();
  });
  if (!makes_sense) {
    // Without this the group would be proposed, and refused, forever.
    parts_.broker_calls.fault("claim", "said that tickets are gone which were not claimed");
    gone = group;
  }
  queues_of(loop).conclude(ns, group, gone);
  make_matches(loop, ns);
  tell_waiting(loop, ns, group);
}

// Nobody can be asked: a group is matched when all of it are this node's own. Returns those that
// are not.
SharedMatching::TicketIds SharedMatching::claim_here(const std::string& ns,
                                                     const std::string& session,
                                                     const SharedQueues::Proposal& proposal,
                                                     sdk::Instant now) {
  const TicketIds& group = proposal.tickets;
  std::vector<OwnTicket> taken = own_tickets_.take_all(group);
  if (taken.empty()) {
    TicketIds gone;
    std::copy_if(group.begin(), group.end(), std::back_inserter(gone),
                 [this](sdk::TicketId id) { return !own_tickets_.may_match(id); });
    return gone;
  }
  std::vector<Fingerprint> peers;
  peers.reserve(taken.size());
  for (const OwnTicket& ticket : taken) peers.push_back(ticket.owner.peer);
  tell_tickets(
      ns, matched_of(parts_.namespaces, ns, session, peers, max_message_size_, proposal.teams, now),
      taken, now);
  // The broker must not share them later, when it is back.
  for (const sdk::TicketId id : group) remove_silently(ns, id);
  return {};
}

// Those of the tickets that are in no group: their peers, wherever they are, are told so.
void SharedMatching::tell_waiting(EventLoop& loop, const std::string& ns,
                                  const TicketIds& tickets) {
  for (const sdk::TicketId id : tickets) {
    if (!queues_of(loop).waits(ns, id)) continue;
    tell(ns, id, write_word({{}, queues_of(loop).forecast(ns, id)}));
  }
}

void SharedMatching::tell(const std::string& ns, sdk::TicketId id, const std::string& word) {
  if (own_tickets_.has(id)) return told_waiting(id, word);
  const bool with_word = !word.empty() && parts_.broker_revision >= kSdkOfQueues;
  parts_.broker_calls.run("ticket_waits", [&] {
    with_word ? parts_.broker.tell_ticket(ns, id, word) : parts_.broker.ticket_waits(ns, id);
  });
}

}  // namespace peer
