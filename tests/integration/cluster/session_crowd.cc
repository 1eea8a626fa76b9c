#include "tests/integration/cluster/session_crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "tests/integration/cluster/session_crowd_client.h"
#include "tests/support/test_peer.h"
#include "tests/support/ws_frame.h"

namespace peer::test {

using std::chrono::milliseconds;

void Doors::open(int node, std::uint16_t port, int proxies) {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < proxies; ++i) doors_.push_back({node, std::make_shared<TcpProxy>(port)});
}

void Doors::close(int node) {
  const std::lock_guard lock(mutex_);
  std::erase_if(doors_, [node](const Door& door) { return door.node == node; });
}

Doors::Door Doors::choose(std::minstd_rand& random) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < 3 * doors_.size(); ++i) {
    const Door& door = doors_[random() % doors_.size()];
    if (!door.held) return door;
  }
  return {};
}

bool Doors::cut(std::minstd_rand& random, TcpProxy::Cut how) {
  const Door door = choose(random);
  if (door.proxy != nullptr) door.proxy->cut(how);
  return door.proxy != nullptr;
}

std::shared_ptr<TcpProxy> Doors::hold(std::minstd_rand& random) {
  const Door chosen = choose(random);
  const std::lock_guard lock(mutex_);
  for (Door& door : doors_) {
    if (door.proxy == chosen.proxy) door.held = true;
  }
  if (chosen.proxy != nullptr) chosen.proxy->hold();
  return chosen.proxy;
}

void Doors::release(const std::shared_ptr<TcpProxy>& proxy) {
  const std::lock_guard lock(mutex_);
  for (Door& door : doors_) {
    if (door.proxy == proxy) door.held = false;
  }
  proxy->release();
}

bool Doors::is_held(const std::shared_ptr<TcpProxy>& proxy) {
  const std::lock_guard lock(mutex_);
  return std::any_of(doors_.begin(), doors_.end(),
                     [&](const Door& door) { return door.proxy == proxy && door.held; });
}

SessionCrowd::SessionCrowd(Doors& doors, const Options& options)
    : doors_(doors), options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  const auto now = Clock::now();
  for (int i = 0; i < options.clients; ++i) {
    auto client = std::make_unique<Client>();
    client->number = i;
    client->name = name_of(i);
    client->next = now + milliseconds(i * 2);
    client->next_message = now;
    by_fingerprint_[fingerprint_of(client->name)] = i;
    if (options.has_outages) client->heard.fill({0, 0, false});
    clients_.push_back(std::move(client));
  }
  thread_ = std::thread([this] { run(); });
}

SessionCrowd::~SessionCrowd() {
  ends_ = true;
  if (thread_.joinable()) thread_.join();
  for (const auto& client : clients_) {
    if (client->fd >= 0) ::close(client->fd);
  }
  for (const auto& [until, fd] : black_holes_) ::close(fd);
  ::close(epoll_);
}

void SessionCrowd::fault(const Client& client, const std::string& what) {
  ++totals_.faults;
  const std::lock_guard lock(mutex_);
  if (complaints_.size() < 20) complaints_.push_back(client.name + ": " + what);
}

std::vector<std::string> SessionCrowd::complaints() {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

bool SessionCrowd::wait_until_joined(milliseconds budget) {
  std::unique_lock lock(mutex_);
  return round_.wait_for(lock, budget * timeout_factor(),
                         [&] { return joined_ >= options_.clients; });
}

bool SessionCrowd::wait_until_quiet(milliseconds budget) {
  std::unique_lock lock(mutex_);
  return round_.wait_for(lock, budget * timeout_factor(), [&] { return unquiet_ == 0; });
}

void SessionCrowd::run() {
  std::array<epoll_event, 256> events;
  auto last_tick = Clock::now();
  while (!ends_) {
    const int ready = ::epoll_wait(epoll_, events.data(), 256, 5);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      Client& client = *clients_[event.data.u64 >> 32];
      if (client.fd == static_cast<int>(event.data.u64 & 0xffffffff)) serve(client, event.events);
    }
    const auto now = Clock::now();
    if (now - last_tick < milliseconds(5)) continue;
    last_tick = now;
    if (comes_back_.exchange(false)) {
      for (const auto& client : clients_) {
        client->comes_back = true;
        client->has_last_word = options_.has_outages;
      }
    }
    for (const auto& client : clients_) tick(*client, now);
    while (!black_holes_.empty() && black_holes_.front().first < now) {
      ::close(black_holes_.front().second);
      black_holes_.pop_front();
    }
    int unquiet = 0;
    for (const auto& client : clients_) {
      const bool is_quiet = client->state == Client::State::kLive && client->joined &&
                            client->unhandled.empty() && !client->comes_back &&
                            (options_.has_outages ? due(*client) <= 0
                                                  : client->missing + due(*client) <= client->lost);
      if (!is_quiet) ++unquiet;
    }
    // come_back() has not been taken up yet, or it has been counted.
    const std::lock_guard lock(mutex_);
    unquiet_ = comes_back_ ? options_.clients : unquiet;
    round_.notify_all();
  }
}

void SessionCrowd::connect(Client& client) {
  client.door = doors_.choose(random_);
  if (client.door.proxy == nullptr) {
    client.next = Clock::now() + milliseconds(20);
    return;
  }
  client.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(client.door.proxy->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  ::setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  static_cast<void>(::connect(client.fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = static_cast<std::uint64_t>(client.number) << 32 |
                   static_cast<std::uint64_t>(static_cast<std::uint32_t>(client.fd));
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event);
  client.input.clear();
  client.output =
      "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  client.state = Client::State::kUpgrading;
  client.next = Clock::now() + milliseconds(6'000);
}

void SessionCrowd::hang_up(Client& client, milliseconds pause) {
  if (client.fd >= 0) ::close(client.fd);
  client.fd = -1;
  if (client.state == Client::State::kLive) {
    ++totals_.cuts;
    client.left = Clock::now();
  }
  client.state = Client::State::kWaiting;
  milliseconds absence{0};
  if (options_.absence.count() > 0) {
    absence = milliseconds(random_() % static_cast<unsigned>(options_.absence.count()));
  }
  client.next = Clock::now() + pause + absence;
}

// Nothing comes any more, and no end either: the connection stands, as far as its node knows.
void SessionCrowd::give_up(Client& client) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, client.fd, nullptr);
  black_holes_.emplace_back(Clock::now() + milliseconds(3'000), client.fd);
  if (client.state == Client::State::kLive) client.gave_up = true;
  client.fd = -1;
  hang_up(client, milliseconds(0));
}

void SessionCrowd::tick(Client& client, Clock::time_point now) {
  switch (client.state) {
    case Client::State::kWaiting:
      if (now >= client.next) connect(client);
      if (client.fd >= 0) flush(client);
      return;
    case Client::State::kUpgrading:
    case Client::State::kAnswerDue:
      flush(client);
      if (client.fd >= 0 && (doors_.is_held(client.door.proxy) || now >= client.next)) {
        if (now >= client.next) fault(client, "no answer to its first message");
        give_up(client);
      }
      return;
    case Client::State::kLive:
      break;
  }
  if (client.wants_join && now >= client.next_message) {
    client.wants_join = false;
    join(client);
  }
  if (client.joined && std::exchange(client.has_last_word, false)) send_broadcast(client);
  // What has been lost is told on a return.
  if (client.comes_back && !client.has_last_word && client.unhandled.empty()) {
    client.comes_back = false;
    return hang_up(client, milliseconds(0));
  }
  // As if a ping had not been answered.
  if (random_() % 32 == 0 && doors_.is_held(client.door.proxy)) return give_up(client);
  if (client.joined && half_closes_ > 0 && random_() % 20 == 0) {
    --half_closes_;
    ::shutdown(client.fd, SHUT_WR);
  }
  if (client.joined && now >= client.next_message) {
    client.next_message = now + options_.pause / 2 +
                          milliseconds(random_() % static_cast<unsigned>(options_.pause.count()));
    if (sending_) {
      send_some(client);
    } else if (!client.unhandled.empty() &&
               client.unhandled.back().find(R"("type":"ping")") == std::string::npos) {
      ping(client);  // its answer tells that all has been handled
    }
  }
  flush(client);
}

void SessionCrowd::ping(Client& client) {
  const long long number = client.handled + static_cast<long long>(client.unhandled.size()) + 1;
  say(client,
      message("ping", fmt(R"({"received":%})", client.received), fmt(R"("id":"%")", number)));
}

void SessionCrowd::send_some(Client& client) {
  if (random_() % 8 == 0) ping(client);
  if (random_() % 8 != 0) {
    send_signal(client);
  } else {
    send_broadcast(client);
  }
}

void SessionCrowd::send_signal(Client& client) {
  const auto self = static_cast<std::size_t>(place_of(client.number));
  const std::size_t to = (self + 1 + random_() % (kGroup - 1)) % kGroup;
  std::string more = fmt(R"("to":"%")", name_of(first_of(client.number) + static_cast<int>(to)));
  if (options_.has_outages) note_said(client, {to}, more);
  say(client, message("signal", fmt("[%,%]", client.epoch, ++client.sent[to]), more));
}

void SessionCrowd::send_broadcast(Client& client) {
  const auto self = static_cast<std::size_t>(place_of(client.number));
  const int first = first_of(client.number);
  std::string numbers;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < kGroup; ++i) {
    if (i != self) all.push_back(i);
    if (i != self) ++client.sent[i];
    numbers += (i == 0 ? "" : ",") + std::to_string(client.sent[i]);
  }
  std::string more;
  if (options_.has_outages) note_said(client, all, more);
  say(client,
      message("broadcast",
              fmt(R"({"namespace":"group-%","data":[%,[%]]})", first, client.epoch, numbers),
              more));
}

void SessionCrowd::say(Client& client, const std::string& text) {
  client.unhandled.push_back(text);
  write(client, text);
}

void SessionCrowd::write(Client& client, const std::string& text) {
  client.output += encode({.payload = text});
}

void SessionCrowd::flush(Client& client) {
  if (client.output.empty() || client.fd < 0) return;
  const ssize_t sent =
      ::send(client.fd, client.output.data(), client.output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) client.output.erase(0, static_cast<std::size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) hang_up(client, milliseconds(5));
}

void SessionCrowd::serve(Client& client, std::uint32_t) {
  char bytes[65536];
  bool ended = false;
  while (true) {
    const ssize_t count = ::recv(client.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) {
      client.input.append(bytes, static_cast<std::size_t>(count));
      continue;
    }
    ended = count == 0 || (errno != EAGAIN && errno != EINTR);
    break;
  }
  if (client.state == Client::State::kUpgrading) {
    const std::size_t end = client.input.find("\r\n\r\n");
    if (end != std::string::npos) {
      if (!client.input.starts_with("HTTP/1.1 101")) return hang_up(client, milliseconds(50));
      client.input.erase(0, end + 4);
      client.state = Client::State::kAnswerDue;
      if (client.token.empty()) {
        register_anew(client);
      } else {
        write(client, message("resume",
                              fmt(R"({"token":"%","received":%})", client.token, client.received)));
      }
    }
  }
  const int fd = client.fd;
  while (client.fd == fd && client.state != Client::State::kUpgrading) {
    const std::optional<Frame> frame = take_frame(client.input);
    if (!frame) break;
    if (frame->opcode == kText) on_text(client, frame->payload);
    if (frame->opcode == kPing)
      client.output += encode({.opcode = kPong, .payload = frame->payload});
    if (frame->opcode == kClose) on_close(client, frame->payload);
  }
  if (client.fd != fd) return;
  flush(client);
  if (client.fd == fd && ended) hang_up(client, milliseconds(random_() % 20));
}

void SessionCrowd::on_close(Client& client, const std::string& payload) {
  const int code = payload.size() < 2 ? 1005
                                      : static_cast<unsigned char>(payload[0]) << 8 |
                                            static_cast<unsigned char>(payload[1]);
  // Somebody has come with the older token: the `resume` of a connection that it had given up.
  if (code == 4001 && !client.older_token.empty()) client.token = client.older_token;
  if (code == 4001 || code == 1001 || code == 1013) {
    client.node_lives = code != 1001;
    return hang_up(client, milliseconds(code == 1013 ? 50 : random_() % 50));
  }
  fault(client, fmt("closed with %", code));
  hang_up(client, milliseconds(100));
}

// What the others of its group have sent it and it does not have.
long long SessionCrowd::due(const Client& client) const {
  long long due = 0;
  const int first = first_of(client.number);
  const auto self = static_cast<std::size_t>(place_of(client.number));
  for (int i = 0; i < kGroup; ++i) {
    const Client& from = *clients_[static_cast<std::size_t>(first + i)];
    const Client::Heard& heard = client.heard[static_cast<std::size_t>(i)];
    if (&from == &client) continue;
    if (heard.any && (options_.may_lose || options_.has_outages)) continue;
    const long long sent = from.sent[self];
    due += heard.epoch == from.epoch ? sent - heard.number : sent;
  }
  return due;
}

void SessionCrowd::come_back() {
  comes_back_ = true;
  unquiet_ = options_.clients;
}

void SessionCrowd::finish() {
  ends_ = true;
  thread_.join();
  if (options_.has_outages) return judge_losses();
  for (const auto& client : clients_) {
    client->missing += due(*client);
    totals_.missing += client->missing;
    if (client->missing > client->lost) {
      fault(*client, fmt("misses % messages, and was told of %", client->missing, client->lost));
    }
  }
}

}  // namespace peer::test
