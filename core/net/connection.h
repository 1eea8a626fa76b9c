#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.h"
#include "core/base/time.h"
#include "core/net/client_address.h"
#include "core/net/frame.h"
#include "core/net/refusals.h"
#include "core/net/tls.h"
#include "core/net/websocket_codec.h"

namespace peer {

class EventLoop;
struct HttpRequest;

/// Names a connection from any thread; it may be gone when the name is used (EventLoop::find).
struct ConnectionRef {
  std::uint32_t slot : 24 = 0;
  std::uint32_t loop : 8 = 0;
  std::uint32_t generation = 0;

  friend bool operator==(const ConnectionRef&, const ConnectionRef&) = default;
};

/// What the application keeps with a WebSocket connection; destroyed with it, on its loop.
class ConnectionContext {
 public:
  virtual ~ConnectionContext() = default;
};

/// What became of a message for one connection.
enum class SendResult : std::uint8_t { kQueued, kDropped };

/// What goes first when the queues of all connections together are full (max_queued_bytes): copies
/// of broadcasts, from three quarters on; then other messages. Answers never go: who is owed them
/// is not read. All of it concerns only connections whose sockets take nothing.
enum class Importance : std::uint8_t { kBroadcast, kMessage, kAnswer };

/// Frames waiting for the socket. Empty costs no memory beyond the object.
class SendQueue {
 public:
  [[nodiscard]] bool empty() const { return head_ == frames_.size(); }
  [[nodiscard]] std::size_t count() const { return frames_.size() - head_; }
  /// Bytes that the socket has not taken yet.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void push(FrameRef frame);
  /// Writes what the socket takes. Returns false when the connection is broken.
  bool flush(int fd);
  bool flush(TlsStream& tls);

 private:
  /// One system call for as many frames as it takes; `offered`: their bytes. As send(2).
  ssize_t write_some(int fd, std::size_t& offered) const;
  void consume(std::size_t written);

  std::vector<FrameRef> frames_;
  std::size_t head_ = 0;         // first frame not wholly sent
  std::size_t head_offset_ = 0;  // bytes of it that are sent
  std::size_t bytes_ = 0;
};

/// One TCP connection: HTTP at first, a WebSocket after the upgrade (RFC 6455 4), then closing.
///
/// Threading: its loop's thread only. Ownership: its loop; a reference is good until the handler
/// that got it returns: keep a ConnectionRef.
class Connection final : private FrameSink {
 public:
  /// `tls`: null for a plain connection.
  Connection(EventLoop& loop, int fd, ConnectionRef ref, const Address& address,
             const TlsContext* tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] ConnectionRef ref() const { return ref_; }
  [[nodiscard]] EventLoop& loop() const { return loop_; }
  /// The client's, or, until the upgrade, that of a trusted proxy.
  [[nodiscard]] const Address& remote_address() const { return address_; }
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }

  /// Queues a message, bounded by `send_buffer_size` and `send_buffer_bytes`: what does not fit
  /// even after a flush is dropped (docs/protocol.md, "Slow consumers"). Sent at the end of the
  /// batch.
  SendResult send(const FrameRef& frame, Importance importance = Importance::kMessage);

  /// Queues an answer to the peer's own request: never dropped. While the answers of a peer that
  /// does not read exceed the bounds of send(), no further request of it is read.
  void reply(FrameRef frame);

  /// Sends what is queued, then the close frame; of input only the peer's close frame matters from
  /// now on. When that has come, or was there before, TCP ends; after a second at the latest. The
  /// application's on_close() follows once the current handler has returned. Further calls change
  /// nothing.
  void close(CloseCode code, std::string_view reason);
  [[nodiscard]] bool closing() const { return state_ >= State::kClosing; }

  /// While paused, no message is handed over: what has arrived waits, and the socket is not read.
  /// It ends with as many calls of resume() as there were of pause(); see Operation.
  void pause();
  void resume();

  /// The peer has registered: the connection no longer counts as one that has not.
  void mark_registered();

  /// Application::on_deadline() is called at `at` (to about 50 ms), once; kNever: not at all.
  void set_deadline(Time at);

  std::unique_ptr<ConnectionContext> context;

 private:
  friend class EventLoop;
  /// kClosing: our close frame is queued; kAwaitingClose: it is sent, the peer's has not come;
  /// kLingering: we have shut down writing.
  enum class State : std::uint8_t { kHttp, kOpen, kClosing, kAwaitingClose, kLingering };

  /// The connection must begin with a PROXY header, within a second.
  void expect_proxy_header();

  // Called by the loop. False: the connection is to be destroyed.
  bool on_readable();
  ssize_t receive(std::uint8_t* buffer);
  bool service();
  bool flush();
  bool on_timer(Time now);
  /// `ping_interval` has become shorter.
  void ping_sooner();
  [[nodiscard]] Time next_timer() const;
  /// Stops the connection without a word: broken, or out of time.
  void abort() { broken_ = true; }

  // FrameSink.
  void on_message(Opcode opcode, std::span<const std::uint8_t> message) override;
  void on_ping(std::span<const std::uint8_t> payload) override;
  void on_pong(std::span<const std::uint8_t> payload) override;
  void on_close_frame(CloseCode code, std::string_view reason) override;
  void on_protocol_error(CloseCode code, std::string_view reason) override;

  bool take_proxy_header();
  void refuse_proxy(const char* why) const;
  bool use_proxy_header(const std::optional<Address>& client);
  void consume(std::span<std::uint8_t> data);
  bool discard(std::span<const std::uint8_t> data);
  std::size_t read_http(std::string_view data);
  std::size_t read_frames(std::span<std::uint8_t> data);
  void answer_http(const HttpRequest& request);
  void answer_upgrade(const HttpRequest& request);
  [[nodiscard]] ClientAddress client_of(const HttpRequest& request) const;
  [[nodiscard]] Refusal admit(const ClientAddress& client);
  [[nodiscard]] const std::string* choose_subprotocol(const HttpRequest& request) const;
  void upgrade(const HttpRequest& request, const std::string& response);
  void allow_time(milliseconds time);
  void enter_reserve(Refusal refusal);
  [[nodiscard]] bool in_reserve() const { return reserved_for_ != Refusal::kNone; }
  void refuse_http(int status, std::string_view why = {});
  void refuse_request(int status, std::string_view why);
  void refuse_upgrade(Refusal reason, int status, const std::string& why);
  void refuse_admission(Refusal reason);
  [[nodiscard]] Time head_deadline() const;
  [[nodiscard]] FrameRef compressed(const FrameRef& frame, Importance importance) const;
  SendResult send_as_it_is(const FrameRef& frame, Importance importance);
  void queue(FrameRef frame);
  void queue_answer(FrameRef frame);
  [[nodiscard]] bool fits(std::size_t more_bytes, Importance importance) const;
  void leave_admission();
  [[nodiscard]] bool may_read() const;
  [[nodiscard]] bool seeks_close() const;
  bool count_control_frame();
  void keep_alive(Time now);
  [[nodiscard]] bool is_sending(Time now);
  [[nodiscard]] Time first_ping() const;
  void after_flush();
  void linger();
  void mark_dirty();
  void update_interest();

  EventLoop& loop_;
  int fd_;
  ConnectionRef ref_;
  Address address_;
  std::unique_ptr<Address> proxy_;  // that has told address_ by PROXY protocol; until the upgrade
  std::unique_ptr<TlsStream> tls_;  // null: plain
  State state_ = State::kHttp;
  bool owes_answers_ = false;  // see reply()
  bool broken_ = false;
  bool dirty_ = false;
  bool close_after_flush_ = false;  // HTTP: the last response is queued
  bool notified_close_ = false;
  bool admitted_ = false;                  // counted by Admission
  bool registered_ = false;                // counted as a registered one
  bool proxy_header_due_ = false;          // nothing of it has been used
  std::uint8_t window_bits_ = 0;           // of compressed output; 0: no permessage-deflate
  Refusal reserved_for_ = Refusal::kNone;  // not kNone: beyond a limit, for a health check only
  bool settled_ = false;                   // in the reserve: answered, or the refusal is noted
  std::uint32_t interest_ = 0;             // epoll events asked for
  std::uint16_t control_frames_ = 0;
  std::uint16_t pauses_ = 0;    // not 0: paused
  std::uint32_t lingered_ = 0;  // bytes discarded since close()
  Time control_second_{};
  Time app_deadline_ = kNever;
  Time own_deadline_ = kNever;  // head of a request, sending a frame, closing
  Time next_ping_ = kNever;
  Time pong_deadline_ = kNever;
  Time stalled_until_ = kNever;  // write_timeout without progress
  std::size_t stuck_bytes_ = 0;  // what the last flush has left, as LoopStats counts it
  SendQueue output_;
  WebSocketReader reader_;
  std::unique_ptr<std::vector<std::uint8_t>> input_;  // read, but not consumed yet
};

}  // namespace peer
