#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <peer/sdk/types.h>

namespace peer::sdk {

/// Who wants to register. Views die with the call.
struct AuthRequest {
  std::string_view payload;         ///< the register message's payload: one JSON object, verbatim
  std::string_view remote_address;  ///< numeric, without port; "unix": a Unix socket, without proxy
  bool tls = false;
  std::string_view origin;  ///< the Origin header; empty when there was none
  std::string_view query;   ///< of the upgrade request, without '?'; bounded by the header limit
  /// Of the upgrade request, such as Sec-WebSocket-Protocol: what the client offered. Which one is
  /// answered has been decided before, by the server's key `subprotocols`.
  std::span<const std::pair<std::string, std::string>> headers;
  /// The payload of `auth_response`, and the context given with the challenge that it answers;
  /// both empty on the first call.
  std::string_view response;
  std::string_view context;
};

/// Lets the peer in. The core enforces what is granted. A grant that makes no sense is a denial,
/// and logged with the plugin's name.
struct AuthGrant {
  /// What stands in for the `public_key`: the fingerprint is its SHA-256. Not empty. nullopt: the
  /// peer's own public_key.
  std::optional<std::string> identity;
  /// Replaces the alias that the peer asked for. UTF-8 without control characters, at most
  /// `max_alias_length` bytes, no fingerprint; the peer keeps its own instead of any other.
  std::optional<std::string> alias;
  std::optional<Instant> expires;  ///< then: close 4003
  /// Names that the peer may join, create or match in: exact, or a prefix followed by '*'.
  /// Empty: all. No pattern is empty, or has a '*' before its end.
  std::vector<std::string> namespaces;
  std::optional<std::uint32_t> rate_per_second;  ///< instead of rate_limit_per_sec; at least 1
  bool may_create_rooms = true;
};

/// Turns the peer away: `error` 401 with these words for the client, close 4003.
struct AuthRejection {
  std::string message;  ///< UTF-8
};

/// Asks the peer for more: it gets `auth_challenge` with this payload, and its `auth_response`
/// comes back in a new call together with `context`.
struct AuthChallenge {
  std::string payload;  ///< a JSON object
  std::string context;  ///< opaque; kept by the core with the connection, at most 64 KiB
};

using AuthVerdict = std::variant<AuthGrant, AuthRejection, AuthChallenge>;

/// Answers one authenticate() call: exactly once, from any thread, within `pong_wait` of the
/// connection's start; later, or never, is a denial. Does not throw.
using AuthReply = std::function<void(AuthVerdict)>;

/// Decides who may register, and with what rights. Plugin kind `auth`, file `auth_<name>.so`.
///
/// Threading: authenticate() is called on loop threads, several at a time, and never blocks:
/// what takes time goes to a thread of the plugin's own, which calls `reply`.
/// Errors: an exception is a denial, logged with the plugin's name.
class Auth {
 public:
  static constexpr const char* kKind = "auth";
  static constexpr std::uint32_t kApiVersion = 1;

  virtual ~Auth() = default;
  virtual void authenticate(const AuthRequest& request, AuthReply reply) = 0;
};

}  // namespace peer::sdk
