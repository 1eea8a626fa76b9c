#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/counter.h"
#include "core/base/mutex.h"
#include "core/base/origin.h"
#include "core/base/time.h"
#include "core/base/unique_task.h"
#include "core/limit/admission.h"
#include "core/net/connection.h"
#include "core/net/delivery.h"
#include "core/net/http/http_request.h"
#include "core/net/listener.h"
#include "core/net/send_ring.h"
#include "core/net/websocket/deflate.h"
#include "core/net/websocket/frame_compressor.h"

namespace peer {

/// Limits and times of connections; those that can be configured are named as their keys.
struct NetOptions {
  std::uint64_t max_message_size = 65536;
  std::uint32_t send_buffer_size = 32;
  std::uint64_t send_buffer_bytes = 32 * 65536;
  std::uint64_t max_queued_bytes = 256 * 1024 * 1024;  ///< of this loop
  milliseconds write_timeout{10'000};
  milliseconds read_timeout{60'000};
  milliseconds ping_interval{30'000};
  milliseconds pong_wait{35'000};
  bool compression = false;                    ///< permessage-deflate, for who offers it
  std::uint64_t compression_threshold = 1024;  ///< payloads below it are sent as they are
  std::vector<OriginPattern> allowed_origins;  ///< empty: all
  std::vector<std::string> subprotocols;       ///< the first offered one of them is answered
  std::string websocket_path = "/ws";          ///< where to upgrade; empty: everywhere
  std::vector<std::string> foreign_paths;      ///< where clients upgrade that speak otherwise
  /// Bytes of a request's body; 0: requests with one are refused.
  std::uint64_t max_body = 0;
  bool accept_binary = false;                     ///< false: a binary message closes 1003
  std::uint16_t control_frames_per_second = 100;  ///< of one client; more close 4008; 0: no limit
};

/// What the loops serve. Called on loop threads, several at a time, each connection always on its
/// own; must not block. An exception costs the connection at hand (close 1011).
class Application {
 public:
  virtual ~Application() = default;
  /// A request that is no upgrade of /ws. Returns the whole response (http_response()).
  virtual std::string on_http(const HttpRequest& request, bool loopback) = 0;
  /// The same with its connection. Empty: the answer comes later, by EventLoop::answer() or
  /// stream(); until then nothing more is read, and nothing but the application bounds the wait.
  virtual std::string on_request(Connection&, const HttpRequest& request, bool loopback) {
    return on_http(request, loopback);
  }
  /// The head of a request with a body has come (NetOptions::max_body). An answer is sent instead
  /// of reading the body, and ends the connection; empty: the body is read.
  virtual std::string judge_head(const HttpRequest&) { return {}; }
  /// The one message that a client hears which asks to upgrade at one of NetOptions::foreign_paths
  /// and is refused; empty: none.
  virtual std::string refusal(Connection&, const HttpRequest&, Refusal, int status,
                              std::string_view why) {
    (void)status, (void)why;
    return {};
  }
  /// A WebSocket has opened, with this request, which is the application's from now on.
  virtual void on_open(Connection& connection, HttpRequest&& request) = 0;
  /// Whether GET and HEAD of this path are answered beyond the limits of connections too: by
  /// on_http(), from the reserve for health checks. Their answers must be cheap.
  [[nodiscard]] virtual bool is_health_check(std::string_view) const { return false; }
  /// A text message, valid UTF-8, with kReadPadding readable bytes behind it.
  virtual void on_message(Connection& connection, std::string_view text) = 0;
  /// A binary message; only with NetOptions::accept_binary.
  virtual void on_binary(Connection&, std::string_view) {}
  /// The time of Connection::set_deadline() has come.
  virtual void on_deadline(Connection& connection) = 0;
  /// The connection is closing or broken: exactly once for each on_open() that has given it a
  /// Connection::session, and never for others.
  virtual void on_close(Connection& connection) = 0;
  /// The loop stops, and has no connection any more: whether it may end. If not, it is asked again
  /// when something has been posted to it.
  [[nodiscard]] virtual bool may_end(const EventLoop&) { return true; }
};

/// A timer of a loop. Those that are due at one time run in the order of their numbers.
struct TimerId {
  Time at{};
  std::uint64_t number = 0;

  friend auto operator<=>(const TimerId&, const TimerId&) = default;
};

/// Counts of one loop since the start; read from any thread.
struct LoopStats {
  std::atomic<std::uint64_t> connections{0};  ///< now
  std::atomic<std::uint64_t> accepted{0};
  Counter received;                            ///< messages
  Counter sent;                                ///< messages queued
  Counter dropped;                             ///< messages that did not fit into a peer's queue
  std::atomic<std::uint64_t> mail_dropped{0};  ///< messages of other loops that did not fit here
  Counter received_bytes;                      ///< of all that was read, TLS undone
  Counter sent_bytes;                          ///< of what sockets have taken, before TLS
  std::atomic<std::uint64_t> shed{0};          ///< connections refused for want of descriptors
  std::atomic<std::uint64_t> queued_bytes{0};  ///< now, of what sockets have not taken
};

/// One thread's epoll loop and the connections that live on it (ARCHITECTURE.md, "Threads"). In one
/// round it handles what is ready, then its mail, then flushes each connection that has output,
/// once.
///
/// Threading: run() and everything marked "loop" on its own thread; post() from any.
class EventLoop {
 public:
  /// `index`: what SessionRef::loop says of its sessions. `application` outlives the loop. Throws
  /// std::system_error when no descriptor is left.
  EventLoop(std::uint8_t index, const NetOptions& options, Application& application);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Accepts from this socket too, which the loop owns from now on; at most 16 of them. Before
  /// run(). Throws std::system_error when epoll does not take it.
  void listen(const ListenSocket& socket);
  /// New connections speak TLS from now on; running ones keep what they have. Loop thread, or
  /// before run().
  void use_tls(TlsContext::Ref tls) { tls_ = std::move(tls); }
  /// From now on, for running connections too; what they have negotiated stays. Loop thread, or
  /// before run().
  void use_options(NetOptions options);
  /// Sends of one round go in one system call (SendRing). Before run(), which tries.
  void send_by_io_uring(bool wished) { wants_ring_ = wished; }
  /// Judges connections by their addresses; `admission` outlives the loop. Before run(). Without,
  /// everybody is let in.
  void use_admission(Admission& admission) { admission_ = &admission; }
  /// Serves until stop() is complete. An exception of a round is logged, and the next round begins.
  /// At the end all connections and sessions are destroyed, on this thread; tasks and timers that
  /// have not run by then never do, and are destroyed with the loop.
  void run();

  // Any thread.

  /// Delivers a frame. In order with other posts; drops (and counts) beyond 64 MiB of waiting
  /// mail, with as much again of the loop's own.
  void post(Delivery&& delivery);
  /// Runs `task` on the loop, after all deliveries posted before it. Never dropped, and not
  /// bounded: a task that clients can cause without end needs a bound of its own.
  void post(UniqueTask<void()> task);
  [[nodiscard]] const LoopStats& stats() const { return stats_; }

  // Loop thread.

  /// The loop that runs on this thread, or null.
  [[nodiscard]] static EventLoop* current();
  [[nodiscard]] std::uint8_t index() const { return index_; }
  [[nodiscard]] const NetOptions& options() const { return options_; }
  /// When this batch began.
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] sdk::Instant wall() const { return wall_; }
  /// What carries a session of this loop; null: it has ended, or nothing does. For core/session:
  /// others send(), or look for the session.
  [[nodiscard]] Connection* transport_of(SessionRef ref) const {
    return find(ConnectionRef{ref.slot, ref.loop, ref.generation});
  }
  /// A session of this loop, whether or not something carries it; null: it has ended.
  [[nodiscard]] ApplicationSession* find(SessionRef ref) const;
  /// The same of one that is not about to end.
  [[nodiscard]] ApplicationSession* find_open(SessionRef ref) const;
  /// Connection::pause() and resume() of what carries a session of this loop. Where nothing does,
  /// they count for what will carry it next.
  void pause(SessionRef session);
  void resume(SessionRef session);
  /// How many of the former have not been followed by the latter, for a session that nothing
  /// carries.
  [[nodiscard]] std::uint16_t pauses(SessionRef session) const;

  // Sessions that outlive their connection (transports.cc). None of the connection's own methods
  // may be under way: call them from a task, or from Application::on_close().

  /// From now on nothing carries the session, which stays under its name. The connection goes on,
  /// or to its end, without one.
  void detach(Connection& connection);
  /// Adds a session that nothing carries yet.
  SessionRef add_detached(std::unique_ptr<ApplicationSession> session);
  /// Visits the sessions that nothing carries; none may end meanwhile.
  template <typename Visit>
  void each_detached(Visit visit) {
    for (auto& [slot, detached] : detached_) {
      visit(SessionRef{slot & 0xffffff, index_, generations_[slot]}, *detached.session);
    }
  }
  /// Ends a session that nothing carries; it is destroyed at the end of the round.
  void forget(SessionRef session);
  /// Takes a connection, and what it carries, off this loop. To attach() it, or give it place().
  [[nodiscard]] std::unique_ptr<Connection> take_out(Connection& connection);
  /// Has the connection carry a session that nothing carries; from any loop, with its output and
  /// what it has read. Null: the kernel refuses, the connection has ended, the session waits on.
  Connection* attach(SessionRef session, std::unique_ptr<Connection> connection);
  /// The same in a slot of its own, with the session that it has. Null: it has ended.
  Connection* place(std::unique_ptr<Connection> connection);

  /// Queues a message for a session of this loop, as Connection::send() does.
  SendResult send(SessionRef to, const FrameRef& frame,
                  Importance importance = Importance::kMessage);
  /// The same for several. Returns for how many it is queued.
  std::uint32_t send(std::span<const SessionRef> to, const FrameRef& frame, Importance importance);
  /// Delivers what has been posted to this loop so far; tasks wait for the end of the round.
  void deliver_mail() {
    while (!own_mail_.empty()) deliver_own_mail();
    if (mail_waiting_.load(std::memory_order_acquire)) deliver_waiting_mail();
  }
  /// The answer to a request that Application::on_request() has left open. Nothing happens when the
  /// connection has gone.
  void answer(ConnectionRef to, std::string_view response, bool keep_alive);
  /// A part of an answer that goes on until the connection ends. False: the connection has gone, or
  /// is cut here, since more than `most` bytes wait for it.
  bool stream(ConnectionRef to, std::string_view bytes, std::size_t most);
  /// Runs `task` once at `at`, behind the tasks of the round in which that has come. Within a round
  /// now() stands still: a task that schedules itself anew for now() or earlier never lets the
  /// round end.
  TimerId schedule(Time at, UniqueTask<void()> task);
  /// The same, instead of what was scheduled under `name` before: however often clients cause it,
  /// one timer of a name waits.
  void schedule(const std::string& name, Time at, UniqueTask<void()> task);
  /// Forgets a timer that was scheduled without a name, with its task. One that has run is none.
  void cancel(TimerId timer) { timers_.erase(timer); }
  /// Stops accepting.
  void stop_listening();
  /// Stops accepting and closes every connection with `code`, evenly over `spread`: those that come
  /// back do not come all at once. One that comes from another loop later is closed when it has
  /// come. run() returns when the last is gone, or at `deadline`.
  void stop(CloseCode code, const std::string& reason, milliseconds spread, Time deadline);

 private:
  friend class Connection;
  [[nodiscard]] Connection* find(ConnectionRef ref) const;

  struct Timer {
    std::string name;  // empty: none
    UniqueTask<void()> task;
  };
  using Timers = std::map<TimerId, Timer>;

  /// Of sessions, by packed(): how many messages to each have been dropped from full mail.
  using LostMail = std::unordered_map<std::uint64_t, std::uint32_t>;

  /// Sees to it that this loop looks at its mail: at once, or, where another loop has posted, at
  /// the end of that one's round.
  void wake();
  /// For the loops that this one has posted to in this round.
  void wake_others();
  void run_round();
  void handle_events(int timeout_ms);
  /// How long epoll may wait; 0 as long as there is something to do.
  [[nodiscard]] int poll_timeout();
  [[nodiscard]] bool has_mail();
  void accept_some(const ListenSocket& listener);
  /// Returns false when there is nothing more to accept, or no descriptor for it.
  bool accept_one(const ListenSocket& listener);
  /// Gives the socket a slot. Null: epoll does not take it, and it is still the caller's.
  Connection* adopt(int fd, const Address& address, const ListenSocket& listener, bool admitted);
  [[nodiscard]] ConnectionRef next_ref();
  /// A session that nothing carries.
  struct Detached {
    std::unique_ptr<ApplicationSession> session;
    std::uint16_t pauses = 0;
  };
  [[nodiscard]] Detached* find_detached(SessionRef ref);
  [[nodiscard]] const Detached* find_detached(SessionRef ref) const;
  SendResult send_detached(SessionRef to, const FrameRef& frame, Importance importance);
  Connection* watch_in(ConnectionRef ref, std::unique_ptr<Connection> connection);
  void tell_lost(const LostMail& lost) const;
  /// Judges a new connection; from here on `fd` is the loop's.
  void take_in(int fd, const Address& address, const ListenSocket& listener);
  void take_into_reserve(int fd, const Address& address, const ListenSocket& listener,
                         Refusal refusal);
  void shed_connection(const ListenSocket& listener);
  void keep_spares();
  void pause_accepting();
  void resume_accepting();
  [[nodiscard]] bool watch_listener(const ListenSocket& listener);
  void unwatch_listener(const ListenSocket& listener);
  void handle_event(std::uint64_t data, std::uint32_t events);
  void deliver_own_mail();
  void deliver_waiting_mail();
  /// Delivers it, and keeps its storage.
  void deliver_all(std::vector<Delivery>& mail);
  void deliver(const Delivery& delivery);
  void run_tasks();
  void run_guarded(UniqueTask<void()>& task) noexcept;
  void run_timers();
  void check_deadlines();
  void flush_dirty();
  void flush(ConnectionRef ref);
  void make_ring();
  void send_ahead(std::span<const ConnectionRef> refs);
  /// To be called whenever Connection::next_timer() may have become earlier.
  void update_deadline(Connection& connection);
  /// on_close() is due, once the current handler has returned.
  void will_close(Connection& connection);
  void count_queued(std::size_t before, std::size_t now);
  [[nodiscard]] bool may_queue(Importance importance) const;
  void close_slot(std::size_t slot);
  void notify_closed();
  /// The slot is free at once; the object lives until the end of the round.
  void destroy(Connection& connection);
  /// Runs a handler of the connection, which is closed if that throws.
  template <typename F>
  void guarded(Connection& connection, F&& handler) noexcept;

  const std::uint8_t index_;
  NetOptions options_;
  Application& application_;
  LoopStats stats_;
  int epoll_fd_;
  int wake_fd_;
  std::vector<ListenSocket> listeners_;
  std::vector<int> spares_;  // descriptors that are closed for a connection when none is left
  bool stopping_ = false;
  Time stop_deadline_ = kNever;
  CloseCode stop_code_ = CloseCode::kGoingAway;
  std::string stop_reason_;

  Time now_;
  sdk::Instant wall_;
  TlsContext::Ref tls_;             // null: plain
  Admission* admission_ = nullptr;  // null: everybody is let in
  std::unique_ptr<std::uint8_t[]> read_buffer_;
  FrameRef ping_;
  Inflaters inflaters_;
  FrameCompressor compressor_;
  bool wants_ring_ = false;
  std::unique_ptr<SendRing> ring_;  // null: each socket is written on its own

  // By slot.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> generations_;
  std::vector<Time> deadlines_;
  std::vector<std::uint32_t> free_slots_;
  std::unordered_map<std::uint32_t, Detached> detached_;  // their slots have no connection
  Time earliest_deadline_ = kNever;

  ConnectionList dirty_;                                // of this round
  ConnectionList due_;                                  // are being flushed
  std::deque<ConnectionRef> backlog_;                   // dirty, left over by earlier rounds
  std::vector<ConnectionRef> closed_;                   // on_close() is due
  std::vector<std::unique_ptr<Connection>> graveyard_;  // until the end of the round
  std::vector<std::unique_ptr<ApplicationSession>> ended_sessions_;  // the same
  Timers timers_;
  std::uint64_t last_timer_ = 0;
  std::unordered_map<std::string, Timers::iterator> named_timers_;
  std::vector<EventLoop*> to_wake_;
  std::vector<Delivery> spare_mail_;  // empty: storage for mail_ and own_mail_
  /// What this loop has posted to itself while mail_ was empty, and so all of it before that.
  std::vector<Delivery> own_mail_;
  std::size_t own_mail_bytes_ = 0;

  Mutex mail_mutex_;
  std::vector<Delivery> mail_ PEER_GUARDED_BY(mail_mutex_);
  std::vector<UniqueTask<void()>> tasks_ PEER_GUARDED_BY(mail_mutex_);
  std::size_t mail_bytes_ PEER_GUARDED_BY(mail_mutex_) = 0;
  /// Messages that did not fit into the mailbox, by the session (packed) that they were for.
  LostMail lost_mail_ PEER_GUARDED_BY(mail_mutex_);
  bool woken_ PEER_GUARDED_BY(mail_mutex_) = false;
  std::atomic<bool> mail_waiting_{false};  // mail_ is not empty: written under the mutex
};

}  // namespace peer
