#include "sessions.h"

#include <utility>

#include "on_error.h"

// A session goes from the node that has it to the one at which its client resumes it. In come the
// steps of the two cores, and what the other node says. Out go envelopes, and lua/take_peer.lua:
// from that step on the registration is the caller's. Its place in the streams of both nodes is
// marked, there by an envelope, here by an announcement, as that of a join is; at its place each
// core is told with a hold.
namespace peer_redis {

using peer::sdk::ParkedSession;
using peer::sdk::ParkOutcome;
using peer::sdk::SessionSearch;
using peer::sdk::TakeOutcome;
using peer::sdk::TakeStatus;

namespace {

// As lua/common.lua names no node.
constexpr const char* kNobody = "parked";
constexpr std::size_t kFirstMembership = 6;
constexpr std::size_t kMembershipFields = 11;
/// Below the core's patience, which is 2 s.
constexpr std::chrono::milliseconds kMostForSent{1'800};
constexpr std::chrono::milliseconds kPauseForSent{2};
constexpr std::chrono::milliseconds kMostForClear{1'000};

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
  if (text == "parked") return SessionSearch::kParked;
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
  // Sessions do not move yet where what is shared is in several parts.
  if (!parts_.link.part().is_only()) return reply(false);
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
  parts_.link.publish_to_node(node, saying(text), [](const Reply*) {});
}

void Sessions::ask_any(std::uint64_t number, const std::string& text,
                       const ReplyTo<SessionSearch>& reply) {
  if (!parts_.state.is_connected()) return reply(SessionSearch::kUnavailable);
  // Its last digits are enough to tell nodes apart, and Lua has no more than 2^53.
  const std::string choice = std::to_string(number % 1'000'000);
  parts_.link.run(Script::kAskNode, {choice, saying(text)}, [reply](const Reply* answer) {
    const bool known = answer != nullptr && !answer->is_error();
    reply(known ? search_of(answer->text()) : SessionSearch::kUnavailable);
  });
}

void Sessions::await_sent(const Fingerprint& peer, const ReplyTo<bool>& reply) {
  look_for_sent(peer, {Clock::now() + kMostForSent, parts_.router.last_held()}, reply);
}

void Sessions::look_for_sent(const Fingerprint& peer, Patience patience,
                             const ReplyTo<bool>& reply) {
  // A broadcast that waits was heard by the members here, and must be on its way before one of them
  // goes.
  if (!parts_.router.holds_back(peer) && !parts_.router.holds_broadcasts(patience.last_held)) {
    return check_sent(peer, patience, reply);
  }
  if (Clock::now() >= patience.until) return reply(false);
  parts_.loop.run_at(Clock::now() + kPauseForSent,
                     [this, peer, patience, reply] { look_for_sent(peer, patience, reply); });
}

// What it has said by a route that has become wrong is passed on before it speaks elsewhere.
void Sessions::check_sent(const Fingerprint& peer, Patience patience, const ReplyTo<bool>& reply) {
  std::vector<Router::Sent> sent = parts_.router.begin_check(peer);
  if (sent.empty()) return reply(true);
  std::vector<std::string> arguments;
  for (const Router::Sent& item : sent) {
    arguments.push_back(to_hex(item.to));
    arguments.push_back(*item.node);
  }
  parts_.link.run(
      Script::kMoved, Arguments(arguments.begin(), arguments.end()),
      [this, peer, patience, reply, sent = std::move(sent)](const Reply* answer) {
        if (answer == nullptr || answer->is_error() || answer->size() == 0) {
          parts_.router.end_check(peer);
          return reply(answer != nullptr && !answer->is_error());
        }
        std::vector<Router::Sent> moved;
        for (std::size_t i = 0; i < answer->size(); ++i) {
          const auto index = static_cast<std::size_t>((*answer)[i].integer());
          if (index < sent.size()) moved.push_back(sent[index]);
        }
        parts_.router.await_passed_on(
            peer, moved, {},
            [this, peer, patience, reply](Router::Place) { look_for_sent(peer, patience, reply); },
            [reply] { reply(false); });
      });
}

void Sessions::park(const Registered& peer, const ReplyTo<ParkOutcome>& reply) {
  const bool may = parts_.state.is_connected() && parts_.link.part().is_only();
  if (!may || !parts_.mirror.is_live(peer)) return reply({});
  const std::string token = parts_.announcements.begin();
  parts_.link.run(Script::kPark, {to_hex(peer.peer), std::to_string(peer.registration), token},
                  [this, peer, token, reply](const Reply* answer) {
                    if (answer == nullptr || answer->is_error() || answer->integer() != 1) {
                      parts_.announcements.abandon(token);
                      return reply({});
                    }
                    parts_.announcements.complete(token, [this, peer, reply] {
                      let_go(peer);
                      reply({true, parts_.announcements.hold_stream()});
                    });
                  });
}

void Sessions::keep(const Registered& peer, const std::string& record,
                    std::chrono::milliseconds time, const ReplyTo<bool>& reply) {
  parts_.link.run(
      Script::kKeepParked,
      {to_hex(peer.peer), std::to_string(peer.registration), record, std::to_string(time.count())},
      [reply](const Reply* answer) {
        reply(answer != nullptr && !answer->is_error() && answer->integer() == 1);
      });
}

void Sessions::next(const ReplyTo<ParkedSession>& reply) {
  if (!parts_.state.is_connected()) return reply({});
  parts_.link.run(Script::kNextParked, {}, [reply](const Reply* answer) {
    if (answer == nullptr || answer->is_error() || answer->size() < 4) return reply({});
    const auto peer = from_hex((*answer)[0].text());
    const auto registration = to_number<std::uint64_t>((*answer)[1].text());
    if (!peer || !registration) return reply({});
    const auto left = to_number<std::uint32_t>((*answer)[3].text()).value_or(0);
    reply({true,
           {*peer, *registration},
           kNobody,
           std::string((*answer)[2].text()),
           std::chrono::milliseconds(left)});
  });
}

void Sessions::take(const Take& take, const ReplyTo<TakeOutcome>& reply) {
  take_when_clear(take, {Clock::now() + kMostForClear, parts_.router.last_held()}, reply);
}

// What the peers of this node have said to it, or to its namespaces, reaches it where it is: from
// the step on they speak to it here, and nothing may come behind that.
void Sessions::take_when_clear(const Take& take, Patience patience,
                               const ReplyTo<TakeOutcome>& reply) {
  if (!parts_.state.is_connected()) return reply(nothing_done());
  const bool holds_broadcasts = parts_.router.holds_broadcasts(patience.last_held);
  if (Clock::now() < patience.until &&
      (holds_broadcasts || parts_.router.holds_for(take.what.peer.peer))) {
    parts_.loop.run_at(Clock::now() + kPauseForSent,
                       [this, take, patience, reply] { take_when_clear(take, patience, reply); });
    return;
  }
  // The peer would never hear them: it was no member here when they were said, and would be none
  // there when they come.
  if (holds_broadcasts) return reply(nothing_done());
  parts_.router.await_arrival(take.what.peer.peer, take.node,
                              [this, take, reply] { take_now(take, reply); });
}

void Sessions::take_now(const Take& take, const ReplyTo<TakeOutcome>& reply) {
  if (!parts_.state.is_connected()) return reply(nothing_done());
  const std::string token = parts_.announcements.begin();
  std::vector<std::string> arguments{to_hex(take.what.peer.peer),
                                     take.node,
                                     std::to_string(take.what.peer.registration),
                                     std::to_string(take.what.number),
                                     take.what.takes_over ? "1" : "0",
                                     token};
  std::vector<std::string> marked;
  for (const auto& [ns, watches] : take.watches) {
    marked.push_back(parts_.watchers.join_begins(ns, watches));
    arguments.insert(arguments.end(), {ns, marked.back()});
  }
  parts_.link.run(Script::kTakePeer, Arguments(arguments.begin(), arguments.end()),
                  [this, take, token, reply, marked = std::move(marked)](const Reply* answer) {
                    TakeOutcome outcome;
                    if (answer != nullptr && !answer->is_error())
                      outcome.status = status_of((*answer)[0].text());
                    if (outcome.status != TakeStatus::kTaken) {
                      parts_.announcements.abandon(token);
                      for (const auto& [ns, watches] : take.watches) {
                        parts_.watchers.join_ended(ns, watches, nullptr);
                      }
                      return reply(std::move(outcome));
                    }
                    // By now, so that what the core tells of the peer from here on finds it in the
                    // mirror.
                    outcome = enter(take, marked, *answer);
                    parts_.announcements.complete(
                        token, [this, outcome = std::move(outcome), reply]() mutable {
                          outcome.hold = parts_.announcements.hold_stream();
                          reply(std::move(outcome));
                        });
                  });
}

TakeOutcome Sessions::enter(const Take& take, const std::vector<std::string>& marked,
                            const Reply& answer) {
  TakeOutcome outcome;
  outcome.status = TakeStatus::kTaken;
  Mirror& mirror = parts_.mirror;
  const Registered peer{take.what.peer.peer, take.what.number};
  outcome.holds_alias = !answer[1].text().empty();
  mirror.add_peer(peer, answer[1].text(), take.what.proved ? kProved : std::string_view());
  if (!mirror.is_live(peer)) {
    for (const auto& [ns, watches] : take.watches) parts_.watchers.join_ended(ns, watches, nullptr);
    return nothing_done();
  }
  mirror.find(peer.peer)->shared_since = to_number<std::uint64_t>(answer[2].text());
  mirror.find(peer.peer)->tokens = answer[3].text();
  mirror.find(peer.peer)->away = answer[5].integer() == 1;
  outcome.missed = to_number<std::uint64_t>(answer[4].text()).value_or(0);
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
  for (std::size_t i = 0; i < take.watches.size(); ++i) {
    const auto& [ns, watches] = take.watches[i];
    mirror.set_watches(ns, peer, watches);
    parts_.watchers.join_ended(ns, watches, &marked[i]);
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
  if (!let_go(registered)) return true;
  parts_.host.peer_taken(registered, parts_.announcements.hold_stream());
  return true;
}

// It is no peer of this node any more, though nobody has seen it leave. False: it was none.
bool Sessions::let_go(const Registered& peer) {
  Mirror::Peer* entry = parts_.mirror.find(peer.peer);
  if (entry == nullptr || entry->registration != peer.registration) return false;
  const auto members = std::move(entry->members);
  entry->members.clear();
  for (const auto& [ns, member] : members) {
    // It stays a member, but of those elsewhere.
    parts_.mirror.release_member(ns, member);
    Mirror::Namespace* here = parts_.mirror.find(ns);
    if (here == nullptr) {
      parts_.counts.member_gone(ns);
      continue;
    }
    parts_.catch_up.know_of(ns, *here, peer.peer);
    parts_.counts.tell(ns, *here);
  }
  parts_.mirror.remove_peer(peer);
  parts_.mirror.note_gone_over(peer);
  return true;
}

}  // namespace peer_redis
