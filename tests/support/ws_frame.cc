#include "tests/support/ws_frame.h"

#include <zlib.h>

#include <array>
#include <stdexcept>

namespace peer::test {
namespace {

constexpr unsigned char kMask[4] = {0x37, 0xfa, 0x21, 0x3d};

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

int shortest_length(std::uint64_t length) {
  if (length < 126) return 0;
  return length <= 0xffff ? 2 : 8;
}

}  // namespace

std::string encode(const Frame& frame) {
  const std::uint64_t length = frame.announced.value_or(frame.payload.size());
  const int length_bytes = frame.length_bytes.value_or(shortest_length(length));
  std::string out;
  out.push_back(static_cast<char>((frame.fin ? 0x80 : 0) | frame.rsv << 4 | frame.opcode));
  const int mask_bit = frame.masked ? 0x80 : 0;
  if (length_bytes == 0) {
    out.push_back(static_cast<char>(mask_bit | static_cast<int>(length)));
  } else {
    out.push_back(static_cast<char>(mask_bit | (length_bytes == 2 ? 126 : 127)));
    append_big_endian(out, length, length_bytes);
  }
  if (!frame.masked) return out + frame.payload;
  out.append(reinterpret_cast<const char*>(kMask), sizeof kMask);
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(frame.payload[i]) ^ kMask[i % 4]));
  }
  return out;
}

std::optional<Frame> take_frame(std::string& buffer) {
  if (buffer.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(buffer[0]);
  const auto second = static_cast<unsigned char>(buffer[1]);
  std::size_t header = 2;
  std::uint64_t length = second & 0x7f;
  if (length >= 126) {
    const std::size_t bytes = length == 126 ? 2 : 8;
    header += bytes;
    if (buffer.size() < header) return std::nullopt;
    length = read_big_endian(std::string_view(buffer).substr(2, bytes));
  }
  Frame frame;
  frame.fin = (first & 0x80) != 0;
  frame.rsv = static_cast<std::uint8_t>((first >> 4) & 7);
  frame.opcode = static_cast<std::uint8_t>(first & 15);
  frame.masked = (second & 0x80) != 0;
  if (buffer.size() < header + length) return std::nullopt;
  frame.payload = buffer.substr(header, length);
  buffer.erase(0, header + length);
  return frame;
}

std::string inflate_message(std::string_view payload) {
  std::string input(payload);
  input.append("\x00\x00\xFF\xFF", 4);
  z_stream stream{};
  inflateInit2(&stream, -MAX_WBITS);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string message;
  int code = Z_OK;
  while (code == Z_OK) {
    std::array<char, 4096> chunk;
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = chunk.size();
    code = inflate(&stream, Z_SYNC_FLUSH);
    message.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  const bool whole = code == Z_BUF_ERROR && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) throw std::runtime_error("the compressed message is corrupt");
  return message;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  append_big_endian(payload, code, 2);
  return payload.append(reason);
}

}  // namespace peer::test
