#include "core/session/session_moves.h"

#include <algorithm>

#include "core/base/packed_bytes.h"
#include "core/session/parking_queue.h"
#include "core/session/session_record.h"

namespace peer {
SessionMoves& moves_of(LoopState& home) {
  if (home.moves == nullptr) home.moves = std::make_shared<SessionMoves>();
  return *home.moves;
}

bool is_moving(const LoopState& home, SessionRef session) {
  return home.moves != nullptr && (home.moves->departures.contains(session.slot) ||
                                   home.moves->arrivals.contains(session.slot));
}

bool is_seen_away(const Session& session) {
  if (!session.is_away()) return false;
  const LoopState& home = session.home();
  if (home.moves == nullptr) return true;
  const auto at = home.moves->departures.find(session.resumable->session.slot);
  return at == home.moves->departures.end() || at->second.told_away;
}

void forget_moves(Node& node, Session& session) {
  LoopState& home = session.home();
  const std::uint32_t slot = session.resumable->session.slot;
  forget_parking(home, slot);
  if (home.moves == nullptr) return;
  home.moves->arrivals.erase(slot);
  const auto at = home.moves->departures.find(slot);
  if (at == home.moves->departures.end()) return;
  home.loop->cancel(at->second.timeout);
  // Whoever waits for it need not wait longer.
  const bool is_awaited = !at->second.given && !at->second.to.node.empty();
  if (is_awaited) refuse_claim(node, at->second.to, ClaimFate::kNotFound);
  home.moves->departures.erase(at);
}

void after_all_loops(Node& node, EventLoop& home, UniqueTask<void()> then) {
  struct Wait {
    std::size_t loops;
    UniqueTask<void()> then;
  };
  const auto wait = std::make_shared<Wait>(Wait{node.loops.size(), std::move(then)});
  for (const auto& loop : node.loops) {
    loop->post([&home, wait] {
      home.post([wait] {
        if (--wait->loops == 0) wait->then();
      });
    });
  }
}

void say(Node& node, std::string_view to, MoveStep step, std::uint8_t loop, std::uint64_t number,
         std::string_view body) {
  PackedWriter writer;
  writer.number(static_cast<std::uint64_t>(step)).number(loop).number(number).text(body);
  node.others.tell_node(to, writer.take());
}

void refuse_claim(Node& node, const ClaimName& claim, ClaimFate fate) {
  PackedWriter body;
  body.number(static_cast<std::uint64_t>(fate));
  say(node, claim.node, MoveStep::kRefuse, claim.loop, claim.number, body.take());
}

void note_banned(Node& node, const TokenHash& token, Time ends, Time now) {
  node.resumes.note_banned(token, ends, now);
  const auto left = std::max(std::chrono::duration_cast<milliseconds>(ends - now), milliseconds(0));
  PackedWriter body;
  body.number(static_cast<std::uint64_t>(left.count())).text(bytes_of(token));
  const std::string text = body.take();
  for (const std::string& other : node.others.nodes()) {
    say(node, other, MoveStep::kBanned, 0, 0, text);
  }
}

std::string claim_text(const ClaimName& claim, const TokenHash& token, std::uint64_t received) {
  PackedWriter body;
  body.text(bytes_of(token)).number(received);
  PackedWriter writer;
  writer.number(static_cast<std::uint64_t>(MoveStep::kClaim)).number(claim.loop);
  writer.number(claim.number).text(body.take());
  return writer.take();
}

bool is_api_talk(std::string_view text) {
  constexpr std::uint64_t kFirst = 64;
  return PackedReader(text).number() >= kFirst;
}

bool is_dialect_talk(std::string_view text) {
  constexpr std::uint64_t kFirst = 32;
  return PackedReader(text).number() >= kFirst && !is_api_talk(text);
}

}  // namespace peer
