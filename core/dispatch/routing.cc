#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/dispatch/handlers.h"
#include "core/session/replies.h"
#include "core/wire/notices.h"

// The hot path: one message to one peer, or to all members of a namespace. On this node no plugin
// is called and no payload is copied but into the one outgoing frame. In: messages, on the loop of
// their sender. Out: frames, for sessions of this loop at once, for others by their loop's mailbox;
// what is for nobody here goes to the broker.
namespace peer {
namespace {

// A second limit beside that of messages, since one broadcast may become very many copies. It takes
// the tokens for all copies of this node, or none.
bool may_fan_out(const Call& call, std::size_t copies) {
  const std::uint32_t limit = call.node.config().fanout_limit_per_sec;
  if (limit == 0) return true;
  const RateLimit rate{limit, limit};
  std::unique_ptr<TokenBucket>& fanout = call.session.fanout;
  if (fanout == nullptr) fanout = std::make_unique<TokenBucket>();
  if (fanout->try_acquire(rate, call.loop().now(), static_cast<std::uint32_t>(copies))) return true;
  call.error(429, "rate limited");
  if (!call.session.fanout_noted) {
    note_limit(call, "fanout_limit_per_sec: " + std::to_string(limit));
  }
  call.session.fanout_noted = true;
  return false;
}

// The report of a fan-out of which parts are on other loops; the sender waits for it.
std::shared_ptr<DeliveryReport> await_report(const Call& call, std::uint32_t parts) {
  auto report = std::make_shared<DeliveryReport>();
  report->pending = parts;
  report->done = [operation = call.session.hold(),
                  id = std::string(call.message.id)](const DeliveryReport& done) mutable {
    EventLoop& loop = operation.loop();
    loop.post([operation = std::move(operation), id = std::move(id),
               delivered = done.delivered.load(), dropped = done.dropped.load()] {
      if (Session* sender = session_of(operation)) reply_ack(*sender, id, delivered, dropped);
    });
  };
  return report;
}

void deliver(const Call& call, SessionRef where, FrameRef frame) {
  if (where.loop == call.loop().index()) {
    // On the same loop the outcome is known at once. Otherwise only a sender that gave an id waits
    // for it, and only then is anything allocated.
    const bool queued = call.loop().send(where, frame) == SendResult::kQueued;
    return call.ack(queued ? 1 : 0, queued ? 0 : 1);
  }
  std::shared_ptr<DeliveryReport> report;
  if (!call.message.id.empty()) report = await_report(call, 1);
  call.node.loop_of(where).post(Delivery{std::move(frame), where, {}, std::move(report)});
}

std::vector<std::string_view> names_of(const Session& session) {
  std::vector<std::string_view> names;
  names.reserve(session.namespaces.size());
  // Not by the memberships: by some of them the peer may not say anything (use_rights).
  for (const Namespace* ns : session.namespaces) names.push_back(ns->name);
  return names;
}

void answer_route(const Call& call, sdk::RouteOutcome outcome) {
  switch (outcome) {
    case sdk::RouteOutcome::kDelivered:
      return call.ack(1, 0);
    case sdk::RouteOutcome::kDropped:
      return call.ack(0, 1);
    case sdk::RouteOutcome::kNotFound:
      return call.error(404, "peer not found");
    case sdk::RouteOutcome::kForbidden:
      return call.error(403, "no shared namespace");
    case sdk::RouteOutcome::kUnavailable:
      // Clients of the original implementation take a 503 for "server full": only who sends ids
      // hears of it.
      if (!call.message.id.empty()) call.error(503, "cluster unavailable");
      return;
  }
}

// A session does not leave for another node while its client is to hear of such a message.
void expect_answer(Session& session) {
  if (session.resumable != nullptr) ++session.resumable->unanswered;
}

void answer_expected(Node& node, SessionRef sender) {
  const Session* session = find_session(node.loop_of(sender), sender);
  if (session != nullptr && session->resumable != nullptr) --session->resumable->unanswered;
}

// On the sender's loop; it may have gone, or be at work on another message by now.
void answer_route(Node& node, SessionRef sender, MessageType type, std::string_view id,
                  sdk::RouteOutcome outcome) {
  Session* session = find_session(node.loop_of(sender), sender);
  if (session == nullptr || !session->is_open()) return;
  Message message;
  message.type = type;
  message.id = id;
  answer_route({node, *session, message}, outcome);
}

// The target is not on this node, or is an alias that only nodes of another kind may know
// (nullopt). The sender goes on meanwhile: to wait for each message would bound it to one a round
// trip.
void route_elsewhere(const Call& call, const std::optional<Fingerprint>& target,
                     const FrameRef& frame) {
  Node& node = call.node;
  const SessionRef sender = call.session.ref();
  const MessageType type = call.message.type;
  const std::vector<std::string_view> namespaces = names_of(call.session);
  const bool wants_outcome = !call.message.id.empty();
  sdk::DirectedMessage message{call.session.fingerprint, target.value_or(Fingerprint()), namespaces,
                               text_of(frame), wants_outcome};
  message.to_alias = !target;
  if (wants_outcome) {
    expect_answer(call.session);
    // The wait is bounded, so every message with an id gets an answer.
    return node.others.route(
        call.loop(), message,
        [&node, sender, type, id = std::string(call.message.id)](sdk::RouteOutcome outcome) {
          answer_route(node, sender, type, id, outcome);
          answer_expected(node, sender);
        });
  }
  node.others.route_unawaited(message, [&node, sender, type](sdk::RouteOutcome outcome) {
    // Without an id the client hears of these errors only; it does not matter when, or if, the
    // answer comes.
    if (outcome != sdk::RouteOutcome::kNotFound && outcome != sdk::RouteOutcome::kForbidden) return;
    EventLoop& loop = node.loop_of(sender);
    if (EventLoop::current() == &loop) return answer_route(node, sender, type, {}, outcome);
    loop.post([&node, sender, type, outcome] { answer_route(node, sender, type, {}, outcome); });
  });
}

void send_to_alias(const Call& call);

FrameRef frame_for(const Call& call, const Fingerprint& target) {
  return directed_frame(to_text(call.message.type), call.session.fingerprint, target,
                        call.message.payload, call.loop().wall());
}

FrameRef signal_frame(const Call& call, const Fingerprint& target, std::string_view payload) {
  return directed_frame("signal", call.session.fingerprint, target, payload, call.loop().wall());
}

// Nobody here is the target, or holds the alias (nullopt).
void send_elsewhere(const Call& call, const std::optional<Fingerprint>& target) {
  if (call.node.others.none()) return call.error(404, "peer not found");
  if (!target) return send_to_alias(call);
  if (may_fan_out(call, 1)) route_elsewhere(call, target, frame_for(call, *target));
}

void send_directed(const Call& call, const Fingerprint& target) {
  SessionRef where;
  const PeerDirectory::Route route = call.node.peers.route(target, call.session.namespaces, where);
  if (route == PeerDirectory::Route::kForbidden) return call.error(403, "no shared namespace");
  if (route == PeerDirectory::Route::kNotFound) return send_elsewhere(call, target);
  if (may_fan_out(call, 1)) deliver(call, where, frame_for(call, target));
}

// Nobody here holds the alias. The sender's next messages wait, so that its order is kept.
void send_to_alias(const Call& call) {
  resolve_elsewhere(
      call, {&*call.message.to, 1},
      // Copies: the text of the message is gone when the answer comes.
      [payload = std::string(call.message.payload), alias = std::string(*call.message.to)](
          const Call& later, const sdk::ResolveOutcome& outcome) {
        if (outcome.foreign && !outcome.holders.front()) {
          const FrameRef frame =
              directed_frame(to_text(later.message.type), later.session.fingerprint, alias, payload,
                             later.loop().wall());
          return route_elsewhere(later, std::nullopt, frame);
        }
        if (!outcome.known) return answer_route(later, sdk::RouteOutcome::kUnavailable);
        if (!outcome.holders.front()) return later.error(404, "peer not found");
        Message message = later.message;
        message.payload = payload;
        // The holder may have moved here meanwhile, so the search starts again with this node.
        send_directed({later.node, later.session, message}, *outcome.holders.front());
      });
}

void fan_out(const Call& call, std::string_view ns, std::string_view data,
             const std::vector<Fingerprint>& excluded);

}  // namespace

void resolve_elsewhere(
    const Call& call, std::span<const std::string_view> aliases,
    UniqueTask<void(const Call& later, const sdk::ResolveOutcome& outcome)> then) {
  call.node.others.resolve(call.loop(), aliases,
                           [&node = call.node, operation = call.session.hold(),
                            type = call.message.type, id = std::string(call.message.id),
                            then = std::move(then)](const sdk::ResolveOutcome& outcome) mutable {
                             Session* there = session_of(operation);
                             if (there == nullptr) return;
                             Message message;
                             message.type = type;
                             message.id = id;
                             then({node, *there, message}, outcome);
                           });
}

std::optional<sdk::RouteOutcome> signal_here(const Call& call, const Fingerprint& target,
                                             std::string_view payload) {
  SessionRef where;
  switch (call.node.peers.route(target, call.session.namespaces, where)) {
    case PeerDirectory::Route::kForbidden:
      return sdk::RouteOutcome::kForbidden;
    case PeerDirectory::Route::kNotFound:
      if (call.node.others.none()) return sdk::RouteOutcome::kNotFound;
      return std::nullopt;
    case PeerDirectory::Route::kFound:
      break;
  }
  if (!may_fan_out(call, 1)) return sdk::RouteOutcome::kDropped;
  FrameRef frame = signal_frame(call, target, payload);
  if (where.loop != call.loop().index()) {
    call.node.loop_of(where).post(Delivery{std::move(frame), where, {}, nullptr});
  } else if (call.loop().send(where, frame) != SendResult::kQueued) {
    return sdk::RouteOutcome::kDropped;
  }
  return sdk::RouteOutcome::kDelivered;
}

void signal_elsewhere(const Call& call, const Fingerprint& target, std::string_view payload,
                      UniqueTask<void(Session& session, sdk::RouteOutcome outcome)> then) {
  Session& session = call.session;
  if (!may_fan_out(call, 1)) return then(session, sdk::RouteOutcome::kDropped);
  const FrameRef frame = signal_frame(call, target, payload);
  const std::vector<std::string_view> namespaces = names_of(session);
  const sdk::DirectedMessage message{session.fingerprint, target, namespaces, text_of(frame), true};
  call.node.others.route(call.loop(), message,
                         [&loop = call.loop(), ref = session.ref(),
                          then = std::move(then)](sdk::RouteOutcome outcome) mutable {
                           Session* there = find_session(loop, ref);
                           if (there != nullptr && there->is_open()) then(*there, outcome);
                         });
}

void handle_directed(const Call& call) {
  const Message& message = call.message;
  if (message.to_is_wrong_type) return call.error(400, "to must be a string");
  if (!message.to || message.to->empty()) return call.error(400, "target peer required");
  const std::optional<Fingerprint> target = call.node.peers.resolve(*message.to);
  if (target) return send_directed(call, *target);
  send_elsewhere(call, std::nullopt);
}

void handle_broadcast(const Call& call) {
  BroadcastRequest request;
  if (!call.read(request)) return;
  if (!may_use_namespace(call.session, request.ns)) return call.error(403, "not allowed");
  if (call.session.find(request.ns) == nullptr) return call.error(403, "not in namespace");

  std::vector<Fingerprint> excluded;
  std::vector<std::string_view> unknown;
  for (const std::string_view name : request.exclude) {
    if (const auto peer = call.node.peers.resolve(name)) {
      excluded.push_back(*peer);
    } else {
      unknown.push_back(name);
    }
  }
  if (unknown.empty() || call.node.others.none()) {
    return fan_out(call, request.ns, request.data.value_or(""), excluded);
  }
  resolve_elsewhere(call, unknown,
                    [excluded = std::move(excluded), ns = std::string(request.ns),
                     data = std::string(request.data.value_or(""))](
                        const Call& later, const sdk::ResolveOutcome& outcome) {
                      if (later.session.find(ns) == nullptr) {
                        return later.error(403, "not in namespace");  // kicked meanwhile
                      }
                      std::vector<Fingerprint> all = excluded;
                      for (const auto& holder : outcome.holders) {
                        if (holder) all.push_back(*holder);
                      }
                      fan_out(later, ns, data, all);
                    });
}

namespace {

void fan_out(const Call& call, std::string_view ns, std::string_view data,
             const std::vector<Fingerprint>& excluded) {
  std::vector<SessionRef> except{call.session.ref()};
  std::vector<Fingerprint> excluded_elsewhere;
  for (const Fingerprint& peer : excluded) {
    if (const auto where = call.node.peers.find(peer)) {
      except.push_back(*where);
    } else {
      excluded_elsewhere.push_back(peer);
    }
  }
  auto by_loop = call.node.namespaces.recipients(ns, except, &excluded_elsewhere);
  std::size_t copies = 0;
  for (const auto& receivers : by_loop) copies += receivers.size();
  if (!may_fan_out(call, copies)) return;

  const FrameRef frame = broadcast_frame(call.session.fingerprint, ns, data, call.loop().wall());
  // For members elsewhere a copy counts as delivered once the broker has taken it.
  auto delivered = static_cast<std::uint32_t>(call.node.others.broadcast(
      {ns, call.session.fingerprint, excluded_elsewhere, text_of(frame)}));
  const std::size_t own = call.loop().index();
  const std::uint32_t queued = call.loop().send(by_loop[own], frame, Importance::kBroadcast);
  delivered += queued;
  const auto dropped = static_cast<std::uint32_t>(by_loop[own].size()) - queued;
  by_loop[own].clear();

  std::uint32_t parts = 0;
  for (const auto& receivers : by_loop) parts += receivers.empty() ? 0 : 1;
  std::shared_ptr<DeliveryReport> report;
  // The report has this loop's own numbers before any part is posted: a fast loop may be done with
  // its part while others are still to be told.
  if (parts > 0 && !call.message.id.empty()) {
    report = await_report(call, parts);
    report->delivered = delivered;
    report->dropped = dropped;
  }
  for (std::size_t loop = 0; loop < by_loop.size(); ++loop) {
    if (by_loop[loop].empty()) continue;
    call.node.loops[loop]->post(
        Delivery{frame, {}, std::move(by_loop[loop]), report, Importance::kBroadcast});
  }
  if (parts == 0) call.ack(delivered, dropped);
}

}  // namespace

void broadcast_to(const Call& call, std::string_view ns, std::string_view data) {
  fan_out(call, ns, data, {});
}

}  // namespace peer
