#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/peer-bench/payload.h"
#include "tools/peer-bench/peer_load.h"

namespace peer::bench {

/// Pairs of peers 2k and 2k + 1. Each message is answered with one, so that `in_flight` of them are
/// always under way in a pair. A unit is one message. Namespaces hold whole pairs, so that the
/// server lets the two signal each other. Numbers rise for each direction: a message that comes
/// twice, late or not at all is a fault.
class SignalLoad final : public PeerLoad {
 public:
  SignalLoad(const Options& options, Faults& faults);

  void resume() override;
  void pause() override { running_ = false; }
  [[nodiscard]] std::uint64_t in_flight() const override { return in_flight_; }
  [[nodiscard]] std::string_view unit() const override { return "message"; }
  [[nodiscard]] std::size_t message_bytes() const override;
  void finish() override;

 private:
  /// What is before the payload of a message and what is behind it.
  struct Envelope {
    std::string head;
    std::string tail;
  };
  /// What one peer sends to the other of its pair, and has from it.
  struct Side {
    std::vector<Envelope> envelopes;  // they take turns
    std::uint64_t sent = 0;
    std::uint32_t may_send = 0;    // messages that the other waits for
    std::vector<Instant> sent_at;  // by number, modulo in_flight
    SequenceCheck received;
  };

  void on_peer_message(std::uint32_t peer, const ServerMessage& message) override;
  /// Checks a signal that has come to `peer`, and answers it while the load runs.
  void on_signal(std::uint32_t peer, const ServerMessage& message);
  void send_next(std::uint32_t peer);
  [[nodiscard]] std::vector<Envelope> envelopes_to(std::uint32_t peer) const;
  [[nodiscard]] std::optional<PayloadFormat::Label> check(std::string_view payload) const;

  bool varied_;
  std::vector<PayloadFormat> formats_;  // of different sizes; they take turns
  std::vector<Side> sides_;             // by peer
  std::uint64_t in_flight_ = 0;
  bool running_ = false;
};

}  // namespace peer::bench
