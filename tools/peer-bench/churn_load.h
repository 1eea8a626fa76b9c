#pragma once

#include <string>
#include <vector>

#include "tools/peer-bench/client_loop.h"
#include "tools/peer-bench/faults.h"
#include "tools/peer-bench/load.h"
#include "tools/peer-bench/options.h"

namespace peer::bench {

/// Connections that register under a new key, close properly, and are opened again; `peers` at a
/// time. A unit is one such life, from connect to the server's close frame. It counts when the
/// server has registered it; a connection that ends before that, or is refused, is a fault.
class ChurnLoad final : public Load, private ClientEvents {
 public:
  /// `options` and `faults` must outlive the load.
  ChurnLoad(const Options& options, Faults& faults);

  void resume() override;
  void pause() override { running_ = false; }
  [[nodiscard]] std::uint64_t in_flight() const override { return in_flight_; }
  void step_within(std::chrono::milliseconds longest) override;
  [[nodiscard]] std::string_view unit() const override { return "connection"; }
  /// About what a registration has.
  [[nodiscard]] std::size_t message_bytes() const override { return 100; }
  /// Counts the lives that did not come to their end.
  void finish();

 private:
  struct Life {
    Instant began;
    bool registered = false;
  };

  void on_open(Client& client) override;
  void on_message(Client& client, std::string_view text) override;
  void on_closed(Client& client, std::string_view why) override;
  void begin(Client& client);

  Faults& faults_;
  std::string run_;
  std::uint64_t next_key_ = 0;
  std::vector<Life> lives_;     // by the client's index
  std::vector<Client*> ended_;  // to be connected again when the round is over
  ClientLoop loop_;
  std::uint64_t in_flight_ = 0;
  bool running_ = false;
};

}  // namespace peer::bench
