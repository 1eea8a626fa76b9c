#include "tools/peer-bench/peer_load.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

// Peers that are connected once and stay, on the thread of their loop. In: events of the
// ClientLoop. Out: peers that have registered and joined, their later messages for the mode
// (on_peer_message), and faults. Before a peer is ready anything unexpected ends the run, since
// nothing could be measured then; afterwards it is a fault, and the run goes on to count all of
// them.
namespace peer::bench {
namespace {

bool is_fingerprint(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string make_run_name() {
  const auto ticks = std::chrono::system_clock::now().time_since_epoch().count();
  return "bench-" + std::to_string(::getpid()) + "-" + std::to_string(ticks);
}

PeerLoad::PeerLoad(const Options& options, const Shape& shape, Faults& faults)
    : options_(options),
      faults_(faults),
      run_(make_run_name()),
      namespace_size_(shape.namespace_size),
      peers_(shape.peers),
      loop_(make_target(options), *this) {
  loop_.add_clients(shape.peers);
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    peers_[i].ns = static_cast<std::uint32_t>(i / namespace_size_);
  }
}

std::string PeerLoad::namespace_of(std::size_t peer) const {
  return run_ + "/" + std::to_string(peers_[peer].ns);
}

// The earlier of two members is told of the later: one notice for each pair of a namespace.
std::uint64_t PeerLoad::expected_notices() const {
  if (options_.quiet_joins) return 0;
  const auto pairs = [](std::uint64_t n) { return n * (n - 1) / 2; };
  const std::uint64_t rest = peers_.size() % namespace_size_;
  return peers_.size() / namespace_size_ * pairs(namespace_size_) + (rest == 0 ? 0 : pairs(rest));
}

void PeerLoad::connect_all(const OnProgress& on_progress) {
  const auto patience = std::chrono::duration<double>(options_.patience);
  Instant last_progress = Clock::now();
  std::uint64_t progress = 0;
  while (ready_ < peers_.size() || notices_ < expected_notices()) {
    // Only so many at a time: otherwise each join would be measured with all others in its way.
    while (started_ < peers_.size() && started_ < ready_ + options_.connecting) {
      peers_[started_].phase = Peer::Phase::kConnecting;
      peers_[started_].began = Clock::now();
      loop_.connect(loop_.client(started_++));
    }
    step();
    if (ready_ + notices_ != progress) {
      progress = ready_ + notices_;
      last_progress = Clock::now();
      on_progress(ready_);
    } else if (Clock::now() - last_progress > patience) {
      break;
    }
  }
  if (ready_ < peers_.size()) {
    throw std::runtime_error("only " + std::to_string(ready_) + " of " +
                             std::to_string(peers_.size()) + " peers are ready, and nothing moves");
  }
  if (notices_ < expected_notices()) {
    faults_.add(Fault::kLost, "peer_joined notices", expected_notices() - notices_);
  }
  // A server that gives two keys one fingerprint would pass all other checks.
  std::unordered_set<std::string_view> fingerprints;
  for (const Peer& peer : peers_) fingerprints.insert(peer.fingerprint);
  faults_.add(Fault::kDuplicated, "fingerprints of different keys",
              peers_.size() - fingerprints.size());
}

void PeerLoad::fail_setup(std::uint32_t index, std::string_view why) const {
  throw std::runtime_error("peer " + std::to_string(index) + " cannot join: " + std::string(why));
}

void PeerLoad::add_fault(Fault fault, std::uint32_t peer, std::string_view detail,
                         std::uint64_t count) {
  faults_.add(fault, "peer " + std::to_string(peer) + ": " + std::string(detail), count);
}

void PeerLoad::on_open(Client& client) {
  peers_[client.index].phase = Peer::Phase::kRegistering;
  const std::string alias =
      options_.varied ? R"(","alias":")" + alias_of(client.index) : std::string();
  loop_.send_text(client, {R"({"type":"register","payload":{"public_key":")", run_, "-",
                           std::to_string(client.index), alias,
                           options_.resumable ? R"(","resume":true}})" : R"("}})"});
}

std::string PeerLoad::alias_of(std::size_t peer) const {
  return "peer " + std::to_string(peer) + " of " + run_;
}

void PeerLoad::on_registered(std::uint32_t index, const ServerMessage& message) {
  Peer& peer = peers_[index];
  const std::string_view fingerprint = text_of(member(message.payload, "fingerprint"));
  if (!is_fingerprint(fingerprint)) fail_setup(index, "registered without a fingerprint");
  peer.fingerprint = fingerprint;
  peer.phase = Peer::Phase::kJoining;
  send(index, {R"({"type":"join","payload":{"namespace":")", namespace_of(index),
               R"(","app_type":"bench","version":"1"}})"});
}

void PeerLoad::on_joined(std::uint32_t index) {
  peers_[index].phase = Peer::Phase::kReady;
  join_latency_.record(now() - peers_[index].began);
  ++ready_;
}

void PeerLoad::on_message(Client& client, std::string_view text) {
  const std::uint32_t index = client.index;
  const Peer::Phase phase = peers_[index].phase;
  const ServerMessage message = read_message(text);
  if (message.kind == MessageKind::kPeerJoined) {
    ++notices_;
    if (options_.quiet_joins) add_fault(Fault::kUnexpected, index, text.substr(0, 200));
  } else if (phase == Peer::Phase::kRegistering && message.kind == MessageKind::kRegistered) {
    on_registered(index, message);
  } else if (phase == Peer::Phase::kJoining && message.kind == MessageKind::kPeerList) {
    on_joined(index);
  } else if (phase != Peer::Phase::kReady) {
    fail_setup(index, text);
  } else if (message.kind == MessageKind::kError) {
    add_fault(Fault::kErrorReply, index, message.payload);
  } else {
    on_peer_message(index, message);
  }
}

void PeerLoad::on_closed(Client& client, std::string_view why) {
  Peer& peer = peers_[client.index];
  if (peer.phase != Peer::Phase::kReady) fail_setup(client.index, why);
  peer.phase = Peer::Phase::kGone;
  on_peer_gone(client.index, why);
}

void PeerLoad::on_peer_gone(std::uint32_t peer, std::string_view why) {
  add_fault(Fault::kDisconnected, peer, why);
}

bool PeerLoad::accept(std::uint32_t receiver, std::uint32_t sender, std::string_view from,
                      std::uint64_t number, SequenceCheck& check) {
  if (from != peers_[sender].fingerprint) {
    add_fault(Fault::kWrongSender, receiver, "message of peer " + std::to_string(sender));
  }
  const SequenceCheck::Verdict verdict = check.accept(number);
  if (verdict == SequenceCheck::Verdict::kFresh) return true;
  // A late message has arrived, so it counts as a unit, beside the fault. A copy does not.
  const bool late = verdict == SequenceCheck::Verdict::kLate;
  add_fault(late ? Fault::kReordered : Fault::kDuplicated, receiver,
            "message " + std::to_string(number) + " of peer " + std::to_string(sender));
  return late;
}

}  // namespace peer::bench
