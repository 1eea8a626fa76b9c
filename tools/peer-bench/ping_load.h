#pragma once

#include <vector>

#include "tools/peer-bench/peer_load.h"

namespace peer::bench {

/// Peers that send ping and await pong, each with `in_flight` pings under way. A unit is one pong.
/// Between pings they are idle peers, as mode `idle` wants them. These are pings of the protocol
/// (docs/protocol.md, "ping"), and not those of WebSockets, which the server sends.
class PingLoad final : public PeerLoad {
 public:
  PingLoad(const Options& options, Faults& faults);

  void resume() override;
  void pause() override { running_ = false; }
  [[nodiscard]] std::uint64_t in_flight() const override { return in_flight_; }
  [[nodiscard]] std::string_view unit() const override { return "pong"; }
  [[nodiscard]] std::size_t message_bytes() const override;
  void finish() override;
  /// One ping from each peer and no further: whether all are alive.
  void ask_each_once();

 private:
  /// Of one peer. A pong names no ping, so pongs answer the pings in their order.
  struct Pings {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    std::vector<Instant> sent_at;  // by number, modulo in_flight
  };

  void on_peer_message(std::uint32_t peer, const ServerMessage& message) override;
  void send_ping(std::uint32_t peer);

  std::vector<Pings> pings_;
  std::uint64_t in_flight_ = 0;
  bool running_ = false;
};

}  // namespace peer::bench
