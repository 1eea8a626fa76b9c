#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>

namespace peer::sdk {

/// One registration of a peer with this node. Numbers rise: who registers again has a higher one.
/// The end of an older registration, or of a membership of it, may be told after the beginning of
/// a newer one: a broker that removes compares both.
struct Registered {
  Fingerprint peer;
  std::uint64_t registration = 0;

  friend bool operator==(const Registered&, const Registered&) = default;
  friend auto operator<=>(const Registered&, const Registered&) = default;
};

/// A message for one peer. Views die with the call.
struct DirectedMessage {
  Fingerprint from;
  Fingerprint to;
  /// The sender's namespaces: the target's node refuses a message that shares none (guide Q25).
  std::span<const std::string_view> namespaces;
  std::string_view text;  ///< the JSON that the target's client gets, verbatim
};

/// A message for the members of one namespace. Views die with the call.
struct NamespaceMessage {
  std::string_view ns;
  Fingerprint from;                      ///< does not get it
  std::span<const Fingerprint> exclude;  ///< do not get it either
  std::string_view text;                 ///< the JSON that clients get, verbatim
};

/// What became of a directed message.
enum class RouteOutcome {
  kDelivered,    ///< queued for the target, or handed to the node that has it
  kDropped,      ///< the target's queue is full, or the broker's: silent to the sender
  kNotFound,     ///< no such peer anywhere: the sender gets 404
  kForbidden,    ///< no shared namespace: the sender gets 403
  kUnavailable,  ///< cannot know now: silent, or 503 "cluster unavailable" to a request with `id`
};

/// Members of a namespace that are on other nodes.
struct RemoteMembers {
  std::vector<std::string> peers;  ///< peer objects (protocol B, notifications) as JSON, join order
  std::uint64_t total = 0;         ///< how many there are, not only in `peers`
  bool found_after = false;        ///< list() only: `after` is one of them
};

/// The answer to register_peer().
struct RegisterOutcome {
  bool alias_taken = false;  ///< another node's peer holds the alias
};

/// The answer to join().
struct JoinOutcome {
  bool full = false;  ///< the namespace has max_size members already: refused
  RemoteMembers elsewhere;
};

/// Takes the answer to one state operation: exactly once, from any thread, during the call or
/// later. Does not throw. Answers that come after the core's deadline (2 s) are ignored, and the
/// core has gone on by its own truth.
template <typename Outcome>
using BrokerReply = std::function<void(Outcome)>;

/// What the core offers a broker. Thread-safe, does not throw, never blocks; lives until
/// Broker::stop() has returned.
class BrokerHost {
 public:
  virtual ~BrokerHost() = default;
  [[nodiscard]] virtual std::string_view node_id() const = 0;
  /// Delivers to a peer of this node, after checking the shared namespace.
  virtual RouteOutcome deliver(const DirectedMessage& message) noexcept = 0;
  /// Delivers to this node's members of a namespace. Returns how many copies were queued.
  virtual std::size_t deliver(const NamespaceMessage& message) noexcept = 0;
  /// Writes one line to the server's log under the plugin's name.
  virtual void log_warning(std::string_view text) noexcept = 0;
};

/// Carries messages and shared state between nodes. Plugin kind `broker`, file
/// `broker_<name>.so`.
///
/// The core owns the truth about its own peers; a broker adds what is elsewhere. A message that
/// finds its target on this node never reaches the broker.
///
/// Threading: all calls but start() and stop() come from loop threads, several at a time, and
/// must not block: what takes time goes to a thread of the broker's own. While a state operation
/// of a peer is under way the core holds back that peer's further messages, so that its order is
/// as if synchronous.
/// Errors: an exception counts as "nothing elsewhere" and is logged with the plugin's name.
class Broker {
 public:
  static constexpr const char* kKind = "broker";
  static constexpr std::uint32_t kApiVersion = 1;

  virtual ~Broker() = default;

  /// Main thread, once, before the server listens. `host` outlives stop().
  virtual void start(BrokerHost& host) = 0;
  /// Main thread, once, after the last peer has gone: no reply and no call to the host after it.
  virtual void stop() = 0;

  /// True when there never are other nodes: namespace messages then stay clear of the broker.
  /// State operations are then told as they come: while one connection replaces another, the end
  /// of the old one may follow the registration of the new one.
  /// Asked once, before start().
  [[nodiscard]] virtual bool standalone() const { return false; }

  // State operations.

  /// A peer of this node registers under `alias`. An older registration of it, on this node or
  /// another, has ended or ends.
  virtual void register_peer(const Registered& peer, std::string_view alias,
                             BrokerReply<RegisterOutcome> reply) = 0;
  virtual void unregister_peer(const Registered& peer) = 0;
  /// A peer of this node is about to join. `peer_object`: what others see of it, as JSON;
  /// `max_size`: of the namespace; `page`: how many members of other nodes the answer may list.
  virtual void join(std::string_view ns, const Registered& peer, std::string_view peer_object,
                    std::uint32_t max_size, std::uint32_t page, BrokerReply<JoinOutcome> reply) = 0;
  /// It has left, or its join came to nothing.
  virtual void leave(std::string_view ns, const Registered& peer) = 0;
  /// Members on other nodes, in join order: those after `after` where that is one of them, else
  /// from the first.
  virtual void list(std::string_view ns, const std::optional<Fingerprint>& after,
                    std::uint32_t limit, BrokerReply<RemoteMembers> reply) = 0;
  /// A peer of this node is about to create a room: true when a room or a live namespace of that
  /// name exists on another node.
  virtual void name_in_use(std::string_view room_id, BrokerReply<bool> reply) = 0;

  // Messages: answered during the call, never waited for.

  /// The target is not on this node.
  virtual RouteOutcome route(const DirectedMessage& message) = 0;
  /// To the members on other nodes. Returns the copies handed over.
  virtual std::size_t broadcast(const NamespaceMessage& message) = 0;
};

}  // namespace peer::sdk
