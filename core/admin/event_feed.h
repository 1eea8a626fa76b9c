#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/net/event_loop.h"
#include "core/protocol/events.h"
#include "core/server/node.h"

namespace peer {

/// Hands the events of this node on to who reads them: answers of `GET /v1/events`, each with a
/// bounded queue of its own. While nobody does, no event is told. On the loop of the API.
class EventFeed {
 public:
  static constexpr std::size_t kMostReaders = 32;
  /// Bytes that wait for one reader; one that has more is cut.
  static constexpr std::size_t kMostUnread = 1024 * 1024;

  /// Both outlive it. Before anything is told.
  EventFeed(Node& node, EventLoop& loop);

  [[nodiscard]] bool is_full() const { return readers_.size() >= kMostReaders; }
  /// Has a request be answered with `head`, and with the events of these kinds from now on, until
  /// its client goes.
  void add_reader(ConnectionRef to, EventSet kinds, std::string_view head);

 private:
  struct Reader {
    ConnectionRef to;
    EventSet kinds = 0;
  };
  /// What one more look at the loops' counts has come to.
  struct Drops {
    std::uint64_t send_buffer = 0;
    std::uint64_t loop_mailbox = 0;
  };

  void take();
  void hand_out(const Events::Taken& taken);
  /// Has the loops tell what is read; returns which kinds.
  EventSet want();
  void tick();
  [[nodiscard]] Drops count_drops() const;
  void tell_drops();

  Node& node_;
  EventLoop& loop_;
  std::vector<Reader> readers_;
  Drops dropped_;
  bool ticks_ = false;  // tick() is due
};

}  // namespace peer
