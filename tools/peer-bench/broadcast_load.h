#pragma once

#include <string>
#include <vector>

#include "tools/peer-bench/payload.h"
#include "tools/peer-bench/peer_load.h"

namespace peer::bench {

/// One namespace; its first `senders` members broadcast, each with `in_flight` broadcasts under
/// way: the next leaves when all that read have one. A unit is one copy. Behind the members may
/// come `stalled` ones that do not read: they may lose messages or their connection, but what they
/// do get has to be right (docs/protocol.md, "Slow consumers").
class BroadcastLoad final : public PeerLoad {
 public:
  BroadcastLoad(const Options& options, std::uint32_t stalled, Faults& faults);

  void resume() override;
  void pause() override { running_ = false; }
  [[nodiscard]] std::uint64_t in_flight() const override { return in_flight_; }
  [[nodiscard]] std::string_view unit() const override { return "copy"; }
  [[nodiscard]] std::size_t message_bytes() const override;
  /// Lets the stalled members read at last, and checks what they had coming.
  void finish() override;

  /// Copies that the stalled members got all the same, and how many of them lost their connection.
  [[nodiscard]] std::uint64_t stalled_received() const { return stalled_received_; }
  [[nodiscard]] std::uint64_t stalled_closed() const { return stalled_closed_; }
  /// Sent so far, by all senders.
  [[nodiscard]] std::uint64_t broadcasts() const;

 private:
  struct UnderWay {
    Instant sent_at;
    std::uint32_t copies_left = 0;  // at members that read
  };
  struct Sender {
    std::uint64_t sent = 0;
    std::vector<UnderWay> under_way;  // by number, modulo in_flight
  };

  void on_peer_message(std::uint32_t peer, const ServerMessage& message) override;
  void on_peer_gone(std::uint32_t peer, std::string_view why) override;
  void on_broadcast(std::uint32_t peer, const ServerMessage& message);
  void send_while_possible(std::uint32_t sender);
  [[nodiscard]] bool is_stalled(std::uint32_t peer) const { return peer >= members_; }
  /// The number of senders when there is none with this fingerprint.
  [[nodiscard]] std::uint32_t sender_with(std::string_view fingerprint) const;
  [[nodiscard]] SequenceCheck& check_of(std::uint32_t sender, std::uint32_t receiver) {
    return checks_[sender * size() + receiver];
  }

  PayloadFormat format_;
  std::string head_;       // the envelope up to the data
  std::uint32_t members_;  // those that read; peers behind them are stalled
  std::vector<Sender> senders_;
  std::vector<SequenceCheck> checks_;  // of each sender and receiver, see check_of()
  std::uint64_t in_flight_ = 0;
  std::uint64_t stalled_received_ = 0;
  std::uint64_t stalled_closed_ = 0;
  bool running_ = false;
};

}  // namespace peer::bench
