#include <algorithm>
#include <string>
#include <utility>

#include "core/dispatch/handlers.h"
#include "core/match/match_rules.h"
#include "core/session/replies.h"

// `match` and `match_cancel`: a request is read and paid for here; what becomes of it is the
// business of Matching (core/match/matching.h), whose answer comes at once or later.
namespace peer {
namespace {

// What has become of a request; the peer's further messages wait until it is told.
MatchTask::Done answer_to(const Call& call) {
  return [operation = call.session.hold()](const TicketOwner& owner, const MatchOutcome& outcome) {
    if (outcome.status == MatchOutcome::Status::kMatched) return;  // it has been told
    Session* there = session_of(operation);
    if (there == nullptr || !there->is_registered()) return;
    const auto refuse = [&](int code, std::string_view text) {
      reply_error(*there, MessageType::kMatch, owner.request_id, code, text);
    };
    switch (outcome.status) {
      case MatchOutcome::Status::kWaiting:
        return reply_waiting(*there, owner.request_id, outcome.ticket, owner.shows_ticket,
                             outcome.forecast);
      case MatchOutcome::Status::kMatched:
        return;  // as above
      case MatchOutcome::Status::kRefused:
        return refuse(400, outcome.refusal);
      case MatchOutcome::Status::kFailed:
        return refuse(500, "internal error");
      case MatchOutcome::Status::kLeft:
        return refuse(403, "not in namespace");
    }
  };
}

// What is wrong with the request itself comes first, and part of that only the strategy knows. It
// looks at a request that is good so far when that is entered (Matching::request).
void refuse(const Call& call, MatchRequest& request, int code, std::string_view text) {
  const MatchJudgement judgement = judge(call.node.strategies.of(request.ns), request);
  if (judgement.refusal) return call.error(400, *judgement.refusal);
  call.error(code, text);
}

}  // namespace

void handle_match(const Call& call) {
  MatchRequest request;
  if (!call.read(request)) return;
  if (!may_enter(call.session, request.ns)) {
    return refuse(call, request, 403, "not allowed");
  }
  Membership* membership = call.session.find(request.ns);
  if (membership == nullptr) return refuse(call, request, 403, "not in namespace");
  // The new size is entered before the check, since state_size() adds up what is entered. The
  // fields are counted twice, and whether the strategy wants them or not: a `match` may carry
  // fields as large as a message may be, and what a client may send does not depend on the
  // strategy.
  const std::uint32_t before =
      std::exchange(membership->ticket_size,
                    static_cast<std::uint32_t>(request.key().size() + 2 * request.fields_size));
  if (state_size(call.session) > call.node.config().max_peer_state) {
    membership->ticket_size = before;
    return refuse(call, request, 429, "too much state");
  }

  const bool shows_ticket = !call.message.id.empty() || request.timeout.has_value();
  // A client without ids and time-outs may be one of the original implementation. Its tickets wait
  // without a limit, and it gets no message that it does not know (docs/protocol.md, "C.2
  // Tickets").
  if (shows_ticket && !request.timeout) request.timeout = call.node.config().match_timeout;
  switch (call.node.matching->request(
      {call.loop(),
       call.session.registered(),
       {call.session.fingerprint, call.session.ref(), std::string(call.message.id), shows_ticket},
       *membership->ns,
       std::move(request),
       call.message.payload,
       answer_to(call),
       call.session.resumable != nullptr})) {
    case MatchOutcome::Status::kRefused:
      membership->ticket_size = before;  // an earlier ticket waits on
      break;
    case MatchOutcome::Status::kFailed:
      // An earlier ticket may have ended, or wait on: the larger size counts.
      membership->ticket_size = std::max(membership->ticket_size, before);
      break;
    case MatchOutcome::Status::kWaiting:
    case MatchOutcome::Status::kMatched:
    case MatchOutcome::Status::kLeft:
      break;
  }
}

void handle_match_cancel(const Call& call) {
  NamespaceRequest request;
  if (!call.read(request)) return;
  Membership* membership = call.session.find(request.ns);
  if (membership == nullptr) return call.error(403, "not in namespace");
  membership->ticket_size = 0;
  call.node.matching->cancel(call.loop(), request.ns, call.session.fingerprint,
                             [operation = call.session.hold(), id = std::string(call.message.id)](
                                 std::optional<sdk::TicketId> ticket) {
                               Session* there = session_of(operation);
                               if (there == nullptr) return;
                               if (ticket) return reply_cancelled(*there, id, *ticket);
                               reply_error(*there, id, 404, "ticket not found");
                             });
}

}  // namespace peer
