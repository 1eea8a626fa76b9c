#include "tools/peer-bench/signal_load.h"

#include <algorithm>

// Signals in pairs, on the thread of the loop. In: signals at the peers. Out: units, latencies and
// faults; each signal that is right is answered with the next one. Each direction of a pair counts
// its own messages, so that a loss, a copy or a wrong order is known by the number, and the time of
// sending is found by the number modulo `in_flight`.
namespace peer::bench {
namespace {

std::uint32_t partner_of(std::uint32_t peer) { return peer ^ 1U; }

std::string head_to(std::string_view target) {
  return R"({"type":"signal","to":")" + std::string(target) + R"(","payload":)";
}

std::string in_capitals(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// Three sizes, whose mean is the one that was asked for.
std::vector<PayloadFormat> formats_of(const Options& options) {
  if (!options.varied) return {PayloadFormat(options.size)};
  std::vector<PayloadFormat> formats;
  for (const std::uint32_t percent : {80U, 120U, 100U}) {
    const std::size_t size = std::size_t{options.size} * percent / 100 / 2 * 2;
    formats.emplace_back(std::max(size, PayloadFormat::kMinSize), PayloadFormat::Filling::kMixed);
  }
  return formats;
}

}  // namespace

SignalLoad::SignalLoad(const Options& options, Faults& faults)
    : PeerLoad(options, {std::size_t{2} * options.pairs, options.namespace_size}, faults),
      varied_(options.varied),
      formats_(formats_of(options)),
      sides_(size()) {
  for (std::uint32_t i = 0; i < sides_.size(); ++i) {
    sides_[i].sent_at.resize(options.in_flight);
    sides_[i].may_send = i % 2 == 0 ? options.in_flight : 0;
  }
}

std::size_t SignalLoad::message_bytes() const {
  return head_to(std::string(64, '0')).size() + formats_.back().size() + 1;
}

// Four that differ in the order of members, in white space, and in how they name the target. There
// are three sizes: twelve messages go by until one has the shape of an earlier one.
std::vector<SignalLoad::Envelope> SignalLoad::envelopes_to(std::uint32_t target) const {
  const std::string& fingerprint = peer(target).fingerprint;
  if (!varied_) return {{head_to(fingerprint), "}"}};
  return {
      {head_to(fingerprint), "}"},
      {R"({ "payload" : )", R"(, "to": ")" + in_capitals(fingerprint) + R"(","type":"signal"})"},
      {head_to(alias_of(target)), "}"},
      {R"({"to":")" + fingerprint + R"(","payload":)", ",\"type\":\"signal\"}\n"}};
}

std::optional<PayloadFormat::Label> SignalLoad::check(std::string_view payload) const {
  for (const PayloadFormat& format : formats_) {
    if (payload.size() == format.size()) return format.check(payload);
  }
  return std::nullopt;
}

void SignalLoad::resume() {
  running_ = true;
  for (std::uint32_t i = 0; i < sides_.size(); ++i) {
    // Fingerprints are known only once all peers have registered.
    if (sides_[i].envelopes.empty()) sides_[i].envelopes = envelopes_to(partner_of(i));
    while (sides_[i].may_send > 0) send_next(i);
  }
}

void SignalLoad::send_next(std::uint32_t peer) {
  Side& side = sides_[peer];
  side.sent_at[side.sent % side.sent_at.size()] = now();
  const Envelope& envelope = side.envelopes[side.sent % side.envelopes.size()];
  PayloadFormat& format = formats_[side.sent % formats_.size()];
  send(peer, {envelope.head, format.write({peer, side.sent}), envelope.tail});
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
  auto label = check(message.payload);
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
