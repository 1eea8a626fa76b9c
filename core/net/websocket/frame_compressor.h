#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/net/websocket/deflate.h"
#include "core/net/websocket/frame.h"

namespace peer {

/// Compressed forms of the frames that one loop sends. However many connections a frame goes to in
/// one round, it is compressed once for each window size. Loop thread: each EventLoop has one.
class FrameCompressor {
 public:
  /// `plain`, a whole text or binary message, as it goes to a connection that agreed on
  /// permessage-deflate with `window_bits`. A payload below `threshold` bytes is left as it is.
  /// The latest frame of each window size is remembered until end_round(), by its identity: a
  /// fan-out passes the same FrameRef for each of its receivers. Throws std::bad_alloc.
  [[nodiscard]] FrameRef compress(const FrameRef& plain, std::uint8_t window_bits,
                                  std::uint64_t threshold);
  /// Lets go of the frames of this round, so that their memory is free before the loop sleeps.
  /// Without a frame that was compressed it costs a comparison. The streams of zlib stay.
  void end_round() {
    if (in_use_) release();
  }

 private:
  struct WindowSize {
    std::unique_ptr<Deflater> deflater;
    FrameRef plain;  // the latest, kept so that its address stays its own
    FrameRef compressed;
  };
  void release();

  bool in_use_ = false;
  std::array<WindowSize, kMaxWindowBits - kMinWindowBits + 1> sizes_;
};

}  // namespace peer
