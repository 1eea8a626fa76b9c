#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <peer/sdk/auth.h>

#include "core/base/fingerprint.h"
#include "core/base/unique_task.h"
#include "core/server/node.h"
#include "core/session/session.h"

/// What an auth plugin is asked, what is believed of its answer, and what a peer may do by it
/// (docs/protocol.md, "C.3 Authentication"). On the session's loop.
namespace peer {

/// A question to one entry of the list `auth`; see sdk::AuthRequest. Views live until ask_auth()
/// returns.
struct AuthQuestion {
  std::string_view payload;
  /// What who is on its way in has said, or, of a renewal, had said; null: auth_refresh.
  std::shared_ptr<const Registration> registration{};
  std::string_view response{};
  std::string_view refreshes{};             ///< of `auth_refresh`: the fingerprint, in hex
  const sdk::AuthGrant* granted = nullptr;  ///< of a renewal
};

/// Asks the entry, and goes on with what it says: at once, or later, unless the session has gone.
/// Its further messages wait. A verdict that makes no sense is logged, and is a rejection then.
void ask_auth(Node& node, Session& session, const AuthEntry& entry, const AuthQuestion& question,
              UniqueTask<void(Session& session, sdk::AuthVerdict&& verdict)> then);

/// The same of a registered peer, whose messages go on meanwhile. Without an answer by the deadline
/// it is AuthPass.
void ask_auth_beside(Node& node, Session& session, const AuthEntry& entry,
                     const AuthQuestion& question, milliseconds deadline,
                     UniqueTask<void(Session& session, sdk::AuthVerdict&& verdict)> then);

/// What a client that speaks another protocol may have of it: it is who its id says, whatever the
/// plugin knows.
void limit_to_foreign(sdk::AuthGrant& granted);
/// Who a peer is by this grant: its identity, or whoever the fingerprint of its public_key says.
[[nodiscard]] Fingerprint fingerprint_by(const sdk::AuthGrant& granted,
                                         const Fingerprint& of_public_key);
/// Whether a new grant is for the same peer: one for another identity would make it another.
[[nodiscard]] bool is_of(const Session& session, const sdk::AuthGrant& granted);
/// The rights of a grant; null: all. `granted_by`: the label of the plugin, which outlives them.
[[nodiscard]] std::unique_ptr<Rights> rights_of(const sdk::AuthGrant& granted,
                                                const std::string& granted_by);
/// Has handle_deadline() called when the grant ends. Until then nothing else is due.
void set_expiry(Session& session, const sdk::AuthGrant& granted);

/// The words for a client where a plugin has none.
inline constexpr std::string_view kAuthFailed = "authentication failed";
/// Those for a grant that is over.
inline constexpr std::string_view kAuthExpired = "authentication expired";

/// A plugin's words, which may repeat what a client has sent, for a line of the log: with quotes,
/// with what could forge a line escaped, and of at most 120 bytes.
[[nodiscard]] std::string quoted_for_log(std::string_view text);

}  // namespace peer
