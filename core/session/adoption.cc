#include "core/session/adoption.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/packed_bytes.h"
#include "core/session/claim.h"
#include "core/session/session_moves.h"
#include "core/session/session_record.h"

// A node takes the sessions that others have parked in what the nodes share, because no other one
// lived when they stopped: one at a time, with its record, on one loop after the other. In: the
// broker says that there are some. Out: for each a claim without a client, which has its offer at
// once and its rest too (claim.h); who cannot be taken ends, for all.
namespace peer {
namespace {

// Nobody can have it: it ends, for all.
void end_parked(Node& node, LoopState& home, const sdk::ParkedSession& parked) {
  const std::uint64_t number = ++node.last_registration;
  const sdk::PeerTake take{parked.peer, parked.node, number, false, false, {}};
  node.others.take_peer(*home.loop, take,
                        [&node, peer = parked.peer.peer, number](const sdk::TakeOutcome& outcome) {
                          if (outcome.status == sdk::TakeStatus::kTaken) {
                            node.others.unregister_peer({peer, number});
                          }
                          adopt_next(node);
                        });
}

void adopt(Node& node, LoopState& home, const sdk::ParkedSession& parked) {
  PackedReader reader(parked.record);
  const std::string_view identity = reader.text();
  const std::optional<MovingIdentity> who = read_identity(identity);
  std::optional<MovingRest> rest = read_rest(reader.text());
  const std::int64_t wall = home.loop->wall().time_since_epoch().count();
  const bool is_banned = node.admission.bans().covers(parked.peer.peer, wall);
  if (is_banned && rest) {
    note_banned(node, rest->token, home.loop->now() + rest->window, home.loop->now());
  }
  // Another form is one of a node whose sessions this one cannot take.
  const bool is_good = reader.good() && who && rest && who->peer == parked.peer;
  if (!is_good || is_banned) return end_parked(node, home, parked);
  let_pass(*rest, parked.left);
  const std::uint64_t number = claim_without_client(node, home, rest->token, rest->sent);
  moves_of(home).claims.at(number).rest = std::make_shared<MovingRest>(std::move(*rest));
  take_offer(node, home, {parked.node, home.loop->index(), number}, identity);
}

}  // namespace

void adopt_parked(Node& node) {
  // One at a time: the broker says it again.
  if (node.resumes.is_adopting.exchange(true)) return;
  adopt_next(node);
}

void adopt_next(Node& node) {
  LoopState& home = *node.loop_states[++node.resumes.adoptions % node.loops.size()];
  home.loop->post([&node, &home] {
    if (node.stopping || node.peers.full()) {
      node.resumes.is_adopting = false;
      return;
    }
    node.others.next_parked(*home.loop, [&node, &home](const sdk::ParkedSession& parked) {
      if (!parked.found) {
        node.resumes.is_adopting = false;
        return;
      }
      adopt(node, home, parked);
    });
  });
}

}  // namespace peer
