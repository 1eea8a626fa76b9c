#include "core/session/parking_queue.h"

namespace peer {

void park(Session& session) {
  LoopState& home = session.home();
  if (home.parking == nullptr) return;
  const SessionRef ref = session.ref();
  const auto at = home.parking->under_way.find(ref.slot);
  if (at != home.parking->under_way.end()) {
    // It was to go to a node, which could not take it.
    home.loop->post([&home, slot = ref.slot] { home.parking->ask_another(slot); });
    return;
  }
  home.parking->waiting.emplace(session.resumable->heard, Parking::Waiting{ref, 0});
  home.loop->post([&home] { home.parking->hand_over_next(); });
}

void forget_parking(LoopState& home, std::uint32_t slot) {
  if (home.parking == nullptr) return;
  const auto at = home.parking->under_way.find(slot);
  if (at == home.parking->under_way.end()) return;
  home.loop->cancel(at->second.timeout);
  home.parking->under_way.erase(at);
  home.loop->post([&home] { home.parking->hand_over_next(); });
}

}  // namespace peer
