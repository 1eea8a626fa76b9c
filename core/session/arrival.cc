#include "core/session/arrival.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/match/match_rules.h"
#include "core/session/membership.h"

// A session of another node becomes one of this node: in the order in which a claim (claim.cc) gets
// to know of it.
namespace peer {
namespace {

std::unique_ptr<Rights> moved_rights(const MovingIdentity& identity) {
  if (!identity.patterns && !identity.rate && identity.may_create_rooms) return nullptr;
  auto rights = std::make_unique<Rights>();
  rights->namespaces = identity.patterns;
  rights->rate_per_second = identity.rate;
  rights->may_create_rooms = identity.may_create_rooms;
  return rights;
}

}  // namespace

std::unique_ptr<Session> make_session(Node& node, LoopState& home, const MovingIdentity& identity,
                                      std::uint64_t number) {
  auto session = std::make_unique<Session>(home);
  session->stage = Session::Stage::kRegistered;
  session->registration_number = number;
  session->fingerprint = identity.peer.peer;
  session->set_registered_at(identity.registered_at);
  session->set_alias(identity.alias);
  session->meta.merge(identity.meta);
  session->proved = identity.proved;
  session->has_identity = identity.has_identity;
  session->rights = moved_rights(identity);
  for (std::size_t i = 0; i < node.auths.size(); ++i) {
    if (node.auths[i].calls.name() != identity.auth) continue;
    session->auth_entry = static_cast<std::uint16_t>(i);
    if (session->rights != nullptr) session->rights->granted_by = &node.auths[i].calls.name();
  }
  session->admitted = true;
  session->resumable = std::make_unique<Resumable>();
  return session;
}

void enter_namespaces(Node& node, Session& session, const MovingIdentity& identity) {
  for (const MovingMembership& moving : identity.memberships) {
    const Joiner joiner{session.ref(), session.fingerprint, moving.object, {},
                        false,         moving.watches};
    const JoinResult entered = node.namespaces.come(
        moving.ns, joiner, moving.room ? &*moving.room : nullptr, identity.away);
    session.memberships.push_back({entered.ns, entered.joined, moving.app_type, moving.meta,
                                   moving.ticket_size, moving.watches});
    if (may_use_namespace(session, moving.ns)) {
      session.namespaces.insert(entered.ns);
    } else {
      node.namespaces.mute(*entered.ns, entered.joined, true);
    }
  }
}

std::vector<sdk::WatchedNamespace> watched_by(const Session& session) {
  std::vector<sdk::WatchedNamespace> watched;
  for (const Membership& membership : session.memberships) {
    if (membership.watches == Watches()) continue;
    watched.push_back({membership.ns->name, membership.watches});
  }
  return watched;
}

// Behind what the other node has sent comes what has come here.
void add_rest(Node& node, Session& session, MovingRest rest) {
  Resumable& state = *session.resumable;
  Away& away = *state.away;
  const Time now = session.loop().now();
  KeptFrames kept;
  std::size_t bytes = state.bytes;
  const std::size_t waits = std::min<std::size_t>(rest.waiting, rest.kept.size());
  for (std::size_t i = 0; i < rest.kept.size(); ++i) {
    const std::size_t size = rest.kept[i].size();
    bytes += size;
    if (i + waits >= rest.kept.size()) away.waiting_bytes += size;
    kept.push(std::move(rest.kept[i]));
  }
  kept.note_handed_out(static_cast<std::uint32_t>(rest.handed_out));
  away.waiting += static_cast<std::uint32_t>(waits);
  for (std::uint32_t i = 0; i < state.kept.count(); ++i) kept.push(state.kept.at(i));
  state.kept = std::move(kept);
  session.messages = rest.messages;
  state.handled = rest.handled;
  state.sent += rest.sent;
  const std::uint32_t lost_here = state.lost;
  state.lost += rest.lost;
  session.limited_in_a_row = rest.limited_in_a_row;
  node.resumes.remove(state.token);
  state.token = rest.token;
  // Of two tokens with the same first 64 bits one leads nowhere: nobody has ever seen two.
  static_cast<void>(node.resumes.add(state.token, session.ref()));
  if (rest.used) {
    state.used = std::make_unique<UsedToken>(*rest.used);
    state.used->lost += lost_here;
    static_cast<void>(node.resumes.add(state.used->hash, session.ref()));
  }
  state.ends = now + rest.ends;
  away.window_ends = now + rest.window;
  away.address = rest.address;
  away.grant_ends = rest.grant ? now + *rest.grant : kNever;
  session.home().kept.change(state, bytes);
  if (rest.rate) session.tokens = TokenBucket(*rest.rate, now);
  session.fanout = std::make_unique<TokenBucket>(rest.fanout, now);
}

void add_ticket(Node& node, Session& session, MovingTicketOf moving) {
  std::string text = moving.ticket.text;
  auto request = read_sent_request(session.home().parser, node.bounds(), moving.ns, text);
  if (!request || session.find(moving.ns) == nullptr) return;
  const TicketOwner owner{session.fingerprint, session.ref(), {}, moving.ticket.shows_ticket};
  node.matching->put_in(session.loop(), moving.ns, owner, std::move(moving.ticket),
                        std::move(*request));
}

}  // namespace peer
