#include "core/session/auth_host.h"

#include <optional>
#include <string>

#include "core/base/log.h"
#include "core/base/utf8.h"
#include "core/session/authentication.h"
#include "core/session/membership.h"
#include "core/session/replies.h"

namespace peer {
namespace {

// The words go to a client, and to other nodes.
std::string sound_words(std::string_view message) {
  constexpr std::size_t kLongest = 1024;
  const bool sound = !message.empty() && message.size() <= kLongest && is_valid_utf8(message);
  return std::string(sound ? message : kAuthFailed);
}

// Ends the session if it is the peer's: one that is admitted, or just about to be.
void throw_out(Node& node, LoopState& home, SessionRef ref, const Fingerprint& peer,
               const std::string& words) {
  Session* session = find_session(*home.loop, ref);
  if (session == nullptr || session->fingerprint != peer) return;
  log_notice("an auth plugin throws a peer out",
             {{"peer", to_hex(peer)}, {"address", session->address()}});
  reply_error(*session, "", 401, words);
  if (session->admitted) end_session(node, *session, Ending::kGone);
  session->close(CloseCode::kAuthFailed, words);
}

}  // namespace

void throw_out(Node& node, const Fingerprint& peer, std::string_view message) {
  // Each loop looks for itself: a verdict that was on its way to a loop when the plugin made up its
  // mind has been carried out there by then.
  for (const auto& its : node.loop_states) {
    its->loop->post([&node, &home = *its, peer, words = sound_words(message)] {
      for (const SessionRef replacing : home.replacing)
        throw_out(node, home, replacing, peer, words);
      const std::optional<SessionRef> where = node.peers.find(peer);
      if (where && where->loop == home.loop->index()) throw_out(node, home, *where, peer, words);
    });
  }
}

void AuthPluginHost::start() {
  {
    const MutexLock lock(mutex_);
    serves_ = true;
  }
  for (const AuthEntry& entry : node_.auths) {
    if (entry.revision >= 2) entry.calls.run("start", [&] { entry.plugin.start(*this); });
  }
}

void AuthPluginHost::stop() {
  const MutexLock lock(mutex_);
  serves_ = false;
}

void AuthPluginHost::revoke(const Fingerprint& peer, std::string_view message) noexcept {
  try {
    // Held over the calls, which block nobody: stop() waits until the broker has been told.
    const MutexLock lock(mutex_);
    if (!serves_) return;
    throw_out(node_, peer, message);
    node_.others.revoke(peer, sound_words(message));
  } catch (const std::exception& failure) {
    log_error(std::string("a revocation was lost: ") + failure.what());
  }
}

void AuthPluginHost::revoke_identity(std::string_view identity, std::string_view message) noexcept {
  revoke(fingerprint_of_identity(identity), message);
}

}  // namespace peer
