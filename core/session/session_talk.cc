#include "core/session/session_talk.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "core/base/packed_bytes.h"
#include "core/session/claim.h"
#include "core/session/departure.h"
#include "core/session/parking.h"
#include "core/session/session_moves.h"
#include "core/session/session_record.h"

namespace peer {
namespace {

// On the loop of that session, if there is one.
template <typename Function>
void post_to(Node& node, std::optional<SessionRef> session, Function function) {
  if (!session) return;
  LoopState& home = *node.loop_states[session->loop];
  home.loop->post([&home, session = *session, function = std::move(function)]() mutable {
    function(home, session);
  });
}

void hear_claim(Node& node, const ClaimName& by, std::string_view body) {
  PackedReader reader(body);
  const std::optional<Fingerprint> token = read_hash(reader.text());
  const std::uint64_t received = reader.number();
  if (!token || !reader.good()) return;
  const std::optional<SessionRef> session = node.resumes.find(*token);
  if (!session) return refuse_claim(node, by, ClaimFate::kNotFound);
  post_to(node, session, [&node, by, token = *token, received](LoopState& home, SessionRef there) {
    begin_departure(node, home, there, by, token, received);
  });
}

void hear_cancel(Node& node, const ClaimName& by, std::string_view body) {
  const std::optional<Fingerprint> peer = read_hash(body);
  if (!peer) return;
  post_to(node, node.peers.find(*peer), [&node, by](LoopState& home, SessionRef there) {
    cancel_departure(node, home, there, by);
  });
}

void hear_heard(Node& node, const ClaimName& by, std::string_view body) {
  std::optional<HeardMeanwhile> heard = read_heard(body);
  if (!heard) return;
  post_to(node, node.peers.find(heard->peer),
          [by, frames = std::move(heard->frames)](LoopState& home, SessionRef there) {
            take_heard(home, there, by, frames);
          });
}

// That node stops, and has a session for this one.
void hear_parking(Node& node, const ClaimName& from, std::string_view body) {
  PackedReader reader(body);
  const std::optional<Fingerprint> token = read_hash(reader.text());
  const std::uint64_t received = reader.number();
  if (!token || !reader.good()) return;
  if (node.stopping || node.peers.full()) {
    return say(node, from.node, MoveStep::kNotParked, from.loop, from.number, {});
  }
  LoopState& home = *node.loop_states[from.number % node.loops.size()];
  home.loop->post([&node, &home, from, token = *token, received] {
    claim_parked(node, home, from.node, token, received);
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
  post_to(node, node.peers.find(peer.peer),
          [&node, peer, hold = std::move(hold)](LoopState& home, SessionRef there) mutable {
            complete_departure(node, home, there, peer, std::move(hold));
          });
}

}  // namespace peer
