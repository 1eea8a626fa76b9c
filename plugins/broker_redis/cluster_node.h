#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <peer/sdk/broker.h>
#include <peer/sdk/host.h>

#include "copies.h"
#include "kit.h"
#include "moves.h"
#include "options.h"
#include "part.h"
#include "turns.h"

namespace peer_redis {

/// This node in the cluster: what the core has told, and the parts of what the nodes share. Each
/// name is in one of them, the same for all nodes. Here is what concerns several parts
/// (plugins/broker_redis/DESIGN.md, "Parts"). Loop thread only, but for others() and is_degraded().
class ClusterNode {
 public:
  ClusterNode(EventLoop& loop, const Options& options, peer::sdk::BrokerHost& host,
              peer::sdk::PluginHost& plugin_host, SharedState& shared);

  void start();
  /// Takes this node's peers out of what is shared, and calls `done` when that has reached Redis,
  /// or cannot.
  void leave_cluster(const Task& done);
  /// Ends the links. Operations under way are answered with "cannot know". Nothing else follows.
  void stop();
  /// At the end of each round of the loop: sends what was queued, and updates what status() shows.
  void flush();
  /// After an exception: what was under way is unknown, so the links are built anew, and the resync
  /// puts right what Redis has.
  void recover(std::string_view what);

  // Where the core's calls go. A registration and what is said to the peer are where its automatic
  // alias is, members, rooms and tickets where their namespace is.
  [[nodiscard]] Part& part_of(const Fingerprint& peer);
  [[nodiscard]] Part& part_of(std::string_view name);
  /// Where a session is looked for by the hash of its token, in hex.
  [[nodiscard]] Part& part_of_session(std::string_view token);
  /// For what any part can do: one that is within reach, if there is one.
  [[nodiscard]] Part& any_part();
  /// Other nodes that live, as any part knows. Any thread.
  [[nodiscard]] std::vector<std::string> others() const;

  /// Whether what the others have of a namespace is out of reach. Any thread.
  [[nodiscard]] bool is_degraded(std::string_view ns) const;

  // What concerns several parts; see sdk::Broker, and Peers, Rooms and Watchers.
  void route(Directed message, Router::Reply reply);
  void broadcast(const Broadcast& message);
  void enter(const Registered& peer, const std::string& alias, std::string_view proof,
             const ReplyTo<peer::sdk::RegisterOutcome>& reply);
  void remove(const Registered& peer);
  void resolve(const std::vector<std::string>& aliases,
               const ReplyTo<peer::sdk::ResolveOutcome>& reply);
  void list_rooms(std::uint64_t after, std::uint32_t limit,
                  const ReplyTo<std::optional<peer::sdk::RoomPage>>& reply);
  void set_away(const Registered& peer, bool away, const std::vector<Watchers::Away>& news);
  Moves& moves() { return moves_; }

 private:
  /// The parts beside its own that may have something of the peer.
  [[nodiscard]] std::vector<Part*> parts_with_copies(const Fingerprint& peer);
  /// Ends what these have of the registration that the mirror has.
  void end_copies(const Fingerprint& peer);
  /// `part` has refused its copy of the registration for a newer one, of that time.
  void ask_home(const Registered& peer, std::size_t part, std::int64_t newer_us);
  void is_at_home(const Registered& peer);
  /// Part 0 has told in how many parts what is shared is: the same as here.
  void agreed(const std::string& name);
  /// Takes this node out of all parts when nothing waits for its turn any more.
  void await_turns(Time until, const Task& done);
  /// What the server's loops see of several parts.
  void put_together();

  /// Copies that were refused. The peer's own part has yet to say which registration lives.
  struct Refused {
    std::uint64_t registration = 0;
    std::int64_t newer_us = 0;
    std::set<std::size_t> parts;
  };

  EventLoop& loop_;
  peer::sdk::BrokerHost& host_;
  SharedState& shared_;
  const bool has_sentinels_;
  /// With several parts what each of them says of itself, and whether that is other than what is
  /// put together.
  std::deque<SharedState> facts_;
  bool facts_changed_ = true;
  Mirror mirror_;
  MemberCounts counts_;
  CopiesMade copies_;
  Told told_;
  Agreement agreement_;
  Masters masters_;
  std::unordered_map<Fingerprint, Refused> refused_;
  std::vector<std::unique_ptr<Part>> parts_;
  Turns turns_;
  Moves moves_;
};

}  // namespace peer_redis
