#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/versioned.h"
#include "core/cluster/others.h"
#include "core/config/config.h"
#include "core/dispatch/counts.h"
#include "core/http/stats_cache.h"
#include "core/hub/namespace_directory.h"
#include "core/hub/peer_directory.h"
#include "core/limit/rate_limiter.h"
#include "core/match/matchmaker.h"
#include "core/match/own_tickets.h"
#include "core/match/shared_queues.h"
#include "core/net/event_loop.h"
#include "core/plugin/loader.h"
#include "core/plugin/plugin_calls.h"
#include "core/protocol/message.h"
#include "core/room/rooms.h"

namespace peer {

class Matching;

/// What one loop keeps for itself.
struct LoopState {
  LoopState(sdk::MatchStrategy& strategy, PluginCalls& calls) : shared_queues(strategy, calls) {}

  MessageParser parser;
  LoopLag lag;
  Time match_tick = kNever;    ///< when the loop's timer for the matchmaker is due
  SharedQueues shared_queues;  ///< of the namespaces that loop_for() gives this loop
  std::array<std::atomic<std::uint64_t>, kMessageTypeCount> messages{};  ///< handled, by type
  ErrorCounts errors;
  std::atomic<std::uint64_t> rate_limited{0};  ///< messages answered 429 for want of tokens
};

/// All that the handlers of one server process work on. Built before the loops run, destroyed
/// after they have ended; its parts are thread-safe, each LoopState its loop's own.
struct Node {
  /// The loops are added once there is an Application to serve.
  Node(const Config& config, LoadedPlugins its_plugins, std::size_t loop_count);
  ~Node();

  /// The loop that a connection lives on.
  [[nodiscard]] EventLoop& loop_of(ConnectionRef ref) { return *loops[ref.loop]; }
  [[nodiscard]] LoopState& state_of(const Connection& connection) {
    return *loop_states[connection.ref().loop];
  }

  /// As of the start, or of the last reload.
  [[nodiscard]] const Config& config() const { return settings_.get().config; }
  [[nodiscard]] const Bounds& bounds() const { return settings_.get().bounds; }
  /// What a reload can change; the rest of `config` is as it was. One thread at a time.
  void use_config(const Config& config);

 private:
  struct Settings {
    Config config;
    Bounds bounds;
  };
  Versioned<Settings> settings_;

 public:
  const std::string node_id;
  const Time started;

  LoadedPlugins plugins;
  PluginCalls broker_calls;
  PluginCalls match_calls;
  PluginCalls room_calls;
  PluginCalls auth_calls;
  Others others;
  std::set<std::string, std::less<>> room_message_types;  ///< of the room policy

  Admission admission;  ///< the loops ask it
  std::vector<std::unique_ptr<EventLoop>> loops;
  std::vector<std::unique_ptr<LoopState>> loop_states;
  PeerDirectory peers;
  NamespaceDirectory namespaces;
  Rooms rooms;                               ///< and namespaces that peers enter and leave
  Matchmaker matchmaker;                     ///< without other nodes
  OwnTickets own_tickets;                    ///< with other nodes
  const std::unique_ptr<Matching> matching;  ///< one of the two
  MatchWaits shared_match_waits;             ///< with other nodes
  RateLimiter limiter;
  std::atomic<std::uint64_t> last_registration{0};
  StatsCache stats_cache;
  /// When the certificate that new connections get ends, in Unix seconds; 0: no TLS.
  std::atomic<std::int64_t> certificate_ends{0};
  std::atomic<bool> draining{false};
  /// Everybody is being closed: nobody is told any more that others leave.
  std::atomic<bool> stopping{false};
};

}  // namespace peer
