#include <benchmark/benchmark.h>

#include <atomic>
#include <string>
#include <thread>

#include "core/net/event_loop.h"

namespace peer {
namespace {

struct NoApplication final : Application {
  std::string on_http(const HttpRequest&, bool) override { return {}; }
  void on_open(Connection&, HttpRequest&&) override {}
  void on_message(Connection&, std::string_view) override {}
  void on_deadline(Connection&) override {}
  void on_close(Connection&) override {}
};

// Deliveries to a loop on another thread, `range` of them before the sender waits for the last.
// Their receiver has gone: what is measured is the way through the mailbox.
void mailbox_hop(benchmark::State& state) {
  NoApplication application;
  EventLoop loop(0, NetOptions(), application);
  std::thread thread([&loop] { loop.run(); });
  const FrameRef frame = text_frame("hello");
  std::atomic<bool> arrived{false};
  for ([[maybe_unused]] auto _ : state) {
    arrived = false;
    for (std::int64_t i = 0; i < state.range(0); ++i) loop.post(Delivery{frame, {}, {}, nullptr});
    loop.post([&arrived] {
      arrived = true;
      arrived.notify_one();
    });
    arrived.wait(false);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  loop.post([&loop] { loop.stop(CloseCode::kGoingAway, {}, milliseconds(0), steady_now()); });
  thread.join();
}
BENCHMARK(mailbox_hop)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

}  // namespace
}  // namespace peer
