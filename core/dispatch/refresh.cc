#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/dispatch/handlers.h"
#include "core/session/authentication.h"
#include "core/session/replies.h"

namespace peer {
namespace {

// What is wrong with a verdict on the token of a peer that is registered; nullopt: nothing.
std::optional<std::string> refusal_of(const Session& session, const AuthEntry& entry,
                                      const sdk::AuthVerdict& verdict) {
  if (const auto* rejected = std::get_if<sdk::AuthRejection>(&verdict)) return rejected->message;
  const auto* granted = std::get_if<sdk::AuthGrant>(&verdict);
  if (granted == nullptr) {
    entry.calls.fault("authenticate", "neither granted nor rejected the token of an auth_refresh");
    return std::string(kAuthFailed);
  }
  if (!is_of(session, *granted)) return "another identity";
  if (granted->expires && *granted->expires <= session.loop().wall()) return "token expired";
  return std::nullopt;
}

void use_grant(Node& node, Session& session, const std::string& id, const AuthEntry& entry,
               const sdk::AuthGrant& granted) {
  use_rights(node, session, rights_of(granted, entry.calls.name()));
  set_expiry(session, granted);
  reply_refreshed(session, id,
                  granted.expires ? *granted.expires - session.loop().wall() : milliseconds(0));
}

}  // namespace

void handle_auth_refresh(const Call& call) {
  AuthRefreshRequest request;
  if (!call.read(request)) return;
  const AuthEntry& entry = call.node.auths[call.session.auth_entry];
  // The token would be one for another entry, which has not let this peer in.
  if (!entry.traits.takes_tokens) return call.error(401, "not registered by a token");
  const std::string own = to_hex(call.session.fingerprint);
  ask_auth(call.node, call.session, entry, {call.message.payload, {}, {}, own},
           [&node = call.node, &entry, id = std::string(call.message.id)](
               Session& session, sdk::AuthVerdict verdict) {
             if (const auto refusal = refusal_of(session, entry, verdict)) {
               return reply_error(session, MessageType::kAuthRefresh, id, 401, *refusal);
             }
             use_grant(node, session, id, entry, std::get<sdk::AuthGrant>(verdict));
           });
}

}  // namespace peer
