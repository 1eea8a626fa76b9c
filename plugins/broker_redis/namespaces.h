#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/broker.h>

#include "catch_up.h"
#include "cluster_log.h"
#include "copies.h"
#include "heartbeat.h"
#include "kit.h"
#include "link.h"
#include "resync.h"
#include "watchers.h"

namespace peer_redis {

/// A join on its way, with texts of its own. It goes from step to step as one object, which is kept
/// while Redis is asked: it may be tried several times.
struct Join {
  std::string ns;
  Registered peer;
  std::string object;
  std::uint32_t max_size = 0;
  std::uint32_t page = 0;
  std::optional<peer::sdk::RoomCommit> room{};  ///< of a room that is joined or created
  bool quiet = false;                           ///< the other nodes are not told
  Watches watches{};
  ReplyTo<peer::sdk::JoinOutcome> reply{};  ///< called once, on the plugin's thread

  // How far it has come: what Redis has may have yet to be put right.
  Time since{};           ///< when it was tried first
  bool resynced = false;  ///< the peer has been written anew for it
  bool patient = true;    ///< it waits for nodes that put back what was lost
  std::string token{};    ///< marks the place of its announcement in the stream
  /// What is marked of the members here that watch others, the joiner among them.
  std::string marked{};
  peer::sdk::JoinOutcome outcome{};
};
using JoinRef = std::shared_ptr<Join>;

/// Who is a member of what. Loop thread only.
class Namespaces {
 public:
  Namespaces(EventLoop& loop, Link& link, Copies& copies, Mirror& mirror, MemberCounts& counts,
             Announcements& announcements, const NodeState& state, Heartbeat& heartbeat,
             Resync& resync, CatchUp& catch_up, Watchers& watchers, ClusterLog& log,
             const std::string& self, peer::sdk::BrokerHost& host)
      : loop_(loop),
        link_(link),
        copies_(copies),
        mirror_(mirror),
        counts_(counts),
        announcements_(announcements),
        state_(state),
        heartbeat_(heartbeat),
        resync_(resync),
        catch_up_(catch_up),
        watchers_(watchers),
        log_(log),
        self_(self),
        host_(host) {}

  /// See sdk::Broker. The outcome of a peer that is in holds the stream.
  void join(const JoinRef& join);
  /// Takes the member out of the mirror and out of Redis. Nothing is answered.
  void leave(const std::string& ns, const Registered& peer, const std::string& told = {});
  /// What others see of the member is another text from now on.
  void update(const std::string& ns, const Registered& peer, std::string object);
  /// A page of members of all nodes, with who is away if asked for; nullopt: cannot know.
  void list(const std::string& ns, const std::optional<Fingerprint>& after, std::uint32_t limit,
            bool with_away, const ReplyTo<std::optional<peer::sdk::MemberPage>>& reply);

 private:
  /// Runs lua/join.lua once.
  void try_join(const JoinRef& join);
  /// Whether the join is tried again, because Redis is not whole yet. Then this has seen to it.
  bool try_join_again(std::string_view status, const JoinRef& join);
  /// The script has answered; null: it has not.
  void take_join_reply(const JoinRef& join, const Reply* answer);
  /// Redis cannot know: the core enters the member by its local view.
  void join_alone(const Join& join);
  /// The joiner was a member on another node: its end there is told before its new join.
  void note_move(const Join& join);
  /// False: it was none of the members elsewhere that those here know of.
  bool forget_elsewhere(const std::string& ns, const Fingerprint& peer);
  /// Enters the member into the mirror. `total`: members on all nodes, 0 if unknown. `created`: a
  /// room, as Redis says; empty: not known.
  void remember_member(const Join& join, std::uint64_t version, std::uint64_t total,
                       std::string created);
  /// Reads a page of members; one that makes no sense is left out.
  [[nodiscard]] peer::sdk::MemberPage read_page(const Reply& reply, std::size_t total,
                                                std::size_t first, bool with_away) const;
  /// The members of `ns` here that watch others are about to be shown the page.
  void know_away(const std::string& ns, const peer::sdk::MemberPage& page);

  EventLoop& loop_;
  Link& link_;
  Copies& copies_;
  Mirror& mirror_;
  MemberCounts& counts_;
  Announcements& announcements_;
  const NodeState& state_;
  Heartbeat& heartbeat_;
  Resync& resync_;
  CatchUp& catch_up_;
  Watchers& watchers_;
  ClusterLog& log_;
  const std::string& self_;
  peer::sdk::BrokerHost& host_;
};

}  // namespace peer_redis
