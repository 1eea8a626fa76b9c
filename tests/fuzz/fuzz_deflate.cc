// What an inflater finds must not depend on how its input was cut, and never exceeds the limit;
// what a deflater writes, it gives back. The first byte chooses the limit and the size of the
// pieces.

#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "core/net/websocket/deflate.h"

namespace {

using namespace peer;
using Bytes = std::vector<std::uint8_t>;
using Outcome = std::pair<InflateResult, Bytes>;

void require(bool condition) {
  if (!condition) std::abort();
}

Outcome inflate(std::span<const std::uint8_t> input, std::uint64_t limit, std::size_t piece) {
  static Inflaters inflaters;
  const Inflaters::Ref inflater = inflaters.take();
  Bytes message;
  auto result = InflateResult::kOk;
  while (!input.empty() && result == InflateResult::kOk) {
    const auto part = input.first(std::min(piece, input.size()));
    result = inflater->feed(part, limit, message);
    input = input.subspan(part.size());
  }
  if (result == InflateResult::kOk) result = inflater->finish(limit, message);
  require(message.size() <= limit);
  // How much came out before an error may differ, and is thrown away.
  if (result != InflateResult::kOk) message.clear();
  return {result, message};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> input(data + 1, size - 1);
  const std::uint64_t limit = (data[0] & 1) != 0 ? 300 : 1'000'000;
  const Outcome whole = inflate(input, limit, input.size());
  require(inflate(input, limit, 1) == whole);
  require(inflate(input, limit, 2U + (data[0] >> 1)) == whole);

  Deflater deflater(static_cast<std::uint8_t>(kMinWindowBits + data[0] % 7));
  const Outcome back = inflate(deflater.deflate(input), 1 << 20, 1 << 20);
  require(back.first == InflateResult::kOk && std::ranges::equal(back.second, input));
  return 0;
}
