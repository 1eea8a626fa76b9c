#include "tools/peer-bench/signal_load.h"

namespace peer::bench {
namespace {

std::uint32_t partner_of(std::uint32_t peer) { return peer ^ 1U; }

std::string envelope_to(std::string_view fingerprint) {
  return R"({"type":"signal","to":")" + std::string(fingerprint) + R"(","payload":)";
}

}  // namespace

SignalLoad::SignalLoad(const Options& options, Faults& faults)
    : PeerLoad(options, {std::size_t{2} * options.pairs, options.namespace_size}, faults),
      format_(options.size),
      sides_(size()) {
  for (std::uint32_t i = 0; i < sides_.size(); ++i) {
    sides_[i].sent_at.resize(options.in_flight);
    sides_[i].may_send = i % 2 == 0 ? options.in_flight : 0;
  }
}

std::size_t SignalLoad::message_bytes() const {
  return envelope_to(std::string(64, '0')).size() + format_.size() + 1;
}

void SignalLoad::resume() {
  running_ = true;
  for (std::uint32_t i = 0; i < sides_.size(); ++i) {
    if (sides_[i].head.empty()) sides_[i].head = envelope_to(peer(partner_of(i)).fingerprint);
    while (sides_[i].may_send > 0) send_next(i);
  }
}

void SignalLoad::send_next(std::uint32_t peer) {
  Side& side = sides_[peer];
  side.sent_at[side.sent % side.sent_at.size()] = now();
  send(peer, {side.head, format_.write({peer, side.sent}), "}"});
  ++side.sent;
  --side.may_send;
  ++in_flight_;
}

void SignalLoad::on_peer_message(std::uint32_t peer, const ServerMessage& message) {
  if (message.kind == MessageKind::kSignal) {
    on_signal(peer, message);
  } else {
    add_fault(Fault::kUnexpected, peer, message.payload);
  }
}

void SignalLoad::on_signal(std::uint32_t peer, const ServerMessage& message) {
  Side& side = sides_[peer];
  const std::uint32_t partner = partner_of(peer);
  const Side& sender = sides_[partner];
  auto label = format_.check(message.payload);
  if (!label || label->number >= sides_[label->sender % sides_.size()].sent) {
    add_fault(Fault::kAltered, peer, message.payload.substr(0, 200));
    label = {partner, side.received.next()};  // which one it was cannot be known
    if (side.received.next() >= sender.sent) return;
  }
  if (label->sender != partner || message.to != this->peer(peer).fingerprint) {
    add_fault(Fault::kMisrouted, peer, "message of peer " + std::to_string(label->sender));
    return;
  }
  if (!accept(peer, partner, message.from, label->number, side.received)) return;
  --in_flight_;
  ++side.may_send;
  count_unit(now() - sender.sent_at[label->number % sender.sent_at.size()]);
  if (running_) send_next(peer);
}

void SignalLoad::finish() {
  for (std::uint32_t i = 0; i < sides_.size(); ++i) {
    const std::uint64_t missing = sides_[i].received.missing(sides_[partner_of(i)].sent);
    add_fault(Fault::kLost, i, "messages of its partner", missing);
  }
}

}  // namespace peer::bench
