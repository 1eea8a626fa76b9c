#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct z_stream_s;

/// The compression of permessage-deflate (RFC 7692 7.2) without context takeover: each message
/// stands alone, so streams belong to a loop and not to a connection.
namespace peer {

inline constexpr std::uint8_t kMinWindowBits = 9;  ///< zlib cannot do raw windows of 8
inline constexpr std::uint8_t kMaxWindowBits = 15;

/// kNeedsEarlier: corrupt, too, but so that data before the message's start is missing. After
/// anything but kOk the message is lost, and reset() must follow before the next one.
enum class InflateResult : std::uint8_t { kOk, kCorrupt, kNeedsEarlier, kTooBig };

/// Inflates one message at a time, piece by piece, with any window size. It keeps about 40 KB,
/// which is why connections share those of their loop. Throws std::bad_alloc. One thread.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Begins a message.
  void reset();
  /// Appends what `piece`, of less than 4 GiB, inflates to; stops as soon as `message` would exceed
  /// `max_size` bytes. A message of a few bytes that stands for gigabytes costs no more than that.
  /// Which verdict a message gets does not depend on how it was cut into pieces.
  [[nodiscard]] InflateResult feed(std::span<const std::uint8_t> piece, std::uint64_t max_size,
                                   std::vector<std::uint8_t>& message);
  /// Ends the message. kCorrupt when it breaks off.
  [[nodiscard]] InflateResult finish(std::uint64_t max_size, std::vector<std::uint8_t>& message);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  [[nodiscard]] InflateResult corruption() const;

  std::unique_ptr<z_stream_s, End> stream_;
  bool after_final_block_ = false;
};

/// The idle inflaters of one loop: one is enough unless messages arrive in pieces. At most four are
/// kept; what a burst needs beyond these is freed when it is given back. One thread.
class Inflaters {
 public:
  struct GiveBack {
    Inflaters* owner = nullptr;
    void operator()(Inflater* inflater) const;
  };
  /// Goes back to its loop, which outlives it.
  using Ref = std::unique_ptr<Inflater, GiveBack>;

  /// An inflater that is ready for a message.
  [[nodiscard]] Ref take();

 private:
  std::vector<std::unique_ptr<Inflater>> idle_;
};

/// Deflates whole messages with one window size, at zlib's fastest level. Throws std::bad_alloc.
/// One thread. Between messages it keeps its stream and at most 256 KiB for the next output, so a
/// loop has one for each window size that clients have asked for (FrameCompressor).
class Deflater {
 public:
  /// `window_bits`: kMinWindowBits to kMaxWindowBits.
  explicit Deflater(std::uint8_t window_bits);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// The payload of a compressed message (RFC 7692 7.2.1), valid until the next call. It may be
  /// longer than `message`, of less than 4 GiB, where that cannot be compressed.
  [[nodiscard]] std::span<const std::uint8_t> deflate(std::span<const std::uint8_t> message);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, End> stream_;
  std::vector<std::uint8_t> out_;
};

}  // namespace peer
