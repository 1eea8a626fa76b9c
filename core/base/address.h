#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr_storage;

namespace peer {

/// An IP address without port. IPv4 is kept as IPv4-mapped IPv6, so there is one form of each. All
/// zero, which no connection comes from, stands for the other end of a Unix socket.
struct Address {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] bool is_v4() const;
  /// 127.0.0.0/8 and ::1, whatever interface it came by.
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_unix_socket() const { return *this == Address{}; }
  /// Numeric: "192.0.2.1", "2001:db8::1"; "unix" of a Unix socket.
  [[nodiscard]] std::string text() const;
  /// The part of it that names a subscriber: all of an IPv4 address, the /64 of an IPv6 address.
  [[nodiscard]] Address subscriber() const;

  friend bool operator==(const Address&, const Address&) = default;
};

/// Numeric IPv4 or IPv6, nothing else.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

/// What a server can listen on: a numeric address, IPv6 with brackets or without and with a zone
/// ("fe80::1%eth0") or without, or a host name. Returns it without brackets. Nullopt for anything
/// else: an address with a port, a bad IPv4 address.
[[nodiscard]] std::optional<std::string> parse_listen_host(std::string_view text);

/// "192.0.2.1:80", "[2001:db8::1]:80": a host with its port, as URLs have it.
[[nodiscard]] std::string with_port(std::string_view host, std::uint16_t port);

/// Of a connected socket; all zero for other families.
[[nodiscard]] Address address_of(const sockaddr_storage& socket);

/// From the 4 bytes of an IPv4 address, or the 16 of IPv6, in network order.
[[nodiscard]] Address address_of_bytes(std::string_view bytes);

/// The addresses that share a prefix.
struct AddressRange {
  Address first;
  unsigned prefix = 128;  ///< bits, counted in the IPv6 form

  [[nodiscard]] bool contains(const Address& address) const;
};

/// "10.0.0.0/8", "2001:db8::/32", or one address. Bits behind the prefix must be zero.
[[nodiscard]] std::optional<AddressRange> parse_address_range(std::string_view text);

}  // namespace peer
