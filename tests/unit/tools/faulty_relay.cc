#include "tests/unit/tools/faulty_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <span>
#include <system_error>

#include "core/net/websocket/websocket_codec.h"
#include "tools/peer-bench/server_message.h"

namespace peer::bench {
namespace {

constexpr std::uint64_t kBadDelivery = 10;
constexpr std::string_view kUpgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string hex_number(std::uint64_t number, int width) {
  std::array<char, 65> digits{};
  std::snprintf(digits.data(), digits.size(), "%0*llx", width,
                static_cast<unsigned long long>(number));
  return digits.data();
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

/// One connection: strict reading, blocking writes.
class FaultyRelay::Link final : public FrameSink {
 public:
  Link(FaultyRelay& relay, int descriptor, std::size_t number)
      : fd(descriptor), fingerprint(hex_number(number, 64)), relay_(relay) {}
  ~Link() { close(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// False when the connection is over.
  bool read() {
    std::array<std::uint8_t, 65536 + kReadPadding> buffer;
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size() - kReadPadding, 0);
    if (got <= 0) return false;
    const auto bytes = std::span(buffer).first(static_cast<std::size_t>(got));
    if (!upgraded_) {
      head_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      if (head_.ends_with("\r\n\r\n")) {
        upgraded_ = true;
        write(kUpgraded);
      }
      return true;
    }
    reader_.feed(bytes, ReaderLimits{std::uint64_t{1} << 20, false}, *this);
    return fd >= 0;
  }

  void send(Opcode opcode, std::string_view payload) {
    std::array<std::uint8_t, kMaxServerHeader> header;
    const std::size_t size = write_server_header(opcode, payload.size(), header);
    std::string frame(reinterpret_cast<const char*>(header.data()), size);
    write(frame.append(payload));
  }

  void close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }

  void on_message(Opcode, std::span<const std::uint8_t> message) override {
    relay_.handle(*this, {reinterpret_cast<const char*>(message.data()), message.size()});
  }
  void on_ping(std::span<const std::uint8_t>) override {}
  void on_pong(std::span<const std::uint8_t>) override {}
  void on_close_frame(CloseCode, std::string_view) override {
    send(Opcode::kClose, std::string_view("\x03\xe8", 2));
    close();
  }
  void on_protocol_error(CloseCode, std::string_view) override { close(); }

  int fd;
  const std::string fingerprint;

 private:
  void write(std::string_view bytes) {
    if (fd >= 0) ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  FaultyRelay& relay_;
  std::string head_;
  bool upgraded_ = false;
  WebSocketReader reader_;
};

FaultyRelay::FaultyRelay(Misdeed misdeed)
    : misdeed_(misdeed),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "relay");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FaultyRelay::~FaultyRelay() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_, &one, sizeof one);
  thread_.join();
  ::close(stop_);
  ::close(listener_);
}

void FaultyRelay::serve() {
  std::vector<pollfd> fds;
  for (;;) {
    fds.assign({{stop_, POLLIN, 0}, {listener_, POLLIN, 0}});
    for (const auto& link : links_) fds.push_back({link->fd, POLLIN, 0});
    if (::poll(fds.data(), fds.size(), -1) < 0 || fds[0].revents != 0) return;
    for (std::size_t i = 2; i < fds.size(); ++i) {
      Link& link = *links_[i - 2];
      // An earlier one of this round may have closed it.
      if (fds[i].revents != 0 && link.fd >= 0 && !link.read()) link.close();
    }
    if (fds[1].revents != 0) accept_one();
  }
}

void FaultyRelay::accept_one() {
  const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) links_.push_back(std::make_unique<Link>(*this, fd, links_.size()));
}

void FaultyRelay::handle(Link& link, std::string_view text) {
  const std::string_view type = text_of(member(text, "type"));
  const std::string_view payload = member(text, "payload");
  if (type == "register") on_register(link);
  if (type == "join") on_join(link, payload);
  if (type == "signal") on_signal(link, text_of(member(text, "to")), payload);
  if (type == "broadcast") on_broadcast(link, payload);
  if (type == "match") on_match(link, payload);
  if (type == "ping") deliver(link, {"pong", "", "", "null"});
}

void FaultyRelay::on_register(Link& link) {
  link.send(Opcode::kText, R"({"type":"registered","payload":{"fingerprint":)" +
                               in_quotes(link.fingerprint) + R"(,"alias":"a-b-1"}})");
}

void FaultyRelay::on_join(Link& link, std::string_view payload) {
  const std::string_view name = text_of(member(payload, "namespace"));
  std::vector<Link*>& members = namespaces_[std::string(name)];
  for (Link* other : members) {
    other->send(Opcode::kText, R"({"type":"peer_joined","from":)" + in_quotes(link.fingerprint) +
                                   R"(,"payload":{"fingerprint":)" + in_quotes(link.fingerprint) +
                                   "}}");
  }
  members.push_back(&link);
  link.send(Opcode::kText, R"({"type":"peer_list","payload":{"namespace":)" + in_quotes(name) +
                               R"(,"peers":[],"total":1}})");
}

void FaultyRelay::on_signal(Link& link, std::string_view to, std::string_view payload) {
  for (const auto& other : links_) {
    if (other->fingerprint != to) continue;
    deliver(*other, {"signal", link.fingerprint, std::string(to), std::string(payload)});
    return;
  }
}

void FaultyRelay::on_broadcast(Link& link, std::string_view payload) {
  const std::string_view name = text_of(member(payload, "namespace"));
  for (Link* other : namespaces_.find(name)->second) {
    if (other != &link) {
      deliver(*other, {"broadcast", link.fingerprint, "", std::string(payload)});
    }
  }
}

void FaultyRelay::on_match(Link& link, std::string_view payload) {
  const std::string name(text_of(member(payload, "namespace")));
  Link*& waiting = waiting_[name];
  if (waiting == nullptr) {
    waiting = &link;
    link.send(Opcode::kText, R"({"type":"match","payload":{"status":"waiting"}})");
    return;
  }
  const std::string result = R"({"namespace":)" + in_quotes(name) + R"(,"peers":[{"fingerprint":)" +
                             in_quotes(waiting->fingerprint) + R"(},{"fingerprint":)" +
                             in_quotes(link.fingerprint) + R"(}],"session_id":)" +
                             in_quotes(hex_number(++matches_, 32)) + "}";
  deliver(*waiting, {"matched", "", "", result});
  deliver(link, {"matched", "", "", result});
  waiting = nullptr;
}

void FaultyRelay::deliver(Link& receiver, Delivery delivery) {
  if (++deliveries_ == kBadDelivery && misdeed_ != Misdeed::kNone) {
    commit_misdeed(receiver, std::move(delivery));
    return;
  }
  receiver.send(Opcode::kText, R"({"type":)" + in_quotes(delivery.type) + R"(,"from":)" +
                                   in_quotes(delivery.from) + R"(,"to":)" + in_quotes(delivery.to) +
                                   R"(,"payload":)" + delivery.payload + R"(,"ts":1707849600001})");
  if (held_for_ == &receiver && held_.from == delivery.from) {
    held_for_ = nullptr;
    deliver(receiver, std::move(held_));
  }
}

FaultyRelay::Link& FaultyRelay::someone_else(const Link& link) {
  return links_.front().get() == &link ? *links_.back() : *links_.front();
}

void FaultyRelay::commit_misdeed(Link& receiver, Delivery delivery) {
  switch (misdeed_) {
    case Misdeed::kNone:
    case Misdeed::kDrop:
      break;
    case Misdeed::kDouble:
      deliver(receiver, delivery);
      deliver(receiver, std::move(delivery));
      break;
    case Misdeed::kAlter: {
      char& last = delivery.payload[delivery.payload.rfind('"') - 1];
      last = last == '7' ? '8' : '7';
      deliver(receiver, std::move(delivery));
      break;
    }
    case Misdeed::kWrongSender:
      delivery.from = receiver.fingerprint;
      deliver(receiver, std::move(delivery));
      break;
    case Misdeed::kMisroute:
      deliver(someone_else(receiver), std::move(delivery));
      break;
    case Misdeed::kReorder:
      held_for_ = &receiver;
      held_ = std::move(delivery);
      break;
    case Misdeed::kError:
      receiver.send(Opcode::kText, R"({"type":"error","payload":{"code":500,"message":"no"}})");
      break;
    case Misdeed::kDisconnect:
      receiver.close();
      break;
  }
}

}  // namespace peer::bench
