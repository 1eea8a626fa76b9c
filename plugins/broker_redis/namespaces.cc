#include "namespaces.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "client_text.h"
#include "on_error.h"
#include "rooms.h"

// A join is announced to the nodes with members, the own one too. It is answered when that
// announcement has come back, so that all news before it have been handed to the core; later ones
// wait until the core has entered the member. So what the member sees has no gap.
namespace peer_redis {

using peer::sdk::JoinOutcome;
using peer::sdk::JoinStatus;
using peer::sdk::MemberPage;

namespace {

JoinStatus join_status(std::string_view text) {
  constexpr std::pair<std::string_view, JoinStatus> kStatuses[] = {
      {"joined", JoinStatus::kJoined},     {"full", JoinStatus::kFull},
      {"is_room", JoinStatus::kIsRoom},    {"exists", JoinStatus::kExists},
      {"conflict", JoinStatus::kConflict}, {"gone", JoinStatus::kGone},
  };
  for (const auto& [name, status] : kStatuses) {
    if (text == name) return status;
  }
  return JoinStatus::kUnavailable;
}

JoinStatus status_of(const Reply& answer) {
  return answer.is_full() ? JoinStatus::kClusterFull : join_status(answer[0].text());
}

std::string_view kind_of(const Join& join) {
  if (!join.room) return "ns";
  return join.room->version == 0 ? "create" : "room";
}

std::uint64_t unsigned_of(const Reply& reply) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, reply.integer()));
}

}  // namespace

void Namespaces::join(const JoinRef& join) {
  join->since = Clock::now();
  try_join(join);
}

void Namespaces::try_join(const JoinRef& at_work) {
  Join& join = *at_work;
  if (!state_.is_connected()) return join_alone(join);
  // What the members here have missed is told to them alone: its page tells the new one.
  if (const auto* here = mirror_.find(join.ns); here != nullptr && here->behind) {
    catch_up_.compare(join.ns);
  }
  join.token = announcements_.begin();
  join.marked = watchers_.join_begins(join.ns, join.watches);
  const peer::sdk::RoomCommit plain;
  const peer::sdk::RoomCommit& room = join.room ? *join.room : plain;
  const std::string fingerprint = to_hex(join.peer.peer);
  const std::string registration = std::to_string(join.peer.registration);
  const std::string max_size = std::to_string(join.max_size);
  const std::string page = std::to_string(join.quiet ? 0 : join.page);
  const std::string version = std::to_string(room.version);
  const std::string owner = to_hex(room.room.owner);
  const std::string room_max = std::to_string(room.room.max_size);
  const RoomTerms terms = terms_of(room);
  const std::string news = join.room ? room_envelope(join.ns, "", room) : std::string();
  const std::vector<std::string> copy = copies_.arguments(join.peer);
  Arguments arguments{fingerprint,
                      registration,
                      join.ns,
                      join.object,
                      max_size,
                      page,
                      join.token,
                      kind_of(join),
                      version,
                      owner,
                      room_max,
                      room.room.state,
                      news,
                      join.patient ? "1" : "0",
                      terms.listed,
                      terms.empty,
                      join.quiet ? "1" : "0",
                      join.marked,
                      join.watches.presence ? "1" : "0"};
  arguments.insert(arguments.end(), copy.begin(), copy.end());
  link_.run(Script::kJoin, arguments,
            [this, at_work](const Reply* answer) { take_join_reply(at_work, answer); });
}

// What Redis has of the peer, or of all that is shared, may have yet to be put right.
bool Namespaces::try_join_again(std::string_view status, const JoinRef& join) {
  // Redis does not know this registration: the peer is written anew, before the join in the same
  // order.
  if (status == "stale" && !join->resynced && mirror_.is_live(join->peer)) {
    resync_.put_right(join->peer.peer);
    join->resynced = true;
    join->patient = true;
    try_join(join);
    return true;
  }
  if (status != "unsettled") return false;
  if (!heartbeat_.waits_for_others(join->since)) {
    if (Clock::now() - join->since >= Heartbeat::kMaxWait)
      return false;  // the core goes on by its own truth
    // The nodes that are waited for do not come back: the script shall go on without them.
    join->patient = false;
  }
  loop_.run_at(Clock::now() + Heartbeat::kTryAgainAfter, [this, join] { try_join(join); });
  return true;
}

void Namespaces::take_join_reply(const JoinRef& at_work, const Reply* answer) {
  Join& join = *at_work;
  JoinOutcome& outcome = join.outcome;
  outcome.status = answer != nullptr ? status_of(*answer) : JoinStatus::kUnavailable;
  if (outcome.status != JoinStatus::kJoined) {
    announcements_.abandon(join.token);
    watchers_.join_ended(join.ns, join.watches, nullptr);
    if (answer != nullptr && try_join_again((*answer)[0].text(), at_work)) return;
    if (outcome.status == JoinStatus::kUnavailable) return join_alone(join);
    if (outcome.status == JoinStatus::kClusterFull) log_.full(loop_.now());
    return join.reply(std::move(outcome));
  }
  outcome.version = unsigned_of((*answer)[1]);
  outcome.page = read_page(*answer, 2, 6, join.watches.presence);
  note_move(join);
  remember_member(join, outcome.version, outcome.page.total, std::string((*answer)[5].text()));
  // Its place in the order of joins is kept, for the case that Redis loses it.
  mirror_.mark_shared(join.ns, join.peer, (*answer)[4].text());
  watchers_.join_ended(join.ns, join.watches, &join.marked);
  if (join.watches.presence) know_away(join.ns, outcome.page);
  catch_up_.know_members(join.ns, outcome.page);
  announcements_.complete(join.token, [this, at_work] {
    at_work->outcome.hold = announcements_.hold_stream();
    at_work->reply(std::move(at_work->outcome));
  });
}

// Members here know it on another node: of an older registration, whose end nobody could tell.
void Namespaces::note_move(const Join& join) {
  if (forget_elsewhere(join.ns, join.peer.peer)) host_.member_left(join.ns, join.peer.peer);
}

bool Namespaces::forget_elsewhere(const std::string& ns, const Fingerprint& peer) {
  Mirror::Namespace* here = mirror_.find(ns);
  return here != nullptr && here->elsewhere && here->elsewhere->erase(peer) > 0;
}

// By this node's own truth: the core goes on so, and Redis learns of it with the next resync.
void Namespaces::join_alone(const Join& join) {
  note_move(join);
  remember_member(join, join.room ? join.room->version + 1 : 0, 0, {});
  resync_.mark_dirty(join.peer.peer);
  JoinOutcome outcome;
  // The members are compared behind this, or all of them when this node is connected again.
  if (link_.is_up()) outcome.hold = announcements_.hold_stream();
  if (state_.is_connected()) catch_up_.compare_soon(join.ns);
  join.reply(std::move(outcome));
}

void Namespaces::remember_member(const Join& join, std::uint64_t version, std::uint64_t total,
                                 std::string created) {
  mirror_.add_member(join.ns, join.peer, join.object);
  if (join.watches != Watches()) mirror_.set_watches(join.ns, join.peer, join.watches);
  Mirror::Namespace* here = mirror_.find(join.ns);
  if (here == nullptr) return;
  here->quiet = join.quiet;
  if (join.room) {
    if (created.empty() && here->room) created = here->room->created;
    here->room = Mirror::Room{join.room->room, version, std::move(created), terms_of(*join.room)};
  }
  here->total = std::max<std::uint64_t>(total, here->own);
  counts_.tell(join.ns, *here);
}

void Namespaces::leave(const std::string& ns, const Registered& peer, const std::string& told) {
  // The mirror first: it must be right even if the script never arrives.
  // One that has gone over to another node is among those elsewhere. The core has ended it before
  // it heard so, and the members here have been told.
  if (mirror_.remove_member(ns, peer) ||
      (mirror_.has_gone_over(peer) && forget_elsewhere(ns, peer.peer))) {
    counts_.member_gone(ns);
  }
  if (!link_.is_up()) return;
  link_.run(Script::kLeave,
            {to_hex(peer.peer), std::to_string(peer.registration), ns,
             state_.is_connected() ? "0" : "1", told},
            or_give_up(link_));
  if (!state_.is_connected()) resync_.mark_dirty(peer.peer);
}

void Namespaces::update(const std::string& ns, const Registered& peer, std::string object) {
  Mirror::Peer* entry = mirror_.find(peer.peer);
  const auto member = entry == nullptr ? Mirror::Members::iterator() : entry->members.find(ns);
  if (entry == nullptr || member == entry->members.end()) return;
  std::string before = std::move(member->second.object);
  mirror_.add_member(ns, peer, object);
  if (!link_.is_up()) return;
  const std::string fingerprint = to_hex(peer.peer);
  const std::string registration = std::to_string(peer.registration);
  auto texts =
      std::make_shared<std::pair<std::string, std::string>>(std::move(before), std::move(object));
  link_.run(Script::kUpdate, {fingerprint, registration, ns, texts->second},
            [this, ns, peer, texts](const Reply* answer) {
              or_give_up(link_)(answer);
              const bool watched = says_yes(answer);
              if (watched) host_.update_watched(ns, peer, texts->first, texts->second);
            });
  if (!state_.is_connected()) resync_.mark_dirty(peer.peer);
}

void Namespaces::list(const std::string& ns, const std::optional<Fingerprint>& after,
                      std::uint32_t limit, bool with_away,
                      const ReplyTo<std::optional<MemberPage>>& reply) {
  if (!state_.is_connected()) return reply(std::nullopt);
  link_.run(
      Script::kList,
      {ns, after ? to_hex(*after) : std::string(), std::to_string(limit), with_away ? "1" : "0"},
      [this, ns, with_away, reply](const Reply* answer) {
        if (answer == nullptr || answer->size() < 2) return reply(std::nullopt);
        MemberPage page = read_page(*answer, 1, 2, with_away);
        if (with_away) know_away(ns, page);
        page.is_room = (*answer)[0].integer() == 1;
        reply(std::move(page));
      });
}

// `total`: index of the count; `first`: of the members, three fields each, or four.
MemberPage Namespaces::read_page(const Reply& reply, std::size_t total, std::size_t first,
                                 bool with_away) const {
  MemberPage page;
  page.total = unsigned_of(reply[total]);
  const std::size_t fields = with_away ? 4 : 3;
  for (std::size_t i = first; i + fields <= reply.size(); i += fields) {
    const auto peer = from_hex(reply[i].text());
    // What is in Redis may have been written by anybody.
    if (!peer || !is_client_text(reply[i + 2].text())) continue;
    page.members.push_back({*peer, reply[i + 1].text() == self_,
                            with_away && reply[i + 3].text() == "a",
                            std::string(reply[i + 2].text())});
  }
  return page;
}

void Namespaces::know_away(const std::string& ns, const MemberPage& page) {
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr) return;
  for (const peer::sdk::MemberEntry& member : page.members) {
    if (!member.here && member.away) Watchers::know_away(*here, member.peer, true);
  }
}

}  // namespace peer_redis
