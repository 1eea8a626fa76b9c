#include "core/dispatch/matching.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/dispatch/shared_matching.h"

namespace peer {
namespace {

// The strategy, or the next expiry, wants to be heard at a time of its own. Each loop has one timer
// for all the namespaces that its requests concern.
void schedule_tick(Node& node, EventLoop& loop, sdk::Instant wake_at) {
  Time& scheduled = node.loop_states[loop.index()]->match_tick;
  const Time at = loop.now() + (wake_at - loop.wall());
  if (scheduled <= at) return;
  scheduled = at;
  loop.schedule("match", at, [&node, &loop, &scheduled] {
    scheduled = kNever;
    const std::optional<sdk::Instant> next = node.matchmaker.tick(loop.wall());
    loop.deliver_mail();
    if (next) schedule_tick(node, loop, *next);
  });
}

// About what a parsed value takes in memory. A `match` may carry fields for the strategy only, as
// large as a message may be, and they are kept as long as the ticket.
std::size_t memory_of(const sdk::Value& value) {
  std::size_t size = sizeof(sdk::Value);
  if (const std::string* text = value.as_string()) size += text->size();
  if (const auto* list = value.as_list()) {
    for (const sdk::Value& element : *list) size += memory_of(element);
  }
  if (const auto* object = value.as_object()) {
    constexpr std::size_t kNode = 64;
    for (const auto& [key, member] : *object) size += kNode + key.size() + memory_of(member);
  }
  return size;
}

class OwnMatching final : public Matching {
 public:
  MatchOutcome::Status request(const Call& call, MatchRequest request, bool shows_ticket) override {
    const MatchOutcome outcome = call.node.matchmaker.request(
        {call.peer.fingerprint, call.connection.ref(), std::string(call.message.id), shows_ticket},
        request, call.loop().wall());
    switch (outcome.status) {
      case MatchOutcome::Status::kRefused:
        call.error(400, outcome.refusal);
        return outcome.status;
      case MatchOutcome::Status::kFailed:
        call.error(500, "internal error");
        return outcome.status;
      case MatchOutcome::Status::kWaiting:
        reply_waiting(call.connection, call.message.id, outcome.ticket, shows_ticket);
        break;
      case MatchOutcome::Status::kMatched:
        break;
    }
    call.loop().deliver_mail();
    if (outcome.wake_at) schedule_tick(call.node, call.loop(), *outcome.wake_at);
    return outcome.status;
  }
  void cancel(const Call& call, std::string_view ns) override {
    const auto ticket = call.node.matchmaker.cancel(ns, call.peer.fingerprint, call.loop().wall());
    if (!ticket) return call.error(404, "ticket not found");
    reply_cancelled(call.connection, call.message.id, *ticket);
  }
  void drop(Node& node, Connection& connection, std::string_view ns) override {
    node.matchmaker.cancel(ns, peer_of(connection).fingerprint, connection.loop().wall());
  }
};

class SharedMatching final : public Matching {
 public:
  MatchOutcome::Status request(const Call& call, MatchRequest request, bool shows_ticket) override {
    return request_shared_match(call, std::move(request), shows_ticket);
  }
  void cancel(const Call& call, std::string_view ns) override { cancel_shared_match(call, ns); }
  void drop(Node& node, Connection& connection, std::string_view ns) override {
    drop_shared_ticket(node, connection, ns);
  }
};

}  // namespace

void handle_match(const Call& call) {
  MatchRequest request;
  if (!call.read(request)) return;
  Membership* membership = call.peer.find(request.ns);
  if (membership == nullptr) return call.error(403, "not in namespace");
  const std::size_t before = std::exchange(
      membership->ticket_size, request.criteria_key.size() + 2 * memory_of(request.fields));
  if (state_size(call.peer) > call.node.config().max_peer_state) {
    membership->ticket_size = before;
    return call.error(429, "too much state");
  }

  const bool shows_ticket = !call.message.id.empty() || request.timeout.has_value();
  if (shows_ticket && !request.timeout) request.timeout = call.node.config().match_timeout;
  switch (call.node.matching->request(call, std::move(request), shows_ticket)) {
    case MatchOutcome::Status::kRefused:
      membership->ticket_size = before;  // an earlier ticket waits on
      break;
    case MatchOutcome::Status::kFailed:
      membership->ticket_size = std::max(membership->ticket_size, before);
      break;
    case MatchOutcome::Status::kWaiting:
    case MatchOutcome::Status::kMatched:
      break;
  }
}

void handle_match_cancel(const Call& call) {
  NamespaceRequest request;
  if (!call.read(request)) return;
  Membership* membership = call.peer.find(request.ns);
  if (membership == nullptr) return call.error(403, "not in namespace");
  membership->ticket_size = 0;
  call.node.matching->cancel(call, request.ns);
}

std::unique_ptr<Matching> make_matching(bool alone) {
  if (alone) return std::make_unique<OwnMatching>();
  return std::make_unique<SharedMatching>();
}

}  // namespace peer
