#include "core/session/banning.h"

#include <algorithm>

#include "core/base/log.h"
#include "core/session/session.h"
#include "core/session/session_moves.h"

namespace peer {
namespace {

// Its client is told why when it comes back, for as long as it could have come back otherwise.
void end_if_away(Node& node, SessionRef where, const Fingerprint& peer) {
  EventLoop& loop = node.loop_of(where);
  Session* session = find_session(loop, where);
  if (session == nullptr || session->fingerprint != peer || !session->is_away()) return;
  const Resumable& state = *session->resumable;
  const Time ends = ends_at(state);
  note_banned(node, state.token, ends, loop.now());
  if (state.used != nullptr) note_banned(node, state.used->hash, ends, loop.now());
  log_notice("a ban ends a session that was away",
             {{"peer", to_hex(peer)}, {"address", session->address()}});
  session->close(CloseCode::kAuthFailed, {});
}

void end_who_is_away(Node& node, const Ban& ban, std::int64_t now) {
  const auto peer = parse_fingerprint(ban.target);
  if (!peer || !ban.lasts(now)) return;
  if (const auto where = node.peers.find(*peer)) {
    node.loop_of(*where).post(
        [&node, where = *where, peer = *peer] { end_if_away(node, where, peer); });
  }
}

}  // namespace

TakenBan take_ban(Node& node, const Ban& ban, std::int64_t now) {
  TakenBan taken{node.admission.bans().put(ban, now)};
  if (taken.change != Bans::Change::kTaken) return taken;
  if (node.on_bans_changed) taken.is_kept = node.on_bans_changed();
  end_who_is_away(node, ban, now);
  return taken;
}

TakenBans take_bans(Node& node, std::span<const Ban> bans, std::int64_t now) {
  TakenBans taken;
  for (const Ban& ban : bans) {
    if (node.admission.bans().put(ban, now) != Bans::Change::kTaken) continue;
    ++(ban.lasts(now) ? taken.put : taken.lifted);
    end_who_is_away(node, ban, now);
  }
  // Once for all of them: the file is written as a whole.
  if (taken.put + taken.lifted > 0 && node.on_bans_changed) node.on_bans_changed();
  return taken;
}

std::int64_t next_change(Node& node, const std::string& target, std::int64_t now) {
  return std::max(now, node.admission.bans().changed_at(target) + 1);
}

}  // namespace peer
