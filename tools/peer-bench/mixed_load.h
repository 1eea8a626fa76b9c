#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "tools/peer-bench/broadcast_load.h"
#include "tools/peer-bench/churn_load.h"
#include "tools/peer-bench/signal_load.h"

namespace peer::bench {

/// What a node has to do at the same time: pairs that signal, a namespace with broadcasts to all of
/// its members, and connections that come and go, each at a pace of its own. A unit is a signal; so
/// its latency shows how long the others keep the loop busy. One thread, which never sleeps.
class MixedLoad final : public Load {
 public:
  /// `options` and `faults` must outlive the load.
  MixedLoad(const Options& options, Faults& faults);

  /// As PeerLoad::connect_all().
  void connect_all(const PeerLoad::OnProgress& on_progress);
  void resume() override;
  void pause() override { running_ = false; }
  [[nodiscard]] std::uint64_t in_flight() const override;
  /// Waits for nothing: the paces are finer than a wait.
  void step_within(std::chrono::milliseconds longest) override;
  [[nodiscard]] std::string_view unit() const override { return "message"; }
  [[nodiscard]] std::size_t message_bytes() const override;
  [[nodiscard]] std::uint64_t units() const override;
  void set_measuring(bool measuring) override;
  [[nodiscard]] Histogram latency() const override;
  /// Counts what is still missing as lost. After the last round.
  void finish();

  [[nodiscard]] std::uint64_t copies() const { return broadcast_->units(); }
  [[nodiscard]] std::uint64_t connections() const { return churn_->units(); }

 private:
  /// A load that is resumed and paused at once, each time that it is due: so it does one thing of
  /// each of its own.
  struct Paced {
    Load* load;
    Duration every;
    Instant due{};
  };

  std::vector<std::unique_ptr<Options>> parts_;  // what the loads refer to
  std::vector<std::unique_ptr<SignalLoad>> signals_;
  std::unique_ptr<BroadcastLoad> broadcast_;
  std::unique_ptr<ChurnLoad> churn_;
  std::vector<Paced> paced_;
  bool running_ = false;
};

}  // namespace peer::bench
