#include "tests/integration/cluster/tcp_proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace peer::test {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// One way of a connection.
struct Way {
  int from = -1;
  int to = -1;
  struct Chunk {
    Clock::time_point due;
    std::string bytes;  ///< empty: the end
  };
  bool is_answer = false;  ///< from the server
  std::deque<Chunk> chunks{};
  bool ended = false;
};

void read_chunk(Way& way, milliseconds delay) {
  char bytes[65536];
  const ssize_t count = recv(way.from, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  way.ended = count <= 0;
  const auto size = static_cast<std::size_t>(std::max<ssize_t>(0, count));
  way.chunks.push_back({Clock::now() + delay, std::string(bytes, size)});
}

void write_due(Way& way) {
  while (!way.chunks.empty() && way.chunks.front().due <= Clock::now()) {
    std::string& bytes = way.chunks.front().bytes;
    if (bytes.empty()) {
      shutdown(way.to, SHUT_WR);
    } else {
      const ssize_t sent = send(way.to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      bytes.erase(0, sent < 0 ? bytes.size() : static_cast<std::size_t>(sent));
      if (!bytes.empty()) return;
    }
    way.chunks.pop_front();
  }
}

}  // namespace

struct TcpProxy::Connection {
  Connection(int client, int server)
      : ways{{.from = client, .to = server}, {.from = server, .to = client, .is_answer = true}} {}
  ~Connection() {
    close(ways[0].from);
    close(ways[0].to);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool done() const {
    return ways[0].ended && ways[1].ended && ways[0].chunks.empty() && ways[1].chunks.empty();
  }

  Way ways[2];
  bool subscription = false;
};

TcpProxy::TcpProxy(std::uint16_t target) : target_(target) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error(std::string("proxy: ") + std::strerror(errno));
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
  change([this] { stopping_ = true; });
  thread_.join();
  close(listener_);
  close(wake_);
}

template <typename Change>
void TcpProxy::change(Change apply) {
  const std::lock_guard lock(mutex_);
  apply();
  eventfd_write(wake_, 1);
}

void TcpProxy::cut(Cut how, Which which) {
  change([&] {
    connections_.remove_if([&](const Connection& connection) {
      const bool meant =
          which == Which::kBoth || connection.subscription == (which == Which::kSubscription);
      if (!meant || how == Cut::kFin) return meant;
      const linger at_once{1, 0};
      for (const Way& way : connection.ways) {
        setsockopt(way.from, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      }
      return true;
    });
  });
}

void TcpProxy::hold(Which which) {
  change([&] {
    held_ = Held::kAll;
    held_which_ = which;
  });
}

void TcpProxy::hold_answers() {
  change([this] {
    held_ = Held::kAnswers;
    held_which_ = Which::kBoth;
  });
}

void TcpProxy::release() {
  change([this] { held_ = Held::kNothing; });
}

void TcpProxy::delay(milliseconds by) {
  change([&] { delay_ = by; });
}

bool TcpProxy::is_held(const Connection& connection, bool is_answer) const {
  if (held_ == Held::kNothing || (held_ == Held::kAnswers && !is_answer)) return false;
  return held_which_ == Which::kBoth ||
         connection.subscription == (held_which_ == Which::kSubscription);
}

void TcpProxy::accept_one() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(target_);
  const int on = 1;
  for (const int fd : {client, server}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    connections_.emplace_back(client, server);
  } else {
    close(client);
    close(server);
  }
}

void TcpProxy::run() {
  std::vector<pollfd> polled;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    polled = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    int timeout = -1;
    for (Connection& connection : connections_) {
      for (Way& way : connection.ways) {
        if (is_held(connection, way.is_answer)) continue;
        if (!way.ended) polled.push_back({way.from, POLLIN, 0});
        if (!way.chunks.empty()) timeout = 1;
      }
    }
    lock.unlock();
    poll(polled.data(), polled.size(), timeout);
    lock.lock();
    eventfd_t ignored = 0;
    eventfd_read(wake_, &ignored);
    if ((polled[1].revents & POLLIN) != 0) accept_one();
    for (Connection& connection : connections_) {
      for (Way& way : connection.ways) {
        if (!way.ended && !is_held(connection, way.is_answer)) read_chunk(way, delay_);
      }
      for (const Way::Chunk& chunk : connection.ways[0].chunks) {
        if (chunk.bytes.find("SUBSCRIBE") != std::string::npos) connection.subscription = true;
      }
      for (Way& way : connection.ways) {
        if (!is_held(connection, way.is_answer)) write_due(way);
      }
    }
    connections_.remove_if([](const Connection& connection) { return connection.done(); });
  }
}

}  // namespace peer::test
