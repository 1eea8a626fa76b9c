#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include <peer/sdk/broker_types.h>

#include "core/base/fingerprint.h"
#include "core/base/time.h"

namespace peer {

class ForeignPeer;

/// What a foreign peer has for others of its realm (sdk::DialectPeer::direct). What cannot be
/// delivered at once waits here for its receiver, each one's in its order: until DialectWaits says
/// that the receiver has come, or that the time is over.
///
/// Threading, ownership: a part of its peer, on its loop.
class DirectMail {
 public:
  explicit DirectMail(ForeignPeer& sender) : sender_(sender) {}

  /// `payload`: JSON, checked and paid for. `wait`: for a receiver that is not there; 0: it is
  /// dropped.
  void send(std::string_view id, std::string_view payload, milliseconds wait);
  /// What waits for `target` is tried again; `is_over`: for the last time.
  void go_on(const Fingerprint& target, bool is_over);
  /// The sender has gone. Nobody is told of what is dropped.
  void drop_all();

 private:
  /// What is for one receiver.
  struct Queue {
    struct Item {
      std::string payload;
      milliseconds wait;
    };
    std::string id;
    std::list<Item> items;
    Time until{};               ///< of those that wait
    bool asked = false;         ///< the first of them is on its way
    bool waits = false;         ///< DialectWaits has an eye on it
    bool last = false;          ///< the time is over: what is not delivered now is dropped
    bool looked_again = false;  ///< whether the receiver has come while it was asked for
  };

  /// Of the bounds of one connection's output, and of what waits on the node.
  [[nodiscard]] bool take_room(const Queue* queue, std::size_t bytes);
  void try_first(const Fingerprint& target);
  void ask_others(const Fingerprint& target, Queue& queue);
  [[nodiscard]] bool settle(const Fingerprint& target, sdk::RouteOutcome outcome);
  void wait_for(const Fingerprint& target, Queue& queue);
  void drop_what_does_not_wait(Queue& queue);
  void give_room(const Queue::Item& item);
  void drop_first(Queue& queue);
  void forget(const Fingerprint& target);

  ForeignPeer& sender_;
  std::unordered_map<Fingerprint, Queue> queues_;
  std::size_t waiting_bytes_ = 0;
  // The latest receiver: most messages are for the same one as the one before, and hashing its id
  // would take longer than all else that is done here.
  std::string known_id_;
  Fingerprint known_target_;
};

}  // namespace peer
