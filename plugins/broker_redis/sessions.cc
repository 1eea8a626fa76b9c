#include "sessions.h"

#include <utility>

#include "on_error.h"

// A session goes from the node that has it to the one at which its client resumes it. In come the
// steps of the two cores, and what the other node says. Out go envelopes, and lua/take_peer.lua:
// from that step on the registration is the caller's. Its place in the streams of both nodes is
// marked, there by an envelope, here by an announcement, as that of a join is; at its place each
// core is told with a hold.
namespace peer_redis {

using peer::sdk::SessionSearch;
using peer::sdk::TakeOutcome;
using peer::sdk::TakeStatus;

namespace {

constexpr std::size_t kFirstMembership = 4;
constexpr std::size_t kMembershipFields = 11;

TakeStatus status_of(std::string_view text) {
  if (text == "taken") return TakeStatus::kTaken;
  if (text == "gone") return TakeStatus::kGone;
  if (text == "too_often") return TakeStatus::kTooOften;
  return TakeStatus::kUnavailable;
}

TakeOutcome nothing_done() {
  TakeOutcome outcome;
  outcome.status = TakeStatus::kGone;
  return outcome;
}

SessionSearch search_of(std::string_view text) {
  if (text == "asked") return SessionSearch::kAsked;
  return text == "none" ? SessionSearch::kNone : SessionSearch::kUnavailable;
}

}  // namespace

std::string tokens_text(std::span<const peer::sdk::SessionToken> tokens) {
  std::string text;
  for (const peer::sdk::SessionToken& token : tokens) text += to_hex(token) + '|';
  return text;
}

void Sessions::set_tokens(const Registered& peer, const std::string& tokens,
                          const ReplyTo<bool>& reply) {
  if (!parts_.mirror.is_live(peer)) return reply(false);
  parts_.mirror.find(peer.peer)->tokens = tokens;
  if (!parts_.state.is_connected()) {
    parts_.resync.mark_dirty(peer.peer);
    return reply(false);
  }
  parts_.link.run(Script::kSetTokens,
                  {to_hex(peer.peer), std::to_string(peer.registration), tokens},
                  [this, reply](const Reply* answer) {
                    or_give_up(parts_.link)(answer);
                    reply(answer != nullptr && !answer->is_error() && answer->integer() == 1);
                  });
}

std::string Sessions::saying(std::string_view text) const {
  return envelope('I', {parts_.self, text});
}

void Sessions::ask(const std::string& token, const std::string& text,
                   const ReplyTo<SessionSearch>& reply) {
  if (!parts_.state.is_connected()) return reply(SessionSearch::kUnavailable);
  parts_.link.run(Script::kAskSession, {token, saying(text)}, [reply](const Reply* answer) {
    const bool known = answer != nullptr && !answer->is_error();
    reply(known ? search_of(answer->text()) : SessionSearch::kUnavailable);
  });
}

void Sessions::tell_node(const std::string& node, const std::string& text) {
  parts_.link.publish(parts_.options.node_channel(node), saying(text), [](const Reply*) {});
}

void Sessions::take(const Take& take, const ReplyTo<TakeOutcome>& reply) {
  if (!parts_.state.is_connected()) return reply(nothing_done());
  const std::string token = parts_.announcements.begin();
  parts_.link.run(
      Script::kTakePeer,
      {to_hex(take.what.peer.peer), take.node, std::to_string(take.what.peer.registration),
       std::to_string(take.what.number), take.what.takes_over ? "1" : "0", token},
      [this, take, token, reply](const Reply* answer) {
        TakeOutcome outcome;
        if (answer != nullptr && !answer->is_error())
          outcome.status = status_of((*answer)[0].text());
        if (outcome.status != TakeStatus::kTaken) {
          parts_.announcements.abandon(token);
          return reply(std::move(outcome));
        }
        // By now, so that what the core tells of the peer from here on finds it in the mirror.
        outcome = enter(take, *answer);
        parts_.announcements.complete(token, [this, outcome = std::move(outcome), reply]() mutable {
          outcome.hold = parts_.announcements.hold_stream();
          reply(std::move(outcome));
        });
      });
}

TakeOutcome Sessions::enter(const Take& take, const Reply& answer) {
  TakeOutcome outcome;
  outcome.status = TakeStatus::kTaken;
  Mirror& mirror = parts_.mirror;
  const Registered peer{take.what.peer.peer, take.what.number};
  outcome.holds_alias = !answer[1].text().empty();
  mirror.add_peer(peer, answer[1].text(), take.what.proved);
  if (!mirror.is_live(peer)) return nothing_done();
  mirror.find(peer.peer)->shared_since = to_number<std::uint64_t>(answer[2].text());
  mirror.find(peer.peer)->tokens = answer[3].text();
  for (std::size_t i = kFirstMembership; i + kMembershipFields <= answer.size();
       i += kMembershipFields) {
    const std::string ns(answer[i].text());
    mirror.add_member(ns, peer, answer[i + 1].text());
    mirror.mark_shared(ns, peer, answer[i + 2].text());
    Mirror::Namespace& here = *mirror.find(ns);
    here.total = to_number<std::uint64_t>(answer[i + 3].text()).value_or(1);
    const auto version = to_number<std::uint64_t>(answer[i + 4].text());
    const auto owner = from_hex(answer[i + 5].text());
    const auto max_size = to_number<std::uint32_t>(answer[i + 6].text());
    outcome.memberships.push_back({ns, std::nullopt});
    if (version && owner && max_size) {
      const peer::sdk::RoomState room{*owner, *max_size, std::string(answer[i + 7].text())};
      here.room =
          Mirror::Room{room,
                       *version,
                       std::string(answer[i + 8].text()),
                       {std::string(answer[i + 9].text()), std::string(answer[i + 10].text())}};
      outcome.memberships.back().room = room;
    }
    if (here.own == 1) {
      // Whom it knows of the others only Redis can say.
      here.elsewhere.reset();
      here.is_first = true;
      parts_.catch_up.compare_soon(ns);
    } else if (here.elsewhere) {
      here.elsewhere->erase(peer.peer);
    }
    parts_.counts.tell(ns, here);
  }
  return outcome;
}

bool Sessions::take_saying(const Fields& fields) {
  if (fields.size() < 3 || fields[1].size() > 64) return false;
  parts_.host.node_says(fields[1], fields[2]);
  return true;
}

bool Sessions::take_taken(const Fields& fields) {
  const auto peer = fields.size() >= 3 ? from_hex(fields[1]) : std::nullopt;
  const auto registration = peer ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (!registration) return false;
  const Registered registered{*peer, *registration};
  Mirror::Peer* entry = parts_.mirror.find(*peer);
  if (entry == nullptr || entry->registration != *registration) return true;
  const auto members = std::move(entry->members);
  entry->members.clear();
  for (const auto& [ns, member] : members) {
    // It stays a member, but of those elsewhere.
    parts_.mirror.release_member(ns);
    Mirror::Namespace* here = parts_.mirror.find(ns);
    if (here == nullptr) {
      parts_.counts.member_gone(ns);
      continue;
    }
    CatchUp::know_of(*here, *peer);
    parts_.counts.tell(ns, *here);
  }
  parts_.mirror.remove_peer(registered);
  parts_.host.peer_taken(registered, parts_.announcements.hold_stream());
  return true;
}

}  // namespace peer_redis
