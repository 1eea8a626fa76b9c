#pragma once

#include <cstddef>
#include <cstdint>

namespace peer {

/// Memory of frames. What a thread gives back it keeps for its next frames of about that size: a
/// round frees what it has sent, and the next one needs as much again. glibc keeps seven pieces of
/// a size at hand, a round may have hundreds.
///
/// A piece is at most 63 bytes larger than asked for, so that what waits for a slow reader takes
/// what is counted for it. Each thread keeps at most kKeptOfASize bytes in pieces of one size.
///
/// Thread-safe: a piece may be given back on another thread than it was taken on.
struct FrameMemory {
  void* bytes = nullptr;
  std::size_t size = 0;   ///< at least what was asked for
  std::uint8_t kind = 0;  ///< to be handed to give_back()

  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kLargestKept = 4096;
  static constexpr std::size_t kKeptOfASize = 32 * 1024;

  /// Throws std::bad_alloc.
  [[nodiscard]] static FrameMemory take(std::size_t size);
  static void give_back(void* bytes, std::uint8_t kind) noexcept;
  /// False in a build with a sanitizer, which is to see what is done with freed memory.
  [[nodiscard]] static bool keeps();
  /// Bytes that this thread keeps.
  [[nodiscard]] static std::size_t kept();
};

}  // namespace peer
