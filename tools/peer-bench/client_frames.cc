#include "tools/peer-bench/client_frames.h"

#include <algorithm>

namespace peer::bench {
namespace {

constexpr std::uint8_t kMaskBit = 0x80;

std::uint64_t read_big_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void append_client_frame(Bytes& out, Opcode opcode, std::array<std::uint8_t, 4> mask,
                         std::initializer_list<std::string_view> pieces) {
  std::size_t length = 0;
  for (const std::string_view piece : pieces) length += piece.size();
  std::array<std::uint8_t, kMaxServerHeader> header;
  const std::size_t header_size = write_server_header(opcode, length, header);
  // A client's header is a server's with this bit, and the key behind it (RFC 6455 5.2).
  header[1] |= kMaskBit;

  out.insert(out.end(), header.begin(), header.begin() + header_size);
  out.insert(out.end(), mask.begin(), mask.end());
  const std::size_t begin = out.size();
  for (const std::string_view piece : pieces) out.insert(out.end(), piece.begin(), piece.end());
  apply_mask(std::span(out).subspan(begin), mask);
}

ServerFrame read_server_frame(std::span<const std::uint8_t> bytes, std::uint64_t max_payload) {
  ServerFrame frame;
  if (bytes.size() < 2) return frame;
  constexpr std::uint8_t kFinalWithoutRsv = 0x8;
  const unsigned short_length = bytes[1];
  if (bytes[0] >> 4 != kFinalWithoutRsv || (short_length & kMaskBit) != 0) {
    frame.status = ServerFrame::Status::kInvalid;
    return frame;
  }
  const std::size_t extended = short_length < 126 ? 0 : short_length == 126 ? 2 : 8;
  if (bytes.size() < 2 + extended) return frame;
  const std::uint64_t length =
      extended == 0 ? short_length : read_big_endian(bytes.subspan(2, extended));
  if (length > max_payload) {
    frame.status = ServerFrame::Status::kInvalid;
    return frame;
  }
  const std::size_t size = 2 + extended + static_cast<std::size_t>(length);
  if (bytes.size() < size) return frame;
  frame.status = ServerFrame::Status::kWhole;
  frame.opcode = static_cast<Opcode>(bytes[0] & 0xF);
  frame.payload = as_text(bytes.subspan(2 + extended, static_cast<std::size_t>(length)));
  frame.size = size;
  return frame;
}

}  // namespace peer::bench
