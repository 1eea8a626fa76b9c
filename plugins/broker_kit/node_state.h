#pragma once

#include <cstdint>

#include <peer/sdk/broker_types.h>

#include "plugins/broker_kit/event_loop.h"
#include "plugins/broker_kit/shared_state.h"

namespace peer_broker_kit {

/// Whether this node is part of the cluster: the state that all other parts ask for before they do
/// something. Loop thread only; the server's loops read the copy in SharedState. A node begins as
/// one that is cut off: its first connection ends its first outage.
class NodeState {
 public:
  using State = peer::sdk::BrokerStatus::State;

  explicit NodeState(SharedState& shared) : shared_(shared) {}

  [[nodiscard]] bool is_connected() const { return state_ == State::kConnected; }
  [[nodiscard]] bool is_degraded() const { return state_ == State::kDegraded; }
  [[nodiscard]] bool is_resyncing() const { return state_ == State::kResyncing; }
  /// An outage begins where a connected node becomes something else; from then on alone_since() and
  /// dropped_meanwhile() count. Between kDegraded and kResyncing it goes on.
  void set(State state) {
    if (is_connected() && state != State::kConnected) {
      alone_since_ = Clock::now();
      dropped_before_ = shared_.dropped;
    }
    state_ = state;
    shared_.state = state;
  }

  /// When the outage began. Of use only while the node is not connected.
  [[nodiscard]] Time alone_since() const { return alone_since_; }
  /// Messages that were dropped since the outage began.
  [[nodiscard]] std::uint64_t dropped_meanwhile() const {
    return shared_.dropped - dropped_before_;
  }

 private:
  SharedState& shared_;
  State state_ = State::kDegraded;
  Time alone_since_ = Clock::now();
  std::uint64_t dropped_before_ = 0;
};

}  // namespace peer_broker_kit
