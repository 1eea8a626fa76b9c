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
  if (home.parking->pausing.contains(ref.slot)) return;  // its time comes
  home.parking->waiting.emplace(session.resumable->heard, Parking::Waiting{ref, 0});
  home.loop->post([&home] { home.parking->hand_over_next(); });
}

void forget_parking(LoopState& home, std::uint32_t slot) {
  if (home.parking == nullptr) return;
  for (auto* those : {&home.parking->under_way, &home.parking->pausing}) {
    const auto at = those->find(slot);
    if (at == those->end()) continue;
    home.loop->cancel(at->second.timeout);
    those->erase(at);
    home.loop->post([&home] { home.parking->hand_over_next(); });
  }
}

}  // namespace peer
