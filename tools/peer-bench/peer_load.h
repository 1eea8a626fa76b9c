#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/peer-bench/client_loop.h"
#include "tools/peer-bench/faults.h"
#include "tools/peer-bench/load.h"
#include "tools/peer-bench/options.h"
#include "tools/peer-bench/sequence_check.h"
#include "tools/peer-bench/server_message.h"

namespace peer::bench {

/// One connection on its way to a registered member of a namespace.
struct Peer {
  /// Each peer goes through them in this order.
  enum class Phase { kNew, kConnecting, kRegistering, kJoining, kReady, kGone };

  Phase phase = Phase::kNew;
  std::uint32_t ns = 0;     ///< the number of its namespace
  Instant began;            ///< to connect
  std::string fingerprint;  ///< as the server has told it
};

/// A word that no other run uses, for public keys and namespaces.
[[nodiscard]] std::string make_run_name();

/// Peers that are connected once and then exchange messages: everything but churn. Connects them,
/// answers for what is alike in all modes, and hands the rest to the mode.
///
/// One thread. Every message is checked, since a server that loses or alters some would be the
/// fastest: each mistake goes to `faults`, and one fault fails the run.
class PeerLoad : public Load, private ClientEvents {
 public:
  /// Called with the number of peers that are ready, as it grows.
  using OnProgress = std::function<void(std::size_t)>;

  /// Connects, registers and joins all peers, and waits for the last peer_joined. Throws
  /// std::runtime_error with the reason when the server refuses or nothing moves for `patience`.
  void connect_all(const OnProgress& on_progress);
  /// Counts what is still missing as lost. After the last round.
  virtual void finish() = 0;

  void step_within(std::chrono::milliseconds longest) override { loop_.step(longest); }
  /// From connect to the answer to join.
  [[nodiscard]] const Histogram& join_latency() const { return join_latency_; }
  [[nodiscard]] std::size_t size() const { return peers_.size(); }

 protected:
  /// How many peers, and how many of them, one after the other, share a namespace.
  struct Shape {
    std::size_t peers;
    std::size_t namespace_size;
  };
  /// `options` and `faults` must outlive the load.
  PeerLoad(const Options& options, const Shape& shape, Faults& faults);

  /// A message for a ready peer, other than notices of membership and errors.
  virtual void on_peer_message(std::uint32_t peer, const ServerMessage& message) = 0;
  /// The connection of a ready peer ended; a fault unless overridden.
  virtual void on_peer_gone(std::uint32_t peer, std::string_view why);

  [[nodiscard]] const Peer& peer(std::size_t index) const { return peers_[index]; }
  /// As the server knows it: of this run only.
  [[nodiscard]] std::string namespace_of(std::size_t peer) const;
  /// The alias with which it registers if the options ask for variety; else it has none.
  [[nodiscard]] std::string alias_of(std::size_t peer) const;
  /// Queues one text message, the pieces one after the other.
  void send(std::uint32_t peer, std::initializer_list<std::string_view> pieces) {
    loop_.send_text(loop_.client(peer), pieces);
  }
  /// Messages to a peer that does not read stay in the sockets.
  void stop_reading(std::uint32_t peer) { loop_.set_reading(loop_.client(peer), false); }
  void start_reading(std::uint32_t peer) { loop_.set_reading(loop_.client(peer), true); }
  /// A fault that this peer has seen.
  void add_fault(Fault fault, std::uint32_t peer, std::string_view detail, std::uint64_t count = 1);

  /// Judges a message with intact payload: its `from`, and its place in the order. False for a
  /// second copy, which must not count again.
  bool accept(std::uint32_t receiver, std::uint32_t sender, std::string_view from,
              std::uint64_t number, SequenceCheck& check);

  [[nodiscard]] Instant now() const { return loop_.now(); }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  void on_open(Client& client) final;
  void on_message(Client& client, std::string_view text) final;
  void on_closed(Client& client, std::string_view why) final;

  void on_registered(std::uint32_t index, const ServerMessage& message);
  void on_joined(std::uint32_t index);
  [[noreturn]] void fail_setup(std::uint32_t index, std::string_view why) const;
  /// All peer_joined of the run: each member hears of those that join its namespace later.
  [[nodiscard]] std::uint64_t expected_notices() const;

  const Options& options_;
  Faults& faults_;
  std::string run_;
  std::size_t namespace_size_;
  std::vector<Peer> peers_;
  ClientLoop loop_;
  Histogram join_latency_;
  std::size_t started_ = 0;    // peers whose connection has been begun
  std::size_t ready_ = 0;      // peers that have joined
  std::uint64_t notices_ = 0;  // peer_joined
};

}  // namespace peer::bench
