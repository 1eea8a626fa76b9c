#pragma once

#include <ostream>
#include <vector>

#include <peer/sdk/contract/json_text.h>
#include <peer/sdk/contract/plugin_contract.h>
#include <peer/sdk/room_policy.h>

namespace peer::sdk::contract {

/// A room policy, and what its clients send.
struct RoomPolicyCase {
  PluginCase plugin;
  Value create = json("{}");  ///< `create_room`, with which everybody may create a room
  Value join = json("{}");    ///< `join_room`, with which everybody may come into that room
  std::vector<Value>
      messages{};  ///< of the types in message_types(): one or more that do something
};
inline std::ostream& operator<<(std::ostream& out, const RoomPolicyCase& policy) {
  return out << policy.plugin;
}

/// What room_policy.h promises of room policies: decide() is a pure function, thread-safe and
/// quick, whose decisions make sense whatever clients send. A member's life is played many times,
/// with the same random numbers each time.
///
///   const RoomPolicyCase kMine{{PEER_PLUGIN_DIR "/room_mine.so", {}}};
///   INSTANTIATE_TEST_SUITE_P(Mine, PluginContract, testing::Values(kMine.plugin));
///   INSTANTIATE_TEST_SUITE_P(Mine, RoomPolicyContract, testing::Values(kMine));
class RoomPolicyContract : public ::testing::TestWithParam<RoomPolicyCase> {};

}  // namespace peer::sdk::contract
