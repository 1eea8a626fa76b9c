#include "core/net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

// PROXY protocol, as https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt has it, sections
// 2.1 and 2.2. In: the first bytes of a connection, cut anywhere. Out: the client's address and the
// length of the header, or that more bytes must come, or that this is no header. No state, any
// thread. Bytes with which no header can begin are refused at once, so that nobody waits for more
// of them.
namespace peer {
namespace {

using namespace std::string_view_literals;
using Status = ProxyHeaderRead::Status;

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kLongestLine = 107;  // its end included

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kFixedSize = 16;  // signature, command, family, length
constexpr unsigned kLocal = 0x20;       // version and command
constexpr unsigned kProxy = 0x21;

/// What an address family of version 2 means to a server that listens for streams.
struct Family {
  unsigned code;
  std::size_t size;          // of its two addresses and ports; the client's comes first
  std::size_t address_size;  // 0: no address of the internet protocol
};
constexpr std::array<Family, 4> kFamilies{{
    {0x00, 0, 0},    // not specified
    {0x11, 12, 4},   // TCP over IPv4
    {0x21, 36, 16},  // TCP over IPv6
    {0x31, 216, 0},  // a stream of a Unix socket
}};

ProxyHeaderRead invalid() { return {Status::kInvalid, 0, {}}; }
ProxyHeaderRead incomplete() { return {Status::kIncomplete, 0, {}}; }

/// Whether `bytes` may be, or may become, what begins with `start`.
bool may_begin_with(std::string_view bytes, std::string_view start) {
  return bytes.substr(0, start.size()) == start.substr(0, bytes.size());
}

/// Cuts the text up to the next space, or to the end, from the front of `line`.
std::string_view take_word(std::string_view& line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, port);
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  return error == std::errc{} && at == end && !has_leading_zero;
}

/// "TCP4 192.0.2.1 198.51.100.1 40000 443", what stands between the start and the end of a line.
std::optional<Address> read_line_client(std::string_view line) {
  const std::string_view protocol = take_word(line);
  const bool is_v4 = protocol == "TCP4";
  if (!is_v4 && protocol != "TCP6") return std::nullopt;
  const auto read_address = [&]() -> std::optional<Address> {
    const std::string_view word = take_word(line);
    const bool dotted = word.find(':') == std::string_view::npos;
    return dotted == is_v4 ? parse_address(word) : std::nullopt;
  };
  const std::optional<Address> client = read_address();
  const std::optional<Address> server = read_address();
  const std::string_view client_port = take_word(line);
  if (!client || !server || !is_port(client_port) || !is_port(line)) return std::nullopt;
  return client;
}

ProxyHeaderRead read_version_1(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kLongestLine).find(kLineEnd);
  if (end == std::string_view::npos) {
    return bytes.size() < kLongestLine ? incomplete() : invalid();
  }
  if (end < kLineStart.size()) return invalid();
  const std::string_view line = bytes.substr(kLineStart.size(), end - kLineStart.size());
  const std::size_t size = end + kLineEnd.size();
  // The rest of such a line is for nobody.
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return {Status::kComplete, size, {}};
  const std::optional<Address> client = read_line_client(line);
  return client ? ProxyHeaderRead{Status::kComplete, size, client} : invalid();
}

ProxyHeaderRead read_version_2(std::string_view bytes) {
  const auto byte = [&](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[at]));
  };
  if (bytes.size() > kSignature.size()) {
    const unsigned command = byte(kSignature.size());
    if (command != kLocal && command != kProxy) return invalid();
  }
  if (bytes.size() < kFixedSize) return incomplete();
  const std::size_t length = byte(14) << 8 | byte(15);
  const std::size_t size = kFixedSize + length;
  if (size > kMaxProxyHeader) return invalid();
  const bool is_local = byte(12) == kLocal;  // with whatever family
  const auto* const family =
      std::find_if(kFamilies.begin(), kFamilies.end(),
                   [&](const Family& known) { return known.code == byte(13); });
  if (!is_local && (family == kFamilies.end() || length < family->size)) return invalid();
  if (bytes.size() < size) return incomplete();
  if (is_local || family->address_size == 0) return {Status::kComplete, size, {}};
  return {Status::kComplete, size,
          address_of_bytes(bytes.substr(kFixedSize, family->address_size))};
}

}  // namespace

ProxyHeaderRead read_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return incomplete();
  if (may_begin_with(bytes, kSignature)) return read_version_2(bytes);
  return may_begin_with(bytes, kLineStart) ? read_version_1(bytes) : invalid();
}

std::string_view local_proxy_header() { return "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"sv; }

}  // namespace peer
