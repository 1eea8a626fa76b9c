#include "core/match/own_matching.h"

#include <utility>

// Matches without other nodes. In: requests, on the loop of their peer. Out: the answer, at once,
// and the timer that lets tickets expire and groups form without a new ticket.
namespace peer {

MatchOutcome::Status OwnMatching::request(MatchTask&& task) {
  EventLoop& loop = task.loop;
  const MatchOutcome outcome =
      matchmaker_.request(task.owner, task.ns, std::move(task.request), loop.wall());
  // The answer goes straight into the peer's queue. A match that another loop makes of the ticket
  // by now waits in the mailbox until it is delivered: "waiting" always comes before "matched".
  task.done(task.owner, outcome);
  const bool is_in = outcome.status == MatchOutcome::Status::kWaiting ||
                     outcome.status == MatchOutcome::Status::kMatched;
  if (!is_in) return outcome.status;
  loop.deliver_mail();
  if (outcome.wake_at) schedule_tick(loop, *outcome.wake_at);
  return outcome.status;
}

void OwnMatching::cancel(EventLoop& loop, std::string_view ns, const Fingerprint& peer,
                         Cancelled then) {
  then(matchmaker_.cancel(ns, peer, loop.wall()));
}

void OwnMatching::drop(EventLoop& loop, std::string_view ns, const Fingerprint& peer) {
  matchmaker_.cancel(ns, peer, loop.wall());
}

void OwnMatching::set_aside(EventLoop& loop, std::string_view ns, const Fingerprint& peer) {
  matchmaker_.set_aside(ns, peer, loop.wall());
}

void OwnMatching::take_back(EventLoop& loop, std::string_view ns, const sdk::Registered& peer) {
  const std::optional<sdk::Instant> wake_at = matchmaker_.take_back(ns, peer.peer, loop.wall());
  loop.deliver_mail();
  if (wake_at) schedule_tick(loop, *wake_at);
}

// The strategy, or the next expiry, wants to be heard at a time of its own. Each loop has one timer
// for all the namespaces that its requests concern.
void OwnMatching::schedule_tick(EventLoop& loop, sdk::Instant wake_at) {
  Time& scheduled = ticks_[loop.index()];
  const Time at = loop.now() + (wake_at - loop.wall());
  // An earlier tick looks at everything that is due, and schedules the next one.
  if (scheduled <= at) return;
  scheduled = at;
  loop.schedule("match", at, [this, &loop, &scheduled] {
    scheduled = kNever;
    const std::optional<sdk::Instant> next = matchmaker_.tick(loop.wall());
    loop.deliver_mail();
    if (next) schedule_tick(loop, *next);
  });
}

}  // namespace peer
