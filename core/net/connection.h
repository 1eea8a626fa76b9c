#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/address.h"
#include "core/base/soon.h"
#include "core/base/time.h"
#include "core/limit/refusals.h"
#include "core/net/connection_ref.h"
#include "core/net/delivery.h"
#include "core/net/http/client_address.h"
#include "core/net/http/http_request.h"
#include "core/net/send_queue.h"
#include "core/net/tls.h"
#include "core/net/websocket/frame.h"
#include "core/net/websocket/websocket_codec.h"

namespace peer {

class EventLoop;

/// What a client is to the application, whatever carries its messages. The application derives its
/// own from it (core/session/session.h). Destroyed with its connection, unless it has been detached
/// from that (EventLoop::detach); on its loop.
class ApplicationSession {
 public:
  virtual ~ApplicationSession() = default;

  // For a session that counts its messages (Connection::count_messages).

  /// The transport has queued a message: `frame` is as the application has handed it over.
  virtual void on_sent(const FrameRef&) {}
  /// One was dropped, since it did not fit into the transport's queue or the loop's mailbox. The
  /// latter is told to every session.
  virtual void on_dropped() {}
  /// A message while nothing carries the session, or what does is closing.
  virtual SendResult keep(const FrameRef&, Importance) { return SendResult::kDropped; }

  // For a session whose client speaks another protocol (Connection::translate_messages).

  /// A message for the client, which the session puts into its words: by
  /// Connection::send_translated(). Of an answer the result does not count.
  virtual SendResult translate(const FrameRef&, Importance) { return SendResult::kDropped; }
  /// The server is about to close the connection, whose client hears what is sent now, and then an
  /// empty close.
  virtual void on_closing(CloseCode, std::string_view) {}
  /// Connection::resume() has let it go on. Within some handler.
  virtual void on_resumed() {}
};

/// Who has ended a WebSocket, and with which code.
struct ConnectionEnd {
  enum class By : std::uint8_t {
    kNobody,  ///< there was no close frame: TCP ended, or the peer took nothing in time
    kServer,
    kClient,
    kProxy,  ///< a close frame that came by a trusted proxy: the client's, or the proxy's own
  };
  By by = By::kNobody;
  CloseCode code = CloseCode::kNoStatus;  ///< of the first close frame
};

/// One TCP connection: HTTP at first, a WebSocket after the upgrade (RFC 6455 4), then closing.
///
/// Threading: its loop's thread only. Ownership: its loop; a reference is good until the handler
/// that got it returns: keep a SessionRef.
class Connection final : private FrameSink {
 public:
  /// `tls`: null for a plain connection.
  Connection(EventLoop& loop, int fd, ConnectionRef ref, const Address& address,
             const TlsContext* tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] ConnectionRef ref() const { return ref_; }
  /// Names the session that it carries. A loop has one table for both: their numbers are the same,
  /// and a connection that comes to carry another session moves to that one's slot.
  [[nodiscard]] SessionRef session_ref() const { return {ref_.slot, ref_.loop, ref_.generation}; }
  [[nodiscard]] EventLoop& loop() const { return *loop_; }
  /// The client's, or, until the upgrade, that of a trusted proxy.
  [[nodiscard]] const Address& remote_address() const { return address_; }
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }

  /// Queues a message, bounded by `send_buffer_size` and `send_buffer_bytes`: what does not fit
  /// even after a flush is dropped (docs/protocol.md, "Slow consumers"). Sent at the end of the
  /// batch.
  SendResult send(const FrameRef& frame, Importance importance = Importance::kMessage);

  /// Queues an answer to the peer's own request: never dropped. While the answers of a peer that
  /// does not read exceed the bounds of send(), no further request of it is read.
  void reply(FrameRef&& frame);

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
  /// Whether it is over when the client has shut down its side, also with input that waits. So it
  /// is while a peer on its way in is judged: an auth plugin need not go on for who has gone.
  /// So is an answer without an end.
  [[nodiscard]] bool ends_at_their_end() const {
    return streams_ || (pauses_ != 0 && !registered_ && state_ != State::kHttp);
  }

  /// Application::on_deadline() is called at `at` (to about 50 ms), once; kNever: not at all.
  void set_deadline(Time at);
  [[nodiscard]] Time deadline() const { return app_deadline_; }

  /// From now on the session hears of each message that is sent, and may keep those that cannot be.
  /// Control frames are no messages.
  void count_messages() { messages_ = Messages::kCounted; }
  /// What waits now takes no room of send(): all of that is for what is new.
  void exempt_unsent() { output_.exempt_all(); }
  /// From now on what is sent goes to ApplicationSession::translate() instead.
  void translate_messages() { messages_ = Messages::kTranslated; }
  /// What that makes of it: bounded as send() does it, or, kAnswer, as reply() does.
  SendResult send_translated(const FrameRef& frame, Importance importance);
  /// Whether pause() holds.
  [[nodiscard]] bool paused() const { return pauses_ != 0; }
  /// What its socket has not taken yet, control frames included.
  [[nodiscard]] std::size_t unsent() const { return output_.count(); }
  [[nodiscard]] std::size_t unsent_bytes() const { return output_.bytes(); }
  /// Text messages of these.
  [[nodiscard]] std::size_t unsent_messages() const { return output_.count_texts(); }
  /// From the latest ping to its pong, in the rounds of the loop; nullopt: there was none yet.
  [[nodiscard]] std::optional<milliseconds> round_trip() const {
    if (round_trip_ < 0) return std::nullopt;
    return milliseconds(round_trip_);
  }
  /// Of one that is closing or broken.
  [[nodiscard]] ConnectionEnd end() const { return {ended_by_, end_code_}; }
  /// Its place among the connections of its address is the caller's from now on, who must give it
  /// up (Admission::leave, as a registered one). Returns false when it has none.
  [[nodiscard]] bool take_place() {
    const bool had = admitted_;
    admitted_ = false;
    return had;
  }

  /// Made by the application when the WebSocket opens; null before.
  std::unique_ptr<ApplicationSession> session;

 private:
  friend class EventLoop;
  /// kClosing: our close frame is queued; kAwaitingClose: it is sent, the peer's has not come;
  /// kLingering: we have shut down writing.
  enum class State : std::uint8_t { kHttp, kOpen, kClosing, kAwaitingClose, kLingering };
  /// What the session has to do with messages to the client.
  enum class Messages : std::uint8_t { kPlain, kCounted, kTranslated };

  /// The connection must begin with a PROXY header, within a second.
  void expect_proxy_header();

  // Called by the loop. False: the connection is to be destroyed.
  bool on_readable();
  ssize_t receive(std::uint8_t* buffer);
  /// At the end of a round in which it is dirty, and when its socket is writable again: writes,
  /// goes on with input that has waited, and asks epoll for what it wants now.
  bool service();
  bool flush();
  bool flush_inline();
  /// What the loop may send for it before flush(): empty where that is nothing, or flush() must do
  /// it.
  [[nodiscard]] std::span<const std::uint8_t> to_send_ahead() const;
  /// What has become of it: as SendRing::send_all() says.
  void sent_ahead(int result);
  bool on_timer(Time now);
  /// `ping_interval` has become shorter.
  void ping_sooner();
  [[nodiscard]] Time next_timer() const;
  /// Stops the connection without a word: broken, or out of time.
  void abort() { broken_ = true; }

  /// What few connections have, and none once it is a WebSocket.
  struct HttpState {
    std::optional<Address> proxy;        ///< that has told address_ by PROXY protocol
    std::optional<HttpRequest> request;  ///< its head has come, its body is due
    /// The upgrade that is being judged of a client that speaks another protocol.
    const HttpRequest* foreign = nullptr;
    AcceptKey accept_key{};  ///< its answer
  };
  [[nodiscard]] HttpState& http_state();
  [[nodiscard]] bool told_by_proxy() const { return http_ != nullptr && http_->proxy; }

  // FrameSink.
  void on_message(Opcode opcode, std::span<const std::uint8_t> message) override;
  void on_ping(std::span<const std::uint8_t> payload) override;
  void on_pong(std::span<const std::uint8_t> payload) override;
  void on_close_frame(CloseCode code, std::string_view reason) override;
  void on_protocol_error(CloseCode code, std::string_view reason) override;

  // False: the connection is to be destroyed.
  bool take_proxy_header();
  void refuse_proxy(const char* why) const;
  bool use_proxy_header(const std::optional<Address>& client);
  /// Hands on what has come, and keeps what has to wait.
  void consume(std::span<std::uint8_t> data);
  /// False: more has come behind the end than is thrown away.
  bool discard(std::span<const std::uint8_t> data);
  // Each of these returns the bytes that it has used; 0: there must be more first, or nothing more
  // is wanted.
  std::size_t read_http(std::string_view data);
  std::size_t read_body(std::string_view data);
  void begin_body(HttpRequest request);
  void refuse_body(const std::string& response);
  // See EventLoop::answer() and stream().
  void answer(std::string_view response, bool keep_alive);
  bool stream(std::string_view bytes, std::size_t most);
  std::size_t read_frames(std::span<std::uint8_t> data);
  void answer_http(HttpRequest&& request);
  void answer_upgrade(HttpRequest&& request);
  [[nodiscard]] bool is_foreign(const HttpRequest& request) const;
  void turn_away(Refusal reason, int status, std::string_view why);
  [[nodiscard]] ClientAddress client_of(const HttpRequest& request) const;
  [[nodiscard]] Refusal admit(const ClientAddress& client);
  [[nodiscard]] const std::string* choose_subprotocol(const HttpRequest& request) const;
  void switch_protocols(const AcceptKey& accept_key, const HttpHeaders& extra);
  void upgrade(HttpRequest&& request);
  void allow_time(milliseconds time);
  void enter_reserve(Refusal refusal);
  [[nodiscard]] bool in_reserve() const { return reserved_for_ != Refusal::kNone; }
  void refuse_http(int status, std::string_view why = {}, Refusal reason = Refusal::kNone);
  void refuse_request(int status, std::string_view why);
  void refuse_upgrade(Refusal reason, int status, const std::string& why);
  void refuse_admission(Refusal reason);
  [[nodiscard]] Time at(Soon time) const;
  [[nodiscard]] Time head_deadline() const;
  void end(ConnectionEnd::By by, CloseCode code, std::string_view reason);
  SendResult send_heard(const FrameRef& frame, Importance importance);
  void reply_heard(FrameRef&& frame);
  void reply_now(FrameRef&& frame);
  SendResult send_now(const FrameRef& frame, Importance importance);
  [[nodiscard]] FrameRef compressed(const FrameRef& frame, Importance importance) const;
  SendResult send_as_it_is(const FrameRef& frame, Importance importance);
  void queue(FrameRef&& frame);
  template <typename Ref>
  void put(Ref&& frame);
  void queue_answer(FrameRef&& frame);
  /// An empty queue takes everything: one message may be larger than send_buffer_bytes.
  [[nodiscard]] bool fits(std::size_t more_bytes, Importance importance) const {
    return output_.empty() || fits_behind(more_bytes, importance);
  }
  [[nodiscard]] bool fits_behind(std::size_t more_bytes, Importance importance) const;
  void leave_admission();
  [[nodiscard]] bool may_read() const {
    // An HTTP client reads its answer before its next request is read.
    const bool takes = state_ == State::kOpen || (state_ == State::kHttp && output_.empty());
    return takes && pauses_ == 0 && !owes_answers_ && !broken_ && !close_after_flush_;
  }
  [[nodiscard]] bool seeks_close() const;
  bool count_control_frame();
  void keep_alive(Time now);
  [[nodiscard]] bool is_sending(Time now);
  [[nodiscard]] Time first_ping() const;
  void after_flush();
  void linger();
  void mark_dirty();
  void update_interest();
  void watch_for(std::uint32_t events);

  // In an order that leaves no gaps: there are very many of them.
  EventLoop* loop_;  // it may be given to another one (EventLoop::attach)
  int fd_;
  ConnectionRef ref_;
  Address address_;
  std::int32_t round_trip_ = -1;
  std::unique_ptr<TlsStream> tls_;  // null: plain
  State state_ = State::kHttp;
  bool owes_answers_ = false;  // see reply()
  bool broken_ = false;
  bool dirty_ = false;
  Messages messages_ = Messages::kPlain;  // see count_messages(), translate_messages()
  ConnectionEnd::By ended_by_ = ConnectionEnd::By::kNobody;
  std::uint8_t window_bits_ = 0;           // of compressed output; 0: no permessage-deflate
  Refusal reserved_for_ = Refusal::kNone;  // not kNone: beyond a limit, for a health check only
  bool close_after_flush_ : 1 = false;     // HTTP: the last response is queued
  bool notified_close_ : 1 = false;
  bool admitted_ : 1 = false;          // counted by Admission
  bool registered_ : 1 = false;        // counted as a registered one
  bool proxy_header_due_ : 1 = false;  // nothing of it has been used
  bool by_proxy_ : 1 = false;          // the WebSocket has come by a trusted proxy
  bool streams_ : 1 = false;           // HTTP: an answer without an end is under way
  bool settled_ : 1 = false;           // in the reserve: answered, or the refusal is noted
  CloseCode end_code_ = CloseCode::kNoStatus;
  std::uint16_t control_frames_ = 0;
  std::uint16_t pauses_ = 0;  // not 0: paused
  Soon control_second_;       // when the second began in which control_frames_ came
  Soon own_deadline_;         // head of a request, sending a frame, closing
  Soon next_ping_;
  Soon pinged_;  // the ping whose pong is due
  Soon pong_deadline_;
  Soon stalled_until_;  // write_timeout without progress
  Time app_deadline_ = kNever;
  std::size_t stuck_bytes_ = 0;      // what the last flush has left, as LoopStats counts it
  std::unique_ptr<HttpState> http_;  // null: nothing of it
  std::unique_ptr<std::vector<std::uint8_t>> input_;  // read, but not consumed yet
  // Each of the two has four bytes less than its size: what follows takes their place.
  [[no_unique_address]] SendQueue output_;
  std::uint32_t interest_ = 0;  // epoll events asked for
  [[no_unique_address]] WebSocketReader reader_;
  std::uint32_t lingered_ = 0;  // bytes discarded since close()
};

}  // namespace peer
