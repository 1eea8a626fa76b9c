#pragma once

#include <peer/sdk/auth.h>

#include "core/server/node.h"
#include "core/session/session.h"

/// Grants of plugins that are asked again before they end (sdk::Auth::renews()). On the session's
/// loop.
namespace peer {

/// Keeps what is granted to a session that registers, and what its plugin is to be asked again.
/// Only where the grant has an end, and the plugin renews.
void keep_grant(const Node& node, Session& session, sdk::AuthGrant granted);
/// From now on the session's deadline is when its plugin is to be asked: once it is registered, and
/// has come back. While it is away it is not asked about, and its grant ends when it ends. Without
/// a grant that is kept nothing changes.
void await_renewal(Session& session);
/// The deadline of a registered session: its plugin is asked again, or its grant is over, and so is
/// the session.
void handle_grant_deadline(Node& node, Session& session);

}  // namespace peer
