#pragma once

#include <array>
#include <string>
#include <vector>

#include "tools/peer-bench/peer_load.h"

namespace peer::bench {

/// Pairs, each alone in its namespace, whose members ask for a match at the same time, again and
/// again. A unit is one match that both were told. With `waiting`, all are in one namespace, each
/// pair with criteria of its own, beside that many peers whose tickets never find another. A match
/// that names others than the two, comes twice or has the session of the one before is a fault.
class MatchLoad final : public PeerLoad {
 public:
  MatchLoad(const Options& options, Faults& faults);

  void resume() override;
  void pause() override { running_ = false; }
  [[nodiscard]] std::uint64_t in_flight() const override { return in_flight_; }
  [[nodiscard]] std::string_view unit() const override { return "match"; }
  [[nodiscard]] std::size_t message_bytes() const override { return pairs_.front().request.size(); }
  void finish() override;

 private:
  static Shape shape_of(const Options& options);

  struct Pair {
    std::string request;  // the same for both, and for every match
    Instant asked_at;
    bool under_way = false;
    bool waiting = false;  // the first of the two was told to wait
    std::array<bool, 2> told{};
    std::string session;   // of the match under way, once known
    std::string previous;  // of the one before
  };

  // Peers 2k and 2k + 1 are pair k; those behind the pairs are the waiting.
  void on_peer_message(std::uint32_t peer, const ServerMessage& message) override;
  void on_waiting_peer(std::uint32_t peer, const ServerMessage& message);
  void on_waiting(std::uint32_t peer, Pair& pair);
  void on_matched(std::uint32_t peer, Pair& pair, std::string_view payload);
  /// Whether `peers` of a match are this peer and its partner, each once.
  [[nodiscard]] bool names_both(std::uint32_t peer, std::string_view payload) const;
  void ask(std::uint32_t pair);
  void complete(std::uint32_t pair);

  [[nodiscard]] bool is_waiting(std::uint32_t peer) const { return peer >= 2 * pairs_.size(); }
  void ask_for_the_waiting();

  std::vector<Pair> pairs_;
  std::uint32_t waiting_;           // that have not asked yet
  std::vector<bool> told_to_wait_;  // of the waiting
  std::uint64_t in_flight_ = 0;
  bool running_ = false;
};

}  // namespace peer::bench
