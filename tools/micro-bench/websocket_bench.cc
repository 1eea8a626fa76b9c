#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/utf8.h"
#include "core/net/websocket/frame.h"
#include "core/net/websocket/websocket_codec.h"

namespace peer {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::array<std::uint8_t, 4> kKey{0x12, 0x34, 0x56, 0x78};

class CountingSink final : public FrameSink {
 public:
  std::int64_t messages = 0;
  void on_message(Opcode, std::span<const std::uint8_t> message) override {
    benchmark::DoNotOptimize(message.data());
    ++messages;
  }
  void on_ping(std::span<const std::uint8_t>) override {}
  void on_pong(std::span<const std::uint8_t>) override {}
  void on_close_frame(CloseCode, std::string_view) override {}
  void on_protocol_error(CloseCode, std::string_view) override {}
};

// A client's frame: header, mask, masked text.
Bytes masked_text(std::size_t size) {
  std::array<std::uint8_t, kMaxServerHeader> header{};
  const std::size_t length = write_server_header(Opcode::kText, size, header);
  header[1] |= 0x80;
  Bytes frame(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(length));
  frame.insert(frame.end(), kKey.begin(), kKey.end());
  Bytes payload(size, 'x');
  apply_mask(payload, kKey);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

void set_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void unmask(benchmark::State& state) {
  Bytes data(static_cast<std::size_t>(state.range(0)), 'x');
  for ([[maybe_unused]] auto _ : state) {
    apply_mask(data, kKey);
    benchmark::DoNotOptimize(data.data());
  }
  set_bytes(state);
}
BENCHMARK(unmask)->Arg(300)->Arg(3000)->Arg(65536);

void check_utf8(benchmark::State& state) {
  const Bytes data(static_cast<std::size_t>(state.range(0)), 'x');
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(data));
  set_bytes(state);
}
BENCHMARK(check_utf8)->Arg(300)->Arg(3000)->Arg(65536);

// Sixteen frames in one read, as a busy sender's arrive; they are masked again for each reading,
// which is in the figure.
void read_frames(benchmark::State& state) {
  const Bytes frame = masked_text(static_cast<std::size_t>(state.range(0)));
  constexpr std::int64_t kFrames = 16;
  Bytes sent;
  for (std::int64_t i = 0; i < kFrames; ++i) sent.insert(sent.end(), frame.begin(), frame.end());
  Bytes buffer(sent.size() + kReadPadding);
  WebSocketReader reader;
  CountingSink sink;
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(buffer.data(), sent.data(), sent.size());
    reader.feed({buffer.data(), sent.size()}, ReaderLimits{}, sink);
  }
  if (sink.messages != kFrames * state.iterations()) state.SkipWithError("messages were lost");
  state.SetItemsProcessed(sink.messages);
}
BENCHMARK(read_frames)->Arg(300)->Arg(3000);

void build_frame(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(text_frame(text).bytes().data());
}
BENCHMARK(build_frame)->Arg(300)->Arg(3000);

}  // namespace
}  // namespace peer
