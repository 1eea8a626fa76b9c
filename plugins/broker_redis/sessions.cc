#include "sessions.h"

#include <utility>

#include "on_error.h"

// A session goes from the node that has it to the one at which its client resumes it. In here is
// what goes ahead of that: by which tokens it is found, what the two cores say to each other, and
// that what the peer has said is on its way before it speaks elsewhere. How it comes to this node
// is in sessions_coming.cc, how it leaves this one in sessions_going.cc.
namespace peer_redis {

using peer::sdk::SessionSearch;
using peer::sdk::TakeOutcome;
using peer::sdk::TakeStatus;

namespace {

/// Below the core's patience, which is 2 s.
constexpr std::chrono::milliseconds kMostForSent{1'800};
constexpr std::chrono::milliseconds kPauseForSent{2};

SessionSearch search_of(std::string_view text) {
  if (text == "asked") return SessionSearch::kAsked;
  if (text == "parked") return SessionSearch::kParked;
  return text == "none" ? SessionSearch::kNone : SessionSearch::kUnavailable;
}

}  // namespace

TakeOutcome outcome_of(TakeStatus status) {
  TakeOutcome outcome;
  outcome.status = status;
  return outcome;
}

std::string tokens_text(std::span<const peer::sdk::SessionToken> tokens) {
  std::string text;
  for (const peer::sdk::SessionToken& token : tokens) text += to_hex(token) + '|';
  return text;
}

void Sessions::set_tokens(const Registered& peer, const std::string& tokens,
                          const ReplyTo<bool>& reply) {
  if (!objects_.mirror.is_live(peer)) return reply(false);
  if (objects_.link.part().is_only()) objects_.mirror.find(peer.peer)->tokens = tokens;
  if (!objects_.state.is_connected()) {
    objects_.resync.mark_dirty(peer.peer);
    return reply(false);
  }
  std::vector<std::string> arguments{to_hex(peer.peer), std::to_string(peer.registration), tokens};
  for (std::string& text : objects_.copies.arguments(peer)) arguments.push_back(std::move(text));
  objects_.link.run(Script::kSetTokens, Arguments(arguments.begin(), arguments.end()),
                    [this, reply](const Reply* answer) {
                      or_give_up(objects_.link)(answer);
                      // Not where it has gone over to another node, of which this one will hear: a
                      // resync would take it for replaced.
                      reply(says_yes(answer));
                    });
}

std::string Sessions::saying(std::string_view text) const {
  return envelope('I', {objects_.self, text});
}

void Sessions::ask(const std::string& token, const std::string& text,
                   const ReplyTo<SessionSearch>& reply) {
  if (!objects_.state.is_connected()) return reply(SessionSearch::kUnavailable);
  objects_.link.run(Script::kAskSession, {token, saying(text)}, [reply](const Reply* answer) {
    const bool known = has_answered(answer);
    reply(known ? search_of(answer->text()) : SessionSearch::kUnavailable);
  });
}

void Sessions::tell_node(const std::string& node, const std::string& text) {
  objects_.link.publish_to_node(node, saying(text), [this](const Reply* answer) {
    if (!has_answered(answer) || answer->integer() == 0) ++objects_.shared.dropped;
  });
}

void Sessions::ask_any(std::uint64_t number, const std::string& text,
                       const ReplyTo<SessionSearch>& reply) {
  if (!objects_.state.is_connected()) return reply(SessionSearch::kUnavailable);
  // Its last digits are enough to tell nodes apart, and Lua has no more than 2^53.
  const std::string choice = std::to_string(number % 1'000'000);
  objects_.link.run(Script::kAskNode, {choice, saying(text)}, [reply](const Reply* answer) {
    const bool known = has_answered(answer);
    reply(known ? search_of(answer->text()) : SessionSearch::kUnavailable);
  });
}

void Sessions::await_sent(const Fingerprint& peer, const ReplyTo<bool>& reply) {
  look_for_sent(peer, {Clock::now() + kMostForSent, objects_.router.last_held()}, reply);
}

void Sessions::look_for_sent(const Fingerprint& peer, Patience patience,
                             const ReplyTo<bool>& reply) {
  // A broadcast that waits was heard by the members here, and must be on its way before one of them
  // goes.
  if (!objects_.router.holds_back(peer) && !objects_.router.holds_broadcasts(patience.last_held)) {
    return check_sent(peer, patience, reply);
  }
  if (Clock::now() >= patience.until) return reply(false);
  objects_.loop.run_at(Clock::now() + kPauseForSent,
                       [this, peer, patience, reply] { look_for_sent(peer, patience, reply); });
}

// What it has said by a route that has become wrong is passed on before it speaks elsewhere.
void Sessions::check_sent(const Fingerprint& peer, Patience patience, const ReplyTo<bool>& reply) {
  std::vector<Router::Sent> sent = objects_.router.begin_check(peer);
  if (sent.empty()) return reply(true);
  std::vector<std::string> arguments;
  for (const Router::Sent& item : sent) {
    arguments.push_back(to_hex(item.to));
    arguments.push_back(*item.node);
  }
  objects_.link.run(
      Script::kMoved, Arguments(arguments.begin(), arguments.end()),
      [this, peer, patience, reply, sent = std::move(sent)](const Reply* answer) {
        if (!has_answered(answer) || answer->size() == 0) {
          objects_.router.end_check(peer);
          return reply(has_answered(answer));
        }
        std::vector<Router::Sent> moved;
        for (std::size_t i = 0; i < answer->size(); ++i) {
          const auto index = static_cast<std::size_t>((*answer)[i].integer());
          if (index < sent.size()) moved.push_back(sent[index]);
        }
        objects_.router.await_passed_on(
            peer, moved, {},
            [this, peer, patience, reply](Router::Place) { look_for_sent(peer, patience, reply); },
            [reply] { reply(false); });
      });
}

void Sessions::note_copies(const Registered& peer, const std::string& copies,
                           const ReplyTo<bool>& reply) {
  objects_.link.run(Script::kNoteCopies,
                    {to_hex(peer.peer), std::to_string(peer.registration), copies},
                    [reply](const Reply* answer) { reply(says_yes(answer)); });
}

// Redis answers in the order in which it is asked.
void Sessions::await_done(const ReplyTo<bool>& reply) {
  objects_.link.run(Script::kMoved, {},
                    [reply](const Reply* answer) { reply(has_answered(answer)); });
}

bool Sessions::take_saying(const Fields& fields) {
  if (fields.size() < 3 || fields[1].size() > 64) return false;
  objects_.host.node_says(fields[1], fields[2]);
  return true;
}

}  // namespace peer_redis
