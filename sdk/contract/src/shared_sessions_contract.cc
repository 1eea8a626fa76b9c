#include <peer/sdk/contract/broker_contract.h>

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hostile.h"
#include "process.h"
#include "two_nodes.h"

// Sessions that go over to another node, or wait for one, and who on other nodes hears that a
// member is away or has changed. Names differ from test to test, since what the nodes share
// outlives a test.
namespace peer::sdk::contract {
namespace {

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

/// Whether the session of a peer of the first node can be taken by the other one, by this token.
bool moves_sessions(TwoNodes& nodes, const Registered& peer, const SessionToken& token) {
  const auto known = nodes.here.answer<bool>([&](auto reply) {
    nodes.here->set_session_tokens(peer, std::array<SessionToken, 1>{token}, std::move(reply));
  });
  EXPECT_TRUE(known) << "no answer to set_session_tokens";
  return known.value_or(false);
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

// Of brokers that move sessions (SDK revision 5).
TEST_P(SharedBrokerContract, ASessionGoesOverInOneStepAndOnlyItsNodeIsTold) {
  TwoNodes nodes(GetParam());
  const Meeting meeting = nodes.meet(190);
  const Registered& ann = meeting.ann;
  const Registered cid = nodes.add(nodes.here, 192);
  const SessionToken token = peer_number(19'000);
  if (!moves_sessions(nodes, ann, token)) GTEST_SKIP() << "this broker moves no sessions";

  const auto ask = [&](const SessionToken& by) {
    return nodes.there.answer<SessionSearch>([&](auto reply) {
      const std::string text = "a claim";
      const Fleeting fleeting(text);
      nodes.there->ask_session(by, fleeting.view(), std::move(reply));
    });
  };
  EXPECT_EQ(ask(peer_number(19'001)), SessionSearch::kNone);
  EXPECT_EQ(ask(token), SessionSearch::kAsked);
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
  EXPECT_EQ(taken->memberships[0].ns, meeting.ns);
  EXPECT_TRUE(nodes.here.log().hears("peer_taken " + name_of(ann.peer), nodes.patience));
  const auto again = take();
  EXPECT_TRUE(again && again->status == TakeStatus::kGone);

  // It is found where it is now, by the same token too, and nobody has seen it leave.
  const std::array<std::string_view, 1> namespaces{meeting.ns};
  nodes.here->route({.from = cid.peer, .to = ann.peer, .namespaces = namespaces, .text = "{}"},
                    [](RouteOutcome) {});
  EXPECT_TRUE(nodes.there.log().hears("message " + name_of(ann.peer) + " {}", nodes.patience));
  EXPECT_EQ(ask(token), SessionSearch::kAsked);
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
  if (!moves_sessions(nodes, ann, peer_number(19'500)))
    GTEST_SKIP() << "this broker moves no sessions";

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
  if (!moves_sessions(nodes, peers[0], peer_number(20'000)))
    GTEST_SKIP() << "this broker moves no sessions";

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

// A node stops, and no other one comes for its session.
TEST_P(SharedBrokerContract, AParkedSessionIsTakenOnceAndNobodySeesItLeave) {
  TwoNodes nodes(GetParam());
  const Meeting meeting = nodes.meet(193);
  const Registered& ann = meeting.ann;
  const SessionToken token = peer_number(19'300);
  if (!moves_sessions(nodes, ann, token)) GTEST_SKIP() << "this broker moves no sessions";

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
  nodes.there->broadcast({.ns = meeting.ns, .from = meeting.bob.peer, .exclude = {}, .text = "{}"});
  const auto search = nodes.there.answer<SessionSearch>(
      [&](auto reply) { nodes.there->ask_session(token, "a claim", std::move(reply)); });
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
  const Meeting meeting = nodes.meet(195);
  const Registered& ann = meeting.ann;
  const auto parked = nodes.here.answer<ParkOutcome>(
      [&](auto reply) { nodes.here->park_peer(ann, std::move(reply)); });
  ASSERT_TRUE(parked) << "no answer to park_peer";
  if (!parked->parked) GTEST_SKIP() << "this broker moves no sessions";
  nodes.here->keep_parked(ann, "of ann", std::chrono::milliseconds(1), [](bool) {});
  const std::string left = "member_left " + meeting.ns + " " + name_of(ann.peer);
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

}  // namespace peer::sdk::contract
