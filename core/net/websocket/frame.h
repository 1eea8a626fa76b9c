#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "core/net/websocket/websocket_codec.h"

namespace peer {

/// Bytes to send, complete with their WebSocket header: built once, then immutable and shared by
/// the queues of all receivers, on any loop (a broadcast is one Frame). Counted: see FrameRef.
class Frame {
 public:
  /// Header and payload, valid as long as a FrameRef to this frame lives.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {storage() + begin_, size_}; }

 private:
  friend class FrameRef;
  friend class FrameBuilder;
  Frame() = default;
  // The bytes lie behind the object, in the same allocation. The first of them are room for the
  // longest header: `begin_` is where the header begins that was written.
  [[nodiscard]] std::uint8_t* storage() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  [[nodiscard]] const std::uint8_t* storage() const {
    return reinterpret_cast<const std::uint8_t*>(this + 1);
  }

  std::atomic<std::uint32_t> references_{1};
  std::uint8_t begin_ = 0;
  std::uint8_t memory_ = 0;  // its kind (FrameMemory)
  std::uint16_t mark_ = 0;
  std::size_t size_ = 0;
};

/// Owns one reference to a Frame, or none; the last one frees it. Thread-safe as a counted pointer
/// is: each FrameRef has one owner, and copies of it may be on any thread. A copy costs an atomic
/// increment, a move nothing.
class FrameRef {
 public:
  FrameRef() = default;
  FrameRef(const FrameRef& other) : frame_(other.frame_) {
    if (frame_ != nullptr) frame_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  FrameRef(FrameRef&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  FrameRef& operator=(FrameRef other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~FrameRef() {
    if (frame_ != nullptr) drop(frame_);
  }

  /// Whether there is a frame. Everything below needs one.
  explicit operator bool() const { return frame_ != nullptr; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return frame_->bytes(); }
  [[nodiscard]] std::size_t size() const { return frame_->size_; }
  /// Of a frame that finish() made.
  [[nodiscard]] Opcode opcode() const { return static_cast<Opcode>(bytes()[0] & 0x0F); }
  /// The bytes behind the header, of a frame that finish() made.
  [[nodiscard]] std::span<const std::uint8_t> payload() const;
  /// FrameBuilder::mark(); 0: nobody has marked it.
  [[nodiscard]] std::uint16_t mark() const { return frame_->mark_; }
  /// True when both share one Frame.
  friend bool operator==(const FrameRef&, const FrameRef&) = default;

 private:
  friend class FrameBuilder;
  explicit FrameRef(Frame* frame) : frame_(frame) {}
  /// Gives up one reference.
  static void drop(Frame* frame);
  static void destroy(Frame* frame);

  Frame* frame_ = nullptr;
};

/// Composes a Frame's payload. It is not checked: a text frame must hold UTF-8, and clients end the
/// connection where it does not. With a good `expected_size` (payload bytes) there is one
/// allocation and each byte is written once; a payload that grows beyond it is copied. Throws
/// std::bad_alloc. One thread; after finish() nothing more may be called.
class FrameBuilder {
 public:
  explicit FrameBuilder(std::size_t expected_size);
  ~FrameBuilder();
  FrameBuilder(const FrameBuilder&) = delete;
  FrameBuilder& operator=(const FrameBuilder&) = delete;

  /// Copies the bytes behind those that are there. Inline, so that words of the protocol are stored
  /// without a call.
  FrameBuilder& append(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
    return *this;
  }
  /// In decimal digits.
  FrameBuilder& append_number(std::int64_t number);
  /// `size` bytes to be written by the caller, valid until the next call.
  [[nodiscard]] char* extend(std::size_t size) {
    if (capacity_ - size_ < size) grow(size_ + size);
    char* out = reinterpret_cast<char*>(frame_->storage() + kHeaderRoom + size_);
    size_ += size;
    return out;
  }
  /// A number by which the maker knows the form of the payload again. Nobody else looks at it.
  FrameBuilder& mark(std::uint16_t mark) {
    frame_->mark_ = mark;
    return *this;
  }
  /// Payload bytes so far.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// The frame, with a WebSocket header. Ends the builder.
  [[nodiscard]] FrameRef finish(Opcode opcode);
  /// The same for a payload that permessage-deflate has compressed. Ends the builder.
  [[nodiscard]] FrameRef finish_compressed(Opcode opcode);
  /// The bytes as they are: HTTP. Such a frame has neither opcode() nor payload(). Ends the
  /// builder.
  [[nodiscard]] FrameRef finish_raw();

 private:
  // The header's length is known last: the payload starts behind room for the longest.
  static constexpr std::size_t kHeaderRoom = kMaxServerHeader;

  /// An empty one with room for at least `payload` bytes.
  [[nodiscard]] Frame* make(std::size_t payload);
  void grow(std::size_t payload);
  [[nodiscard]] FrameRef finish_with(Opcode opcode, std::uint8_t flags);
  [[nodiscard]] FrameRef release(std::size_t header_size);

  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  Frame* frame_;
};

/// A text frame of `payload`, which is copied, and is UTF-8.
[[nodiscard]] FrameRef text_frame(std::string_view payload);
/// A control frame; `payload` at most 125 bytes.
[[nodiscard]] FrameRef control_frame(Opcode opcode, std::string_view payload);
/// A close frame (RFC 6455 5.5.1). Of `reason`, UTF-8, the first 123 bytes at most, cut between
/// characters; kNoStatus makes an empty one.
[[nodiscard]] FrameRef close_frame(CloseCode code, std::string_view reason);

}  // namespace peer
