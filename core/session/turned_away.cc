#include "core/session/turned_away.h"

#include "core/session/foreign_session.h"
#include "core/session/replies.h"

namespace peer {
namespace {

void note(Node& node, const Session& session, Refusal reason, const std::string& why) {
  node.admission.refusals().note(reason, session.transport()->remote_address(), why,
                                 session.loop().now());
}

}  // namespace

void turn_away(Node& node, Session& session, Refusal reason, const std::string& why,
               const TurningAway& answer) {
  note(node, session, reason, why);
  // The error is queued before the close frame, so the client gets both.
  reply_error(session, session.registration ? session.registration->id : "", answer.code,
              answer.text);
  session.close(answer.close, answer.text);
}

void refuse_full(Node& node, Session& session) {
  turn_away(node, session, Refusal::kMaxPeers,
            "server full, max_peers is " + std::to_string(node.config().max_peers),
            {503, "server full", CloseCode::kTryAgainLater});
}

void refuse_cluster_full(Node& node, Session& session) {
  turn_away(node, session, Refusal::kMaxPeers, "the broker has no room for another peer",
            {503, kClusterFullMessage, CloseCode::kTryAgainLater});
}

void refuse_taken(Node& node, Session& session) {
  turn_away(node, session, Refusal::kFirstMessage, "another client has its id",
            {409, kIdTaken, CloseCode::kPolicyViolation});
}

void refuse_unproved(Node& node, Session& session) {
  if (session.foreign) return refuse_taken(node, session);
  turn_away(node, session, Refusal::kAuth,
            "it has not proved its public_key, and who has it now has done so",
            {401, "key proof required", CloseCode::kAuthFailed});
}

void refuse_first_message(Node& node, Session& session, int code, std::string_view text) {
  turn_away(node, session, Refusal::kFirstMessage, "its first message: " + std::string(text),
            {code, text, CloseCode::kPolicyViolation});
}

void refuse_too_often(Node& node, Session& session) {
  note(node, session, Refusal::kReplacedTooOften,
       "clients with the same public_key replace each other over and over");
  session.close(CloseCode::kTryAgainLater, "replaced too often");
}

void refuse_late(Node& node, Session& session, const std::string& why) {
  note(node, session, Refusal::kRegistrationTimeout, why);
  session.close(CloseCode::kPolicyViolation, "registration timeout");
}

bool is_banned(Node& node, const Session& session) {
  const sdk::Instant now = session.loop().wall();
  return node.admission.bans().covers(session.fingerprint, now.time_since_epoch().count()) ||
         (session.transport() != nullptr &&
          node.admission.is_banned({session.transport()->remote_address(), false}, now));
}

void refuse_banned(Node& node, Session& session) {
  turn_away(node, session, Refusal::kBan, "banned by an operator",
            {401, kBannedMessage, CloseCode::kAuthFailed});
}

}  // namespace peer
