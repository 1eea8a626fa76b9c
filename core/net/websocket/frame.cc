#include "core/net/websocket/frame.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <new>

#include "core/net/websocket/frame_memory.h"

// How frames are made. In: pieces of a payload, from the thread that has something to say. Out: a
// Frame, complete with its header (RFC 6455 5.2), that never changes again and that all its
// receivers share, on any loop. A Frame and its bytes are one piece of memory, so FrameMemory makes
// it and not `new`. If the expected size was right, each byte is written once.
namespace peer {
namespace {

// A control frame holds 125 bytes (RFC 6455 5.5), two of them the code. Cuts between characters.
std::string_view cut_reason(std::string_view reason) {
  constexpr std::size_t kMaxReason = 123;
  if (reason.size() <= kMaxReason) return reason;
  std::size_t end = kMaxReason;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
  return reason.substr(0, end);
}

}  // namespace

void FrameRef::drop(Frame* frame) {
  // Who has the only reference needs no locked instruction to know that it was the last.
  if (frame->references_.load(std::memory_order_acquire) == 1 ||
      frame->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    destroy(frame);
  }
}

void FrameRef::destroy(Frame* frame) {
  const std::uint8_t memory = frame->memory_;
  frame->~Frame();
  FrameMemory::give_back(frame, memory);
}

std::span<const std::uint8_t> FrameRef::payload() const {
  // RFC 6455 5.2: the length in 7 bits, or 126 and 16, or 127 and 64.
  const std::uint8_t length = bytes()[1];
  return bytes().subspan(length < 126 ? 2 : length == 126 ? 4 : 10);
}

FrameBuilder::FrameBuilder(std::size_t expected_size) : frame_(make(expected_size)) {}

FrameBuilder::~FrameBuilder() {
  if (frame_ != nullptr) FrameRef::destroy(frame_);
}

Frame* FrameBuilder::make(std::size_t payload) {
  constexpr std::size_t kBefore = sizeof(Frame) + kHeaderRoom;
  const FrameMemory memory = FrameMemory::take(kBefore + payload);
  capacity_ = memory.size - kBefore;
  auto* const frame = new (memory.bytes) Frame();
  frame->memory_ = memory.kind;
  return frame;
}

void FrameBuilder::grow(std::size_t payload) {
  // Doubled, so that many small pieces cost linear time.
  Frame* const larger = make(std::max(payload, capacity_ * 2));
  larger->mark_ = frame_->mark_;
  std::memcpy(larger->storage() + kHeaderRoom, frame_->storage() + kHeaderRoom, size_);
  FrameRef::destroy(std::exchange(frame_, larger));
}

FrameBuilder& FrameBuilder::append_number(std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  return append({digits, static_cast<std::size_t>(end.ptr - digits)});
}

FrameRef FrameBuilder::finish(Opcode opcode) { return finish_with(opcode, 0); }

FrameRef FrameBuilder::finish_compressed(Opcode opcode) { return finish_with(opcode, kCompressed); }

FrameRef FrameBuilder::finish_with(Opcode opcode, std::uint8_t flags) {
  const std::size_t header_size = server_header_size(size_);
  std::uint8_t* const header = frame_->storage() + kHeaderRoom - header_size;
  write_server_header(opcode, size_, std::span<std::uint8_t>(header, header_size));
  header[0] = static_cast<std::uint8_t>(header[0] | flags);
  return release(header_size);
}

FrameRef FrameBuilder::finish_raw() { return release(0); }

FrameRef FrameBuilder::release(std::size_t header_size) {
  frame_->begin_ = static_cast<std::uint8_t>(kHeaderRoom - header_size);
  frame_->size_ = header_size + size_;
  return FrameRef(std::exchange(frame_, nullptr));
}

FrameRef text_frame(std::string_view payload) {
  return FrameBuilder(payload.size()).append(payload).finish(Opcode::kText);
}

FrameRef control_frame(Opcode opcode, std::string_view payload) {
  assert(payload.size() <= 125);
  return FrameBuilder(payload.size()).append(payload).finish(opcode);
}

FrameRef close_frame(CloseCode code, std::string_view reason) {
  if (code == CloseCode::kNoStatus) return control_frame(Opcode::kClose, {});
  const auto number = static_cast<std::uint16_t>(code);
  const std::array bytes{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  reason = cut_reason(reason);
  FrameBuilder builder(bytes.size() + reason.size());
  builder.append({bytes.data(), bytes.size()}).append(reason);
  return builder.finish(Opcode::kClose);
}

}  // namespace peer
