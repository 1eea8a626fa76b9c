#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <peer/sdk/types.h>
#include <peer/sdk/value.h>

namespace peer::sdk {

struct AuthGrant;

/// What the core makes of the texts of an AuthRequest when they are first asked for.
class AuthFields {
 public:
  virtual ~AuthFields() = default;
  /// See AuthRequest::fields() and its sibling; null where the text is none that a Value can hold.
  [[nodiscard]] virtual const Value& payload() const = 0;
  [[nodiscard]] virtual const Value& response() const = 0;
};

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
  const AuthFields* parsed = nullptr;  ///< behind the two functions that follow
  /// Since revision 2. Of `auth_refresh`: the fingerprint, in hex, of the peer, which registered by
  /// a grant of this entry; `payload` is that of `auth_refresh`, whose `token` is a string that is
  /// not empty, and `origin`, `query` and `headers` are empty. Empty: somebody registers.
  std::string_view refreshes = {};
  /// Since revision 2. Expires when the peer has gone, so that nobody needs the answer any more; of
  /// `auth_refresh` it has, always. It may be kept, and looked at from any thread.
  std::weak_ptr<const void> peer{};
  /// Since revision 2. Of a renewal (Auth::renews()): what has been granted last. Null: somebody
  /// registers, or refreshes.
  const AuthGrant* granted = nullptr;

  /// `payload`, parsed: `request.fields().find("token")`. A payload that is JSON and yet no Value
  /// (duplicate keys, containers deeper than 64) is null. Parsed once, for the first who asks.
  [[nodiscard]] const Value& fields() const {
    return parsed == nullptr ? none() : parsed->payload();
  }
  /// `response`, parsed the same way; null on the first call.
  [[nodiscard]] const Value& response_fields() const {
    return parsed == nullptr ? none() : parsed->response();
  }

 private:
  static const Value& none() {
    static const Value null;
    return null;
  }
};

/// Lets the peer in. The core enforces what is granted. A grant that makes no sense is a denial,
/// and logged with the plugin's name.
struct AuthGrant {
  /// What stands in for the `public_key`. The fingerprint is the SHA-256 of NUL, "identity", NUL
  /// and it, so that no public_key leads to the same. Not empty. nullopt: the peer's own
  /// public_key.
  std::optional<std::string> identity;
  /// Replaces the alias that the peer asked for. UTF-8 without control characters, at most
  /// `max_alias_length` bytes, no fingerprint; the peer keeps its own instead of any other.
  std::optional<std::string> alias;
  std::optional<Instant> expires;  ///< then: close 4003
  /// Names of the namespaces and rooms that the peer may use: exact, or a prefix followed by '*'.
  /// Empty: all, but see lists_namespaces. No pattern is empty, or has a '*' before its end.
  std::vector<std::string> namespaces;
  std::optional<std::uint32_t> rate_per_second;  ///< instead of rate_limit_per_sec; at least 1
  bool may_create_rooms = true;

  // Since revision 2. They lie where there was padding, so that the struct is as long as before;
  // what an older plugin has there is not looked at.

  /// An empty `namespaces` allows no name. Otherwise it is as if there were no list: all.
  bool lists_namespaces = false;
  /// The peer has proved that its public_key is its own: others see that (`proved` in its peer
  /// object), and nobody who has not proved it replaces the peer.
  bool proved = false;
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

/// Has no opinion: the next entry of the server's list `auth` is asked. Where all pass, the peer is
/// denied. A plugin that passes says so with may_pass().
struct AuthPass {};

using AuthVerdict = std::variant<AuthGrant, AuthRejection, AuthChallenge, AuthPass>;

/// Answers one authenticate() call: exactly once, from any thread, within `pong_wait` of the
/// connection's start; later, or never, is a denial. Does not throw.
using AuthReply = std::function<void(AuthVerdict)>;

/// What the core offers auth plugins, beside their PluginHost: Auth::start(). Thread-safe, does not
/// throw, never blocks. Since revision 2.
class AuthHost {
 public:
  virtual ~AuthHost() = default;

  /// Throws a peer out, on whichever node it is: `error` 401 with these words, close 4003. Nothing
  /// happens where there is none. It may register anew at once, if authenticate() lets it: refuse
  /// it there first, then revoke.
  virtual void revoke(const Fingerprint& peer, std::string_view message) noexcept = 0;
  /// The same of the peer that has that identity (AuthGrant::identity).
  virtual void revoke_identity(std::string_view identity, std::string_view message) noexcept = 0;
};

/// Decides who may register, and with what rights. Plugin kind `auth`, file `auth_<name>.so`.
///
/// A server asks a list of them in its order: the first that does not pass decides. The answer to a
/// challenge goes to the plugin that made it.
///
/// Threading: authenticate() is called on loop threads, several at a time, and never blocks:
/// what takes time goes to a thread of the plugin's own, which calls `reply`.
/// Errors: an exception is a denial, logged with the plugin's name.
class Auth {
 public:
  static constexpr const char* kKind = "auth";
  static constexpr std::uint32_t kApiVersion = 1;

  virtual ~Auth() = default;
  /// Judges a peer that registers, again with each answer to a challenge, and one that is there
  /// already if takes_tokens() or renews() says so. For `reply` see AuthReply.
  virtual void authenticate(const AuthRequest& request, AuthReply reply) = 0;

  // Since revision 1.

  /// Whether authenticate() may ever answer AuthPass; asked once, before the start. One that never
  /// does must stand last in a list, since what follows it could never be asked. An AuthPass from
  /// one that says it does not is a denial, logged with the plugin's name.
  [[nodiscard]] virtual bool may_pass() const { return false; }

  // Since revision 2.

  /// Main thread, once, before the server listens. `host` outlives the plugin's object.
  virtual void start(AuthHost& host) { (void)host; }
  /// Whether authenticate() judges tokens of peers that are registered (AuthRequest::refreshes);
  /// asked once, before the start. It answers these with AuthGrant, whose rights replace those that
  /// the peer has, or with AuthRejection, after which all is as it was.
  [[nodiscard]] virtual bool takes_tokens() const { return false; }
  /// What every identity begins with that it grants; nullopt: it grants none. Asked once, before
  /// the start: where several entries of a list grant identities, no two of them may be able to
  /// grant the same.
  [[nodiscard]] virtual std::optional<std::string> identity_prefix() const { return std::nullopt; }
  /// Whether authenticate() is called again, with the same request and AuthRequest::granted, before
  /// a grant with an end is over: when half of its time is left, but not more than 30 s. Asked
  /// once, before the start. The core keeps the request for that, for as long as the peer is there.
  ///
  /// AuthGrant replaces rights and end (the alias stays; another identity is a refusal),
  /// AuthRejection ends the peer at once as if the grant were over. AuthPass leaves it as it is,
  /// and is asked again when half of the rest is left: for who cannot know. No AuthChallenge.
  [[nodiscard]] virtual bool renews() const { return false; }
};

}  // namespace peer::sdk
