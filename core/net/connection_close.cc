#include <sys/socket.h>

#include "core/net/connection.h"
#include "core/net/event_loop.h"

// How a connection ends (RFC 6455 7.1): our close frame behind all that is queued, the peer's
// close frame or a second without it, close_notify and FIN, and then what still comes is read and
// thrown away until the peer ends its side. That takes two system calls, and is left out where
// nothing can come: where the client began.

namespace peer {
namespace {

// So long, and so much, is read and thrown away behind our close frame. The peer's close frame is
// waited for: clients that see the end of the stream together with ours report 1006
// (docs/protocol.md, "Closing"). And closing with unread input would make the kernel send RST, and
// the peer might never see the code.
constexpr milliseconds kCloseTime{1'000};
constexpr std::uint32_t kCloseBytes = 1024 * 1024;

}  // namespace

void Connection::close(CloseCode code, std::string_view reason) {
  end(ConnectionEnd::By::kServer, code, reason);
}

// The first close frame is the end, whosoever it is: the other side's is its echo.
void Connection::end(ConnectionEnd::By by, CloseCode code, std::string_view reason) {
  if (closing() || broken_) return;
  const bool is_foreign = messages_ == Messages::kTranslated && by == ConnectionEnd::By::kServer;
  if (is_foreign) {
    session->on_closing(code, reason);
    if (broken_) return;
  }
  ended_by_ = by;
  end_code_ = code;
  queue(is_foreign ? close_frame(CloseCode::kNoStatus, {}) : close_frame(code, reason));
  state_ = State::kClosing;
  own_deadline_ = loop_->now() + loop_->options().write_timeout;
  reader_.stop();
  loop_->update_deadline(*this);
  loop_->will_close(*this);
}

// Our close frame is queued or sent, and the peer's may come.
bool Connection::seeks_close() const {
  return state_ == State::kClosing || state_ == State::kAwaitingClose;
}

// False: more than we care to throw away.
bool Connection::discard(std::span<const std::uint8_t> data) {
  if (seeks_close()) {
    reader_.skip(data);
    if (reader_.close_seen()) mark_dirty();  // service() ends the connection
  }
  lingered_ += static_cast<std::uint32_t>(data.size());
  // The client of a request that is refused for its body should see why.
  return lingered_ <= kCloseBytes + 8 * loop_->options().max_body;
}

void Connection::after_flush() {
  if (state_ == State::kHttp && close_after_flush_) return linger();
  if (!seeks_close()) return;
  if (reader_.close_seen()) {
    // Behind a close frame with which it has begun a client sends nothing (RFC 6455 5.5.1), so TCP
    // can be closed as a whole: no byte that comes makes the kernel reset what the client has not
    // read yet. TLS has its own end (close_notify), which comes later.
    const bool began =
        ended_by_ == ConnectionEnd::By::kClient || ended_by_ == ConnectionEnd::By::kProxy;
    return began && tls_ == nullptr ? abort() : linger();
  }
  if (state_ == State::kAwaitingClose) return;
  state_ = State::kAwaitingClose;
  own_deadline_ = loop_->now() + kCloseTime;
  loop_->update_deadline(*this);
}

// Ends our side of the connection, and waits for the peer to end its own.
void Connection::linger() {
  state_ = State::kLingering;
  if (tls_ != nullptr) tls_->shut_down();
  ::shutdown(fd_, SHUT_WR);
  own_deadline_ = loop_->now() + kCloseTime;
  loop_->update_deadline(*this);
}

}  // namespace peer
