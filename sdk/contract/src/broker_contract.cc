#include <peer/sdk/contract/broker_contract.h>

#include <algorithm>
#include <array>
#include <exception>
#include <thread>

#include "broker_node.h"
#include "hostile.h"
#include "process.h"

// What every broker is held to, with nobody else there. In: a BrokerCase, which names the plugin.
// Out: gtest failures. The test is the core of one node: it calls the broker on its own thread, and
// reads what the broker tells (NodeLog) and answers (Replies) from whatever threads it has.
namespace peer::sdk::contract {
namespace {

/// One call of each that is answered, with how often it was.
struct Asked {
  Replies<RegisterOutcome> registered, proved;
  Replies<ResolveOutcome> resolved;
  Replies<RouteOutcome> routed;
  Replies<JoinOutcome> joined;
  Replies<std::optional<MemberPage>> listed;
  Replies<RoomReading> read;
  Replies<CommitOutcome> committed;
  Replies<TicketEnd> ended;
  Replies<ClaimOutcome> claimed, claimed_teams;
  Replies<std::optional<RoomPage>> rooms;
  Replies<bool> tokens, sent, kept;
  Replies<SessionSearch> asked, asked_any;
  Replies<TakeOutcome> taken;
  Replies<ParkOutcome> parked;
  Replies<ParkedSession> next;

  std::vector<std::size_t> counts() {
    return {registered.count(), proved.count(),  resolved.count(),      routed.count(),
            joined.count(),     listed.count(),  read.count(),          committed.count(),
            ended.count(),      claimed.count(), claimed_teams.count(), rooms.count(),
            tokens.count(),     sent.count(),    kept.count(),          asked.count(),
            asked_any.count(),  taken.count(),   parked.count(),        next.count()};
  }
};

constexpr std::array kCalls{"register_peer",
                            "register_proved",
                            "resolve",
                            "route",
                            "join",
                            "list",
                            "read_room",
                            "commit_room",
                            "remove_ticket",
                            "claim",
                            "claim_teams",
                            "list_rooms",
                            "set_session_tokens",
                            "await_sent",
                            "keep_parked",
                            "ask_session",
                            "ask_any_node",
                            "take_peer",
                            "park_peer",
                            "next_parked"};

/// Everything that a core may ask of a broker, about things that have this name, and two peers from
/// `number` on. Of one peer the core asks one thing after the other.
void ask_all(BrokerNode& node, Asked& asked, const std::string& name, std::uint32_t number = 1) {
  const Fleeting fleeting(name);
  const std::string_view text = fleeting.view();
  const Registered peer = registered(number);
  node->register_peer(peer, text, asked.registered.reply());
  node->register_proved(registered(number + 1), {}, asked.proved.reply());
  node->resolve(std::array{text, std::string_view("nobody")}, asked.resolved.reply());
  node->route({.from = peer.peer,
               .to = peer_number(9),
               .namespaces = {},
               .text = R"({"type":"signal"})",
               .wants_outcome = true},
              asked.routed.reply());
  static_cast<void>(node->broadcast({.ns = text, .from = peer.peer, .exclude = {}, .text = "{}"}));
  node->join(
      {.ns = text, .peer = peer, .object = R"({"fingerprint":"01"})", .max_size = 10, .page = 10},
      asked.joined.reply());
  node->update(text, peer, R"({"fingerprint":"01","meta":{}})");
  node->list(text, std::nullopt, 2, asked.listed.reply());
  node->read_room(text, asked.read.reply());
  node->list_rooms(0, 10, asked.rooms.reply());
  RoomCommit commit;
  commit.version = 1;
  commit.room = {peer.peer, 4, name};
  node->commit_room(text, commit, asked.committed.reply());
  static_cast<void>(node->add_ticket(
      text, {.id = 7, .owner = peer, .enqueued = kSomeDay, .request = "{}"}, std::nullopt));
  node->ticket_waits(text, 7);
  node->tell_ticket(text, 7, "{}");
  node->claim(text, std::string(32, 'a'), std::array<TicketId, 2>{7, 8}, asked.claimed.reply());
  node->claim_teams(text, std::string(32, 'b'), std::array<TicketId, 2>{7, 8}, "[[7],[8]]",
                    asked.claimed_teams.reply());
  node->remove_ticket(text, 7, asked.ended.reply());
  node->revoke(peer_number(9), text);
  const std::array<SessionToken, 1> token{peer_number(number + 7000)};
  node->set_session_tokens(peer, token, asked.tokens.reply());
  node->ask_session(token[0], text, asked.asked.reply());
  node->ask_any_node(number, text, asked.asked_any.reply());
  node->tell_node("node-9", text);
  PeerTake take;
  take.peer = registered(number + 2);
  take.node = text;
  take.number = number;
  node->take_peer(take, asked.taken.reply());
  node->await_sent(peer.peer, asked.sent.reply());
  node->park_peer(peer, asked.parked.reply());
  node->keep_parked(peer, text, std::chrono::milliseconds(1), asked.kept.reply());
  node->next_parked(asked.next.reply());
  node->leave(text, peer);
  node->unregister_peer(peer);
}

/// Names as they come from clients: bounded, UTF-8 or not, and all that a store might take for its
/// own.
std::vector<std::string> odd_names() {
  return {"lobby",
          "",
          "a b",
          "*",
          "{a}{b}",
          "a:b:c",
          "\xC3\xA4\xF0\x9F\x98\x80",
          "\xFF\xFE",
          std::string("a\0b", 3),
          "\r\n*1\r\n",
          std::string(512, 'x')};
}

/// Of a broker that stands alone nothing else is ever called. Any other one connects first: until
/// then it answers that it cannot know.
bool stands_alone(BrokerNode& node, const BrokerCase& with) {
  if (node->standalone()) return true;
  EXPECT_TRUE(node.connects(with.patience)) << "its status() is never kConnected";
  return false;
}

}  // namespace

TEST_P(BrokerContract, ItSaysHowItFares) {
  BrokerNode node(GetParam(), "node-1");
  const bool alone = stands_alone(node, GetParam());
  const BrokerStatus status = node->status();
  EXPECT_EQ(status.state == BrokerStatus::State::kStandalone, alone)
      << "standalone() and status() say the same: there never are other nodes";
  EXPECT_GE(status.nodes, 1U) << "this node is one";
  EXPECT_EQ(node->standalone(), alone) << "the answer is the same each time";
}

TEST_P(BrokerContract, EachQuestionIsAnsweredOnce) {
  BrokerNode node(GetParam(), "node-1");
  if (stands_alone(node, GetParam())) return;
  Asked asked;
  ask_all(node, asked, "lobby");
  EXPECT_TRUE(
      becomes([&] { return asked.counts() == std::vector<std::size_t>(kCalls.size(), 1); }));
  node.stop();
  const std::vector<std::size_t> counts = asked.counts();
  for (std::size_t i = 0; i < kCalls.size(); ++i) {
    EXPECT_EQ(counts[i], 1U) << kCalls[i] << ": each question is answered once, within 2 s";
  }
}

TEST_P(BrokerContract, AnswersMakeSense) {
  BrokerNode node(GetParam(), "node-1");
  if (stands_alone(node, GetParam())) return;
  const auto resolved = node.answer<ResolveOutcome>([&](auto reply) {
    node->resolve(std::array<std::string_view, 3>{"ann", "bob", "cat"}, std::move(reply));
  });
  ASSERT_TRUE(resolved);
  EXPECT_TRUE(!resolved->known || resolved->holders.size() == 3) << "one for each alias";
  std::vector<JoinOutcome> joined;
  for (std::uint32_t i = 1; i <= 5; ++i) {
    auto outcome = node.answer<JoinOutcome>([&](auto reply) {
      node->join({.ns = "page", .peer = registered(i), .object = "{}", .max_size = 10, .page = 2},
                 std::move(reply));
    });
    ASSERT_TRUE(outcome) << "join " << i;
    EXPECT_LE(outcome->page.members.size(), 2U) << "a page has no more members than were asked for";
    EXPECT_LE(outcome->page.members.size(), outcome->page.total);
  }
  const auto listed = node.answer<std::optional<MemberPage>>(
      [&](auto reply) { node->list("page", std::nullopt, 3, std::move(reply)); });
  ASSERT_TRUE(listed);
  if (*listed) {
    EXPECT_LE((*listed)->members.size(), 3U);
    EXPECT_LE((*listed)->members.size(), (*listed)->total);
  }
}

TEST_P(BrokerContract, NoNameMakesItThrow) {
  BrokerNode node(GetParam(), "node-1");
  if (stands_alone(node, GetParam())) return;
  for (const std::string& name : odd_names()) {
    Asked asked;
    try {
      ask_all(node, asked, name);
    } catch (const std::exception& failure) {
      ADD_FAILURE() << "it threw '" << failure.what() << "' at the name '" << name << "'";
    }
  }
}

TEST_P(BrokerContract, ACallNeverBlocks) {
  BrokerNode node(GetParam(), "node-1");
  if (stands_alone(node, GetParam())) return;
  EXPECT_LE(shortest_of_five([&] {
              Asked asked;
              ask_all(node, asked, "lobby");
            }),
            longest_call())
      << "what takes time is for a thread of the broker's own";
}

TEST_P(BrokerContract, SeveralThreadsMayAsk) {
  BrokerNode node(GetParam(), "node-1");
  if (stands_alone(node, GetParam())) return;
  std::array<Asked, 4> asked;
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < asked.size(); ++i) {
    threads.emplace_back([&, i] { ask_all(node, asked[i], "lobby", 100 + 10 * i); });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::size_t> once(kCalls.size(), 1);
  const auto all_answered = [&] {
    return std::all_of(asked.begin(), asked.end(),
                       [&](Asked& of_one) { return of_one.counts() == once; });
  };
  EXPECT_TRUE(becomes(all_answered)) << "each question is answered once, within 2 s";
}

TEST_P(BrokerContract, AfterItsEndThereIsSilence) {
  const std::size_t threads = thread_count();
  BrokerNode node(GetParam(), "node-1");
  std::array<Asked, 20> asked;
  if (!stands_alone(node, GetParam())) {
    for (Asked& of_one : asked) ask_all(node, of_one, "lobby");
  }
  node.stop();
  std::vector<std::vector<std::size_t>> counts;
  counts.reserve(asked.size());
  for (Asked& of_one : asked) counts.push_back(of_one.counts());
  const std::size_t told = node.log().count();
  EXPECT_TRUE(becomes([&] { return thread_count() <= threads; })) << "its threads have not ended";
  EXPECT_EQ(node.log().count(), told) << "the host was called after stop()";
  for (std::size_t i = 0; i < asked.size(); ++i)
    EXPECT_EQ(asked[i].counts(), counts[i]) << "a reply after stop()";
}

}  // namespace peer::sdk::contract
