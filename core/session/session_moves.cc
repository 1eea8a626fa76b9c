#include "core/session/session_moves.h"

#include <algorithm>
#include <optional>

#include "core/base/packed_bytes.h"
#include "core/session/parking.h"
#include "core/session/session_record.h"

namespace peer {
namespace {

void hear_claim(Node& node, const ClaimName& by, std::string_view body) {
  PackedReader reader(body);
  const std::optional<Fingerprint> token = read_hash(reader.text());
  const std::uint64_t received = reader.number();
  if (!token || !reader.good()) return;
  const std::optional<SessionRef> session = node.resumes.find(*token);
  if (!session) {
    return refuse_claim(node, by, ClaimFate::kNotFound);
  }
  LoopState& home = *node.loop_states[session->loop];
  home.loop->post([&node, &home, session = *session, by, token = *token, received] {
    begin_departure(node, home, session, by, token, received);
  });
}

void hear_cancel(Node& node, const ClaimName& by, std::string_view body) {
  const std::optional<Fingerprint> peer = read_hash(body);
  const std::optional<SessionRef> session = peer ? node.peers.find(*peer) : std::nullopt;
  if (!session) return;
  LoopState& home = *node.loop_states[session->loop];
  home.loop->post(
      [&node, &home, session = *session, by] { cancel_departure(node, home, session, by); });
}

void hear_heard(Node& node, const ClaimName& by, std::string_view body) {
  std::optional<HeardMeanwhile> heard = read_heard(body);
  const std::optional<SessionRef> session = heard ? node.peers.find(heard->peer) : std::nullopt;
  if (!session) return;
  LoopState& home = *node.loop_states[session->loop];
  home.loop->post([&home, session = *session, by, frames = std::move(heard->frames)] {
    take_heard(home, session, by, frames);
  });
}

// Its session was at another node.
void hear_banned(Node& node, std::string_view body) {
  PackedReader reader(body);
  const std::uint64_t left = reader.number();
  const std::optional<TokenHash> token = read_hash(reader.text());
  constexpr milliseconds kMost = std::chrono::hours(24);
  if (!token || !reader.good() || left > static_cast<std::uint64_t>(kMost.count())) return;
  EventLoop& loop = *node.loops.front();
  loop.post([&node, &loop, token = *token, left = milliseconds(left)] {
    node.resumes.note_banned(token, loop.now() + left, loop.now());
  });
}

}  // namespace

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
  forget_parking(node, home, slot);
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

void hear_node(Node& node, std::string_view from, std::string_view text) {
  PackedReader reader(text);
  const std::uint64_t step = reader.number();
  const std::uint64_t loop = reader.number();
  const std::uint64_t number = reader.number();
  const std::string_view body = reader.text();
  // Steps that are not known are of newer nodes.
  if (!reader.good() || loop > 255) return;
  const ClaimName claim{std::string(from), static_cast<std::uint8_t>(loop), number};
  if (step == static_cast<std::uint64_t>(MoveStep::kClaim)) return hear_claim(node, claim, body);
  if (step == static_cast<std::uint64_t>(MoveStep::kCancel)) return hear_cancel(node, claim, body);
  if (step == static_cast<std::uint64_t>(MoveStep::kHeard)) return hear_heard(node, claim, body);
  if (step == static_cast<std::uint64_t>(MoveStep::kPark)) return hear_parking(node, claim, body);
  if (step == static_cast<std::uint64_t>(MoveStep::kBanned)) return hear_banned(node, body);
  if (loop >= node.loops.size()) return;
  LoopState& home = *node.loop_states[loop];
  if (step == static_cast<std::uint64_t>(MoveStep::kRefuse)) {
    const std::uint64_t fate = PackedReader(body).number();
    if (fate == 0 || fate > static_cast<std::uint64_t>(ClaimFate::kUnavailable)) return;
    home.loop->post([&node, &home, number, fate] {
      take_refusal(node, home, number, static_cast<ClaimFate>(fate));
    });
  } else if (step == static_cast<std::uint64_t>(MoveStep::kOffer)) {
    home.loop->post([&node, &home, claim, identity = std::string(body)] {
      take_offer(node, home, claim, identity);
    });
  } else if (step == static_cast<std::uint64_t>(MoveStep::kNotParked)) {
    home.loop->post([&node, &home, number] { take_parking_refusal(node, home, number); });
  } else if (step == static_cast<std::uint64_t>(MoveStep::kRest)) {
    home.loop->post(
        [&node, &home, number, rest = std::string(body)] { take_rest(node, home, number, rest); });
  }
}

void hear_taken(Node& node, const sdk::Registered& peer, std::shared_ptr<void> hold) {
  const std::optional<SessionRef> session = node.peers.find(peer.peer);
  if (!session) return;
  LoopState& home = *node.loop_states[session->loop];
  home.loop->post([&node, &home, session = *session, peer, hold = std::move(hold)]() mutable {
    complete_departure(node, home, session, peer, std::move(hold));
  });
}

}  // namespace peer
