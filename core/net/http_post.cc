#include "core/net/http_post.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>

// One POST: look the name up, connect to the first address that takes a connection, write, read the
// status. The other side may be slow or hostile: each step has what is left of the time, and no
// more than the head of an answer is read.
namespace peer {
namespace {

using Poco::Net::Context;
using Poco::Net::SecureStreamSocket;
using Poco::Net::StreamSocket;

constexpr const char* kTooLate = "it takes too long";
constexpr std::size_t kMostHead = 16 * 1024;

milliseconds left_until(Time deadline) {
  return std::max(deadline - steady_now(), milliseconds(0));
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses look_up(const HttpUrl& url, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &list);
  if (error != 0) why = "its host cannot be looked up: " + std::string(::gai_strerror(error));
  return Addresses(error == 0 ? list : nullptr);
}

Context::Ptr tls_context() {
  Poco::Net::initializeSSL();
  Context::Params params;
  params.verificationMode = Context::VERIFY_STRICT;
  params.verificationDepth = 9;
  params.loadDefaultCAs = true;
  Context::Ptr context(new Context(Context::TLS_CLIENT_USE, params));
  context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  return context;
}

void allow(StreamSocket& socket, Time deadline) {
  // A timeout of 0 would be none.
  const Poco::Timespan time(std::max<std::int64_t>(left_until(deadline).count(), 1) * 1000);
  socket.setSendTimeout(time);
  socket.setReceiveTimeout(time);
}

std::string head_of(const HttpUrl& url, const HttpHeaders& headers, std::size_t body) {
  std::string head = "POST " + url.target + " HTTP/1.1\r\nHost: " + url.authority() + "\r\n";
  for (const auto& [name, value] : headers) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head + "Content-Length: " + std::to_string(body) + "\r\nConnection: close\r\n\r\n";
}

/// Connects within the time; asks now and then whether it is wanted still.
template <typename IsCancelled>
void connect(StreamSocket& socket, const addrinfo& address, Time deadline,
             IsCancelled is_cancelled) {
  constexpr milliseconds kLook{50};
  socket.connectNB(Poco::Net::SocketAddress(address.ai_addr, address.ai_addrlen));
  pollfd waiting{socket.impl()->sockfd(), POLLOUT, 0};
  while (true) {
    const milliseconds wait = std::min(kLook, left_until(deadline));
    const int ready = ::poll(&waiting, 1, static_cast<int>(wait.count()));
    if (ready > 0) break;
    if (is_cancelled() || left_until(deadline).count() == 0) throw Poco::TimeoutException();
  }
  if (const int error = socket.impl()->socketError(); error != 0) {
    throw Poco::IOException("cannot connect: " + std::string(std::strerror(error)));
  }
  socket.setBlocking(true);
}

void send_all(StreamSocket& socket, std::string_view bytes, Time deadline) {
  while (!bytes.empty()) {
    if (left_until(deadline).count() == 0) throw Poco::TimeoutException();
    allow(socket, deadline);
    const int sent = socket.sendBytes(
        bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 64 * 1024)));
    if (sent <= 0) throw Poco::IOException("the connection has ended");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// `HTTP/1.1 204 ...`: 204; nullopt: more is needed; 0: that is no answer.
std::optional<int> status_in(std::string_view head) {
  constexpr std::size_t kLine = 12;  // up to the status
  if (head.size() < kLine) return std::nullopt;
  int status = 0;
  const char* last = head.data() + kLine;
  const auto [end, error] = std::from_chars(head.data() + 9, last, status);
  const bool is_answer = head.starts_with("HTTP/1.") && head[8] == ' ' && error == std::errc() &&
                         end == last && status >= 100;
  return is_answer ? status : 0;
}

sdk::Result<int> read_status(StreamSocket& socket, Time deadline) {
  std::string head;
  while (true) {
    // Interim answers come before the one that counts (RFC 9110 15.2).
    const auto status = status_in(head);
    if (status && *status == 0) return sdk::Error{"its answer is no HTTP"};
    if (status && *status >= 200) return *status;
    if (status) {
      const std::size_t end = head.find("\r\n\r\n");
      if (end != std::string::npos) {
        head.erase(0, end + 4);
        continue;
      }
    }
    if (head.size() > kMostHead) return sdk::Error{"its answer is too long"};
    if (left_until(deadline).count() == 0) return sdk::Error{kTooLate};
    allow(socket, deadline);
    std::array<char, 1024> piece{};
    const int got = socket.receiveBytes(piece.data(), static_cast<int>(piece.size()));
    if (got <= 0) return sdk::Error{"it ended the connection without an answer"};
    head.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

bool HttpPost::use(int descriptor) {
  const MutexLock lock(mutex_);
  descriptor_ = cancelled_ ? -1 : descriptor;
  return !cancelled_;
}

bool HttpPost::is_cancelled() {
  const MutexLock lock(mutex_);
  return cancelled_;
}

void HttpPost::cancel() {
  const MutexLock lock(mutex_);
  cancelled_ = true;
  if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
}

sdk::Result<int> HttpPost::post(const HttpUrl& url, const HttpHeaders& headers,
                                std::string_view body, milliseconds timeout) {
  const Time deadline = steady_now() + timeout;
  std::string why = "its host has no address";
  const Addresses addresses = look_up(url, why);
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    StreamSocket socket;
    // Known to cancel() only while it is this request's.
    const std::unique_ptr<HttpPost, void (*)(HttpPost*)> in_use(
        this, [](HttpPost* post) { static_cast<void>(post->use(-1)); });
    try {
      connect(socket, *at, deadline, [this] { return is_cancelled(); });
      if (!use(socket.impl()->sockfd())) return sdk::Error{"it was cancelled"};
      allow(socket, deadline);
      StreamSocket stream =
          url.https ? SecureStreamSocket::attach(socket, url.host, tls_context()) : socket;
      send_all(stream, head_of(url, headers, body.size()), deadline);
      send_all(stream, body, deadline);
      return read_status(stream, deadline);
    } catch (const Poco::TimeoutException&) {
      why = kTooLate;
    } catch (const Poco::Exception& failure) {
      why = failure.displayText();
    }
    if (left_until(deadline).count() == 0) break;
  }
  return sdk::Error{why};
}

}  // namespace peer
