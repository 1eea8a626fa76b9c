#include "core/net/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/log.h"
#include "core/net/event_loop.h"
#include "core/net/http/http_request.h"
#include "core/net/packed_ref.h"
#include "core/net/proxy_protocol.h"
#include "core/net/socket_calls.h"

// One connection, on its loop's thread. In: what epoll says of its socket, and frames for it. Out:
// whole messages for the application, and bytes for the socket at the end of the round. The upgrade
// is in connection_http.cc, the PROXY header in connection_proxy.cc, what is due when a deadline
// has passed in deadlines.cc, the end in connection_close.cc.
namespace peer {
namespace {

constexpr std::size_t kReadAtOnce = 64 * 1024;

}  // namespace

// There are very many of them, and malloc() hands out 8 bytes more in steps of 16.
static_assert(sizeof(Connection) <= 184);

Connection::Connection(EventLoop& loop, int fd, ConnectionRef ref, const Address& address,
                       const TlsContext* tls)
    : loop_(&loop), fd_(fd), ref_(ref), address_(address) {
  if (tls != nullptr) tls_ = std::make_unique<TlsStream>(*tls, fd);
  own_deadline_ = head_deadline();
}

Connection::~Connection() {
  // The wait for the peer's close frame is over, whatever ended it.
  if (state_ == State::kAwaitingClose && tls_ != nullptr) tls_->shut_down();
  ::close(fd_);
}

void Connection::mark_registered() {
  if (admitted_ && !registered_) loop_->admission_->register_one(address_);
  registered_ = true;
}

void Connection::leave_admission() {
  if (take_place()) loop_->admission_->leave(address_, registered_);
  if (!in_reserve()) return;
  if (!settled_) loop_->admission_->note_refused(reserved_for_, address_, loop_->now());
  loop_->admission_->reserve().leave();
}

bool Connection::fits_behind(std::size_t more_bytes, Importance importance) const {
  const NetOptions& options = loop_->options();
  const SendQueue::Load load = output_.load();
  // Behind what is exempt as behind nothing.
  const bool has_room = load.count == 0 || (load.count < options.send_buffer_size &&
                                            load.bytes + more_bytes <= options.send_buffer_bytes);
  return has_room && loop_->may_queue(importance);
}

void Connection::mark_dirty() {
  if (dirty_) return;
  dirty_ = true;
  loop_->dirty_.add(ref_);
}

// The way of a frame into the queue is inline by order: each message and each copy goes it.

template <typename Ref>
[[gnu::always_inline]] inline void Connection::put(Ref&& frame) {
  output_.push(std::forward<Ref>(frame));
  mark_dirty();
}

[[gnu::always_inline]] inline SendResult Connection::send_as_it_is(const FrameRef& frame,
                                                                   Importance importance) {
  if (state_ != State::kOpen || broken_) return SendResult::kDropped;
  // Only what the socket refuses counts as waiting; with EPOLLOUT armed it has refused already.
  if (!fits(frame.size(), importance) && (interest_ & EPOLLOUT) == 0) flush();
  if (!fits(frame.size(), importance)) {
    loop_->stats_.dropped.add();
    return SendResult::kDropped;
  }
  loop_->stats_.sent.add();
  put(frame);
  return SendResult::kQueued;
}

SendResult Connection::send(const FrameRef& frame, Importance importance) {
  if (messages_ != Messages::kPlain) return send_heard(frame, importance);
  return window_bits_ == 0 ? send_as_it_is(frame, importance) : send_now(frame, importance);
}

SendResult Connection::send_heard(const FrameRef& frame, Importance importance) {
  if (messages_ == Messages::kTranslated) {
    if (state_ != State::kOpen || broken_) return SendResult::kDropped;
    return session->translate(frame, importance);
  }
  // It is closing, and the application has not heard of that yet.
  if (state_ != State::kOpen || broken_) return session->keep(frame, importance);
  const SendResult result = send_now(frame, importance);
  if (result == SendResult::kQueued) {
    session->on_sent(frame);
  } else if (broken_) {  // the flush that was to make room has found the end of TCP
    return session->keep(frame, importance);
  } else {
    session->on_dropped();
  }
  return result;
}

SendResult Connection::send_now(const FrameRef& frame, Importance importance) {
  if (window_bits_ == 0) return send_as_it_is(frame, importance);
  return send_as_it_is(compressed(frame, importance), importance);
}

FrameRef Connection::compressed(const FrameRef& frame, Importance importance) const {
  // What will be dropped is not worth the work.
  const bool lost =
      state_ != State::kOpen || broken_ || (!fits(0, importance) && (interest_ & EPOLLOUT) != 0);
  if (lost) return frame;
  return loop_->compressor_.compress(frame, window_bits_, loop_->options().compression_threshold);
}

void Connection::reply(FrameRef&& frame) {
  if (messages_ != Messages::kPlain) return reply_heard(std::move(frame));
  if (state_ != State::kOpen || broken_) return;
  loop_->stats_.sent.add();
  if (window_bits_ != 0) {
    frame =
        loop_->compressor_.compress(frame, window_bits_, loop_->options().compression_threshold);
  }
  queue_answer(std::move(frame));
}

void Connection::reply_heard(FrameRef&& frame) {
  const bool translates = messages_ == Messages::kTranslated;
  if (state_ != State::kOpen || broken_) {
    if (!translates) session->keep(frame, Importance::kAnswer);
    return;
  }
  if (translates) {
    session->translate(frame, Importance::kAnswer);
    return;
  }
  session->on_sent(frame);
  reply_now(std::move(frame));
}

SendResult Connection::send_translated(const FrameRef& frame, Importance importance) {
  if (importance != Importance::kAnswer) return send_now(frame, importance);
  if (state_ != State::kOpen || broken_) return SendResult::kDropped;
  reply_now(FrameRef(frame));
  return SendResult::kQueued;
}

// As a reply to one of which nobody need hear: the body of that stands where most replies go
// through.
void Connection::reply_now(FrameRef&& frame) {
  const Messages messages = std::exchange(messages_, Messages::kPlain);
  reply(std::move(frame));
  messages_ = messages;
}

void Connection::queue_answer(FrameRef&& frame) {
  if (!fits(frame.size(), Importance::kAnswer)) {
    owes_answers_ = true;
    reader_.stop();
  }
  put(std::move(frame));
}

void Connection::queue(FrameRef&& frame) { put(std::move(frame)); }

void Connection::set_deadline(Time at) {
  app_deadline_ = at;
  loop_->update_deadline(*this);
}

void Connection::pause() {
  // At the end of the round service() stops epoll from watching the input.
  if (pauses_++ == 0) mark_dirty();
}

void Connection::resume() {
  if (--pauses_ != 0) return;
  mark_dirty();  // service() goes on with what has arrived
  if (messages_ == Messages::kTranslated) session->on_resumed();
}

// As recv(2). What comes when we have shut down is thrown away, and need not be decrypted.
ssize_t Connection::receive(std::uint8_t* buffer) {
  if (tls_ == nullptr || state_ == State::kLingering) {
    return receive_some(fd_, {buffer, kReadAtOnce});
  }
  const ssize_t received = tls_->read({buffer, kReadAtOnce});
  if (received > 0 && tls_->must_read()) mark_dirty();  // service() hears the end
  if (received >= 0) return received;
  if (tls_->met_plain_http()) {
    tls_.reset();
    refuse_request(400, "plain HTTP on the TLS port: use wss:// and https://");
    errno = EAGAIN;
  } else if (tls_->read_wants_write()) {
    const int reason = errno;
    update_interest();
    errno = reason;
  }
  return received;
}

bool Connection::on_readable() {
  if (proxy_header_due_) return take_proxy_header();
  std::uint8_t* buffer = loop_->read_buffer_.get();
  const ssize_t received = receive(buffer);
  if (received < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  if (received == 0) {
    // A client that sent its request and shut down writing still wants the answer.
    if (state_ != State::kHttp || output_.empty()) return false;
    close_after_flush_ = true;
    return true;
  }
  const auto size = static_cast<std::size_t>(received);
  loop_->stats_.received_bytes.add(size);
  if (closing()) return discard({buffer, size});
  // What other loops had posted before these bytes were sent comes first: a client that knows of
  // a join (its own answer, say) and then asks here finds it announced.
  loop_->deliver_mail();
  consume({buffer, size});
  return !broken_;
}

// What a flush comes to is inline by order, too.

[[gnu::always_inline]] inline void Connection::update_interest() {
  std::uint32_t wanted = 0;
  if (may_read() || closing()) wanted |= EPOLLIN;
  if (ends_at_their_end()) wanted |= EPOLLRDHUP;
  if (!output_.empty() || (tls_ != nullptr && tls_->read_wants_write())) wanted |= EPOLLOUT;
  if (wanted != interest_) watch_for(wanted);
}

void Connection::watch_for(std::uint32_t events) {
  interest_ = events;
  epoll_event event{};
  event.events = events;
  event.data.u64 = packed(ref_);
  ::epoll_ctl(loop_->epoll_fd_, EPOLL_CTL_MOD, fd_, &event);
}

// False: broken. Called at the end of a round, when the socket is writable again, and before a
// message would be dropped.
[[gnu::always_inline]] inline bool Connection::flush_inline() {
  const std::size_t waiting = output_.bytes();
  if (!(tls_ == nullptr ? output_.flush(fd_) : output_.flush(*tls_))) {
    abort();
    mark_dirty();
    return false;
  }
  loop_->stats_.sent_bytes.add(waiting - output_.bytes());
  if (stuck_bytes_ != output_.bytes()) {
    loop_->count_queued(std::exchange(stuck_bytes_, output_.bytes()), output_.bytes());
  }
  if (output_.empty()) {
    stalled_until_ = kNever;
    if (state_ != State::kOpen) after_flush();
  } else if (output_.bytes() < waiting || stalled_until_.is_never()) {
    stalled_until_ = loop_->now() + loop_->options().write_timeout;
    loop_->update_deadline(*this);
  }
  if (!output_.empty()) update_interest();
  return true;
}

bool Connection::flush() { return flush_inline(); }

// At the end of a round with output or a change of state, and when the socket is writable again.
// Never within a handler: it may call one.
bool Connection::service() {
  if (broken_ || !flush_inline()) return false;
  if (tls_ != nullptr && tls_->must_read() && (may_read() || seeks_close()) && !on_readable()) {
    return false;
  }
  if (owes_answers_ && fits(0, Importance::kAnswer)) owes_answers_ = false;
  if (input_ != nullptr && ((may_read() && !proxy_header_due_) || seeks_close())) consume({});
  update_interest();
  return !broken_;
}

// Hands over what has arrived, and keeps what cannot be consumed yet: half a request head, or
// anything at all while paused.
void Connection::consume(std::span<std::uint8_t> data) {
  const std::unique_ptr<std::vector<std::uint8_t>> kept = std::move(input_);
  if (kept != nullptr) {
    const std::size_t size = kept->size() + data.size();
    // The bytes behind the input are reserved, so that they can be read. Nobody writes them.
    kept->reserve(size + kReadPadding);
    kept->insert(kept->end(), data.begin(), data.end());
    data = *kept;
  }
  while (!data.empty() && may_read()) {
    const bool http = state_ == State::kHttp;
    const std::size_t used =
        http ? read_http({reinterpret_cast<const char*>(data.data()), data.size()})
             : read_frames(data);
    if (used == 0) break;
    data = data.subspan(used);
  }
  if (closing()) {
    if (!discard(data)) abort();
  } else if (!data.empty() && !broken_ && !close_after_flush_) {
    input_ = std::make_unique<std::vector<std::uint8_t>>(data.begin(), data.end());
  }
}

std::size_t Connection::read_frames(std::span<std::uint8_t> data) {
  const NetOptions& options = loop_->options();
  // Made anew each time, so that a reload counts for running connections.
  const ReaderLimits limits{options.max_message_size, options.accept_binary,
                            window_bits_ != 0 ? &loop_->inflaters_ : nullptr};
  return reader_.feed(data, limits, *this);
}

void Connection::on_message(Opcode opcode, std::span<const std::uint8_t> message) {
  loop_->stats_.received.add();
  const std::string_view bytes(reinterpret_cast<const char*>(message.data()), message.size());
  if (opcode == Opcode::kText) {
    loop_->application_.on_message(*this, bytes);
  } else {
    loop_->application_.on_binary(*this, bytes);
  }
  // The application may have paused or closed the connection.
  if (!may_read()) reader_.stop();
}

void Connection::on_ping(std::span<const std::uint8_t> payload) {
  if (!count_control_frame()) return;
  // Bounded as other answers are: who trickles along without reading must not pile up pongs.
  queue_answer(control_frame(Opcode::kPong,
                             {reinterpret_cast<const char*>(payload.data()), payload.size()}));
}

void Connection::on_pong(std::span<const std::uint8_t>) {
  if (!count_control_frame()) return;
  if (pong_deadline_.is_never()) return;
  round_trip_ = static_cast<std::int32_t>((loop_->now() - at(pinged_)).count());
  pong_deadline_ = own_deadline_ = kNever;
  loop_->update_deadline(*this);
}

bool Connection::count_control_frame() {
  const std::uint16_t most = loop_->options().control_frames_per_second;
  if (most == 0) return true;
  const Time now = loop_->now();
  // One that began very long ago may look as if it were to come.
  const Time began = control_second_.at(now);
  if (began > now || now - began >= milliseconds(1000)) {
    control_second_ = now;
    control_frames_ = 0;
  }
  if (++control_frames_ <= most) return true;
  close(CloseCode::kFlood, "too many control frames");
  return false;
}

void Connection::on_close_frame(CloseCode code, std::string_view) {
  end(by_proxy_ ? ConnectionEnd::By::kProxy : ConnectionEnd::By::kClient, code, {});
}

void Connection::on_protocol_error(CloseCode code, std::string_view reason) {
  if (reason == kNeedsEarlierMessage) {
    log_warning(
        "closed with 1007: a client's compressed message refers to an earlier one although "
        "client_no_context_takeover was agreed; the client's WebSocket library ignores that: have "
        "it offer no permessage-deflate, update it, or set compression_enabled: false",
        {{"address", address_.text()}});
  }
  close(code, reason);
}

std::span<const std::uint8_t> Connection::to_send_ahead() const {
  // One whose socket was full waits for EPOLLOUT.
  if (tls_ != nullptr || broken_ || !stalled_until_.is_never()) return {};
  return output_.only();
}

void Connection::sent_ahead(int result) {
  if (result >= 0) {
    output_.took(static_cast<std::size_t>(result));
    loop_->stats_.sent_bytes.add(static_cast<std::size_t>(result));
  } else if (result != -EAGAIN && result != -EINTR) {
    abort();
  }
}

}  // namespace peer
