#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "broker_node.h"

namespace peer::sdk::contract {

/// As NodeLog has them.
using Lines = std::vector<std::string>;

/// Two peers who are members of one namespace.
struct Meeting {
  std::string ns;
  Registered ann;
  Registered bob;
};

/// Two nodes of one cluster, in one process.
struct TwoNodes {
  /// Returns when both say that they are connected; else the test has failed.
  explicit TwoNodes(const BrokerCase& with);

  /// A registration of that peer, with the alias, if it is not empty.
  Registered add(BrokerNode& node, std::uint32_t number, const std::string& alias = {});
  /// `room`: of a room that is joined or created; null: it is a namespace of ten members at most.
  JoinOutcome join(BrokerNode& node, const std::string& ns, const Registered& peer,
                   const RoomCommit* room = nullptr, Watches watches = {});
  /// Peer `number` with the alias ann-<number>, of `here`, comes to lobby-<number>, where peer
  /// `number` + 1 of `there` is. Returns when that node has heard of her.
  Meeting meet(std::uint32_t number);

  std::chrono::milliseconds patience;
  BrokerNode here;
  BrokerNode there;
};

/// `{"n":7}`
[[nodiscard]] std::string numbered(int number);

}  // namespace peer::sdk::contract
