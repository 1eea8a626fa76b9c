#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <peer/sdk/broker.h>

#include "kit.h"
#include "link.h"
#include "watchers.h"

namespace peer_redis {

/// What happened elsewhere while this node was cut off was announced to nobody here. When what is
/// shared is whole again, the members on other nodes are compared with those that the members here
/// have been told of, and these hear the difference. Loop thread only.
class CatchUp {
 public:
  CatchUp(Link& link, Mirror& mirror, MemberCounts& counts, Announcements& announcements,
          const NodeState& state, peer::sdk::BrokerHost& host)
      : link_(link),
        mirror_(mirror),
        counts_(counts),
        announcements_(announcements),
        state_(state),
        host_(host) {}

  /// The members here may have missed anything: all namespaces are compared once all is whole.
  void becomes_due();
  /// What is shared is whole, as a beat or Redis has said.
  void all_is_whole();
  void interrupt() { behind_.clear(); }
  /// The members of `ns` here may have missed something: soon.
  void compare_soon(const std::string& ns);
  /// Now, ahead of what comes next. `ns` has members here.
  void compare(const std::string& ns);

  /// The first member here: what it is told of the others is what this node is to know.
  void know_members(const std::string& ns, const peer::sdk::MemberPage& page);
  /// The members of `ns` here know of that one, or are about to. False: it is a member here by now,
  /// and none of those elsewhere. Its session has come to this node, which is ahead of the stream.
  bool know_of(std::string_view ns, Mirror::Namespace& here, const Fingerprint& peer);

 private:
  using Objects = std::unordered_map<Fingerprint, std::string>;
  /// What Redis has of a namespace: members elsewhere, nullopt when they are too many; a room.
  struct Shared {
    bool whole = true;  ///< false: some may have yet to be put back
    std::optional<Objects> members;
    std::optional<std::unordered_set<Fingerprint>> away;  ///< of these, if that is watched here
    std::optional<peer::sdk::RoomState> room;
  };

  /// Compares namespaces that are behind, 64 at a time.
  void go_on();
  /// Reads the answer of lua/members.lua. `with_objects`: it holds peer objects too.
  static Shared read_members(const Reply& reply, bool with_objects, bool with_away);
  /// Tells the core the difference, and remembers what the members here know now.
  void take_members(const std::string& ns, const Shared& shared);
  using Known = std::optional<std::unordered_set<Fingerprint>>;
  /// The same of those who are away.
  void tell_away(const std::string& ns, Mirror::Namespace& here, const Known& known,
                 const std::unordered_set<Fingerprint>& away);
  /// `known`: members elsewhere that the members here have been told of.
  void tell_difference(const std::string& ns, const std::unordered_set<Fingerprint>& known,
                       const Objects& members);

  Link& link_;
  Mirror& mirror_;
  MemberCounts& counts_;
  Announcements& announcements_;
  const NodeState& state_;
  peer::sdk::BrokerHost& host_;

  bool due_ = false;                ///< when what is shared is whole again
  std::deque<std::string> behind_;  ///< namespaces whose members are to be compared
  std::size_t under_way_ = 0;       ///< comparisons
};

}  // namespace peer_redis
