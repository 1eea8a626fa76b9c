#include "core/net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "core/base/log.h"
#include "core/net/epoll_events.h"
#include "core/net/packed_ref.h"

// One event loop, on its own thread. In: what epoll tells of the sockets, mail and tasks of other
// threads (mailbox.cc), timers and deadlines. Out: calls to the Application and to connections, and
// the output of each socket in one system call at the end of the round. With 16 messages in flight
// that one call is most of what a message costs (docs/decisions.md, "One flush for each socket and
// round").
//
// The order within a round (run_round) is part of the contract. The flush comes after everything
// that may produce output. A closed connection is freed last, so that a reference to it stays good
// in the whole round.
namespace peer {
namespace {

constexpr std::size_t kReadBuffer = 128 * 1024;
constexpr int kMaxEvents = 256;
// A join into a namespace of 10,000 makes that many sockets dirty; flushing them all at once would
// keep everybody else waiting for 20 ms. The rest has its turn in later rounds, behind what those
// bring themselves.
constexpr std::size_t kFlushesPerRound = 256;
constexpr milliseconds kCloseStep{20};
// Deadlines are checked in one sweep over a dense array, at most this often.
constexpr milliseconds kDeadlineGrid{50};

thread_local EventLoop* current_loop = nullptr;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

Time round_up(Time at) {
  // Rounded up: nothing may be ended before its time.
  const auto since = at.time_since_epoch();
  const auto rest = since % kDeadlineGrid;
  return rest.count() == 0 ? at : at + (kDeadlineGrid - rest);
}

}  // namespace

EventLoop::EventLoop(std::uint8_t index, const NetOptions& options, Application& application)
    : index_(index),
      options_(options),
      application_(application),
      epoll_fd_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_fd_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      now_(steady_now()),
      wall_(wall_now()),
      read_buffer_(std::make_unique<std::uint8_t[]>(kReadBuffer + kReadPadding)),
      ping_(control_frame(Opcode::kPing, {})) {
  checked(watch(epoll_fd_, wake_fd_, EPOLLIN, kWakeEvent) ? 0 : -1, "epoll_ctl");
  keep_spares();
}

EventLoop::~EventLoop() {
  // A connection that ends still uses the loop: the connections go first.
  connections_.clear();
  stop_listening();
  for (const int fd : spares_) ::close(fd);
  ::close(wake_fd_);
  ::close(epoll_fd_);
}

EventLoop* EventLoop::current() { return current_loop; }

// Everything is read from the options when it is needed; only a ping that is far ahead is not.
void EventLoop::use_options(NetOptions options) {
  const bool sooner = options.ping_interval < options_.ping_interval;
  options_ = std::move(options);
  if (!sooner) return;
  for (const auto& connection : connections_) {
    if (connection != nullptr) connection->ping_sooner();
  }
}

void EventLoop::run() {
  current_loop = this;
  if (wants_ring_) make_ring();
  const auto all_gone = [this] {  // but sessions that nothing carries
    return free_slots_.size() + detached_.size() == connections_.size();
  };
  const auto may_end = [this, &all_gone] { return all_gone() && application_.may_end(*this); };
  while (!(stopping_ && (now_ >= stop_deadline_ || may_end()))) {
    try {
      run_round();
    } catch (const std::exception& failure) {  // no memory, say: the next round may have some
      log_error(std::string("a round of an event loop was cut short: ") + failure.what());
    }
  }
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    if (connections_[slot] != nullptr) destroy(*connections_[slot]);
  }
  graveyard_.clear();
  detached_.clear();
  ended_sessions_.clear();
  wake_others();
  current_loop = nullptr;
}

void EventLoop::run_round() {
  handle_events(poll_timeout());
  deliver_mail();
  run_tasks();
  run_timers();
  check_deadlines();
  notify_closed();
  flush_dirty();
  graveyard_.clear();
  ended_sessions_.clear();
  keep_spares();
  compressor_.end_round();
  wake_others();
}

int EventLoop::poll_timeout() {
  // The inner min() keeps round_up() from an overflow of kNever.
  Time next =
      std::min(round_up(std::min(earliest_deadline_, kNever - kDeadlineGrid)), stop_deadline_);
  if (!timers_.empty()) next = std::min(next, timers_.begin()->first.at);
  if (!closed_.empty() || !dirty_.empty() || !backlog_.empty() || has_mail()) return 0;
  // The bound lets the wait for kNever fit into an int.
  constexpr milliseconds kLongest{60'000};
  // The round has taken time since it read now_. So a fresh clock is read, but not far from what is
  // waited for: then the loop wakes once more before it. A busy loop reads no third clock this way.
  constexpr milliseconds kFar{1'000};
  milliseconds wait = std::min(next - now_, kLongest);
  wait = wait > kFar ? wait - kFar / 2 : next - steady_now();
  return static_cast<int>(std::max<milliseconds::rep>(wait.count(), 0));
}

void EventLoop::handle_events(int timeout_ms) {
  std::array<epoll_event, kMaxEvents> events;
  // -1, which a signal causes, is a round without events.
  const int ready = ::epoll_wait(epoll_fd_, events.data(), kMaxEvents, timeout_ms);
  now_ = steady_now();
  wall_ = wall_now();
  for (int i = 0; i < ready; ++i) {
    handle_event(events[static_cast<std::size_t>(i)].data.u64,
                 events[static_cast<std::size_t>(i)].events);
  }
}

void EventLoop::handle_event(std::uint64_t data, std::uint32_t events) {
  if (data == kWakeEvent) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t read = ::read(wake_fd_, &count, sizeof count);
    return;
  }
  if (data >= kListenEvent) {
    const std::size_t number = data - kListenEvent;
    if (number < listeners_.size()) accept_some(listeners_[number]);
    return;
  }
  Connection* connection = find(unpacked<ConnectionRef>(data, index_));
  if (connection == nullptr) return;  // closed earlier in this batch
  bool alive = true;
  guarded(*connection, [&] {
    if ((events & EPOLLOUT) != 0) alive = connection->service();
    if (alive && (events & EPOLLIN) != 0) alive = connection->on_readable();
    // A broken connection that is paused is not read: nothing else would tell.
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) alive = false;
    if ((events & EPOLLRDHUP) != 0 && connection->ends_at_their_end()) alive = false;
  });
  if (!alive) destroy(*connection);
  notify_closed();
}

template <typename F>
void EventLoop::guarded(Connection& connection, F&& handler) noexcept {
  try {
    handler();
  } catch (const std::exception& failure) {
    log_error(std::string("a connection's handler failed, closing it: ") + failure.what());
    if (connection.state_ == Connection::State::kHttp) {  // no close frame on what is no WebSocket
      connection.abort();
      connection.mark_dirty();
    } else {
      connection.close(CloseCode::kInternalError, "internal error");
    }
  }
}

Connection* EventLoop::find(ConnectionRef ref) const {
  if (ref.loop != index_ || ref.slot >= connections_.size()) return nullptr;
  // An earlier connection in this slot had another generation.
  if (generations_[ref.slot] != ref.generation) return nullptr;
  return connections_[ref.slot].get();
}

ApplicationSession* EventLoop::find(SessionRef ref) const {
  if (const Connection* connection = transport_of(ref)) return connection->session.get();
  const Detached* detached = find_detached(ref);
  return detached == nullptr ? nullptr : detached->session.get();
}

ApplicationSession* EventLoop::find_open(SessionRef ref) const {
  if (const Connection* connection = transport_of(ref)) {
    return connection->closing() ? nullptr : connection->session.get();
  }
  const Detached* detached = find_detached(ref);
  return detached == nullptr ? nullptr : detached->session.get();
}

SendResult EventLoop::send(SessionRef to, const FrameRef& frame, Importance importance) {
  Connection* connection = transport_of(to);
  if (connection != nullptr) return connection->send(frame, importance);
  return send_detached(to, frame, importance);
}

std::uint32_t EventLoop::send(std::span<const SessionRef> to, const FrameRef& frame,
                              Importance importance) {
  std::uint32_t queued = 0;
  for (const SessionRef ref : to) {
    Connection* connection = transport_of(ref);
    const SendResult result = connection != nullptr ? connection->send(frame, importance)
                                                    : send_detached(ref, frame, importance);
    if (result == SendResult::kQueued) ++queued;
  }
  return queued;
}

SendResult EventLoop::send_detached(SessionRef to, const FrameRef& frame, Importance importance) {
  Detached* detached = find_detached(to);
  return detached == nullptr ? SendResult::kDropped : detached->session->keep(frame, importance);
}

void EventLoop::answer(ConnectionRef to, std::string_view response, bool keep_alive) {
  if (Connection* connection = find(to)) connection->answer(response, keep_alive);
}

bool EventLoop::stream(ConnectionRef to, std::string_view bytes, std::size_t most) {
  Connection* connection = find(to);
  return connection != nullptr && connection->stream(bytes, most);
}

// The application hears of the end while find() still knows the connection, so this comes before
// the slot is given away. The object itself lives until the end of the round: a handler may hold a
// reference to it.
void EventLoop::destroy(Connection& connection) {
  connection.abort();
  will_close(connection);
  notify_closed();
  connection.leave_admission();
  count_queued(std::exchange(connection.stuck_bytes_, 0), 0);
  const std::uint32_t slot = connection.ref_.slot;
  graveyard_.push_back(std::move(connections_[slot]));
  ++generations_[slot];
  deadlines_[slot] = kNever;
  free_slots_.push_back(slot);
  stats_.connections.fetch_sub(1, std::memory_order_relaxed);
}

// Only this loop changes the count, so a load and a store do, without a locked instruction.
void EventLoop::count_queued(std::size_t before, std::size_t now) {
  const std::uint64_t total = stats_.queued_bytes.load(std::memory_order_relaxed);
  stats_.queued_bytes.store(total - before + now, std::memory_order_relaxed);
}

bool EventLoop::may_queue(Importance importance) const {
  const std::uint64_t most = options_.max_queued_bytes;
  return stats_.queued_bytes.load(std::memory_order_relaxed) <
         (importance == Importance::kBroadcast ? most / 4 * 3 : most);
}

void EventLoop::will_close(Connection& connection) {
  // Of a connection that has never become a WebSocket the application knows nothing.
  if (connection.notified_close_ || connection.state_ == Connection::State::kHttp) return;
  connection.notified_close_ = true;
  if (connection.session != nullptr) closed_.push_back(connection.ref_);
}

void EventLoop::notify_closed() {
  while (!closed_.empty()) {
    const ConnectionRef ref = closed_.back();
    closed_.pop_back();
    Connection* connection = find(ref);
    if (connection == nullptr) continue;
    guarded(*connection, [&] { application_.on_close(*connection); });
  }
}

void EventLoop::flush_dirty() {
  // Swapped out first: a flush may call handlers, and their output belongs to the next round.
  std::swap(dirty_, due_);
  const std::span<const ConnectionRef> all = due_.all();
  const std::size_t count = std::min(all.size(), kFlushesPerRound);
  backlog_.insert(backlog_.end(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
  due_.cut(count);
  // At least a quarter is for the backlog. Otherwise it would never shrink while every round fills
  // its own 256.
  std::size_t room = std::max(kFlushesPerRound - count, kFlushesPerRound / 4);
  for (; room > 0 && !backlog_.empty(); --room) {
    due_.add(backlog_.front());
    backlog_.pop_front();
  }
  for (std::span<const ConnectionRef> rest = due_.all(); !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), SendRing::kMost));
    if (ring_ != nullptr) send_ahead(some);
    for (const ConnectionRef ref : some) flush(ref);
    rest = rest.subspan(some.size());
  }
  due_.cut(0);
  notify_closed();
}

void EventLoop::flush(ConnectionRef ref) {
  Connection* connection = find(ref);
  if (connection == nullptr) return;
  connection->dirty_ = false;
  bool alive = true;
  guarded(*connection, [&] { alive = connection->service(); });
  if (!alive) destroy(*connection);
}

void EventLoop::check_deadlines() {
  if (earliest_deadline_ == kNever || round_up(earliest_deadline_) > now_) return;
  earliest_deadline_ = kNever;
  for (std::uint32_t slot = 0; slot < deadlines_.size(); ++slot) {
    if (deadlines_[slot] <= now_ && connections_[slot] != nullptr) {
      Connection& connection = *connections_[slot];
      bool alive = true;
      guarded(connection, [&] { alive = connection.on_timer(now_); });
      if (alive) {
        deadlines_[slot] = connection.next_timer();
      } else {
        destroy(connection);
      }
    }
    earliest_deadline_ = std::min(earliest_deadline_, deadlines_[slot]);
  }
}

void EventLoop::stop(CloseCode code, const std::string& reason, milliseconds spread,
                     Time deadline) {
  stopping_ = true;
  stop_deadline_ = deadline;
  stop_code_ = code;
  stop_reason_ = reason;
  stop_listening();
  // A slot has its time by its number: nothing is kept for each connection.
  const std::size_t slots = connections_.size();
  const auto steps = std::clamp<std::size_t>(static_cast<std::size_t>(spread / kCloseStep), 1,
                                             std::max<std::size_t>(slots, 1));
  for (std::size_t i = 0; i < steps; ++i) {
    const auto close = [this, begin = slots * i / steps, end = slots * (i + 1) / steps] {
      for (std::size_t slot = begin; slot < end; ++slot) close_slot(slot);
    };
    if (i == 0) {
      close();
    } else {
      schedule(now_ + spread * i / steps, close);
    }
  }
}

void EventLoop::close_slot(std::size_t slot) {
  Connection* connection = connections_[slot].get();
  if (connection == nullptr) return;
  if (connection->state_ == Connection::State::kHttp) {
    connection->abort();
    connection->mark_dirty();
  } else {
    connection->close(stop_code_, stop_reason_);
  }
}

}  // namespace peer
