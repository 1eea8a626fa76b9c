#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/versioned.h"
#include "core/cluster/others.h"
#include "core/config/config.h"
#include "core/hub/namespace_directory.h"
#include "core/hub/peer_directory.h"
#include "core/hub/resume_directory.h"
#include "core/limit/left_buckets.h"
#include "core/match/matching.h"
#include "core/net/loops.h"
#include "core/plugin/by_namespace.h"
#include "core/plugin/loaded_plugins.h"
#include "core/plugin/loader.h"
#include "core/protocol/events.h"
#include "core/room/rooms.h"
#include "core/server/api_counts.h"
#include "core/server/loop_state.h"
#include "core/server/stats_cache.h"

namespace peer {

class History;

/// One of the plugins that are asked about a peer that registers, in the order of the
/// configuration.
struct AuthEntry {
  sdk::Auth& plugin;
  PluginCalls& calls;
  std::uint32_t revision;  ///< of the SDK that it was built with
  AuthTraits traits;
};

/// All that the handlers of one server process work on. Built before the loops run, destroyed
/// after they have ended; its parts are thread-safe, each LoopState its loop's own.
struct Node {
  /// The loops are added (add_loop) once there is an Application to serve; `loop_count` of them.
  Node(const Config& config, LoadedPlugins its_plugins, std::size_t loop_count);
  ~Node();

  /// The next loop. Before they run.
  void add_loop(std::unique_ptr<EventLoop> loop);
  /// The loop that a session lives on.
  [[nodiscard]] EventLoop& loop_of(SessionRef ref) { return *loops[ref.loop]; }

  /// Registered peers of this node; those that it keeps for nodes that have stopped are none.
  [[nodiscard]] std::uint32_t peer_count() const;
  /// As of the start, or of the last reload.
  [[nodiscard]] const Config& config() const { return settings_.get().config; }
  [[nodiscard]] const Bounds& bounds() const { return settings_.get().bounds; }
  /// What a reload can change; the rest of `config` is as it was. One thread at a time.
  void use_config(const Config& config);

 private:
  /// What a reload replaces, as one value: a handler never sees half of it.
  struct Settings {
    Config config;
    Bounds bounds;
  };
  Versioned<Settings> settings_;

 public:
  /// Tells this process from all others of a cluster: 16 random hex digits, new with each start.
  const std::string node_id;
  const Time started;
  const sdk::Instant started_at;  ///< the same moment by the calendar

  /// What happens here, for operators and backends.
  Events events;

  /// Before all that calls them, so that they are destroyed after it.
  LoadedPlugins plugins;
  PluginCalls& broker_calls;
  /// Which plugin serves a namespace or room.
  const ByNamespace<sdk::MatchStrategy> strategies;
  const ByNamespace<sdk::RoomPolicy> policies;
  const std::vector<AuthEntry> auths;  ///< asked in this order
  /// Whether one of them may grant an identity, or take the token of an `auth_refresh`.
  const bool grants_identities;
  const bool takes_tokens;
  Others others;
  /// What the room policies answer: which of them (Served::index) answer a type.
  std::map<std::string, std::vector<std::size_t>, std::less<>> room_message_types;
  /// What each of them is, by the same number.
  std::vector<sdk::RoomTraits> room_traits;
  bool lists_rooms = false;  ///< one of them does

  Admission admission;  ///< the loops ask it
  Loops loops;
  /// By loop, as `loops`; all are there before the first loop is added.
  std::vector<std::unique_ptr<LoopState>> loop_states;
  /// The local view: peers of this node, and the namespaces and rooms that they are in.
  PeerDirectory peers;
  NamespaceDirectory namespaces;
  ResumeDirectory resumes;
  Rooms rooms;  ///< and namespaces that peers enter and leave
  /// With or without other nodes: chosen at the start.
  const std::unique_ptr<Matching> matching;
  /// A replacement finds the tokens of the older registration here.
  LeftBuckets left_buckets;
  /// Numbers the registrations of this process: see sdk::Registered.
  std::atomic<std::uint64_t> last_registration{0};
  StatsCache stats_cache;
  /// The list of bans has changed: called on any thread. False: it is known to be kept nowhere
  /// beyond the end of the process, though that was wanted. Set before the loops run; null: nobody
  /// keeps it.
  std::function<bool()> on_bans_changed;
  /// What the Server API keeps of the last hour, on its loop (core/admin/history.h); null: nothing.
  const History* history = nullptr;
  /// Of the Server API and of webhooks, whose threads may outlive the node.
  const std::shared_ptr<ApiCounts> api_counts = std::make_shared<ApiCounts>();
  /// The API of another node says something to that of this one. Any thread. Set before the broker
  /// starts; null: nobody hears.
  std::function<void(std::string_view from, std::string_view text)> on_api_talk;
  /// The same of what nodes say to each other of dialects (core/dialect/dialect_waits.h).
  std::function<void(std::string_view from, std::string_view text)> on_dialect_talk;
  /// When the certificate that new connections get ends, in Unix seconds; 0: no TLS.
  std::atomic<std::int64_t> certificate_ends{0};
  /// Whether the last reload took effect, and when one did last, or the start, in Unix seconds.
  std::atomic<bool> reload_succeeded{true};
  std::atomic<std::int64_t> configured_at{0};
  /// /ready answers that no new clients should come; those that are here stay.
  std::atomic<bool> draining{false};
  /// The Server API has asked for the end of the process.
  std::atomic<bool> drain_requested{false};
  /// Everybody is being closed: nobody is told any more that others leave.
  std::atomic<bool> stopping{false};
  /// And resumable sessions go to other nodes: members are told who leaves for good.
  std::atomic<bool> parking{false};
};

}  // namespace peer
