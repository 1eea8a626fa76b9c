#include <peer/sdk/contract/broker_contract.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "hostile.h"
#include "process.h"
#include "two_nodes.h"

// Peers, members, messages, rooms and tickets of two nodes. Names differ from test to test, since
// what the nodes share outlives a test. Sessions and who watches them: shared_sessions_contract.cc.
namespace peer::sdk::contract {
namespace {

/// The public rooms with these names, in pages of two.
Lines listed(BrokerNode& node, const Lines& names) {
  Lines found;
  std::uint64_t after = 0;
  for (int pages = 0; pages < 1000; ++pages) {
    const auto page = node.answer<std::optional<RoomPage>>(
        [&](auto reply) { node->list_rooms(after, 2, std::move(reply)); });
    if (!page || !*page) return {"cannot know"};
    EXPECT_LE((*page)->rooms.size(), 2U) << "no more rooms than were asked for";
    for (const ListedRoom& room : (*page)->rooms) {
      EXPECT_GT(room.place, after) << "behind the place that was asked for, in their order";
      after = room.place;
      if (std::find(names.begin(), names.end(), room.room_id) == names.end()) continue;
      found.push_back(room.room_id + " " + room.room.state + " " + std::to_string(room.members));
    }
    if (!(*page)->more || (*page)->rooms.empty()) return found;
  }
  ADD_FAILURE() << "the list has no end";
  return found;
}

RoomCommit public_room(const Registered& owner, std::uint64_t version, bool is_listed) {
  RoomCommit commit;
  commit.version = version;
  commit.room = {owner.peer, 4, is_listed ? "public" : "hidden"};
  commit.listed = is_listed;
  return commit;
}

}  // namespace

// Most brokers are held to BrokerContract alone.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SharedBrokerContract);

TEST_P(SharedBrokerContract, APeerIsFoundByItsAliasOnTheOtherNode) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 101, "ann-101");
  const auto found = nodes.there.answer<ResolveOutcome>([&](auto reply) {
    nodes.there->resolve(std::array<std::string_view, 2>{"ann-101", "nobody-101"},
                         std::move(reply));
  });
  ASSERT_TRUE(found && found->known && found->holders.size() == 2);
  EXPECT_EQ(found->holders[0], ann.peer);
  EXPECT_EQ(found->holders[1], std::nullopt);
}

TEST_P(SharedBrokerContract, AnAliasIsTakenOnce) {
  TwoNodes nodes(GetParam());
  nodes.add(nodes.here, 102, "ann-102");
  const Registered other = registered(103);
  const auto outcome = nodes.there.answer<RegisterOutcome>(
      [&](auto reply) { nodes.there->register_peer(other, "ann-102", std::move(reply)); });
  EXPECT_TRUE(outcome && outcome->alias_taken);
}

TEST_P(SharedBrokerContract, MessagesArriveOnceAndInTheirOrder) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 104);
  const Registered bob = nodes.add(nodes.there, 105);
  const std::array<std::string_view, 1> namespaces{"lobby-104"};
  Lines expected;
  for (int i = 0; i < 100; ++i) {
    const std::string text = numbered(i);
    const Fleeting fleeting(text);
    nodes.here->route(
        {.from = ann.peer, .to = bob.peer, .namespaces = namespaces, .text = fleeting.view()},
        [](RouteOutcome) {});
    expected.push_back("message " + name_of(bob.peer) + " " + text);
  }
  ASSERT_TRUE(nodes.there.log().hears(expected.back(), nodes.patience));
  EXPECT_EQ(nodes.there.log().heard("message "), expected);
}

TEST_P(SharedBrokerContract, AMessageToNobodyIsNotFound) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 106);
  const auto outcome = nodes.here.answer<RouteOutcome>([&](auto reply) {
    nodes.here->route({.from = ann.peer,
                       .to = peer_number(9999),
                       .namespaces = {},
                       .text = "{}",
                       .wants_outcome = true},
                      std::move(reply));
  });
  EXPECT_EQ(outcome, RouteOutcome::kNotFound);
}

TEST_P(SharedBrokerContract, MembersOfTheOtherNodeComeAndGo) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 107);
  const Registered bob = nodes.add(nodes.there, 108);
  EXPECT_EQ(nodes.join(nodes.here, "lobby-107", ann).status, JoinStatus::kJoined);
  const JoinOutcome joined = nodes.join(nodes.there, "lobby-107", bob);
  EXPECT_EQ(joined.status, JoinStatus::kJoined);
  EXPECT_EQ(joined.page.total, 2U);
  EXPECT_TRUE(
      nodes.here.log().hears("member_joined lobby-107 " + name_of(bob.peer), nodes.patience));
  EXPECT_EQ(nodes.here->broadcast(
                {.ns = "lobby-107", .from = ann.peer, .exclude = {}, .text = R"({"n":1})"}),
            1U);
  EXPECT_TRUE(nodes.there.log().hears(R"(broadcast lobby-107 {"n":1})", nodes.patience));
  nodes.there->leave("lobby-107", bob);
  EXPECT_TRUE(nodes.here.log().hears("member_left lobby-107 " + name_of(bob.peer), nodes.patience));
  EXPECT_EQ(nodes.here.log().heard("member_joined lobby-107").size(), 1U)
      << "each is told once, and of others only";
  EXPECT_EQ(nodes.there.log().heard("broadcast lobby-107").size(), 1U);
}

TEST_P(SharedBrokerContract, ARoomIsChangedByOneAtATime) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 109);
  const Registered bob = nodes.add(nodes.there, 110);
  RoomCommit commit;
  commit.room = {ann.peer, 4, "first"};
  const JoinOutcome created = nodes.join(nodes.here, "den-109", ann, &commit);
  ASSERT_EQ(created.status, JoinStatus::kJoined);
  RoomCommit coming = commit;
  coming.version = created.version;
  const JoinOutcome joined = nodes.join(nodes.there, "den-109", bob, &coming);
  ASSERT_EQ(joined.status, JoinStatus::kJoined);

  const auto read = nodes.here.answer<RoomReading>(
      [&](auto reply) { nodes.here->read_room("den-109", std::move(reply)); });
  ASSERT_TRUE(read && read->known && read->room);
  EXPECT_EQ(read->room->members, (std::vector<Fingerprint>{ann.peer, bob.peer}));
  Replies<CommitOutcome> one;
  Replies<CommitOutcome> other;
  RoomCommit change;
  change.version = read->room->version;
  change.room = {ann.peer, 4, "by node 1"};
  nodes.here->commit_room("den-109", change, one.reply());
  change.room.state = "by node 2";
  nodes.there->commit_room("den-109", change, other.reply());
  const auto first = one.wait();
  const auto second = other.wait();
  ASSERT_TRUE(first && second);
  const bool first_won = first->status == CommitStatus::kCommitted;
  EXPECT_NE(first_won, second->status == CommitStatus::kCommitted)
      << "exactly one of two changes of one version";
  EXPECT_EQ((first_won ? second : first)->status, CommitStatus::kConflict);
  const std::string news = std::string("room_changed den-109 by node ") + (first_won ? "1" : "2");
  EXPECT_TRUE(nodes.here.log().hears(news, nodes.patience));
  EXPECT_TRUE(nodes.there.log().hears(news, nodes.patience));
}

TEST_P(SharedBrokerContract, ATicketIsClaimedOnce) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 111);
  const Registered bob = nodes.add(nodes.there, 112);
  const auto ticket = [](TicketId id, const Registered& owner) {
    return SharedTicket{.id = id, .owner = owner, .enqueued = kSomeDay, .request = "{}"};
  };
  ASSERT_TRUE(nodes.here->add_ticket("duel-111", ticket(1111, ann), std::nullopt));
  ASSERT_TRUE(nodes.there->add_ticket("duel-111", ticket(1112, bob), std::nullopt));
  // One node makes the matches of a namespace, and hears of both.
  const auto has_both = [](BrokerNode& node) {
    return !node.log().heard("ticket_added duel-111 1111").empty() &&
           !node.log().heard("ticket_added duel-111 1112").empty();
  };
  EXPECT_TRUE(
      becomes([&] { return has_both(nodes.here) || has_both(nodes.there); }, nodes.patience));
  Replies<ClaimOutcome> one;
  Replies<ClaimOutcome> other;
  const std::array<TicketId, 2> both{1111, 1112};
  nodes.here->claim("duel-111", std::string(32, 'a'), both, one.reply());
  nodes.there->claim("duel-111", std::string(32, 'b'), both, other.reply());
  const auto first = one.wait();
  const auto second = other.wait();
  ASSERT_TRUE(first && second && first->known && second->known);
  EXPECT_NE(first->gone.empty(), second->gone.empty()) << "exactly one of two claims";
  const std::string news = "matched duel-111 " + std::string(32, first->gone.empty() ? 'a' : 'b');
  EXPECT_TRUE(nodes.here.log().hears(news, nodes.patience));
  EXPECT_TRUE(nodes.there.log().hears(news, nodes.patience));
  EXPECT_EQ(nodes.here.log().heard("matched duel-111").size(), 1U);
}

TEST_P(SharedBrokerContract, ATicketThatReplacesItselfIsToldAgainAndNotAddedAnew) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 117);
  // Each node hears of the other first: a node that is new may be the one that is told tickets.
  const Registered bob = nodes.add(nodes.there, 118);
  const Registered cid = nodes.add(nodes.there, 119);
  nodes.join(nodes.there, "duel-117", bob);
  nodes.join(nodes.here, "duel-117", ann);
  nodes.join(nodes.there, "duel-117", cid);
  EXPECT_TRUE(
      nodes.there.log().hears("member_joined duel-117 " + name_of(ann.peer), nodes.patience));
  EXPECT_TRUE(
      nodes.here.log().hears("member_joined duel-117 " + name_of(cid.peer), nodes.patience));
  const SharedTicket ticket{.id = 1171, .owner = ann, .enqueued = kSomeDay, .request = "{}"};
  const SharedTicket barrier{.id = 1172, .owner = ann, .enqueued = kSomeDay, .request = "{}"};
  const auto times = [&](const std::string& id) {
    const std::string news = "ticket_added duel-117 " + id;
    return nodes.here.log().heard(news).size() + nodes.there.log().heard(news).size();
  };
  ASSERT_TRUE(nodes.here->add_ticket("duel-117", ticket, std::nullopt));
  EXPECT_TRUE(becomes([&] { return times("1171") == 1; }, nodes.patience));
  ASSERT_TRUE(nodes.here->add_ticket("duel-117", ticket, ticket.id));
  EXPECT_TRUE(becomes([&] { return times("1171") == 2; }, nodes.patience)) << "not told again";
  EXPECT_EQ(nodes.here.log().heard("ticket_removed duel-117").size(), 0U);
  Replies<TicketEnd> end;
  nodes.here->remove_ticket("duel-117", ticket.id, end.reply());
  EXPECT_EQ(end.wait(), TicketEnd::kRemoved);
  ASSERT_TRUE(nodes.here->add_ticket("duel-117", ticket, ticket.id));
  ASSERT_TRUE(nodes.here->add_ticket("duel-117", barrier, std::nullopt));
  EXPECT_TRUE(becomes([&] { return times("1172") == 1; }, nodes.patience));
  EXPECT_EQ(times("1171"), 2U) << "has ended, and is added anew";
}

TEST_P(SharedBrokerContract, WhoRegistersElsewhereIsReplacedHere) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 113);
  nodes.add(nodes.there, 113);
  EXPECT_TRUE(nodes.here.log().hears("replaced " + name_of(ann.peer), nodes.patience));
}

// Of brokers that know of secrets (SDK revision 7).
TEST_P(SharedBrokerContract, OnlyWhoHasTheSameSecretReplacesItsHolder) {
  TwoNodes nodes(GetParam());
  const auto add = [&](BrokerNode& node, const Fingerprint& secret) {
    return node.answer<RegisterOutcome>(
        [&](auto reply) { node->register_owned(registered(115), {}, secret, std::move(reply)); });
  };
  const auto first = add(nodes.here, peer_number(1));
  ASSERT_TRUE(first && !first->proof_required) << "nobody has it yet";
  const auto other = add(nodes.there, peer_number(2));
  EXPECT_TRUE(other && other->proof_required) << "another secret";
  const auto none = nodes.there.answer<RegisterOutcome>(
      [&](auto reply) { nodes.there->register_peer(registered(115), {}, std::move(reply)); });
  EXPECT_TRUE(none && none->proof_required) << "no secret";
  const auto same = add(nodes.there, peer_number(1));
  EXPECT_TRUE(same && !same->proof_required) << "the same secret";
  EXPECT_TRUE(nodes.here.log().hears("replaced " + name_of(registered(115).peer), nodes.patience));
}

TEST_P(SharedBrokerContract, WhoIsThrownOutIsThrownOutElsewhere) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.there, 114);
  nodes.here->revoke(ann.peer, "banned");
  EXPECT_TRUE(nodes.there.log().hears("revoked " + name_of(ann.peer) + " banned", nodes.patience));
}

TEST_P(SharedBrokerContract, ANodeKnowsTheOthersThatLive) {
  TwoNodes nodes(GetParam());
  const auto deadline = std::chrono::steady_clock::now() + nodes.patience;
  std::vector<std::string> others;
  while (others.empty() && std::chrono::steady_clock::now() < deadline) {
    others = nodes.here->nodes();
    std::this_thread::yield();
  }
  if (others.empty()) GTEST_SKIP() << "this broker does not say which nodes there are";
  EXPECT_EQ(others, std::vector<std::string>{"node-2"});
}

// Of brokers that list rooms (SDK revision 6).
TEST_P(SharedBrokerContract, PublicRoomsOfAllNodesAreListedInTheOrderOfTheirCreation) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 120);
  const Registered bob = nodes.add(nodes.there, 121);
  const Lines names{"zoo-120", "attic-120", "cellar-120", "hall-120"};
  if (listed(nodes.here, names) == Lines{"cannot know"}) {
    GTEST_SKIP() << "this broker lists no rooms";
  }
  const auto create = [&](BrokerNode& node, const Registered& owner, const std::string& name,
                          bool is_listed) {
    const RoomCommit commit = public_room(owner, 0, is_listed);
    const JoinOutcome outcome = nodes.join(node, name, owner, &commit);
    EXPECT_EQ(outcome.status, JoinStatus::kJoined);
    return outcome.version;
  };
  create(nodes.here, ann, "zoo-120", true);
  create(nodes.there, bob, "attic-120", true);
  const std::uint64_t hidden = create(nodes.here, ann, "cellar-120", false);
  create(nodes.there, bob, "hall-120", true);
  for (BrokerNode* node : {&nodes.here, &nodes.there}) {
    EXPECT_EQ(listed(*node, names),
              (Lines{"zoo-120 public 1", "attic-120 public 1", "hall-120 public 1"}));
  }
  // One that becomes public has the place of its creation; one that has ended has none.
  const auto shown = nodes.here.answer<CommitOutcome>([&](auto reply) {
    nodes.here->commit_room("cellar-120", public_room(ann, hidden, true), std::move(reply));
  });
  ASSERT_TRUE(shown && shown->status == CommitStatus::kCommitted);
  nodes.there->leave("attic-120", bob);
  const Lines expected{"zoo-120 public 1", "cellar-120 public 1", "hall-120 public 1"};
  EXPECT_TRUE(becomes([&] { return listed(nodes.there, names) == expected; }, nodes.patience));
}

// Of brokers with which rooms wait for members; with others they end with the last one.
TEST_P(SharedBrokerContract, ARoomThatWaitsForMembersIsJoinedAsItWasAndEndsInTime) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 122);
  const Registered bob = nodes.add(nodes.there, 123);
  RoomCommit commit = public_room(ann, 0, true);
  commit.keep_empty = std::chrono::milliseconds(300);
  commit.most_empty = 10;
  ASSERT_EQ(nodes.join(nodes.here, "den-122", ann, &commit).status, JoinStatus::kJoined);
  nodes.here->leave("den-122", ann);
  const auto read = [&] {
    const auto reading = nodes.there.answer<RoomReading>(
        [&](auto reply) { nodes.there->read_room("den-122", std::move(reply)); });
    return reading ? reading->room : std::nullopt;
  };
  ASSERT_TRUE(becomes([&] { return !read() || read()->members.empty(); }, nodes.patience));
  const std::optional<RoomRecord> waiting = read();
  if (!waiting) GTEST_SKIP() << "rooms end with their last member";
  EXPECT_EQ(waiting->room.state, "public");
  commit.version = waiting->version;
  EXPECT_EQ(nodes.join(nodes.there, "den-122", bob, &commit).status, JoinStatus::kJoined);
  nodes.there->leave("den-122", bob);
  EXPECT_TRUE(becomes([&] { return !read(); }, nodes.patience + std::chrono::milliseconds(300)))
      << "it does not end";
  EXPECT_EQ(listed(nodes.here, {"den-122"}), Lines());
}

}  // namespace peer::sdk::contract
