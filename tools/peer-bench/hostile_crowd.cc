#include "tools/peer-bench/hostile_crowd.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

// Clients that do what no client should, on one thread. In: nothing but whether the server has
// closed a connection. Out: bytes for the server, 20 times a second for each client, and a count of
// what it closed. They use plain sockets and no ClientLoop, which would insist on right answers.
// Another peer-bench beside this one measures what they do to others.
namespace peer::bench {
namespace {

constexpr std::string_view kHello("\x16\x03\x01\x00\xA5\x01\x00\x00\xA1\x03\x03", 11);
// There are 20 sweeps a second, and the server closes a client that sends more than 100 control
// frames in one.
constexpr std::size_t kPingsPerSweep = 5;
constexpr std::size_t kFragmentsPerSweep = 20;
constexpr std::size_t kBroadcastSize = 3000;
constexpr int kSmallBuffer = 4096;
constexpr std::uint8_t kFinBit = 0x80;

std::string broadcast() {
  return R"({"type":"broadcast","payload":{"namespace":"hostile crowd","data":")" +
         std::string(kBroadcastSize, 'x') + R"("}})";
}

}  // namespace

HostileCrowd::HostileCrowd(const Options& options) : target_(make_target(options)) {
  for (std::size_t i = 0; i < options.peers; ++i) {
    clients_.push_back({static_cast<Kind>(i % kKinds)});
  }
}

HostileCrowd::~HostileCrowd() {
  for (Client& client : clients_) end(client);
}

void HostileCrowd::sweep() {
  for (Client& client : clients_) {
    if (client.fd < 0) {
      connect(client);
    } else {
      harass(client);
    }
  }
  // One of the stalled keeps the others' queues full.
  const auto sender = static_cast<std::size_t>(Kind::kStalled);
  if (clients_.size() > sender) say(clients_[sender], frames(Opcode::kText, broadcast(), 1));
}

void HostileCrowd::connect(Client& client) {
  client.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client.fd < 0) return;
  if (client.kind == Kind::kStalled) {
    ::setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &kSmallBuffer, sizeof kSmallBuffer);
  }
  const auto* address = reinterpret_cast<const sockaddr*>(&target_.address);
  if (::connect(client.fd, address, sizeof target_.address) != 0) return end(client);
  ++connected_;
  client.sweeps = 0;
  switch (client.kind) {
    case Kind::kDrippedHead:
      return;
    case Kind::kOpenHello:
      return say(client, kHello);
    case Kind::kSilent:
      return say(client, target_.upgrade_request);
    case Kind::kHalfClosed:
      say(client, target_.upgrade_request);
      ::shutdown(client.fd, SHUT_WR);
      return;
    case Kind::kPingFlood:
    case Kind::kFragments:
    case Kind::kStalled:
      say(client, target_.upgrade_request);
      say(client, registration(client.kind == Kind::kStalled));
  }
  // The first frame of a message, not final: its fragments come in the sweeps.
  if (client.kind != Kind::kFragments) return;
  Bytes beginning = frames(Opcode::kText, "{", 1);
  beginning.front() &= static_cast<std::uint8_t>(~kFinBit);
  say(client, beginning);
}

void HostileCrowd::harass(Client& client) {
  switch (client.kind) {
    case Kind::kDrippedHead:
      say(client, std::string_view(target_.upgrade_request).substr(client.sweeps % 20, 1));
      break;
    case Kind::kPingFlood:
      say(client, frames(Opcode::kPing, "still here", kPingsPerSweep));
      break;
    case Kind::kFragments:
      say(client, frames(Opcode::kContinuation, " ", kFragmentsPerSweep));
      break;
    case Kind::kStalled:
      return;
    case Kind::kSilent:
    case Kind::kHalfClosed:
    case Kind::kOpenHello:
      break;
  }
  ++client.sweeps;
  std::array<char, 16384> dropped;
  ssize_t got = 0;
  do {
    got = ::recv(client.fd, dropped.data(), dropped.size(), MSG_DONTWAIT);
  } while (got > 0);
  if (got < 0 && errno == EAGAIN) return;
  ++closed_by_server_;
  end(client);
}

void HostileCrowd::say(Client& client, const Bytes& bytes) {
  say(client, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// Bytes that the socket does not take are forgotten: these clients need not be right.
void HostileCrowd::say(Client& client, std::string_view text) {
  ::send(client.fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void HostileCrowd::end(Client& client) {
  if (client.fd >= 0) ::close(client.fd);
  client.fd = -1;
}

Bytes HostileCrowd::frames(Opcode opcode, std::string_view payload, std::size_t count) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) {
    append_client_frame(bytes, opcode, {1, 2, 3, 4}, {payload});
    // All frames of one call are equally long: this one begins where those before it end.
    const std::size_t header = bytes.size() / (i + 1) * i;
    if (opcode == Opcode::kContinuation) bytes[header] &= static_cast<std::uint8_t>(~kFinBit);
  }
  return bytes;
}

Bytes HostileCrowd::registration(bool joins) {
  const std::string key = std::to_string(names_()) + " " + std::to_string(connected_);
  Bytes bytes = frames(
      Opcode::kText, R"({"type":"register","payload":{"public_key":"hostile )" + key + R"("}})", 1);
  if (!joins) return bytes;
  const Bytes join =
      frames(Opcode::kText, R"({"type":"join","payload":{"namespace":"hostile crowd"}})", 1);
  bytes.insert(bytes.end(), join.begin(), join.end());
  return bytes;
}

void HostileCrowd::report(Report& report) const {
  report.count("connected", connected_);
  report.count("closed_by_server", closed_by_server_);
}

}  // namespace peer::bench
