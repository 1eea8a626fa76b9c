#include <benchmark/benchmark.h>

#include <string>

#include "core/base/fingerprint.h"
#include "core/net/websocket/websocket_codec.h"
#include "core/protocol/message.h"
#include "core/wire/notices.h"

namespace peer {
namespace {

// A signal as clients send it, its payload `size` bytes of an SDP with escaped line
// ends.
std::string signal_text(std::size_t size) {
  std::string sdp;
  while (sdp.size() < size) sdp += "a=candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host\\r\\n";
  sdp.resize(size / 57 * 57);
  return "{\"type\":\"signal\",\"to\":\"" + to_hex(fingerprint_of("bob")) +
         "\",\"payload\":{\"type\":\"offer\",\"sdp\":\"" + sdp + "\"}}";
}

void parse_signal(benchmark::State& state) {
  std::string text = signal_text(static_cast<std::size_t>(state.range(0)));
  const std::size_t size = text.size();
  text.resize(size + kReadPadding);
  MessageParser parser;
  Message message;
  for ([[maybe_unused]] auto _ : state) {
    if (parser.parse({text.data(), size}, message)) state.SkipWithError("the signal was refused");
    benchmark::DoNotOptimize(message.payload.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}
BENCHMARK(parse_signal)->Arg(200)->Arg(3000);

void build_signal(benchmark::State& state) {
  const Fingerprint alice = fingerprint_of("alice");
  const Fingerprint bob = fingerprint_of("bob");
  const std::string payload =
      '"' + std::string(static_cast<std::size_t>(state.range(0)), 'x') + '"';
  const sdk::Instant now = wall_now();
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(directed_frame("signal", alice, bob, payload, now).bytes().data());
  }
}
BENCHMARK(build_signal)->Arg(200)->Arg(3000);

void read_fingerprint(benchmark::State& state) {
  const std::string hex = to_hex(fingerprint_of("alice"));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(parse_fingerprint(hex));
}
BENCHMARK(read_fingerprint);

void hash_public_key(benchmark::State& state) {
  const std::string key(91, 'k');  // a P-256 key in DER
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(fingerprint_of(key));
}
BENCHMARK(hash_public_key);

}  // namespace
}  // namespace peer
