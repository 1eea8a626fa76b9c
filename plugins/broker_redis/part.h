#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <peer/sdk/broker.h>
#include <peer/sdk/host.h>

#include "broadcasts.h"
#include "catch_up.h"
#include "cluster_log.h"
#include "copies.h"
#include "guide_channels.h"
#include "heartbeat.h"
#include "inbox.h"
#include "key_check.h"
#include "kit.h"
#include "link.h"
#include "namespaces.h"
#include "options.h"
#include "part_choice.h"
#include "peers.h"
#include "reaper.h"
#include "redis_transport.h"
#include "resync.h"
#include "rooms.h"
#include "sessions.h"
#include "ticket_board.h"
#include "watchers.h"

namespace peer_redis {

/// One part of what the nodes share: a store of its own, with its own keys and channels. In here is
/// all that this node has to do with it: the link to it, the lease in it, whether it is out of
/// reach, and the operations on the names that are in it. Each object owns its state and sees of
/// the others what it is given (plugins/broker_redis/DESIGN.md, "Objects"). Loop thread only.
class Part {
 public:
  /// What all parts of a node have in common. It outlives them.
  struct Common {
    EventLoop& loop;
    const Options& options;
    Masters& masters;
    peer::sdk::BrokerHost& host;
    peer::sdk::PluginHost& plugin_host;
    SharedState& shared;
    /// Called when the state in there, or the number of nodes, has become another one.
    std::function<void()> changed;
    /// What the core has told.
    Mirror& mirror;
    MemberCounts& counts;
    CopiesMade& copies;
    Told& told;
    /// Asked for by a part of what concerns others (Resync::Events).
    std::function<void(const Registered& peer, std::size_t part, std::int64_t newer_us)> ask_home;
    std::function<void(const Registered& peer)> is_at_home;
    /// What part 0 has told of the number of parts, and what is done when it does.
    const Agreement& agreement;
    std::function<void(const std::string& name)> agreed;
    /// The same (Sessions::Events).
    std::function<void(const Registered& peer, std::size_t part,
                       std::optional<std::string_view> copies)>
        taken;
    std::function<void(const Registered& peer, std::string_view copies)> end_parked;
  };

  /// `index`: by its number its keys are told from those of other parts.
  Part(const Common& common, PartIndex index);

  /// Does nothing the second time.
  void start();
  /// Takes this node's peers out of what is shared, and calls `done` when that has reached Redis,
  /// or cannot.
  void leave(Task done);
  /// Ends the link. Operations under way are answered with "cannot know". Nothing else follows.
  void stop();
  /// With Sentinels, at the end of each round of the loop; what goes to Redis the Masters send.
  void flush() { link_.flush(); }
  /// After an exception: what was under way is unknown, so the link is built anew, and the resync
  /// puts right what Redis has.
  void recover();
  /// Calls `then` when all that the sender has said by this part has arrived at the other nodes, is
  /// lost, or waits for the part to be back.
  void confirm(const Fingerprint& sender, const Task& then);

  // What the core asks for.
  Peers& peers() { return peers_; }
  Router& router() { return router_; }
  Broadcasts& broadcasts() { return broadcasts_; }
  Namespaces& namespaces() { return namespaces_; }
  Rooms& rooms() { return rooms_; }
  TicketBoard& tickets() { return tickets_; }
  Sessions& sessions() { return sessions_; }
  Watchers& watchers() { return watchers_; }
  Resync& resync() { return resync_; }

  [[nodiscard]] bool is_connected() const { return state_.is_connected(); }

 private:
  void set_state(NodeState::State state);
  void set_nodes(std::size_t count);
  /// The same of all senders, once nothing waits here for a route.
  void confirm_all(const Task& then);
  void await_silence(Time until, Task done);
  /// The link is up: the first heartbeat goes out, and says what has to be put right.
  void went_up();
  /// The link is down: from here on the core works by its local view.
  void went_down(std::string_view why);
  /// The link is up, but what others have left there has yet to be removed.
  void stay_degraded();
  /// Hands what a heartbeat has told to the objects that it concerns.
  void take_beat(const Beat& beat);
  /// Redis has all that the mirror has: this node is connected.
  void finish_resync();
  /// Tells the others that this node has put back what a loss of data took.
  void say_settled();

  // In the order in which they are built: each sees only earlier ones.
  EventLoop& loop_;
  SharedState& shared_;
  const std::function<void()> changed_;
  const std::function<void(const std::string& name)> agreed_;
  bool started_ = false;
  ClusterLog log_;
  NodeState state_;
  ClusterView view_;
  /// The stream of news, and what makes it stand still.
  StreamGate gate_;
  Announcements announcements_;
  /// The way to Redis.
  Link link_;
  Copies copies_;
  GuideChannels guide_;
  RedisTransport transport_;
  /// Messages.
  Router router_;
  Broadcasts broadcasts_;
  TicketBoard tickets_;
  /// Who lives, and what Redis lacks.
  Heartbeat heartbeat_;
  Reaper reaper_;
  Watchers watchers_;
  Resync resync_;
  CatchUp catch_up_;
  KeyCheck key_check_;
  /// The operations of the core.
  Peers peers_;
  Namespaces namespaces_;
  Rooms rooms_;
  Sessions sessions_;
  /// Last: it hands what comes to all the others.
  Inbox inbox_;
};

}  // namespace peer_redis
