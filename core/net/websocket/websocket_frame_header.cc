#include "core/net/websocket/websocket_frame_header.h"

#include <algorithm>
#include <cstring>

// The header of a client's frame (RFC 6455 5.2). In: the first bytes of a frame, cut anywhere, with
// the message that it may continue and the limits. Out: why it is refused, or its fields. No state,
// any thread. Each rule is checked as soon as its bytes are there: a frame that breaks one is
// refused before its payload is waited for, let alone stored.
namespace peer {
namespace {

constexpr std::size_t kKeySize = 4;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0F;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7F;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

FrameRefusal protocol_error(std::string_view reason) { return {CloseCode::kProtocolError, reason}; }

bool is_known(Opcode opcode) {
  switch (opcode) {
    case Opcode::kContinuation:
    case Opcode::kText:
    case Opcode::kBinary:
    case Opcode::kClose:
    case Opcode::kPing:
    case Opcode::kPong:
      return true;
  }
  return false;
}

std::size_t extended_length_size(std::uint8_t second_byte) {
  switch (second_byte & kLength) {
    case kLength16:
      return 2;
    case kLength64:
      return 8;
    default:
      return 0;
  }
}

std::size_t key_size(std::uint8_t second_byte) {
  return (second_byte & kMasked) != 0 ? kKeySize : 0;
}

std::uint64_t payload_length(std::span<const std::uint8_t> start) {
  const std::size_t extended = extended_length_size(start[1]);
  if (extended == 0) return start[1] & kLength;
  std::uint64_t length = 0;
  for (const std::uint8_t byte : start.subspan(2, extended)) length = length << 8 | byte;
  return length;
}

bool is_minimal(std::uint64_t length, std::uint8_t second_byte) {
  switch (second_byte & kLength) {
    case kLength16:
      return length >= kLength16;
    case kLength64:
      return length > 0xFFFF;
    default:
      return true;
  }
}

// RSV1 marks the first frame of a compressed message, and nothing else (RFC 7692 6.1).
bool may_be_compressed(Opcode opcode, const ReaderLimits& limits) {
  return limits.inflaters != nullptr && (opcode == Opcode::kText || opcode == Opcode::kBinary);
}

std::optional<FrameRefusal> check_first_byte(std::uint8_t byte, const MessageUnderWay& message,
                                             const ReaderLimits& limits) {
  const auto opcode = static_cast<Opcode>(byte & kOpcode);
  const unsigned reserved = byte & kReserved;
  if (reserved != 0 && !(reserved == kCompressed && may_be_compressed(opcode, limits))) {
    return protocol_error("reserved bit set");
  }
  if (!is_known(opcode)) return protocol_error("unknown opcode");
  if (is_control(opcode)) {
    if ((byte & kFinal) == 0) return protocol_error("fragmented control frame");
    return std::nullopt;
  }
  if (opcode == Opcode::kContinuation && !message.exists) {
    return protocol_error("continuation without a message");
  }
  if (opcode != Opcode::kContinuation && message.exists) {
    return protocol_error("message within a fragmented message");
  }
  return std::nullopt;
}

std::optional<FrameRefusal> check_second_byte(std::uint8_t byte, Opcode opcode) {
  if ((byte & kMasked) == 0) return protocol_error("unmasked frame");
  if (is_control(opcode) && (byte & kLength) >= kLength16) {
    return protocol_error("control frame too long");
  }
  return std::nullopt;
}

std::optional<FrameRefusal> check_length(std::uint64_t length, std::uint8_t second_byte) {
  if (length >> 63 != 0) return protocol_error("length out of range");
  if (!is_minimal(length, second_byte)) return protocol_error("length not minimally encoded");
  return std::nullopt;
}

/// What DEFLATE may take for a message of `size` bytes: data that does not compress grows.
std::uint64_t compressed_bound(std::uint64_t size) { return size + size / 4 + 64; }

std::optional<FrameRefusal> check_limits(std::uint64_t length, std::uint8_t first_byte,
                                         const MessageUnderWay& message,
                                         const ReaderLimits& limits) {
  const auto opcode = static_cast<Opcode>(first_byte & kOpcode);
  if (is_control(opcode)) return std::nullopt;
  if (opcode == Opcode::kBinary && !limits.accept_binary) {
    return FrameRefusal{CloseCode::kUnsupportedData, "text messages only"};
  }
  // Of a compressed message this bounds what is read. The inflated bytes have a bound of their own
  // (Inflater::feed).
  const bool compressed = (first_byte & kCompressed) != 0 || message.compressed;
  const std::uint64_t most = compressed ? compressed_bound(limits.max_message) : limits.max_message;
  // In this order nothing can overflow, whatever the header announces.
  if (length > most || message.size > most - length) {
    return FrameRefusal{CloseCode::kTooBig, "message too big"};
  }
  return std::nullopt;
}

}  // namespace

std::size_t header_size(std::span<const std::uint8_t> start) {
  if (start.size() < 2) return 2;
  return 2 + extended_length_size(start[1]) + key_size(start[1]);
}

std::optional<FrameRefusal> check_header(std::span<const std::uint8_t> start,
                                         const MessageUnderWay& message,
                                         const ReaderLimits& limits) {
  if (start.empty()) return std::nullopt;
  if (auto refusal = check_first_byte(start[0], message, limits)) return refusal;
  if (start.size() < 2) return std::nullopt;
  const auto opcode = static_cast<Opcode>(start[0] & kOpcode);
  if (auto refusal = check_second_byte(start[1], opcode)) return refusal;
  if (start.size() < 2 + extended_length_size(start[1])) return std::nullopt;
  const std::uint64_t length = payload_length(start);
  if (auto refusal = check_length(length, start[1])) return refusal;
  return check_limits(length, start[0], message, limits);
}

std::optional<FrameHeader> read_usual_header(std::span<const std::uint8_t> start,
                                             const ReaderLimits& limits) {
  constexpr std::size_t kLongest = 2 + 2 + kKeySize;
  constexpr std::uint8_t kText = kFinal | static_cast<std::uint8_t>(Opcode::kText);
  if (start.size() < kLongest || start[0] != kText || start[1] < kMasked) return std::nullopt;
  FrameHeader header;
  header.opcode = Opcode::kText;
  header.final = true;
  header.length = start[1] & kLength;
  header.size = 2 + kKeySize;
  if (header.length >= kLength16) {
    if (header.length != kLength16) return std::nullopt;
    header.length = static_cast<std::uint64_t>(start[2] << 8 | start[3]);
    header.size = kLongest;
    if (header.length < kLength16) return std::nullopt;
  }
  if (header.length > limits.max_message) return std::nullopt;
  std::memcpy(header.key.data(), &start[header.size - kKeySize], kKeySize);
  return header;
}

FrameHeader decode_header(std::span<const std::uint8_t> start) {
  FrameHeader header;
  header.length = payload_length(start);
  header.opcode = static_cast<Opcode>(start[0] & kOpcode);
  header.final = (start[0] & kFinal) != 0;
  header.compressed = (start[0] & kCompressed) != 0;
  header.size = static_cast<std::uint8_t>(header_size(start));
  // skip() reads headers that were not checked: they may have no key.
  const std::size_t key = key_size(start[1]);
  std::copy_n(start.begin() + static_cast<std::ptrdiff_t>(header.size - key), key,
              header.key.begin());
  return header;
}

}  // namespace peer
