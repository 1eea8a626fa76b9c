#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "core/config/draft.h"
#include "core/config/node.h"

namespace peer {

/// How the values of a key are written, whatever integer type it has in Config.
template <typename T>
struct ValueRule {
  std::string expected;  ///< after the word "expected": "an integer from 0 to 65535"
  std::function<std::optional<T>(const ConfigNode&, const ConfigLayer&)> parse;
  /// What is wrong with a value that parse() refuses, if there is more to say than what it is:
  /// "'https://a/b' has a path". May be null, or return nothing.
  std::function<std::string(const ConfigNode&)> fault = {};
};

/// `text` as a path, absolute; relative ones are relative to the layer's base. Nullopt for text
/// with control characters.
[[nodiscard]] std::optional<std::string> absolute_path(const ConfigLayer& layer,
                                                       const std::string& text);

/// "a,b" as "a" and "b": how a list is written where values have no types.
[[nodiscard]] std::vector<std::string> split_at_commas(std::string_view text);

namespace rule {

/// Decimal digits without quotes, from `min` to `max`.
[[nodiscard]] ValueRule<std::uint64_t> integer(std::uint64_t min, std::uint64_t max);
/// The same for a power of two from 1 to `max`.
[[nodiscard]] ValueRule<std::uint64_t> power_of_two(std::uint64_t max);
/// As parse_duration() reads it, quoted or not.
[[nodiscard]] ValueRule<milliseconds> duration(milliseconds min, milliseconds max);
/// `true` or `false` without quotes, in the forms of YAML 1.2: also `True` and `TRUE`.
[[nodiscard]] ValueRule<bool> boolean();
/// At most `max_length` bytes without control characters.
[[nodiscard]] ValueRule<std::string> string(std::string expected, std::size_t max_length);
/// An IP address, IPv6 with brackets or without (without is what is stored), or a host name.
[[nodiscard]] ValueRule<std::string> host();
/// Stored as an absolute path.
[[nodiscard]] ValueRule<std::string> path();
/// "host:port", the port after the last colon; not a URL.
[[nodiscard]] ValueRule<std::string> address();
/// A list of strings; separated by commas where values have no types.
[[nodiscard]] ValueRule<std::vector<std::string>> names();
/// The same of addresses and CIDR ranges (core/base/address.h).
[[nodiscard]] ValueRule<std::vector<std::string>> address_ranges();
/// The same of origins (core/base/origin.h).
[[nodiscard]] ValueRule<std::vector<std::string>> origins();
/// The same of WebSocket subprotocols: tokens (RFC 9110 5.6.2) of at most 255 bytes.
[[nodiscard]] ValueRule<std::vector<std::string>> subprotocols();
/// A path that fits into the address of a Unix socket.
[[nodiscard]] ValueRule<std::string> socket_path();
/// Octal digits, quoted or not; stored with four of them.
[[nodiscard]] ValueRule<std::string> file_mode();
/// "user", "user:group" or ":group"; whether they exist is not asked.
[[nodiscard]] ValueRule<std::string> file_owner();
/// A path of the server's HTTP, without the slash at its end; none of those that answer already.
[[nodiscard]] ValueRule<std::string> http_path();
[[nodiscard]] ValueRule<ProxyProtocol> proxy_protocol();
[[nodiscard]] ValueRule<StatsAccess> stats_access();
[[nodiscard]] ValueRule<IoUring> io_uring();
[[nodiscard]] ValueRule<ProxyHeader> proxy_header();
/// The level names of Poco::Logger; `info` and `warn` are stored as its names.
[[nodiscard]] ValueRule<std::string> log_level();
[[nodiscard]] ValueRule<std::string> log_format();

}  // namespace rule
}  // namespace peer
