#include "core/dispatch/shared_matching.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/cluster/ask.h"
#include "core/dispatch/replies.h"
#include "core/match/match_messages.h"
#include "core/match/match_rules.h"

namespace peer {
namespace {

using TicketIds = std::vector<sdk::TicketId>;

sdk::TicketId new_ticket_id() { return std::stoull(random_hex(8), nullptr, 16); }

// What the strategy has against a request, or a fault of its own; answers it.
bool refused(const Call& call, const MatchRequest& request) {
  const MatchJudgement judgement =
      judge(*call.node.plugins.match_strategy, call.node.match_calls, request);
  if (!judgement.failed && !judgement.refusal) return false;
  call.error(judgement.failed ? 500 : 400, judgement.refusal.value_or("internal error"));
  return true;
}

// Goes on with whether this node may say that the ticket has ended.
template <typename Then>
void end_ticket(Node& node, EventLoop& loop, const std::string& ns, sdk::TicketId id, Then then) {
  ask<sdk::TicketEnd>(
      loop, {node.broker_calls, "remove_ticket"}, sdk::TicketEnd::kUnavailable,
      [&](sdk::BrokerReply<sdk::TicketEnd> answer) {
        node.plugins.broker->remove_ticket(ns, id, std::move(answer));
      },
      [&node, id, then = std::move(then)](sdk::TicketEnd end) mutable {
        then(end != sdk::TicketEnd::kGone && node.own_tickets.take(id).has_value());
      });
}

void remove_silently(Node& node, std::string_view ns, sdk::TicketId id) {
  node.broker_calls.run("remove_ticket",
                        [&] { node.plugins.broker->remove_ticket(ns, id, [](sdk::TicketEnd) {}); });
}

// One timer for each ticket, on its peer's loop, however often its time starts anew.
void schedule_expiry(Node& node, EventLoop& loop, ConnectionRef peer, const std::string& ns,
                     sdk::TicketId id, std::optional<sdk::Instant> expires) {
  if (!expires) return;
  const Time at = loop.now() + (*expires - loop.wall());
  loop.schedule("ticket " + std::to_string(id), at, [&node, &loop, peer, ns, id] {
    const std::optional<sdk::Instant> due = node.own_tickets.expiry(id);
    if (!due) return;
    if (*due > loop.wall()) return schedule_expiry(node, loop, peer, ns, id, due);
    end_ticket(node, loop, ns, id, [&loop, peer, ns, id](bool ended) {
      Connection* connection = loop.find(peer);
      if (ended && connection != nullptr) connection->send(match_expired_frame(ns, id));
    });
  });
}

// A ticket's end in a match, told to its peer: to who has not been told that it waits as the answer
// to its request, after which its next message is handled.
void post_matched(Node& node, OwnTicket& ticket, FrameRef frame) {
  EventLoop& loop = node.loop_of(ticket.owner.where);
  loop.post({std::move(frame), ticket.owner.where, {}, nullptr});
  if (ticket.answered) return;
  loop.post([&loop, ends = std::move(ticket.operation)] { loop.deliver_mail(); });
}

// Tells those of the tickets that are this node's, and observes their waits.
void tell_tickets(Node& node, std::string_view ns, const std::string& payload,
                  std::vector<OwnTicket>& tickets, sdk::Instant now) {
  const FrameRef frame = matched_frame(ns, payload, {}, now);
  for (OwnTicket& ticket : tickets) {
    node.shared_match_waits.observe(now - ticket.enqueued);
    const bool echoes = !ticket.answered && !ticket.owner.request_id.empty();
    post_matched(node, ticket,
                 echoes ? matched_frame(ns, payload, ticket.owner.request_id, now) : frame);
  }
}

// On its peer's loop.
void reply_waiting(Node& node, Connection& connection, const OwnTicket& ticket, sdk::TicketId id) {
  reply_waiting(connection, ticket.owner.request_id, id, ticket.owner.shows_ticket);
  schedule_expiry(node, connection.loop(), connection.ref(), ticket.ns, id, ticket.expires);
}

void make_matches(Node& node, EventLoop& loop, const std::string& ns);

SharedQueues& queues_of(Node& node, EventLoop& loop) {
  return node.loop_states[loop.index()]->shared_queues;
}

// Nobody can be asked: a group is matched when all of it are this node's own.
TicketIds claim_here(Node& node, const std::string& ns, const std::string& session,
                     const TicketIds& group, sdk::Instant now) {
  std::vector<OwnTicket> taken = node.own_tickets.take_all(group);
  if (taken.empty()) {
    TicketIds gone;
    std::copy_if(group.begin(), group.end(), std::back_inserter(gone),
                 [&](sdk::TicketId id) { return !node.own_tickets.has(id); });
    return gone;
  }
  std::vector<Fingerprint> peers;
  for (const OwnTicket& ticket : taken) peers.push_back(ticket.owner.peer);
  tell_tickets(node, ns,
               matched_payload(ns, session, node.namespaces.objects(ns, peers),
                               node.config().max_peer_list_size),
               taken, now);
  for (const sdk::TicketId id : group) remove_silently(node, ns, id);
  return {};
}

// Those of the tickets that are in no group: their peers, wherever they are, are told so.
void tell_waiting(Node& node, EventLoop& loop, const std::string& ns, const TicketIds& tickets) {
  for (const sdk::TicketId id : tickets) {
    if (!queues_of(node, loop).waits(ns, id)) continue;
    if (node.own_tickets.has(id)) {
      answer_waiting(node, id);
    } else {
      node.broker_calls.run("ticket_waits", [&] { node.plugins.broker->ticket_waits(ns, id); });
    }
  }
}

void claim(Node& node, EventLoop& loop, const std::string& ns, TicketIds group) {
  const std::string session = new_session_id();
  const auto conclude = [&node, &loop, ns, session, group](const sdk::ClaimOutcome& outcome) {
    TicketIds gone =
        outcome.known ? outcome.gone : claim_here(node, ns, session, group, loop.wall());
    if (gone.empty()) return queues_of(node, loop).conclude(ns, group, {});
    const bool makes_sense = std::any_of(gone.begin(), gone.end(), [&](sdk::TicketId id) {
      return std::find(group.begin(), group.end(), id) != group.end();
    });
    if (!makes_sense) {
      node.broker_calls.fault("claim", "said that tickets are gone which were not claimed");
      gone = group;
    }
    queues_of(node, loop).conclude(ns, group, gone);
    make_matches(node, loop, ns);
    tell_waiting(node, loop, ns, group);
  };
  ask<sdk::ClaimOutcome>(
      loop, {node.broker_calls, "claim"}, {},
      [&](sdk::BrokerReply<sdk::ClaimOutcome> answer) {
        node.plugins.broker->claim(ns, session, group, std::move(answer));
      },
      conclude);
}

void make_matches(Node& node, EventLoop& loop, const std::string& ns) {
  for (TicketIds& group : queues_of(node, loop).propose(ns, loop.wall())) {
    claim(node, loop, ns, std::move(group));
  }
  loop.deliver_mail();
  const std::optional<sdk::Instant> next = queues_of(node, loop).next_change(ns, loop.wall());
  if (!next) return;
  loop.schedule("shared match " + ns, loop.now() + (*next - loop.wall()),
                [&node, &loop, ns] { make_matches(node, loop, ns); });
}

}  // namespace

MatchOutcome::Status request_shared_match(const Call& call, MatchRequest request,
                                          bool shows_ticket) {
  if (refused(call, request)) return MatchOutcome::Status::kRefused;
  Node& node = call.node;
  const std::string ns(request.ns);
  const sdk::Instant now = call.loop().wall();
  const milliseconds timeout = request.timeout.value_or(milliseconds(0));
  OwnTicket ticket{
      ns,
      {call.peer.fingerprint, call.connection.ref(), std::string(call.message.id), shows_ticket},
      std::move(request),
      now,
      std::nullopt,
      false,
      Operation(call.connection)};
  if (timeout.count() > 0) ticket.expires = now + timeout;
  const OwnTickets::Placed placed = node.own_tickets.place(new_ticket_id(), std::move(ticket));
  if (placed.kept) {
    reply_waiting(node, call.connection, *placed.kept, placed.id);
    return MatchOutcome::Status::kWaiting;
  }
  EventLoop& loop = call.loop();
  loop.schedule(loop.now() + kAnswerDeadline,
                [&node, id = placed.id] { answer_waiting(node, id); });
  const sdk::SharedTicket shared{placed.id, call.peer.registered(), now,
                                 std::string(call.message.payload)};
  bool is_shared = false;
  node.broker_calls.run("add_ticket", [&] {
    is_shared = node.plugins.broker->add_ticket(ns, shared, placed.replaced);
  });
  if (!is_shared) {
    EventLoop& matching = loop_for(node, ns);
    matching.post(
        [&node, &matching, ns, shared] { add_shared_ticket(node, matching, ns, shared); });
  }
  return MatchOutcome::Status::kWaiting;
}

void answer_waiting(Node& node, sdk::TicketId id) {
  std::optional<OwnTicket> ticket = node.own_tickets.take_answer(id);
  if (!ticket) return;
  EventLoop& loop = node.loop_of(ticket->owner.where);
  loop.post([&node, &loop, id, ticket = std::move(*ticket)] {
    Connection* connection = loop.find(ticket.owner.where);
    if (connection == nullptr || connection->closing()) return;
    if (peer_of(*connection).find(ticket.ns) != nullptr) {
      reply_waiting(node, *connection, ticket, id);
    } else {  // kicked meanwhile
      reply_error(*connection, ticket.owner.request_id, 403, "not in namespace");
    }
  });
}

void cancel_shared_match(const Call& call, std::string_view ns) {
  const std::optional<sdk::TicketId> ticket = call.node.own_tickets.find(ns, call.peer.fingerprint);
  if (!ticket) return call.error(404, "ticket not found");
  end_ticket(call.node, call.loop(), std::string(ns), *ticket,
             [operation = Operation(call.connection), id = std::string(call.message.id),
              ticket = *ticket](bool ended) {
               Connection* connection = operation.connection();
               if (connection == nullptr) return;
               if (ended) return reply_cancelled(*connection, id, ticket);
               reply_error(*connection, id, 404, "ticket not found");
             });
}

void drop_shared_ticket(Node& node, Connection& connection, std::string_view ns) {
  const Peer& peer = peer_of(connection);
  const std::optional<sdk::TicketId> id = node.own_tickets.find(ns, peer.fingerprint);
  const std::optional<OwnTicket> ticket = id ? node.own_tickets.take(*id) : std::nullopt;
  if (!ticket) return;
  remove_silently(node, ns, *id);
  if (ticket->answered || peer.stage == Peer::Stage::kGone) return;
  reply_error(connection, ticket->owner.request_id, 403, "not in namespace");
}

EventLoop& loop_for(Node& node, std::string_view ns) {
  return *node.loops[std::hash<std::string_view>{}(ns) % node.loops.size()];
}

void add_shared_ticket(Node& node, EventLoop& loop, const std::string& ns,
                       const sdk::SharedTicket& ticket) {
  std::string text = ticket.request;
  text.resize(text.size() + kReadPadding);
  MessageParser& parser = node.loop_states[loop.index()]->parser;
  Message message;
  MatchRequest request;
  const std::string_view payload = std::string_view(text).substr(0, ticket.request.size());
  const bool sound = !parser.parse_payload(payload, message) &&
                     !parser.read(message, node.bounds(), request) && request.ns == ns;
  if (!sound) return node.broker_calls.fault("ticket_added", "brought a ticket that is none");
  queues_of(node, loop).add(ns, ticket, std::move(request));
  make_matches(node, loop, ns);
  tell_waiting(node, loop, ns, {ticket.id});
}

void remove_shared_ticket(Node& node, EventLoop& loop, const std::string& ns,
                          sdk::TicketId ticket) {
  queues_of(node, loop).remove(ns, ticket);
}

void tell_matched(Node& node, const sdk::MatchNews& match, sdk::Instant now) {
  std::vector<std::string> objects;
  std::vector<OwnTicket> taken;
  for (const sdk::MatchedPeer& peer : match.peers) {
    objects.push_back(peer.object);
    if (auto ticket = node.own_tickets.take(peer.ticket)) taken.push_back(std::move(*ticket));
  }
  if (taken.empty()) return;
  tell_tickets(
      node, match.ns,
      matched_payload(match.ns, match.session_id, objects, node.config().max_peer_list_size), taken,
      now);
}

}  // namespace peer
