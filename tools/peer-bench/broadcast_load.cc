#include "tools/peer-bench/broadcast_load.h"

#include <algorithm>

// Broadcasts into one namespace, on the thread of the loop. In: copies at the members. Out: units
// and latencies of copies that are right, and faults. Each broadcast has its sender and number in
// its payload, and each pair of sender and receiver a SequenceCheck, so every copy is known by
// itself. Only copies for members that read are in flight: the stalled ones must hold up nothing.
namespace peer::bench {
BroadcastLoad::BroadcastLoad(const Options& options, std::uint32_t stalled, Faults& faults)
    : PeerLoad(options, {options.members + stalled, options.members + stalled}, faults),
      format_(options.size),
      head_(R"({"type":"broadcast","payload":{"namespace":")" + namespace_of(0) + R"(","data":)"),
      members_(options.members),
      senders_(options.senders),
      checks_(size() * options.senders) {
  for (Sender& sender : senders_) sender.under_way.resize(options.in_flight);
}

std::size_t BroadcastLoad::message_bytes() const { return head_.size() + format_.size() + 2; }

std::uint64_t BroadcastLoad::broadcasts() const {
  std::uint64_t sum = 0;
  for (const Sender& sender : senders_) sum += sender.sent;
  return sum;
}

void BroadcastLoad::resume() {
  running_ = true;
  for (std::uint32_t i = members_; i < size(); ++i) {
    if (peer(i).phase == Peer::Phase::kReady) stop_reading(i);
  }
  for (std::uint32_t i = 0; i < senders_.size(); ++i) send_while_possible(i);
}

void BroadcastLoad::send_while_possible(std::uint32_t index) {
  Sender& sender = senders_[index];
  for (;;) {
    UnderWay& next = sender.under_way[sender.sent % sender.under_way.size()];
    // The broadcast that had this place `in_flight` numbers ago has not reached everybody.
    if (next.copies_left > 0) return;
    next = {now(), members_ - 1};
    in_flight_ += next.copies_left;
    send(index, {head_, format_.write({index, sender.sent}), "}}"});
    ++sender.sent;
  }
}

void BroadcastLoad::on_peer_message(std::uint32_t peer, const ServerMessage& message) {
  const bool someone_may_leave = members_ < size();  // a stalled one, closed by the server
  if (message.kind == MessageKind::kBroadcast) {
    on_broadcast(peer, message);
  } else if (message.kind != MessageKind::kPeerLeft || !someone_may_leave) {
    add_fault(Fault::kUnexpected, peer, message.payload);
  }
}

std::uint32_t BroadcastLoad::sender_with(std::string_view fingerprint) const {
  std::uint32_t i = 0;
  while (i < senders_.size() && peer(i).fingerprint != fingerprint) ++i;
  return i;
}

void BroadcastLoad::on_broadcast(std::uint32_t receiver, const ServerMessage& message) {
  const std::string_view data = member(message.payload, "data");
  auto label = format_.check(data);
  // A number that has not been sent yet is altered as well, whatever its tag says.
  const bool intact =
      label && label->sender < senders_.size() && label->number < senders_[label->sender].sent;
  if (!intact) {
    add_fault(Fault::kAltered, receiver, data.substr(0, 200));
    const std::uint32_t sender = sender_with(message.from);
    if (sender == senders_.size()) return;
    label = {sender, check_of(sender, receiver).next()};  // which one it was cannot be known
    if (label->number >= senders_[sender].sent) return;
  }
  if (label->sender == receiver) {
    add_fault(Fault::kMisrouted, receiver, "its own broadcast");
    return;
  }
  SequenceCheck& check = check_of(label->sender, receiver);
  if (!accept(receiver, label->sender, message.from, label->number, check)) return;
  if (is_stalled(receiver)) {
    ++stalled_received_;
    return;
  }
  Sender& sender = senders_[label->sender];
  UnderWay& broadcast = sender.under_way[label->number % sender.under_way.size()];
  --broadcast.copies_left;
  --in_flight_;
  count_unit(now() - broadcast.sent_at);
  if (running_ && broadcast.copies_left == 0) send_while_possible(label->sender);
}

void BroadcastLoad::on_peer_gone(std::uint32_t peer, std::string_view why) {
  if (is_stalled(peer)) {
    ++stalled_closed_;
  } else {
    PeerLoad::on_peer_gone(peer, why);
  }
}

void BroadcastLoad::finish() {
  for (std::uint32_t i = members_; i < size(); ++i) {
    if (peer(i).phase == Peer::Phase::kReady) start_reading(i);
  }
  constexpr int kQuietRounds = 20;  // of 10 ms
  // The copies that the kernel holds for the stalled ones come now. A pause of 200 ms is their end.
  for (int quiet = 0; members_ < size() && quiet < kQuietRounds;) {
    const std::uint64_t before = stalled_received_ + stalled_closed_;
    step();
    quiet = stalled_received_ + stalled_closed_ == before ? quiet + 1 : 0;
  }
  for (std::uint32_t s = 0; s < senders_.size(); ++s) {
    for (std::uint32_t m = 0; m < members_; ++m) {
      if (m == s) continue;
      const std::uint64_t missing = check_of(s, m).missing(senders_[s].sent);
      add_fault(Fault::kLost, m, "copies of peer " + std::to_string(s), missing);
    }
  }
}

}  // namespace peer::bench
