#include "two_nodes.h"

#include <optional>
#include <utility>

namespace peer::sdk::contract {

TwoNodes::TwoNodes(const BrokerCase& with)
    : patience(with.patience), here(with, "node-1"), there(with, "node-2") {
  EXPECT_TRUE(here.connects(patience)) << "node 1 is not connected";
  EXPECT_TRUE(there.connects(patience)) << "node 2 is not connected";
}

Registered TwoNodes::add(BrokerNode& node, std::uint32_t number, const std::string& alias) {
  const Registered peer = registered(number);
  const auto outcome = node.answer<RegisterOutcome>(
      [&](auto reply) { node->register_peer(peer, alias, std::move(reply)); });
  EXPECT_TRUE(outcome && !outcome->alias_taken) << "peer " << number << " cannot register";
  return peer;
}

JoinOutcome TwoNodes::join(BrokerNode& node, const std::string& ns, const Registered& peer,
                           const RoomCommit* room, Watches watches) {
  auto outcome = node.answer<JoinOutcome>([&](auto reply) {
    node->join({.ns = ns,
                .peer = peer,
                .object = R"({"alias":"x"})",
                .max_size = 10,
                .page = 10,
                .room = room,
                .watches = watches},
               std::move(reply));
  });
  EXPECT_TRUE(outcome) << "no answer to a join";
  return outcome.value_or(JoinOutcome());
}

Meeting TwoNodes::meet(std::uint32_t number) {
  const std::string text = std::to_string(number);
  const Registered ann = add(here, number, "ann-" + text);
  const Registered bob = add(there, number + 1);
  Meeting meeting{"lobby-" + text, ann, bob};
  join(there, meeting.ns, bob);
  join(here, meeting.ns, ann);
  EXPECT_TRUE(there.log().hears("member_joined " + meeting.ns + " " + name_of(ann.peer), patience))
      << "node 2 has not heard of a member of node 1";
  return meeting;
}

std::string numbered(int number) { return R"({"n":)" + std::to_string(number) + "}"; }

}  // namespace peer::sdk::contract
