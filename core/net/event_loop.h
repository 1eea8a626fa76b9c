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
#include "core/net/admission.h"
#include "core/net/connection.h"
#include "core/net/deflate.h"
#include "core/net/frame_compressor.h"
#include "core/net/http_request.h"
#include "core/net/listener.h"

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
  bool compression = false;                       ///< permessage-deflate, for who offers it
  std::uint64_t compression_threshold = 1024;     ///< payloads below it are sent as they are
  std::vector<OriginPattern> allowed_origins;     ///< empty: all
  std::vector<std::string> subprotocols;          ///< the first offered one of them is answered
  std::string websocket_path = "/ws";             ///< where to upgrade; empty: everywhere
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
  /// A WebSocket has opened.
  virtual void on_open(Connection& connection, const HttpRequest& request) = 0;
  /// Whether GET and HEAD of this path are answered beyond the limits of connections too: by
  /// on_http(), from the reserve for health checks. Their answers must be cheap.
  [[nodiscard]] virtual bool is_health_check(std::string_view) const { return false; }
  /// A text message, valid UTF-8, with kReadPadding readable bytes behind it.
  virtual void on_message(Connection& connection, std::string_view text) = 0;
  /// A binary message; only with NetOptions::accept_binary.
  virtual void on_binary(Connection&, std::string_view) {}
  virtual void on_deadline(Connection& connection) = 0;
  /// The connection is closing or broken: exactly once for each on_open().
  virtual void on_close(Connection& connection) = 0;
};

/// Where the counts of a fan-out across loops come together, for a request that wants to know.
struct DeliveryReport {
  std::atomic<std::uint32_t> delivered{0};
  std::atomic<std::uint32_t> dropped{0};
  std::atomic<std::uint32_t> pending{0};
  UniqueTask<void(const DeliveryReport&)> done;  ///< on the loop that delivers last
};

/// One frame for connections of one loop.
struct Delivery {
  FrameRef frame;
  ConnectionRef to;  ///< used when `many` is empty
  std::vector<ConnectionRef> many;
  std::shared_ptr<DeliveryReport> report;  ///< shared by the deliveries of one fan-out; or null
  Importance importance = Importance::kMessage;
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
  std::atomic<std::uint64_t> received{0};      ///< messages
  std::atomic<std::uint64_t> sent{0};          ///< messages queued
  std::atomic<std::uint64_t> dropped{0};       ///< messages that did not fit into a peer's queue
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
  EventLoop(std::uint8_t index, const NetOptions& options, Application& application);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Accepts from this socket too, which the loop owns from now on; at most 16 of them. Before
  /// run().
  void listen(const ListenSocket& socket);
  /// New connections speak TLS from now on; running ones keep what they have. Loop thread, or
  /// before run().
  void use_tls(TlsContext::Ref tls) { tls_ = std::move(tls); }
  /// From now on, for running connections too; what they have negotiated stays. Loop thread, or
  /// before run().
  void use_options(NetOptions options);
  /// Judges connections by their addresses; `admission` outlives the loop. Before run(). Without,
  /// everybody is let in.
  void use_admission(Admission& admission) { admission_ = &admission; }
  /// Serves until stop() is complete.
  void run();

  // Any thread.

  /// Delivers a frame. In order with other posts; drops (and counts) beyond 64 MiB of waiting
  /// mail.
  void post(Delivery delivery);
  /// Runs `task` on the loop, after all deliveries posted before it. Never dropped.
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
  [[nodiscard]] Connection* find(ConnectionRef ref) const;
  /// Delivers what has been posted to this loop so far; tasks wait for the end of the round.
  void deliver_mail() {
    if (mail_waiting_.load(std::memory_order_acquire)) deliver_waiting_mail();
  }
  /// Runs `task` once at `at`.
  TimerId schedule(Time at, UniqueTask<void()> task);
  /// The same, instead of what was scheduled under `name` before: however often clients cause it,
  /// one timer of a name waits.
  void schedule(const std::string& name, Time at, UniqueTask<void()> task);
  /// Forgets a timer that was scheduled without a name, with its task. One that has run is none.
  void cancel(TimerId timer) { timers_.erase(timer); }
  /// Stops accepting.
  void stop_listening();
  /// Stops accepting and closes every connection with `code`, evenly over `spread`: those that come
  /// back do not come all at once. run() returns when the last is gone, or at `deadline`.
  void stop(CloseCode code, const std::string& reason, milliseconds spread, Time deadline);

 private:
  friend class Connection;
  struct Timer {
    std::string name;  // empty: none
    UniqueTask<void()> task;
  };
  using Timers = std::map<TimerId, Timer>;

  void wake();
  void wake_others();
  void run_round();
  void handle_events(int timeout_ms);
  [[nodiscard]] int poll_timeout();
  [[nodiscard]] bool has_mail();
  void accept_some(const ListenSocket& listener);
  /// Returns false when there is nothing more to accept, or no descriptor for it.
  bool accept_one(const ListenSocket& listener);
  Connection* adopt(int fd, const Address& address, const ListenSocket& listener, bool admitted);
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
  void deliver_waiting_mail();
  void deliver(const Delivery& delivery);
  void run_tasks();
  void run_guarded(UniqueTask<void()>& task) noexcept;
  void run_timers();
  void check_deadlines();
  void flush_dirty();
  void flush(ConnectionRef ref);
  void update_deadline(Connection& connection);
  void will_close(Connection& connection);
  void count_queued(std::size_t before, std::size_t now);
  [[nodiscard]] bool may_queue(Importance importance) const;
  void close_slots(std::size_t begin, std::size_t end, CloseCode code, std::string_view reason);
  void notify_closed();
  void destroy(Connection& connection);
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

  Time now_;
  sdk::Instant wall_;
  TlsContext::Ref tls_;             // null: plain
  Admission* admission_ = nullptr;  // null: everybody is let in
  std::unique_ptr<std::uint8_t[]> read_buffer_;
  FrameRef ping_;
  Inflaters inflaters_;
  FrameCompressor compressor_;

  // By slot.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> generations_;
  std::vector<Time> deadlines_;
  std::vector<std::uint32_t> free_slots_;
  Time earliest_deadline_ = kNever;

  std::vector<ConnectionRef> dirty_;                    // of this round
  std::deque<ConnectionRef> backlog_;                   // dirty, left over by earlier rounds
  std::vector<ConnectionRef> closed_;                   // on_close() is due
  std::vector<std::unique_ptr<Connection>> graveyard_;  // until the end of the round
  Timers timers_;
  std::uint64_t last_timer_ = 0;
  std::unordered_map<std::string, Timers::iterator> named_timers_;
  std::vector<EventLoop*> to_wake_;

  Mutex mail_mutex_;
  std::vector<Delivery> mail_ PEER_GUARDED_BY(mail_mutex_);
  std::vector<UniqueTask<void()>> tasks_ PEER_GUARDED_BY(mail_mutex_);
  std::size_t mail_bytes_ PEER_GUARDED_BY(mail_mutex_) = 0;
  bool woken_ PEER_GUARDED_BY(mail_mutex_) = false;
  std::atomic<bool> mail_waiting_{false};  // mail_ is not empty: written under the mutex
};

}  // namespace peer
