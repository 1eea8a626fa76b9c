#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/admin/node_talk.h"
#include "core/admin/webhook.h"
#include "core/net/event_loop.h"
#include "core/protocol/events.h"
#include "core/server/node.h"

namespace peer {

/// Hands events on to who reads them: answers of `GET /v1/events` here, each with a bounded queue
/// of its own, and nodes that have such readers. While there is nobody, no event is told. On the
/// loop of the API.
class EventFeed {
 public:
  static constexpr std::size_t kMostReaders = 32;
  /// Bytes that wait for one reader; one that has more is cut.
  static constexpr std::size_t kMostUnread = 1024 * 1024;

  /// All of them outlive it. Before anything is told.
  EventFeed(Node& node, EventLoop& loop, NodeTalk& talk);

  /// Receivers of webhooks, from now on; those of before are not used any more. The events that
  /// wait go to them first.
  void use_webhooks(std::vector<WebhookSender*> webhooks);
  /// Hands out what waits: to webhooks, to readers here, and to what goes to other nodes. A reader
  /// that does not take it is cut.
  void take();

  [[nodiscard]] bool is_full() const { return readers_.size() >= kMostReaders; }
  /// Has a request be answered with `head`, and with the events of these kinds from now on, until
  /// its client goes.
  void add_reader(ConnectionRef to, EventSet kinds, std::string_view head);

  /// Another node has readers of these kinds, for a while: it says so once a second, and is
  /// forgotten when it has not for four.
  void watch(const std::string& from, std::uint64_t kinds);
  /// Another node has events for the readers here. Anybody who can write to the store of the nodes
  /// may have written them.
  void take_from(const std::string& from, std::uint64_t lost, std::string_view body);

 private:
  struct Reader {
    ConnectionRef to;
    EventSet kinds = 0;
  };
  /// A node with readers, and what is on its way to it.
  struct Watcher {
    EventSet kinds = 0;
    Time until{};
    std::string events{};  // as in take_from()
    std::uint64_t lost = 0;
  };
  struct Drops {
    std::uint64_t send_buffer = 0;
    std::uint64_t loop_mailbox = 0;
  };

  bool write(const Reader& reader, std::string_view text);
  void hand_out(const Events::Taken& taken, std::string_view node);
  void collect(const Events::Taken& taken);
  void flush_watchers();
  /// Has the loops tell what is read; returns which kinds.
  EventSet want();
  [[nodiscard]] EventSet read_here() const;
  void watch_others();
  void keep_ticking();
  void tick();
  [[nodiscard]] Drops count_drops() const;
  void tell_drops();

  Node& node_;
  EventLoop& loop_;
  NodeTalk& talk_;
  std::vector<Reader> readers_;
  std::map<std::string, Watcher> watchers_;
  std::vector<WebhookSender*> webhooks_;
  Drops dropped_;
  bool ticks_ = false;    // tick() is due
  bool flushes_ = false;  // flush_watchers() is
};

}  // namespace peer
