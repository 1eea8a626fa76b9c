// What a reader finds must not depend on how its input was cut. The first byte of the input chooses
// the limits and the size of the pieces; the rest is what a client sends.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/net/websocket/deflate.h"
#include "tests/unit/net/websocket/recording_sink.h"

namespace {

using namespace peer;
using namespace peer::test;

struct Plan {
  explicit Plan(std::uint8_t choice) {
    limits.accept_binary = (choice & 1) != 0;
    limits.max_message = (choice & 2) != 0 ? 300 : 65536;
    if ((choice & 4) != 0) limits.inflaters = &inflaters;
    piece_size = 2U + (choice >> 3);
  }
  Inflaters inflaters;
  ReaderLimits limits;
  std::size_t piece_size;
};

Events read_in_pieces(std::string_view input, const ReaderLimits& limits, std::size_t size) {
  WebSocketReader reader;
  RecordingSink sink;
  for (; !input.empty(); input.remove_prefix(std::min(size, input.size()))) {
    const std::string_view piece = input.substr(0, size);
    if (feed(reader, piece, limits, sink) != piece.size()) break;
    if (reader.buffered() > 2 * (limits.max_message + 512)) std::abort();
  }
  return sink.events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Plan plan(data[0]);
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Events whole = read_in_pieces(input, plan.limits, input.size());
  if (read_in_pieces(input, plan.limits, 1) != whole) std::abort();
  if (read_in_pieces(input, plan.limits, plan.piece_size) != whole) std::abort();
  return 0;
}
