#include "core/session/presence.h"

#include <algorithm>
#include <utility>

#include "core/wire/notices.h"

// News of a peer for those who watch. In: changes of its meta, and that it goes away or is back, on
// its loop. Out: frames, posted under the lock of the namespace, so that they have their place
// among its joins and leaves. What is kept of a peer (LoopState::told_meta) lives for
// `presence_interval` after the latest news of it, and no longer than the membership.
namespace peer {
namespace {

Meta meta_of(const Session& session, const Membership& membership) {
  Meta meta = session.meta;
  meta.merge(membership.meta);
  return meta;
}

const Membership* find_membership(const Session& session, const Namespace* ns) {
  for (const Membership& membership : session.memberships) {
    if (membership.ns == ns) return &membership;
  }
  return nullptr;
}

std::pair<std::uint32_t, const Namespace*> key_of(SessionRef peer, const Namespace* ns) {
  return {std::uint32_t{peer.slot}, ns};
}

void look_again(Node& node, SessionRef peer, const Namespace* ns);

// Returns whether there was something to tell.
bool tell(Node& node, const Session& session, const Membership& membership, const Meta& before) {
  const std::string changes = meta_of(session, membership).changes_from(before);
  if (changes.empty()) return false;
  node.namespaces.tell_meta(
      *membership.ns, membership.joined,
      peer_updated_frame(session.fingerprint, membership.ns->name, changes, session.loop().wall()));
  return true;
}

TimerId schedule(Node& node, const Session& session, const Namespace* ns) {
  EventLoop& loop = session.loop();
  return loop.schedule(loop.now() + node.config().presence_interval,
                       [&node, peer = session.ref(), ns] { look_again(node, peer, ns); });
}

// The interval is over.
void look_again(Node& node, SessionRef peer, const Namespace* ns) {
  EventLoop& loop = node.loop_of(peer);
  auto& told_meta = node.loop_states[peer.loop]->told_meta;
  const auto told = told_meta.find(key_of(peer, ns));
  if (told == told_meta.end()) return;
  const Session* session = find_session(loop, peer);
  const Membership* membership = session == nullptr ? nullptr : find_membership(*session, ns);
  const std::optional<Meta> before = std::exchange(told->second.before, std::nullopt);
  if (membership != nullptr && before && tell(node, *session, *membership, *before)) {
    told->second.timer = schedule(node, *session, ns);
    loop.deliver_mail();
  } else {
    told_meta.erase(told);
  }
}

}  // namespace

std::vector<SeenMeta> seen_meta(const Node& node, const Session& session, const Namespace* only) {
  std::vector<SeenMeta> seen;
  if (!node.namespaces.has_meta_watchers()) return seen;
  for (const Membership& membership : session.memberships) {
    if (only != nullptr && membership.ns != only) continue;
    if (!node.namespaces.has_meta_watchers(*membership.ns, membership.watches.meta)) continue;
    seen.push_back({membership.ns, meta_of(session, membership)});
  }
  return seen;
}

void tell_changes(Node& node, Session& session, std::vector<SeenMeta> before) {
  auto& told_meta = session.home().told_meta;
  for (SeenMeta& seen : before) {
    const auto told = told_meta.find(key_of(session.ref(), seen.ns));
    if (told != told_meta.end()) {
      // What is told then is the difference to what the watchers know now.
      if (!told->second.before) told->second.before = std::move(seen.meta);
      continue;
    }
    const Membership* membership = find_membership(session, seen.ns);
    if (membership == nullptr || !tell(node, session, *membership, seen.meta)) continue;
    told_meta[key_of(session.ref(), seen.ns)].timer = schedule(node, session, seen.ns);
  }
}

void forget_changes(const Session& session, const Namespace& ns) {
  auto& told_meta = session.home().told_meta;
  if (told_meta.empty()) return;
  const auto told = told_meta.find(key_of(session.ref(), &ns));
  if (told == told_meta.end()) return;
  session.loop().cancel(told->second.timer);
  told_meta.erase(told);
}

void tell_presence(Node& node, const Session& session, bool away) {
  for (const Membership& membership : session.memberships) {
    node.namespaces.set_away(*membership.ns, membership.joined, away,
                             presence_frame(away ? "peer_away" : "peer_back", session.fingerprint,
                                            membership.ns->name, session.loop().wall()));
  }
}

void send_away(Session& session, std::string_view ns, const PeerPage& page) {
  for (const Fingerprint& peer : page.away) {
    session.reply(presence_frame("peer_away", peer, ns, session.loop().wall()));
  }
}

}  // namespace peer
