#include <peer/sdk/contract/broker_contract.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker_node.h"
#include "hostile.h"
#include "process.h"

// Two nodes of one cluster, in one process. Names differ from test to test, since what they share
// outlives a test.
namespace peer::sdk::contract {
namespace {

using Lines = std::vector<std::string>;

struct TwoNodes {
  explicit TwoNodes(const BrokerCase& with)
      : patience(with.patience), here(with, "node-1"), there(with, "node-2") {
    EXPECT_TRUE(here.connects(patience)) << "node 1 is not connected";
    EXPECT_TRUE(there.connects(patience)) << "node 2 is not connected";
  }

  Registered add(BrokerNode& node, std::uint32_t number, const std::string& alias = {}) {
    const Registered peer = registered(number);
    const auto outcome = node.answer<RegisterOutcome>(
        [&](auto reply) { node->register_peer(peer, alias, std::move(reply)); });
    EXPECT_TRUE(outcome && !outcome->alias_taken) << "peer " << number << " cannot register";
    return peer;
  }
  JoinOutcome join(BrokerNode& node, const std::string& ns, const Registered& peer,
                   const RoomCommit* room = nullptr, Watches watches = {}) {
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

  std::chrono::milliseconds patience;
  BrokerNode here;
  BrokerNode there;
};

std::string numbered(int number) { return R"({"n":)" + std::to_string(number) + "}"; }

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

/// Members that are away, as a node lists them.
Lines listed_away(BrokerNode& node, const std::string& ns) {
  const auto page = node.answer<std::optional<MemberPage>>(
      [&](auto reply) { node->list_away(ns, std::nullopt, 10, std::move(reply)); });
  if (!page || !*page) return {"cannot know"};
  Lines away;
  for (const MemberEntry& member : (*page)->members) {
    if (member.away) away.push_back(name_of(member.peer));
  }
  return away;
}

/// What is told to the namespace has been told by then.
void await_news(TwoNodes& nodes, BrokerNode& from, const Registered& peer, const std::string& ns,
                BrokerNode& at) {
  static int number = 0;
  const std::string text = numbered(++number + 1'000'000);
  from->broadcast({.ns = ns, .from = peer.peer, .exclude = {}, .text = text});
  EXPECT_TRUE(at.log().hears("broadcast " + ns + " " + text, nodes.patience));
}

/// The second node hears no news while this lives: the hold of a join. Null: the broker needs none.
std::shared_ptr<void> hold_news(TwoNodes& nodes, const std::string& ns, const Registered& peer) {
  const auto outcome = std::make_shared<std::promise<std::shared_ptr<void>>>();
  auto hold = outcome->get_future();
  nodes.there->join({.ns = ns, .peer = peer, .object = "{}", .max_size = 10, .page = 10},
                    [outcome](JoinOutcome joined) { outcome->set_value(joined.hold); });
  const bool answered = hold.wait_for(nodes.patience) == std::future_status::ready;
  EXPECT_TRUE(answered) << "no answer to a join";
  return answered ? hold.get() : nullptr;
}

/// All that the node has been asked so far has been answered.
void await_answers(BrokerNode& node, const std::string& ns) {
  EXPECT_TRUE(node.answer<std::optional<MemberPage>>([&](auto reply) {
    node->list(ns, std::nullopt, 10, std::move(reply));
  })) << "no answer to a list";
}

/// The second node takes a peer of the first, which knows of it when this returns. The answer goes
/// to `outcomes`.
Registered take_over(TwoNodes& nodes, const Registered& peer,
                     std::vector<std::future<TakeOutcome>>& outcomes) {
  static std::uint32_t last = 0;
  const Registered moved{peer.peer, registered(++last).registration};
  const auto outcome = std::make_shared<std::promise<TakeOutcome>>();
  outcomes.push_back(outcome->get_future());
  PeerTake what;
  what.peer = peer;
  what.node = "node-1";
  what.number = moved.registration;
  nodes.there->take_peer(what, [outcome](TakeOutcome taken) { outcome->set_value(taken); });
  EXPECT_TRUE(nodes.here.log().hears("peer_taken " + name_of(peer.peer), nodes.patience));
  return moved;
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

// Of brokers that move sessions (SDK revision 5).
TEST_P(SharedBrokerContract, ASessionGoesOverInOneStepAndOnlyItsNodeIsTold) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 190, "ann-190");
  const Registered bob = nodes.add(nodes.there, 191);
  const Registered cid = nodes.add(nodes.here, 192);
  nodes.join(nodes.there, "lobby-190", bob);
  nodes.join(nodes.here, "lobby-190", ann);
  ASSERT_TRUE(
      nodes.there.log().hears("member_joined lobby-190 " + name_of(ann.peer), nodes.patience));
  const std::array<SessionToken, 1> tokens{peer_number(19'000)};
  const auto known = nodes.here.answer<bool>(
      [&](auto reply) { nodes.here->set_session_tokens(ann, tokens, std::move(reply)); });
  ASSERT_TRUE(known) << "no answer to set_session_tokens";
  if (!*known) GTEST_SKIP() << "this broker moves no sessions";

  const auto ask = [&](const SessionToken& token) {
    return nodes.there.answer<SessionSearch>([&](auto reply) {
      const std::string text = "a claim";
      const Fleeting fleeting(text);
      nodes.there->ask_session(token, fleeting.view(), std::move(reply));
    });
  };
  EXPECT_EQ(ask(peer_number(19'001)), SessionSearch::kNone);
  EXPECT_EQ(ask(tokens[0]), SessionSearch::kAsked);
  EXPECT_TRUE(nodes.here.log().hears("node_says node-2 a claim", nodes.patience));
  nodes.here->tell_node("node-2", "an offer");
  EXPECT_TRUE(nodes.there.log().hears("node_says node-1 an offer", nodes.patience));

  const auto take = [&] {
    return nodes.there.answer<TakeOutcome>([&](auto reply) {
      PeerTake what;
      what.peer = ann;
      what.node = "node-1";
      what.number = registered(190).registration;
      nodes.there->take_peer(what, std::move(reply));
    });
  };
  const auto taken = take();
  ASSERT_TRUE(taken && taken->status == TakeStatus::kTaken);
  EXPECT_TRUE(taken->holds_alias);
  ASSERT_EQ(taken->memberships.size(), 1U);
  EXPECT_EQ(taken->memberships[0].ns, "lobby-190");
  EXPECT_TRUE(nodes.here.log().hears("peer_taken " + name_of(ann.peer), nodes.patience));
  const auto again = take();
  EXPECT_TRUE(again && again->status == TakeStatus::kGone);

  // It is found where it is now, by the same token too, and nobody has seen it leave.
  const std::array<std::string_view, 1> namespaces{"lobby-190"};
  nodes.here->route({.from = cid.peer, .to = ann.peer, .namespaces = namespaces, .text = "{}"},
                    [](RouteOutcome) {});
  EXPECT_TRUE(nodes.there.log().hears("message " + name_of(ann.peer) + " {}", nodes.patience));
  EXPECT_EQ(ask(tokens[0]), SessionSearch::kAsked);
  EXPECT_TRUE(nodes.there.log().hears("node_says node-2 a claim", nodes.patience));
  EXPECT_EQ(nodes.there.log().heard("member_left "), Lines());
  EXPECT_EQ(nodes.here.log().heard("replaced "), Lines());
}

// A step is answered, and the other node knows of it, while the news of this one wait. The core,
// too, may have ended the registration before it hears that another node has it.
TEST_P(SharedBrokerContract, WhoGoesOverAheadOfTheNewsIsHeardOfOnceEachTime) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 195);
  const Registered bob = nodes.add(nodes.here, 196);
  const Registered cid = nodes.add(nodes.there, 197);
  const Registered dan = nodes.add(nodes.there, 198);
  nodes.join(nodes.here, "lobby-195", bob);
  nodes.join(nodes.there, "lobby-195", cid);
  const std::array<SessionToken, 1> tokens{peer_number(19'500)};
  const auto known = nodes.here.answer<bool>(
      [&](auto reply) { nodes.here->set_session_tokens(ann, tokens, std::move(reply)); });
  ASSERT_TRUE(known) << "no answer to set_session_tokens";
  if (!*known) GTEST_SKIP() << "this broker moves no sessions";

  const std::string name = name_of(ann.peer);
  std::shared_ptr<void> news = hold_news(nodes, "other-195", dan);
  nodes.join(nodes.here, "lobby-195", ann);
  std::vector<std::future<TakeOutcome>> outcomes;
  const Registered moved = take_over(nodes, ann, outcomes);
  // Behind the answer of the step, on the way that answers take.
  await_answers(nodes.there, "lobby-195");
  news.reset();
  ASSERT_EQ(outcomes[0].wait_for(nodes.patience), std::future_status::ready);
  EXPECT_EQ(outcomes[0].get().status, TakeStatus::kTaken);
  EXPECT_TRUE(nodes.there.log().hears("member_joined lobby-195 " + name, nodes.patience));

  // The members here have been told of this end, and the others hear of the one there.
  nodes.here->leave("lobby-195", ann);
  await_answers(nodes.here, "lobby-195");
  nodes.there->leave("lobby-195", moved);
  await_news(nodes, nodes.there, cid, "lobby-195", nodes.here);
  EXPECT_EQ(nodes.here.log().heard("member_left "), Lines());

  const Registered again = nodes.add(nodes.here, 195);
  nodes.join(nodes.here, "lobby-195", again);
  await_news(nodes, nodes.here, bob, "lobby-195", nodes.there);
  EXPECT_EQ(nodes.there.log().heard("member_joined lobby-195 " + name).size(), 2U);
  nodes.here->leave("lobby-195", again);
  await_news(nodes, nodes.here, bob, "lobby-195", nodes.there);
  EXPECT_EQ(nodes.there.log().heard("member_left lobby-195 " + name).size(), 1U);
}

// The members of a namespace in which this node has none yet are asked for; the answer has a place
// among the news, too.
TEST_P(SharedBrokerContract, TwoWhoGoOverAheadOfTheNewsAreMembersOfTheirNodeAlone) {
  TwoNodes nodes(GetParam());
  const std::array<Registered, 2> peers{nodes.add(nodes.here, 200), nodes.add(nodes.here, 201)};
  const Registered bob = nodes.add(nodes.here, 202);
  const Registered dan = nodes.add(nodes.there, 203);
  nodes.join(nodes.here, "lobby-200", bob);
  for (const Registered& peer : peers) nodes.join(nodes.here, "lobby-200", peer);
  const std::array<SessionToken, 1> tokens{peer_number(20'000)};
  const auto known = nodes.here.answer<bool>(
      [&](auto reply) { nodes.here->set_session_tokens(peers[0], tokens, std::move(reply)); });
  ASSERT_TRUE(known) << "no answer to set_session_tokens";
  if (!*known) GTEST_SKIP() << "this broker moves no sessions";

  std::shared_ptr<void> news = hold_news(nodes, "other-200", dan);
  std::vector<Registered> moved;
  std::vector<std::future<TakeOutcome>> outcomes;
  for (const Registered& peer : peers) moved.push_back(take_over(nodes, peer, outcomes));
  await_answers(nodes.there, "lobby-200");
  news.reset();
  for (auto& outcome : outcomes) {
    ASSERT_EQ(outcome.wait_for(nodes.patience), std::future_status::ready);
    EXPECT_EQ(outcome.get().status, TakeStatus::kTaken);
  }
  await_news(nodes, nodes.here, bob, "lobby-200", nodes.there);
  nodes.there->leave("lobby-200", moved[1]);
  const Registered again = nodes.add(nodes.here, 201);
  nodes.join(nodes.here, "lobby-200", again);
  await_news(nodes, nodes.here, bob, "lobby-200", nodes.there);
  const std::string line = "member_joined lobby-200 " + name_of(again.peer);
  EXPECT_EQ(nodes.there.log().heard(line).size(), 1U);
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

// Of brokers that tell those who watch (SDK revision 7).
TEST_P(SharedBrokerContract, WhoIsAwayIsToldToTheNodesThatWatchAndListed) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 130);
  const Registered bob = nodes.add(nodes.there, 131);
  const std::string ns = "lobby-130";
  nodes.join(nodes.there, ns, bob);
  nodes.join(nodes.here, ns, ann, nullptr, {.presence = true});
  const std::string name = ns + " " + name_of(bob.peer);
  const auto set_away = [&](bool away, std::span<const Fingerprint> told) {
    const std::array<AwayNews, 1> news{AwayNews{ns, told}};
    nodes.there->set_away(bob, away, news);
    await_news(nodes, nodes.there, bob, ns, nodes.here);
  };
  set_away(true, {});
  if (listed_away(nodes.here, ns).empty()) GTEST_SKIP() << "this broker tells nothing to watchers";
  EXPECT_EQ(nodes.here.log().heard("member_away "), Lines{"member_away " + name});
  EXPECT_EQ(listed_away(nodes.here, ns), Lines{name_of(bob.peer)});
  EXPECT_EQ(listed_away(nodes.there, ns), Lines{name_of(bob.peer)});
  const Registered cid = nodes.add(nodes.here, 132);
  const JoinOutcome joined = nodes.join(nodes.here, ns, cid, nullptr, {.presence = true});
  ASSERT_EQ(joined.page.members.size(), 3U);
  EXPECT_TRUE(joined.page.members[0].away);
  EXPECT_FALSE(joined.page.members[1].away);

  // Who knows already is named.
  const std::array<Fingerprint, 1> told{ann.peer};
  set_away(false, told);
  EXPECT_EQ(nodes.here.log().heard("member_back "),
            Lines{"member_back " + name + " but " + name_of(ann.peer)});
  EXPECT_EQ(listed_away(nodes.here, ns), Lines());

  // Nobody watches any more: by a word, and by leaving.
  nodes.here->watch(ns, ann, {.meta = true});
  nodes.here->leave(ns, cid);
  EXPECT_EQ(listed_away(nodes.here, ns), Lines());  // answered behind these
  set_away(true, {});
  EXPECT_EQ(nodes.here.log().heard("member_away ").size(), 1U);
  EXPECT_EQ(nodes.there.log().heard("member_away "), Lines()) << "its own node knows";
}

TEST_P(SharedBrokerContract, WhatOfAMemberHasChangedIsToldToTheNodesThatWatch) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 133);
  const Registered bob = nodes.add(nodes.there, 134);
  const std::string ns = "lobby-133";
  nodes.join(nodes.here, ns, ann);
  nodes.join(nodes.there, ns, bob);
  const std::string name = ns + " " + name_of(bob.peer);
  const auto update = [&](const std::string& object) {
    const Fleeting fleeting(object);
    nodes.there->update(ns, bob, fleeting.view());
    // Its answer is behind that of the update.
    static_cast<void>(listed_away(nodes.there, ns));
  };
  update(R"({"alias":"y"})");
  EXPECT_EQ(nodes.there.log().heard("update_watched "), Lines()) << "nobody watches";
  nodes.here->watch(ns, ann, {.meta = true});
  static_cast<void>(listed_away(nodes.here, ns));
  update(R"({"alias":"z"})");
  if (!nodes.there.log().hears("update_watched ", nodes.patience)) {
    GTEST_SKIP() << "this broker tells nothing to watchers";
  }
  EXPECT_EQ(nodes.there.log().heard("update_watched "),
            Lines{"update_watched " + name + R"( {"alias":"y"} {"alias":"z"})"});
  const std::array<Fingerprint, 1> told{ann.peer};
  nodes.there->tell_update(ns, bob, numbered(1), {});
  nodes.there->tell_update(ns, bob, numbered(2), told);
  await_news(nodes, nodes.there, bob, ns, nodes.here);
  EXPECT_EQ(nodes.here.log().heard("member_updated "),
            (Lines{"member_updated " + name + " " + numbered(1),
                   "member_updated " + name + " " + numbered(2) + " but " + name_of(ann.peer)}));
  EXPECT_EQ(nodes.there.log().heard("member_updated "), Lines()) << "its own node knows";

  // Behind its end nothing is told of it.
  nodes.there->leave(ns, bob);
  nodes.there->tell_update(ns, bob, numbered(3), {});
  await_news(nodes, nodes.there, bob, ns, nodes.here);
  EXPECT_EQ(nodes.here.log().heard("member_updated ").size(), 2U);
}

// A node stops, and no other one comes for its session.
TEST_P(SharedBrokerContract, AParkedSessionIsTakenOnceAndNobodySeesItLeave) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 193, "ann-193");
  const Registered bob = nodes.add(nodes.there, 194);
  nodes.join(nodes.there, "lobby-193", bob);
  nodes.join(nodes.here, "lobby-193", ann);
  ASSERT_TRUE(
      nodes.there.log().hears("member_joined lobby-193 " + name_of(ann.peer), nodes.patience));
  const std::array<SessionToken, 1> tokens{peer_number(19'300)};
  const auto known = nodes.here.answer<bool>(
      [&](auto reply) { nodes.here->set_session_tokens(ann, tokens, std::move(reply)); });
  ASSERT_TRUE(known) << "no answer to set_session_tokens";
  if (!*known) GTEST_SKIP() << "this broker moves no sessions";

  const auto sent = nodes.here.answer<bool>(
      [&](auto reply) { nodes.here->await_sent(ann.peer, std::move(reply)); });
  EXPECT_EQ(sent, true) << "nothing of it waits";
  const auto other = nodes.here.answer<SessionSearch>(
      [&](auto reply) { nodes.here->ask_any_node(1, "who comes?", std::move(reply)); });
  EXPECT_EQ(other, SessionSearch::kAsked);
  EXPECT_TRUE(nodes.there.log().hears("node_says node-1 who comes?", nodes.patience));

  const auto parked = nodes.here.answer<ParkOutcome>(
      [&](auto reply) { nodes.here->park_peer(ann, std::move(reply)); });
  ASSERT_TRUE(parked && parked->parked);
  const auto next = [](BrokerNode& node) {
    return node.answer<ParkedSession>([&](auto reply) { node->next_parked(std::move(reply)); });
  };
  const auto early = next(nodes.there);
  EXPECT_TRUE(early && !early->found) << "its node has yet to bring the record";
  const std::string record("of\0ann", 6);
  const Fleeting fleeting(record);
  const auto kept = nodes.here.answer<bool>([&](auto reply) {
    nodes.here->keep_parked(ann, fleeting.view(), std::chrono::seconds(30), std::move(reply));
  });
  EXPECT_EQ(kept, true);
  nodes.there->broadcast({.ns = "lobby-193", .from = bob.peer, .exclude = {}, .text = "{}"});
  const auto search = nodes.there.answer<SessionSearch>(
      [&](auto reply) { nodes.there->ask_session(tokens[0], "a claim", std::move(reply)); });
  EXPECT_EQ(search, SessionSearch::kParked);
  const auto offered = next(nodes.there);
  ASSERT_TRUE(offered && offered->found);
  EXPECT_EQ(offered->peer, ann);
  EXPECT_EQ(offered->record, record);
  EXPECT_GT(offered->left, std::chrono::seconds(20));
  const auto again = next(nodes.here);
  EXPECT_TRUE(again && !again->found) << "it is offered to one node at a time";

  const auto take = [&] {
    return nodes.there.answer<TakeOutcome>([&](auto reply) {
      PeerTake what;
      what.peer = ann;
      what.node = offered->node;
      what.number = registered(193).registration;
      nodes.there->take_peer(what, std::move(reply));
    });
  };
  const auto taken = take();
  ASSERT_TRUE(taken && taken->status == TakeStatus::kTaken);
  EXPECT_TRUE(taken->holds_alias);
  EXPECT_EQ(taken->missed, 1U) << "the broadcast";
  ASSERT_EQ(taken->memberships.size(), 1U);
  const auto twice = take();
  EXPECT_TRUE(twice && twice->status == TakeStatus::kGone);
  EXPECT_EQ(nodes.there.log().heard("member_left "), Lines());
  EXPECT_EQ(nodes.here.log().heard("replaced "), Lines());
}

TEST_P(SharedBrokerContract, AParkedSessionWhoseTimeIsOverLeavesOnce) {
  TwoNodes nodes(GetParam());
  const Registered ann = nodes.add(nodes.here, 195, "ann-195");
  const Registered bob = nodes.add(nodes.there, 196);
  nodes.join(nodes.there, "lobby-195", bob);
  nodes.join(nodes.here, "lobby-195", ann);
  const auto parked = nodes.here.answer<ParkOutcome>(
      [&](auto reply) { nodes.here->park_peer(ann, std::move(reply)); });
  ASSERT_TRUE(parked) << "no answer to park_peer";
  if (!parked->parked) GTEST_SKIP() << "this broker moves no sessions";
  nodes.here->keep_parked(ann, "of ann", std::chrono::milliseconds(1), [](bool) {});
  const std::string left = "member_left lobby-195 " + name_of(ann.peer);
  const auto has_left = [&] {
    for (BrokerNode* node : {&nodes.here, &nodes.there}) {
      (*node)->next_parked([](const ParkedSession&) {});
    }
    return !nodes.there.log().heard(left).empty();
  };
  EXPECT_TRUE(becomes(has_left, nodes.patience));
  const auto found = nodes.there.answer<ResolveOutcome>([&](auto reply) {
    nodes.there->resolve(std::array<std::string_view, 1>{"ann-195"}, std::move(reply));
  });
  ASSERT_TRUE(found && found->holders.size() == 1);
  EXPECT_EQ(found->holders[0], std::nullopt);
  EXPECT_EQ(nodes.there.log().heard(left).size(), 1U);
}

}  // namespace peer::sdk::contract
