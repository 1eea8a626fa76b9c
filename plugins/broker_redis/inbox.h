#pragma once

#include <string>
#include <string_view>

#include <peer/sdk/broker.h>

#include "catch_up.h"
#include "cluster_log.h"
#include "guide_channels.h"
#include "heartbeat.h"
#include "kit.h"
#include "link.h"
#include "resync.h"
#include "sessions.h"
#include "ticket_board.h"

namespace peer_redis {

/// What comes from the subscription, in its order, on its way to the object that it is for. Anybody
/// who can write to Redis can publish anything: what is no message of ours is dropped with a
/// warning. Loop thread only.
class Inbox {
 public:
  /// The objects that take what comes.
  struct Objects {
    Router& router;
    GuideChannels& guide;
    Announcements& announcements;
    Mirror& mirror;
    MemberCounts& counts;
    ClusterView& view;
    CatchUp& catch_up;
    Resync& resync;
    TicketBoard& tickets;
    Heartbeat& heartbeat;
    Sessions& sessions;
    Watchers& watchers;
  };

  Inbox(StreamGate& gate, Link& link, ClusterLog& log, peer::sdk::BrokerHost& host,
        const Objects& objects)
      : gate_(gate), link_(link), log_(log), host_(host), objects_(objects) {}

  /// What came on one of the channels: now, or when the gate lets it through.
  void take(std::string_view channel, std::string_view message);

 private:
  /// A message of a node of ours.
  void take_envelope(std::string_view envelope);
  /// A message in the form of the original implementation.
  void take_guide_message(std::string_view json);
  /// By the kind of an envelope. This and the functions below return false for a malformed one.
  bool dispatch(char kind, const Fields& fields);
  /// Messages for clients here.
  bool take_directed(const Fields& fields);
  bool take_broadcast(const Fields& fields);
  /// News of members. What the members here know already is not told again.
  bool take_joined(const Fields& fields);
  bool take_left(const Fields& fields);
  /// The same for those here who watch them.
  bool take_watched(char kind, const Fields& fields);
  /// A member of a room is gone and no policy was asked: this node is to settle it.
  bool take_reaped(const Fields& fields);
  /// A change of a room: the core hears of it before the commit that made it is answered.
  bool take_room_change(const Fields& fields);
  /// A peer here was kicked; Redis has removed it already.
  bool take_kick(const Fields& fields);
  /// A peer of this node has registered elsewhere, or has lost its alias to an older holder.
  bool take_replaced(const Fields& fields);
  bool take_revoked(const Fields& fields);
  bool take_alias_lost(const Fields& fields);
  /// Nodes have come or gone, or data was lost: a heartbeat finds out.
  bool take_news_of_nodes(const Fields& fields);

  StreamGate& gate_;
  Link& link_;
  ClusterLog& log_;
  peer::sdk::BrokerHost& host_;
  /// By reference; all of them live as long as Part.
  const Objects objects_;
};

}  // namespace peer_redis
