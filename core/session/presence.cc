#include "core/session/presence.h"

#include <algorithm>
#include <utility>

#include "core/session/session_moves.h"
#include "core/wire/notices.h"

// News of a peer for those who watch. In: changes of its meta, and that it goes away or is back, on
// its loop. Out: frames, posted under the lock of the namespace, so that they have their place
// among its joins and leaves, and the same for the broker. What is kept of a peer
// (LoopState::told_meta) lives for `presence_interval` after the latest news of it, and no longer
// than the membership.
//
// Whether somebody on another node watches the meta only what the nodes share can say: it does so
// in answer to the new peer object, which it is told anyway (tell_changes_elsewhere).
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
bool tell_here(Node& node, const Session& session, const Membership& membership, const Meta& before,
               const MetaKeys& changed, ToldMeta& told) {
  const std::string changes = meta_of(session, membership).changes_from(before, changed);
  if (changes.empty()) return false;
  auto heard = node.namespaces.tell_meta(
      *membership.ns, membership.joined,
      peer_updated_frame(session.fingerprint, membership.ns->name, changes, session.loop().wall()));
  told.here = {true, std::nullopt, {}, heard.pages};
  told.on_the_move = std::move(heard.on_the_move);
  told.next_join = heard.next_join;
  return true;
}

// The same, of those on other nodes.
bool tell_elsewhere(Node& node, const Session& session, const Membership& membership,
                    const Meta& before, const MetaKeys& changed, Meta now, ToldMeta& told) {
  const std::string changes = now.changes_from(before, changed);
  if (changes.empty()) return false;
  const FrameRef frame =
      peer_updated_frame(session.fingerprint, membership.ns->name, changes, session.loop().wall());
  // A watcher that has come from another node since the members here were told would hear it
  // nowhere.
  if (told.next_join != 0) {
    auto heard =
        node.namespaces.tell_meta_since(*membership.ns, membership.joined, told.next_join, frame);
    told.on_the_move.insert(told.on_the_move.end(), heard.on_the_move.begin(),
                            heard.on_the_move.end());
    told.next_join = heard.next_join;
  }
  node.others.tell_update(membership.ns->name, session.registered(), text_of(frame),
                          told.on_the_move);
  told.elsewhere = {true, std::nullopt, {}, 0};
  told.known_elsewhere = std::move(now);
  return true;
}

void await_interval(Node& node, const Session& session, const Namespace* ns, ToldMeta& told) {
  EventLoop& loop = session.loop();
  told.timer = loop.schedule(loop.now() + node.config().presence_interval,
                             [&node, peer = session.ref(), ns] { look_again(node, peer, ns); });
}

// What has changed since the latest news. Returns whether there was something to tell.
bool tell_waiting(Node& node, const Session& session, const Membership& membership,
                  ToldMeta& told) {
  const ToldMeta::Watchers here = std::exchange(told.here, {});
  const ToldMeta::Watchers elsewhere = std::exchange(told.elsewhere, {});
  const bool tells_here =
      here.before && tell_here(node, session, membership, *here.before, here.changed, told);
  const bool tells_elsewhere =
      elsewhere.before && tell_elsewhere(node, session, membership, *elsewhere.before,
                                         elsewhere.changed, meta_of(session, membership), told);
  return tells_here || tells_elsewhere;
}

// As many as a meta may have. Beyond that they are told before the interval is over.
bool is_much(const Node& node, const MetaKeys& keys) {
  std::size_t bytes = 0;
  for (const auto& [key, raw_key] : keys) bytes += raw_key.size();
  return bytes > node.bounds().meta;
}

// The interval is over.
void look_again(Node& node, SessionRef peer, const Namespace* ns) {
  EventLoop& loop = node.loop_of(peer);
  auto& told_meta = node.loop_states[peer.loop]->told_meta;
  const auto told = told_meta.find(key_of(peer, ns));
  if (told == told_meta.end()) return;
  const Session* session = find_session(loop, peer);
  const Membership* membership = session == nullptr ? nullptr : find_membership(*session, ns);
  if (membership != nullptr && tell_waiting(node, *session, *membership, told->second)) {
    await_interval(node, *session, ns, told->second);
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
    const Membership* membership = find_membership(session, seen.ns);
    if (membership == nullptr) continue;
    if (told != told_meta.end() && told->second.here.told) {
      // What is told then is the difference to what the watchers know now; and more, where somebody
      // may have been shown what they do not know.
      ToldMeta::Watchers& here = told->second.here;
      if (node.namespaces.pages(*seen.ns) != here.pages) {
        meta_of(session, *membership).add_changed_keys(seen.meta, here.changed);
      }
      if (!here.before) here.before = std::move(seen.meta);
      if (is_much(node, here.changed)) tell_waiting(node, session, *membership, told->second);
    } else if (told != told_meta.end()) {
      tell_here(node, session, *membership, seen.meta, {}, told->second);
    } else if (ToldMeta first; tell_here(node, session, *membership, seen.meta, {}, first)) {
      await_interval(node, session, seen.ns, first);
      told_meta.emplace(key_of(session.ref(), seen.ns), std::move(first));
    }
  }
}

void tell_changes_elsewhere(Node& node, Session& session, std::string_view ns, const Meta& before,
                            const Meta& after) {
  const Membership* membership = session.find(ns);
  if (membership == nullptr || !node.others.tells_watchers()) return;
  auto& told_meta = session.home().told_meta;
  const auto told = told_meta.find(key_of(session.ref(), membership->ns));
  if (told == told_meta.end()) {
    ToldMeta first;
    if (!tell_elsewhere(node, session, *membership, before, {}, after, first)) return;
    await_interval(node, session, membership->ns, first);
    told_meta.emplace(key_of(session.ref(), membership->ns), std::move(first));
  } else if (!told->second.elsewhere.told) {
    tell_elsewhere(node, session, *membership, before, {}, after, told->second);
  } else {
    // Whoever has listed the members there meanwhile has been shown what the broker knew.
    ToldMeta::Watchers& elsewhere = told->second.elsewhere;
    after.add_changed_keys(before, elsewhere.changed);
    // They have been told later than the broker.
    if (!elsewhere.before) elsewhere.before = told->second.known_elsewhere;
    // A peer that is about to move has no other time.
    if (is_moving(session.home(), session.ref()) || is_much(node, elsewhere.changed)) {
      tell_waiting(node, session, *membership, told->second);
    }
  }
  session.loop().deliver_mail();
}

void tell_waiting_changes(Node& node, Session& session) {
  auto& told_meta = session.home().told_meta;
  if (told_meta.empty()) return;
  for (const Membership& membership : session.memberships) {
    const auto told = told_meta.find(key_of(session.ref(), membership.ns));
    if (told != told_meta.end()) tell_waiting(node, session, membership, told->second);
  }
  session.loop().deliver_mail();
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
  struct Change {
    const std::string* ns;
    std::vector<Fingerprint> on_the_move;
  };
  std::vector<Change> changed;
  for (const Membership& membership : session.memberships) {
    const std::string& ns = membership.ns->name;
    auto told =
        node.namespaces.set_away(*membership.ns, membership.joined, away,
                                 presence_frame(away ? "peer_away" : "peer_back",
                                                session.fingerprint, ns, session.loop().wall()));
    if (told) changed.push_back({&ns, std::move(*told)});
  }
  if (changed.empty() || !node.others.tells_watchers()) return;
  std::vector<sdk::AwayNews> news;
  news.reserve(changed.size());
  for (const Change& change : changed) news.push_back({*change.ns, change.on_the_move});
  node.others.set_away(session.registered(), away, news);
}

void send_away(Session& session, std::string_view ns, const PeerPage& page) {
  for (const Fingerprint& peer : page.away) {
    session.reply(presence_frame("peer_away", peer, ns, session.loop().wall()));
  }
}

}  // namespace peer
