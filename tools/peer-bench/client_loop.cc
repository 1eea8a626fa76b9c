#include "tools/peer-bench/client_loop.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tools/peer-bench/throw_errno.h"

// All connections of a run, on one epoll and one thread. In: connect(), send_text() and
// send_close() of a load, and bytes of the server. Out: events for the load, within step(), and
// bytes for the server at the end of a round. The generator has to be lighter than what it
// measures, so there is one read buffer for all, and no timer. It trusts the server in nothing:
// what is no frame of a server ends the connection, with words that say so.
namespace peer::bench {
namespace {

constexpr std::size_t kReadSize = std::size_t{256} * 1024;
constexpr std::uint64_t kMaxPayload = std::uint64_t{16} << 20;
constexpr std::size_t kMaxUpgradeAnswer = 16384;
// Small, so that a message does not wait long for the round to end.
constexpr std::size_t kEventsPerRound = 64;

/// One client of an address in 127.0.0.0/8 in every 4096, so that ports do not run out and no
/// limit by address is met: 28,000 ports each.
sockaddr_in source_address(std::uint32_t index) {
  constexpr std::uint32_t kNetwork = 127U << 24 | 16U << 16;
  sockaddr_in source{};
  source.sin_family = AF_INET;
  source.sin_addr.s_addr = htonl(kNetwork + (index % 4096 << 8) + 1);
  return source;
}

bool is_loopback(const sockaddr_in& address) { return ntohl(address.sin_addr.s_addr) >> 24 == 127; }

void bind_source(int fd, std::uint32_t index) {
  // The port is chosen by connect(), which knows which ones are free for this target.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const sockaddr_in source = source_address(index);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) {
    throw_errno("bind");
  }
}

std::string describe_close(std::string_view payload) {
  if (payload.size() < 2) return "close frame without a code";
  const unsigned code = static_cast<unsigned>(static_cast<std::uint8_t>(payload[0])) << 8 |
                        static_cast<std::uint8_t>(payload[1]);
  return std::to_string(code).append(" ").append(payload.substr(2));
}

}  // namespace

ClientLoop::ClientLoop(Target target, ClientEvents& events)
    : target_(std::move(target)),
      events_(events),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(kReadSize) {
  if (epoll_ < 0) throw_errno("epoll_create1");
}

ClientLoop::~ClientLoop() {
  for (const auto& client : clients_) close(*client);
  ::close(epoll_);
}

void ClientLoop::add_clients(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->index = static_cast<std::uint32_t>(clients_.size() - 1);
  }
}

void ClientLoop::connect(Client& client) {
  client.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client.fd < 0) throw_errno("socket");
  const int on = 1;
  ::setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (is_loopback(target_.address)) bind_source(client.fd, client.index);
  sockaddr_in node = target_.address;
  node.sin_port = htons(target_.ports[client.index % target_.ports.size()]);
  const bool connected =
      ::connect(client.fd, reinterpret_cast<const sockaddr*>(&node), sizeof node) == 0;
  if (!connected && errno != EINPROGRESS) throw_errno("connect");
  if (target_.tls) client.tls = std::make_unique<TlsClient>(client.fd);

  client.state = connected ? Client::State::kUpgrading : Client::State::kConnecting;
  client.wants_write = !connected;
  client.unsent.assign(target_.upgrade_request.begin(), target_.upgrade_request.end());
  watch(client);
  if (connected) mark_dirty(client);
}

void ClientLoop::watch(Client& client) {
  epoll_event event{};
  if (client.reading) event.events |= EPOLLIN;
  if (client.wants_write) event.events |= EPOLLOUT;
  event.data.u32 = client.index;
  const int operation = client.armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(epoll_, operation, client.fd, &event) != 0) throw_errno("epoll_ctl");
  // EPOLLERR is always watched: so it marks a descriptor that epoll knows.
  client.armed = event.events | EPOLLERR;
}

void ClientLoop::set_reading(Client& client, bool reading) {
  client.reading = reading;
  if (client.fd >= 0) watch(client);
}

void ClientLoop::close(Client& client) {
  // The client may stay among the dirty ones: flush() passes over it.
  client.tls.reset();
  if (client.fd >= 0) ::close(client.fd);
  client.fd = -1;
  client.armed = 0;
  client.wants_write = false;
  client.state = Client::State::kClosed;
  client.partial.clear();
  client.unsent.clear();
}

void ClientLoop::end(Client& client, std::string_view why) {
  close(client);
  events_.on_closed(client, why);
}

void ClientLoop::send_frame(Client& client, Opcode opcode,
                            std::initializer_list<std::string_view> pieces) {
  std::array<std::uint8_t, 4> mask;
  const auto key = static_cast<std::uint32_t>(masks_());
  std::memcpy(mask.data(), &key, mask.size());
  append_client_frame(client.unsent, opcode, mask, pieces);
  mark_dirty(client);
}

void ClientLoop::send_text(Client& client, std::initializer_list<std::string_view> pieces) {
  send_frame(client, Opcode::kText, pieces);
}

void ClientLoop::send_close(Client& client) {
  send_frame(client, Opcode::kClose, {std::string_view("\x03\xe8", 2)});
}

void ClientLoop::mark_dirty(Client& client) {
  if (client.dirty) return;
  client.dirty = true;
  dirty_.push_back(&client);
}

void ClientLoop::flush() {
  // on_closed() may queue more while this runs.
  std::swap(dirty_, flushing_);
  for (Client* client : flushing_) {
    client->dirty = false;
    // A full socket has its turn when epoll says that it is writable.
    if (client->fd >= 0 && !client->wants_write) flush(*client);
  }
  flushing_.clear();
}

void ClientLoop::flush(Client& client) {
  if (client.unsent.empty() && !client.wants_write) return;
  const ssize_t sent = client.tls != nullptr
                           ? client.tls->write(client.unsent)
                           : ::send(client.fd, client.unsent.data(), client.unsent.size(),
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) {
    end(client, std::generic_category().message(errno));
    return;
  }
  client.unsent.erase(client.unsent.begin(), client.unsent.begin() + std::max<ssize_t>(sent, 0));
  // A handshake that waits for the server must not watch for room to write: there is always some.
  const bool in_handshake = client.tls != nullptr && client.tls->write_wants_read();
  const bool refused = !client.unsent.empty() && !in_handshake;
  if (refused != client.wants_write) {
    client.wants_write = refused;
    watch(client);
  }
}

void ClientLoop::on_writable(Client& client) {
  if (client.state == Client::State::kConnecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(client.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      end(client, std::generic_category().message(error));
      return;
    }
    client.state = Client::State::kUpgrading;
  }
  flush(client);
}

// A TLS connection is read until it has nothing left: what it keeps, epoll does not know of.
void ClientLoop::read(Client& client) {
  while (read_once(client) && client.tls != nullptr) {
  }
  if (client.tls != nullptr && !client.unsent.empty()) mark_dirty(client);
}

/// True when something came and the connection goes on.
bool ClientLoop::read_once(Client& client) {
  const ssize_t got = client.tls != nullptr
                          ? client.tls->read(buffer_)
                          : ::recv(client.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return false;
  if (got <= 0) {
    end(client, got == 0 ? "end of stream" : std::generic_category().message(errno));
    return false;
  }
  now_ = Clock::now();
  const auto arrived = std::span(buffer_).first(static_cast<std::size_t>(got));
  if (client.partial.empty()) {
    consume(client, arrived);
  } else {
    // Copied together: frames that are cut by the end of a read are few.
    joined_.assign(client.partial.begin(), client.partial.end());
    joined_.insert(joined_.end(), arrived.begin(), arrived.end());
    consume(client, joined_);
  }
  return client.fd >= 0;
}

void ClientLoop::consume(Client& client, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty() && client.fd >= 0) {
    const std::size_t used = client.state == Client::State::kOpen ? consume_frame(client, bytes)
                                                                  : consume_upgrade(client, bytes);
    if (used == 0) break;
    bytes = bytes.subspan(used);
  }
  // `bytes` may lie in joined_, never in `partial` itself.
  if (client.fd >= 0) client.partial.assign(bytes.begin(), bytes.end());
}

std::size_t ClientLoop::consume_upgrade(Client& client, std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t end_of_head = text.find("\r\n\r\n");
  if (end_of_head == std::string_view::npos && text.size() < kMaxUpgradeAnswer) return 0;
  // The answer to the one key that make_target() sends (RFC 6455 1.3).
  const std::string_view head = text.substr(0, end_of_head);
  if (!head.starts_with("HTTP/1.1 101 ") ||
      head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == std::string_view::npos) {
    end(client, std::string("no upgrade: ").append(head.substr(0, head.find("\r\n"))));
    return 0;
  }
  client.state = Client::State::kOpen;
  events_.on_open(client);
  return end_of_head + 4;
}

std::size_t ClientLoop::consume_frame(Client& client, std::span<const std::uint8_t> bytes) {
  const ServerFrame frame = read_server_frame(bytes, kMaxPayload);
  if (frame.status == ServerFrame::Status::kInvalid) {
    end(client, "not a WebSocket frame of a server");
    return 0;
  }
  if (frame.status == ServerFrame::Status::kIncomplete) return 0;
  switch (frame.opcode) {
    case Opcode::kText:
      events_.on_message(client, frame.payload);
      break;
    case Opcode::kPing:
      send_frame(client, Opcode::kPong, {frame.payload});
      break;
    case Opcode::kPong:
      break;
    case Opcode::kClose:
      end(client, describe_close(frame.payload));
      break;
    case Opcode::kBinary:
    case Opcode::kContinuation:
      end(client, "a frame that is not text");
      break;
  }
  return frame.size;
}

void ClientLoop::step(std::chrono::milliseconds timeout) {
  std::array<epoll_event, kEventsPerRound> ready;
  const int wait = dirty_.empty() ? static_cast<int>(timeout.count()) : 0;
  const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), wait);
  if (count < 0 && errno != EINTR) throw_errno("epoll_wait");
  now_ = Clock::now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    Client& client = *clients_[event.data.u32];
    if (client.fd >= 0 && (event.events & EPOLLOUT) != 0) on_writable(client);
    if (client.fd >= 0 && (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read(client);
  }
  flush();
}

}  // namespace peer::bench
