#include "core/net/websocket/frame_compressor.h"

#include <cassert>

namespace peer {

FrameRef FrameCompressor::compress(const FrameRef& plain, std::uint8_t window_bits,
                                   std::uint64_t threshold) {
  if (plain.payload().size() < threshold) return plain;
  assert(window_bits >= kMinWindowBits && window_bits <= kMaxWindowBits);
  WindowSize& size = sizes_[static_cast<std::size_t>(window_bits - kMinWindowBits)];
  // The same frame as for the connection before. Two references are equal when they share one
  // frame, and `plain` keeps that one from being freed and another from getting its address.
  if (size.plain == plain) return size.compressed;
  if (size.deflater == nullptr) size.deflater = std::make_unique<Deflater>(window_bits);
  const std::span<const std::uint8_t> bytes = size.deflater->deflate(plain.payload());
  size.compressed = FrameBuilder(bytes.size())
                        .append({reinterpret_cast<const char*>(bytes.data()), bytes.size()})
                        .finish_compressed(plain.opcode());
  size.plain = plain;
  in_use_ = true;
  return size.compressed;
}

void FrameCompressor::release() {
  in_use_ = false;
  for (WindowSize& size : sizes_) {
    size.plain = FrameRef();
    size.compressed = FrameRef();
  }
}

}  // namespace peer
