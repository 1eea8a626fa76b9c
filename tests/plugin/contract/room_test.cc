#include <peer/sdk/contract/room_policy_contract.h>

namespace peer::sdk::contract {
namespace {

RoomPolicyCase standard_case() {
  return {.plugin = {PEER_PLUGIN_DIR "/room_standard.so", {}},
          .create = json(R"({"room_id":"den","max_size":5})")};
}

RoomPolicyCase secret_case() {
  return {.plugin = {PEER_EXAMPLE_DIR "/room_secret.so", {{"size", std::int64_t{4}}}},
          .create = json(R"({"room_id":"den","secret":"xyzzy"})"),
          .join = json(R"({"room_id":"den","secret":"xyzzy"})")};
}

/// Bans, invitations, transfers and locks, of one of the peers that the contract makes.
RoomPolicyCase managed_case() {
  const std::string somebody = R"("fingerprint":"00000002)" + std::string(56, '0') + R"(")";
  return {.plugin = {PEER_PLUGIN_DIR "/room_managed.so",
                     {{"kick_bans", true}, {"ban", std::string("1m")}, {"list_rooms", true}}},
          .create = json(R"({"room_id":"den","max_size":6,"public":true,"info":{"map":"dust"}})"),
          .join = json(R"({"room_id":"den"})"),
          .messages = {json(R"({"room_id":"den"})"), json(R"({"room_id":"den",)" + somebody + "}"),
                       json(R"({"room_id":"den",)" + somebody + R"(,"seconds":30})"),
                       json(R"({"room_id":"den","public":false,"info":null,"max_size":4})")}};
}

RoomPolicyCase closing_case() {
  RoomPolicyCase with = managed_case();
  with.plugin.options["succession"] = std::string("close");
  return with;
}

RoomPolicyCase owned_case() {
  RoomPolicyCase with = managed_case();
  with.plugin.options["succession"] = std::string("none");
  with.plugin.options["empty_timeout"] = std::string("1m");
  return with;
}

RoomPolicyCase waiting_case() {
  RoomPolicyCase with = managed_case();
  with.plugin.options["empty_timeout"] = std::string("1m");
  return with;
}

INSTANTIATE_TEST_SUITE_P(Managed, PluginContract, testing::Values(managed_case().plugin));
INSTANTIATE_TEST_SUITE_P(Managed, RoomPolicyContract,
                         testing::Values(managed_case(), closing_case(), owned_case(),
                                         waiting_case()));
INSTANTIATE_TEST_SUITE_P(Standard, PluginContract, testing::Values(standard_case().plugin));
INSTANTIATE_TEST_SUITE_P(Standard, RoomPolicyContract, testing::Values(standard_case()));
INSTANTIATE_TEST_SUITE_P(Secret, PluginContract, testing::Values(secret_case().plugin));
INSTANTIATE_TEST_SUITE_P(Secret, RoomPolicyContract, testing::Values(secret_case()));

}  // namespace
}  // namespace peer::sdk::contract
