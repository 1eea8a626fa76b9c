#include "core/session/parking.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/log.h"
#include "core/base/packed_bytes.h"
#include "core/session/away.h"
#include "core/session/departure.h"
#include "core/session/membership.h"
#include "core/session/parking_queue.h"
#include "core/session/session_moves.h"
#include "core/session/session_record.h"

// What becomes of resumable sessions when their node stops. In: sessions that are away, because
// their connections have been closed for that, or were away before. Out: each of them at another
// node, by the same steps as when its client comes there (claim.cc, departure.cc), but that the
// other node is asked to come for it; or, where there is none, parked in what the nodes share
// (departure.cc). The loops end when all are gone, or at the deadline of the stop: what is left
// then leaves as by a disconnect.
namespace peer {
namespace {

constexpr std::size_t kAtATime = 16;
// A node that lives comes for the session within a few milliseconds.
constexpr milliseconds kMostForAdoption{1'000};
// Nodes that are asked before it is parked.
constexpr std::uint32_t kMostAttempts = 4;
constexpr milliseconds kPauseForBroker{50};
// Whom the broker does not park may be one that it does not know, or it has an outage. The first
// time may be by chance; from the second on each takes twice as long as the one before, up to this.
constexpr milliseconds kLongestPauseForBroker{800};

void park_next(Node& node, LoopState& home);

// What another node, or the store, is given of it, roughly.
std::uint64_t parked_size(const Session& session) {
  constexpr std::uint64_t kRest = 512;
  return session.resumable->bytes + state_size(session) + kRest;
}

void leave_unparked(Node& node, Session& session) {
  node.resumes.not_parked.fetch_add(1, std::memory_order_relaxed);
  node.resumes.expired.fetch_add(1, std::memory_order_relaxed);
  session.close(CloseCode::kNormal, {});
}

void try_again(Node& node, LoopState& home, Parking::Waiting what) {
  Session* session = find_session(*home.loop, what.session);
  if (session == nullptr) return park_next(node, home);
  home.parking->waiting.emplace(session->resumable->heard, what);
  park_next(node, home);
}

// How long a session waits after so many attempts, of which the last was in vain.
milliseconds pause_after(std::uint32_t attempts) {
  constexpr std::uint32_t kWithoutPause = kMostAttempts + 1;
  if (attempts <= kWithoutPause) return milliseconds(0);
  constexpr std::uint32_t kMostDoublings = 10;
  const std::uint32_t doublings = std::min(attempts - kWithoutPause - 1, kMostDoublings);
  return std::min(kPauseForBroker * (1U << doublings), kLongestPauseForBroker);
}

// The others have their turn meanwhile.
void try_later(Node& node, LoopState& home, Parking::Waiting what, milliseconds pause) {
  const std::uint32_t slot = what.session.slot;
  const TimerId end = home.loop->schedule(home.loop->now() + pause, [&node, &home, slot] {
    const auto at = home.parking->pausing.find(slot);
    const Parking::Waiting waited = at->second.what;
    home.parking->pausing.erase(at);
    try_again(node, home, waited);
  });
  home.parking->pausing.insert_or_assign(slot, Parking::UnderWay{what, end});
  park_next(node, home);
}

// It does not answer, or says no.
void ask_another(Node& node, LoopState& home, std::uint32_t slot) {
  const auto at = home.parking->under_way.find(slot);
  if (at == home.parking->under_way.end()) return;
  if (is_moving(home, at->second.what.session)) return;  // it has come for it
  Parking::Waiting what = at->second.what;
  home.loop->cancel(at->second.timeout);
  home.parking->under_way.erase(at);
  ++what.attempts;
  const milliseconds pause = pause_after(what.attempts);
  if (pause > milliseconds(0)) return try_later(node, home, what, pause);
  try_again(node, home, what);
}

void take_search(Node& node, LoopState& home, SessionRef ref, sdk::SessionSearch search) {
  const auto at = home.parking->under_way.find(ref.slot);
  if (at == home.parking->under_way.end() || at->second.what.session != ref) return;
  if (search == sdk::SessionSearch::kAsked) return;
  home.loop->cancel(at->second.timeout);
  if (search == sdk::SessionSearch::kNone) {
    // No other node lives.
    at->second.what.attempts = kMostAttempts - 1;
    return ask_another(node, home, ref.slot);
  }
  at->second.timeout =
      home.loop->schedule(home.loop->now() + kPauseForBroker,
                          [&node, &home, slot = ref.slot] { ask_another(node, home, slot); });
}

void hand_over(Node& node, LoopState& home, Session& session, Parking::Waiting what) {
  const SessionRef ref = what.session;
  const TimerId timeout =
      home.loop->schedule(home.loop->now() + kMostForAdoption,
                          [&node, &home, slot = ref.slot] { ask_another(node, home, slot); });
  home.parking->under_way.insert_or_assign(std::uint32_t{ref.slot},
                                           Parking::UnderWay{what, timeout});
  if (what.attempts >= kMostAttempts) return begin_parking_departure(node, home, session);
  const Resumable& state = *session.resumable;
  PackedWriter body;
  body.text(bytes_of(state.token)).number(most_received(session));
  PackedWriter text;
  text.number(static_cast<std::uint64_t>(MoveStep::kPark)).number(home.loop->index());
  text.number(session.registration_number).text(body.take());
  node.others.ask_any_node(
      *home.loop, session.registration_number + what.attempts, text.take(),
      [&node, &home, ref](sdk::SessionSearch search) { take_search(node, home, ref, search); });
}

void park_next(Node& node, LoopState& home) {
  Parking& parking = *home.parking;
  while (parking.under_way.size() < kAtATime && !parking.waiting.empty()) {
    const Parking::Waiting what = parking.waiting.begin()->second;
    parking.waiting.erase(parking.waiting.begin());
    Session* session = find_session(*home.loop, what.session);
    // Its client may have taken it to another node already, or does so now; and one that was back
    // for a moment is listed twice.
    if (session == nullptr || !session->is_away() || is_moving(home, what.session)) continue;
    const std::uint32_t slot = what.session.slot;
    if (parking.under_way.contains(slot) || parking.pausing.contains(slot)) continue;
    if (what.attempts == 0) {
      const std::uint64_t size = parked_size(*session);
      const std::uint64_t most = node.config().resume_parked_bytes;
      if (node.resumes.parked_bytes.fetch_add(size, std::memory_order_relaxed) + size > most) {
        node.resumes.parked_bytes.fetch_sub(size, std::memory_order_relaxed);
        leave_unparked(node, *session);
        continue;
      }
    }
    hand_over(node, home, *session, what);
  }
}

}  // namespace

bool parks_sessions(const Node& node) {
  return node.others.park_sessions() && node.config().resume_parked_bytes > 0;
}

void begin_parking(Node& node, LoopState& home) {
  home.parking = std::make_shared<Parking>();
  home.parking->hand_over_next = [&node, &home] { park_next(node, home); };
  home.parking->ask_another = [&node, &home](std::uint32_t slot) {
    peer::ask_another(node, home, slot);
  };
  home.loop->each_detached([&](SessionRef ref, ApplicationSession& it) {
    auto& session = static_cast<Session&>(it);
    if (session.stage != Session::Stage::kRegistered || !session.is_away()) return;
    home.parking->waiting.emplace(session.resumable->heard, Parking::Waiting{ref, 0});
  });
  park_next(node, home);
}

bool parking_has_ended(Node& node, LoopState& home) {
  if (home.parking == nullptr) return true;
  Parking& parking = *home.parking;
  if (!parking.waiting.empty() || !parking.under_way.empty() || !parking.pausing.empty()) {
    return false;
  }
  // Sessions that are on their way here have to go on.
  const SessionMoves* moves = home.moves.get();
  if (moves != nullptr &&
      !(moves->departures.empty() && moves->arrivals.empty() && moves->claims.empty())) {
    return false;
  }
  const std::size_t loops = node.loops.size();
  if (!std::exchange(parking.has_ended, true) && ++node.resumes.loops_parked == loops) {
    // The others may have waited for this one.
    for (const auto& loop : node.loops) loop->post([] {});
  }
  return node.resumes.loops_parked >= loops;
}

void take_parking_refusal(Node& node, LoopState& home, std::uint64_t number) {
  if (home.parking == nullptr) return;
  for (const auto& [slot, under_way] : home.parking->under_way) {
    const Session* session = find_session(*home.loop, under_way.what.session);
    if (session == nullptr || session->registration_number != number) continue;
    return ask_another(node, home, slot);
  }
}

}  // namespace peer
