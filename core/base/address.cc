#include "core/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <system_error>

// Addresses of the internet as values. In: texts of the configuration and of headers, sockets'
// addresses from the kernel. Out: an Address or a range of them, or nothing. No state, any thread;
// no name is ever resolved. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 2.5.5.2), which is also how
// it arrives on a dual-stack socket: so a client has one form, and comparisons and prefixes have
// one code.
namespace peer {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

Address from_v4(const void* four_bytes) {
  Address address;
  std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
  std::copy_n(static_cast<const std::uint8_t*>(four_bytes), 4, address.bytes.begin() + 12);
  return address;
}

Address from_v6(const void* sixteen_bytes) {
  Address address;
  std::copy_n(static_cast<const std::uint8_t*>(sixteen_bytes), 16, address.bytes.begin());
  return address;
}

Address first_bits(const Address& address, unsigned count) {
  Address cut;
  for (std::size_t i = 0; i < cut.bytes.size(); ++i) {
    const auto begin = static_cast<unsigned>(8 * i);
    if (begin >= count) break;
    const unsigned kept = std::min(8U, count - begin);
    cut.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xFF00U >> kept));
  }
  return cut;
}

}  // namespace

bool Address::is_v4() const { return std::equal(kMapped.begin(), kMapped.end(), bytes.begin()); }

bool Address::is_loopback() const {
  if (is_v4()) return bytes[12] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](auto byte) { return byte == 0; }) &&
         bytes.back() == 1;
}

std::string Address::text() const {
  if (is_unix_socket()) return "unix";
  if (is_v4()) {  // each registration asks: not by inet_ntop(), which calls sprintf()
    std::array<char, INET_ADDRSTRLEN> digits;
    char* out = digits.data();
    for (auto byte = bytes.begin() + 12; byte != bytes.end(); ++byte) {
      if (out != digits.data()) *out++ = '.';
      out = std::to_chars(out, digits.data() + digits.size(), *byte).ptr;
    }
    return {digits.data(), out};
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

Address Address::subscriber() const { return is_v4() ? *this : first_bits(*this, 64); }

std::optional<Address> parse_address(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  // inet_pton() takes complete addresses only, no 127.1 and no octal digits as inet_aton() does.
  const std::string terminated(text);
  in_addr v4{};
  if (::inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return from_v4(&v4);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, terminated.c_str(), &v6) == 1) return from_v6(&v6);
  return std::nullopt;
}

std::optional<std::string> parse_listen_host(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kNameBytes =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  constexpr std::size_t kLongestName = 253;  // RFC 1035, 2.3.4
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  const std::size_t zone = text.find('%');
  const bool has_zone = zone != std::string_view::npos;
  const auto address = parse_address(text.substr(0, zone));
  const bool zone_is_sound =
      !has_zone || (text.find(':') < zone && zone + 1 < text.size() &&
                    text.find_first_not_of(kNameBytes, zone + 1) == std::string_view::npos);
  if (address) return zone_is_sound ? std::optional<std::string>(text) : std::nullopt;
  if (text.empty() || text.size() > kLongestName || text.front() == '.' ||
      text.find_first_not_of(kNameBytes) != std::string_view::npos ||
      text.find("..") != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view last = text.substr(text.rfind('.') + 1);
  // No top-level domain has digits only: "10.0.0.256" is a mistyped address, and no name.
  const bool is_bad_v4 = last.find_first_not_of(kDigits) == std::string_view::npos && !last.empty();
  return is_bad_v4 ? std::nullopt : std::optional<std::string>(text);
}

std::string with_port(std::string_view host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string_view::npos;
  std::string text = is_v6 ? "[" + std::string(host) + "]" : std::string(host);
  return text + ":" + std::to_string(port);
}

Address address_of(const sockaddr_storage& socket) {
  if (socket.ss_family == AF_INET) {
    return from_v4(&reinterpret_cast<const sockaddr_in&>(socket).sin_addr);
  }
  if (socket.ss_family == AF_INET6) {
    return from_v6(&reinterpret_cast<const sockaddr_in6&>(socket).sin6_addr);
  }
  return {};
}

Address address_of_bytes(std::string_view bytes) {
  return bytes.size() == 4 ? from_v4(bytes.data()) : from_v6(bytes.data());
}

bool AddressRange::contains(const Address& address) const {
  return first_bits(address, prefix) == first;
}

std::optional<AddressRange> parse_address_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<Address> address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  AddressRange range{*address, 128};
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, range.prefix);
    if (error != std::errc{} || at != end) return std::nullopt;
    const bool dotted = text.find(':') == std::string_view::npos;
    if (range.prefix > (dotted ? 32 : 128)) return std::nullopt;
    // The IPv4 address is in the last 32 of 128 bits.
    if (dotted) range.prefix += 96;
  }
  if (!range.contains(*address)) return std::nullopt;
  return range;
}

}  // namespace peer
