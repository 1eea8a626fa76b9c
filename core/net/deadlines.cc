#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "core/net/connection.h"
#include "core/net/event_loop.h"
#include "core/net/proxy_protocol.h"

// What is due at some time, on the loop's thread: timers of a loop, which run tasks, and deadlines
// of connections, one next one for each, which the loop sweeps (EventLoop::check_deadlines). A
// connection is pinged, and it ends when its peer has given no sign of life (pong_wait) or has
// taken no output (write_timeout) for too long.
namespace peer {
namespace {

// Of a frame that keeps a connection alive though its pong is overdue.
constexpr std::uint64_t kSlowestFrame = 1024;  // bytes a second
constexpr milliseconds kProgressCheck{1'000};

}  // namespace

TimerId EventLoop::schedule(Time at, UniqueTask<void()> task) {
  // The number keeps the order of timers that are due at one time.
  const TimerId timer{at, ++last_timer_};
  timers_.emplace(timer, Timer{{}, std::move(task)});
  return timer;
}

void EventLoop::schedule(const std::string& name, Time at, UniqueTask<void()> task) {
  const auto timer =
      timers_.emplace(TimerId{at, ++last_timer_}, Timer{name, std::move(task)}).first;
  const auto [known, is_new] = named_timers_.try_emplace(name, timer);
  if (!is_new) timers_.erase(std::exchange(known->second, timer));
}

// now_ stands still within a round: a task that schedules another one for now() or earlier would
// keep this running for ever.
void EventLoop::run_timers() {
  while (!timers_.empty() && timers_.begin()->first.at <= now_) {
    // It is forgotten before it runs: its task may schedule a timer of the same name.
    Timer timer = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    if (!timer.name.empty()) named_timers_.erase(timer.name);
    run_guarded(timer.task);
  }
}

// earliest_deadline_ only ever gets earlier here, so it may be earlier than any deadline. Then a
// sweep finds nothing, and sets it right.
void EventLoop::update_deadline(Connection& connection) {
  const Time next = connection.next_timer();
  deadlines_[connection.ref_.slot] = next;
  earliest_deadline_ = std::min(earliest_deadline_, next);
}

Time Connection::at(Soon time) const { return time.at(loop_->now()); }

Time Connection::next_timer() const {
  // While it is open, own_deadline_ is no timer: it bounds how long a slow frame is watched, and
  // pong_deadline_ asks for that.
  if (state_ != State::kOpen) return std::min(at(own_deadline_), at(stalled_until_));
  return std::min({at(stalled_until_), app_deadline_, at(next_ping_), at(pong_deadline_)});
}

bool Connection::on_timer(Time now) {
  if (stalled_until_.at(now) <= now) return false;
  if (state_ != State::kOpen) {
    if (own_deadline_.at(now) > now) return true;
    if (proxy_header_due_) refuse_proxy(kNoProxyHeader);
    return false;
  }
  keep_alive(now);
  if (state_ == State::kOpen && app_deadline_ <= now) {
    app_deadline_ = kNever;
    loop_->application_.on_deadline(*this);
  }
  return true;
}

void Connection::keep_alive(Time now) {
  // The pong may lie unread behind requests: write_timeout watches a peer that is owed answers.
  if (owes_answers_ && pong_deadline_.at(now) <= now)
    pong_deadline_ = now + loop_->options().pong_wait;
  if (pong_deadline_.at(now) <= now && !is_sending(now)) {
    close(CloseCode::kPingTimeout, "ping timeout");
    return;
  }
  if (next_ping_.at(now) > now) return;
  next_ping_ = now + loop_->options().ping_interval;
  // The clock of the oldest unanswered ping runs on, or that of a frame that is watched.
  if (own_deadline_.is_never()) {
    if (pong_deadline_.is_never()) pinged_ = now;
    pong_deadline_ = std::min(pong_deadline_.at(now), now + loop_->options().pong_wait);
  }
  queue(FrameRef(loop_->ping_));
}

// A pong cannot overtake the frame that a slow client is sending. When the pong is overdue, the
// bytes of that one frame count as life while they come fast enough, for read_timeout at most.
bool Connection::is_sending(Time now) {
  FrameProgress* const frame = reader_.frame_in_progress();
  if (frame == nullptr) return false;
  // TLS hands over whole records of 16 KB: their parts count, too.
  const std::uint64_t arrived = tls_ == nullptr ? frame->arrived : tls_->bytes_read();
  if (own_deadline_.is_never()) {
    own_deadline_ = now + loop_->options().read_timeout;
    frame->watched_since = now;
    frame->watched_from = arrived;
  } else {
    if (own_deadline_.at(now) <= now || frame->watched_since == kNever) return false;
    const auto elapsed = static_cast<std::uint64_t>((now - frame->watched_since).count());
    if ((arrived - frame->watched_from) * 1000 < kSlowestFrame * elapsed) return false;
  }
  pong_deadline_ = std::min(own_deadline_.at(now), now + kProgressCheck);
  return true;
}

void Connection::ping_sooner() {
  if (state_ != State::kOpen) return;
  next_ping_ = std::min(at(next_ping_), first_ping());
  loop_->update_deadline(*this);
}

}  // namespace peer
