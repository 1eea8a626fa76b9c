#include "jwks_fetch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <istream>
#include <optional>
#include <thread>
#include <utility>

// One fetch: look the name up, judge its addresses, connect to the first that takes a connection,
// ask, read. It runs on the loader's thread and blocks there. The other side may be anybody who
// answers at that address, so time and size have a bound that does not depend on what it sends.
namespace peer_jwt {
namespace {

using peer::sdk::Error;
using peer::sdk::Result;
using peer_http::HttpUrl;
using Poco::Net::Context;
using Poco::Net::HTTPClientSession;
using Poco::Net::StreamSocket;
using Clock = std::chrono::steady_clock;

constexpr const char* kTooLate = "it takes too long";

/// What is left until then; at least 1 ms, as timeouts of 0 mean something else.
int milliseconds_until(Clock::time_point then) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 1, 86'400'000));
}

/// The context that checks the server's chain and name, with the system's authorities.
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

/// A TLS connection on one that stands, with a server whose chain and name have been checked.
StreamSocket secured(const StreamSocket& socket, const std::string& host) {
  return Poco::Net::SecureStreamSocket::attach(socket, host, tls_context());
}

/// Reads what is there, piece by piece: `istream::read` would wait for the whole.
Result<std::string> read_body(std::istream& stream, std::size_t max) {
  std::string body;
  std::streambuf& buffer = *stream.rdbuf();
  while (buffer.sgetc() != std::char_traits<char>::eof()) {
    std::array<char, 4096> piece{};
    const std::streamsize there = std::max<std::streamsize>(buffer.in_avail(), 1);
    const std::streamsize got = buffer.sgetn(
        piece.data(), std::min<std::streamsize>(there, static_cast<std::streamsize>(piece.size())));
    if (got <= 0) break;
    if (body.size() + static_cast<std::size_t>(got) > max) return Error{"its answer is too long"};
    body.append(piece.data(), static_cast<std::size_t>(got));
  }
  return body;
}

Result<std::string> read_answer(HTTPClientSession& session, std::size_t max_body) {
  Poco::Net::HTTPResponse response;
  std::istream& stream = session.receiveResponse(response);
  if (response.getStatus() != Poco::Net::HTTPResponse::HTTP_OK) {
    return Error{"it answers " + std::to_string(response.getStatus()) + ", expected 200"};
  }
  auto body = read_body(stream, max_body);
  const auto length = response.getContentLength64();
  // POCO ends a body that is too short like a whole one.
  if (body && length >= 0 && static_cast<Poco::Int64>(body->size()) != length) {
    return Error{"its answer is cut off"};
  }
  return body;
}

/// One request on a connection that stands. Does not throw.
Result<std::string> ask(const StreamSocket& socket, const JwksFetch::Settings& settings) {
  const HttpUrl& url = settings.url;
  try {
    // Not an HTTPSClientSession: the one that takes a socket throws when that is connected.
    HTTPClientSession session(url.https ? secured(socket, url.host) : socket);
    Poco::Net::HTTPRequest request("GET", url.target, "HTTP/1.1");
    request.setHost(url.host, url.port);
    request.set("Accept", "application/json");
    request.setKeepAlive(false);
    session.sendRequest(request);
    return read_answer(session, settings.max_body);
  } catch (const Poco::TimeoutException&) {
    return Error{kTooLate};
  } catch (const Poco::Exception& failure) {
    return Error{failure.displayText()};
  }
}

}  // namespace

/// Shuts the connection down at the deadline, or when the fetch is cancelled. POCO's timeout is one
/// of each read: a server that sends a byte now and then would never exceed it.
class JwksFetch::Guard {
 public:
  Guard(JwksFetch& fetch, int descriptor, Clock::time_point deadline)
      : fetch_(fetch),
        // A descriptor of its own, which is nobody else's when the session has closed its one.
        descriptor_(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)),
        thread_([this, deadline] { watch(deadline); }) {}
  ~Guard() {
    {
      const std::lock_guard lock(fetch_.mutex_);
      done_ = true;
    }
    fetch_.changed_.notify_all();
    thread_.join();
    ::close(descriptor_);
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  /// Whether it has ended the connection.
  [[nodiscard]] bool has_struck() const {
    const std::lock_guard lock(fetch_.mutex_);
    return struck_;
  }

 private:
  void watch(Clock::time_point deadline) {
    std::unique_lock lock(fetch_.mutex_);
    fetch_.changed_.wait_until(lock, deadline, [&] { return done_ || fetch_.cancelled_; });
    if (done_) return;
    struck_ = true;
    // This ends a read that blocks on the other thread; close() would not.
    ::shutdown(descriptor_, SHUT_RDWR);
  }

  JwksFetch& fetch_;
  const int descriptor_;
  bool done_ = false;  // guarded by fetch_.mutex_, as is the next
  bool struck_ = false;
  std::thread thread_;  // last: it uses all of the above
};

JwksFetch::JwksFetch(Settings settings)
    : settings_(std::move(settings)),
      lookup_(settings_.url.host, settings_.url.port),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

JwksFetch::~JwksFetch() {
  if (wake_ >= 0) ::close(wake_);
}

void JwksFetch::cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  changed_.notify_all();
  lookup_.cancel();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

Result<void> JwksFetch::connect(StreamSocket& socket, const Address& address,
                                Clock::time_point deadline) {
  socket.connectNB(Poco::Net::SocketAddress(&address.get(), address.size));
  pollfd waiting[] = {{socket.impl()->sockfd(), POLLOUT, 0}, {wake_, POLLIN, 0}};
  if (::poll(waiting, 2, milliseconds_until(deadline)) <= 0) return Error{kTooLate};
  if (waiting[1].revents != 0) return Error{"it was cancelled"};
  if (const int error = socket.impl()->socketError(); error != 0) {
    return Error{"cannot connect: " + std::string(std::strerror(error))};
  }
  socket.setBlocking(true);
  return {};
}

Result<StreamSocket> JwksFetch::reach(Clock::time_point deadline) {
  const auto addresses = lookup_.find(deadline);
  if (!addresses) return addresses.error();
  const bool needs_private = !settings_.url.https && !settings_.allow_http;
  Error why{"its host has no address"};
  auto left = static_cast<int>(addresses->size());
  for (const Address& address : *addresses) {
    // One that swallows everything leaves the others their share of the time.
    const auto until = Clock::now() + (deadline - Clock::now()) / left--;
    if (needs_private && !peer_http::is_private_address(address.get())) {
      why = {"http to an address that is not private; use https, or allow_http: true"};
      continue;
    }
    // The very address that was judged: a second look-up could answer another one.
    StreamSocket socket;
    const auto connected = connect(socket, address, until);
    if (connected) return socket;
    why = connected.error();
  }
  return why;
}

Result<std::string> JwksFetch::fetch() {
  const auto deadline = Clock::now() + settings_.timeout;
  try {
    auto socket = reach(deadline);
    if (!socket) return socket.error();
    const Poco::Timespan timeout(settings_.timeout.count() * 1000);
    socket->setReceiveTimeout(timeout);
    socket->setSendTimeout(timeout);
    const Guard guard(*this, socket->impl()->sockfd(), deadline);
    auto body = ask(*socket, settings_);
    // To POCO a connection that the guard has ended is the end of the answer, or any other fault.
    if (guard.has_struck()) return Error{kTooLate};
    return body;
  } catch (const Poco::TimeoutException&) {
    return Error{kTooLate};
  } catch (const Poco::Exception& failure) {
    return Error{failure.displayText()};
  } catch (const std::exception& failure) {
    return Error{failure.what()};
  }
}

}  // namespace peer_jwt
