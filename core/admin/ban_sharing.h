#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "core/admin/node_talk.h"
#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// Keeps the bans of all nodes the same. Each node holds the whole list; a change is told to the
/// others when it is made (bans.cc), and a node that may have missed one gets the list: one that is
/// seen for the first time, or again, and one whose digest differs. So a list may come twice, and
/// in any order: of two bans of one target the later one counts (Bans::put). On the loop of the
/// API.
class BanSharing {
 public:
  /// All of them outlive it.
  BanSharing(Node& node, EventLoop& loop, NodeTalk& talk) : node_(node), loop_(loop), talk_(talk) {}

  /// From now on. Once, where there may be other nodes.
  void start() { look(); }
  /// Another node's list: what is news here is taken over.
  void take_list(std::string_view body);
  /// Another node's digest: where it differs, that node gets the list of this one.
  void take_digest(const std::string& from, std::uint64_t digest);

 private:
  /// Once a second, until the loop ends.
  void look();
  void send_list(const std::string& to);
  /// Of targets and times, the same on all nodes that know the same; 0 of none.
  [[nodiscard]] std::uint64_t digest() const;
  [[nodiscard]] std::int64_t now() const { return loop_.wall().time_since_epoch().count(); }

  Node& node_;
  EventLoop& loop_;
  NodeTalk& talk_;
  std::set<std::string> known_;  // nodes that have got the list
  unsigned looks_ = 0;
};

}  // namespace peer
