#include "core/admin/loop_lag.h"

#include <atomic>
#include <memory>
#include <utility>

namespace peer {
namespace {

/// Tasks on their way through all loops. Each writes its own place.
struct LagProbe {
  LoopLags lags;
  std::atomic<std::size_t> pending{0};
  UniqueTask<void(LoopLags)> done;
};

}  // namespace

void measure_lag(Node& node, EventLoop& loop, UniqueTask<void(LoopLags)> done) {
  using Clock = std::chrono::steady_clock;
  const auto probe = std::make_shared<LagProbe>();
  probe->lags.resize(node.loops.size());
  probe->pending = node.loops.size();
  probe->done = std::move(done);
  for (std::size_t i = 0; i < node.loops.size(); ++i) {
    node.loops[i]->post([i, &loop, probe, posted = Clock::now()] {
      probe->lags[i] = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - posted);
      if (--probe->pending > 0) return;
      loop.post([probe] { probe->done(std::move(probe->lags)); });
    });
  }
}

}  // namespace peer
