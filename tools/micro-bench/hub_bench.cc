#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "core/hub/namespace_directory.h"
#include "core/hub/peer_directory.h"
#include "core/limit/token_bucket.h"

namespace peer {
namespace {

constexpr std::uint32_t kShards = 64;

// `count` peers, all in one namespace.
struct Hub {
  explicit Hub(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      peers.push_back(fingerprint_of(std::to_string(i)));
      SessionRef where;
      where.slot = static_cast<std::uint32_t>(i) & 0xffffff;
      directory.admit(peers.back(), where, Inheritance());
      namespaces.join("lobby", {where, peers.back(), object, FrameRef()}, count, PageLimit{0, 0});
    }
    shared.insert(namespaces.find("lobby"));
  }

  const std::string object = "{\"fingerprint\":\"" + std::string(64, '0') + "\",\"meta\":{}}";
  std::vector<Fingerprint> peers;
  PeerDirectory directory{kShards, 1'000'000};
  NamespaceDirectory namespaces{kShards, 1, directory, [](std::size_t, const Delivery&) {}};
  NamespaceSet shared;
};

void route(benchmark::State& state) {
  const Hub hub(static_cast<std::size_t>(state.range(0)));
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    SessionRef where;
    benchmark::DoNotOptimize(hub.directory.route(hub.peers[i], hub.shared, where));
    i = (i + 7919) % hub.peers.size();
  }
}
BENCHMARK(route)->Arg(100)->Arg(15000);

void find_namespace(benchmark::State& state) {
  const Hub hub(10);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(hub.namespaces.find("lobby"));
}
BENCHMARK(find_namespace);

// All receivers of a broadcast; the figure is for one of them.
void copy_recipients(benchmark::State& state) {
  const Hub hub(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(hub.namespaces.recipients("lobby", {}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(copy_recipients)->Arg(20)->Arg(5000);

// What a joiner costs the loop that it is on, its announcement to all included.
void join_and_leave(benchmark::State& state) {
  Hub hub(static_cast<std::size_t>(state.range(0)));
  const Fingerprint joiner = fingerprint_of("joiner");
  SessionRef where;
  where.slot = 0xffffff;
  hub.directory.admit(joiner, where, Inheritance());
  const FrameRef frame = text_frame(hub.object);
  for ([[maybe_unused]] auto _ : state) {
    const JoinResult joined =
        hub.namespaces.join("lobby", {where, joiner, hub.object, frame}, 1'000'000, PageLimit());
    hub.namespaces.leave(*joined.ns, joined.joined, joiner, frame);
  }
}
BENCHMARK(join_and_leave)->Arg(10)->Arg(10000);

void take_token(benchmark::State& state) {
  TokenBucket bucket;
  const Time now = steady_now();
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(bucket.try_acquire({1'000'000'000, 1'000'000'000}, now));
  }
}
BENCHMARK(take_token);

}  // namespace
}  // namespace peer
