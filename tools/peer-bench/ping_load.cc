#include "tools/peer-bench/ping_load.h"

namespace peer::bench {
namespace {

constexpr std::string_view kPing = R"({"type":"ping"})";

}  // namespace

PingLoad::PingLoad(const Options& options, Faults& faults)
    : PeerLoad(options, {options.peers, options.namespace_size}, faults), pings_(options.peers) {
  for (Pings& pings : pings_) pings.sent_at.resize(options.in_flight);
}

std::size_t PingLoad::message_bytes() const { return kPing.size(); }

void PingLoad::send_ping(std::uint32_t peer) {
  Pings& pings = pings_[peer];
  pings.sent_at[pings.sent % pings.sent_at.size()] = now();
  ++pings.sent;
  ++in_flight_;
  send(peer, {kPing});
}

void PingLoad::resume() {
  running_ = true;
  for (std::uint32_t i = 0; i < pings_.size(); ++i) {
    while (pings_[i].sent - pings_[i].answered < options().in_flight) send_ping(i);
  }
}

void PingLoad::ask_each_once() {
  for (std::uint32_t i = 0; i < pings_.size(); ++i) {
    if (peer(i).phase == Peer::Phase::kReady) send_ping(i);
  }
}

void PingLoad::on_peer_message(std::uint32_t peer, const ServerMessage& message) {
  Pings& pings = pings_[peer];
  if (message.kind != MessageKind::kPong) {
    add_fault(Fault::kUnexpected, peer, message.payload);
    return;
  }
  if (pings.answered == pings.sent) {
    add_fault(Fault::kDuplicated, peer, "pong");
    return;
  }
  // Pongs name no ping: they are taken in the order in which the pings left.
  count_unit(now() - pings.sent_at[pings.answered % pings.sent_at.size()]);
  ++pings.answered;
  --in_flight_;
  if (running_) send_ping(peer);
}

void PingLoad::finish() {
  for (std::uint32_t i = 0; i < pings_.size(); ++i) {
    add_fault(Fault::kLost, i, "pong", pings_[i].sent - pings_[i].answered);
  }
}

}  // namespace peer::bench
