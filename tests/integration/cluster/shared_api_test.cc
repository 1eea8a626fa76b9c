// The Server API of several nodes (docs/api.md): a peer, a room, a ban is found wherever it is, and
// a node that does not answer is named. Every answer is compared with docs/openapi.json.
#include <algorithm>
#include <csignal>
#include <mutex>
#include <set>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/session_client.h"
#include "tests/support/admin_test.h"
#include "tests/support/event_reader.h"
#include "tests/support/http_endpoint.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// Two nodes with a Server API each.
class SharedApiTest : public ClusterTest {
 protected:
  struct ApiNode {
    ServerProcess* process;
    std::uint16_t admin_port;
    std::string id;
  };
  ApiNode start_api(std::string_view options = kQuick, std::vector<std::string> settings = {}) {
    const std::uint16_t port = free_port();
    settings.insert(settings.end(),
                    {fmt("admin_port=%", static_cast<int>(port)), "admin_token=" + kAdminToken});
    ServerProcess& process = start_node(options, std::move(settings));
    return {&process, port, Json::parse(http_get(process.port(), "/stats").body)["node_id"].str()};
  }
  /// Both, when each knows the other.
  void start_two(std::string_view options = kQuick, std::vector<std::string> settings = {}) {
    here_ = start_api(options, settings);
    there_ = start_api(options, settings);
    wait_for_nodes(*here_.process, 2);
    wait_for_nodes(*there_.process, 2);
  }
  static AdminClient api(const ApiNode& node) { return {node.admin_port, kAdminToken}; }
  static std::vector<std::string> fingerprints(const Json& page) {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < page["peers"].size(); ++i) {
      found.push_back(page["peers"][i]["fingerprint"].str());
    }
    return found;
  }
  /// Waits until a GET there answers with this status.
  static void wait_for_status(const ApiNode& node, const std::string& path, int status) {
    const Deadline deadline;
    while (api(node).get(path).status != status) {
      if (deadline.passed())
        throw std::runtime_error(path + " does not come to " + std::to_string(status));
    }
  }

  ApiNode here_;
  ApiNode there_;
};

TEST_F(SharedApiTest, ABanIsToldToWhoComesBackAtAnyNode) {
  start_two(kQuick, {"loops=2"});
  SessionClient alice(*here_.process, "alice");
  alice.join("game");
  alice.break_off();
  TestPeer bob = peer_in(*there_.process, "game", "bob");
  EXPECT_EQ(api(there_).put("/v1/bans/" + alice.fingerprint(), R"({"seconds":60})").status, 200);
  bob.next("peer_left");
  for (const ApiNode* node : {&here_, &there_}) {
    auto again = SessionClient::connect(*node->process);
    const Json answer = SessionClient::ask(*again, alice.token(), alice.received());
    EXPECT_EQ(answer["payload"]["code"].number(), 401) << answer.text();
    again->ws().expect_close(4003);
  }
}

TEST_F(SharedApiTest, FindsAPeerOfAnotherNodeByFingerprintAndByAlias) {
  start_two();
  const TestPeer bob = peer_in(*there_.process, "lobby", "bob");
  const Json shown = api(here_).get("/v1/peers/bob").body;
  EXPECT_EQ(shown["fingerprint"].str(), bob.fingerprint());
  EXPECT_EQ(shown["node"].str(), there_.id);
  EXPECT_EQ(shown["namespaces"], R"(["lobby"])"_json);
  EXPECT_EQ(api(here_).get("/v1/peers/" + bob.fingerprint()).body["alias"].str(), "bob");
  EXPECT_EQ(api(here_).refusal(404, "GET", "/v1/peers/carol"), "peer not found");
}

TEST_F(SharedApiTest, PagesHaveThePeersOfAllNodesOnce) {
  start_two();
  std::vector<TestPeer> peers;
  std::multiset<std::string> all;
  for (int i = 0; i < 30; ++i) {
    peers.push_back(peer(i % 3 == 0 ? *here_.process : *there_.process, fmt("peer %", i)));
    all.insert(peers.back().fingerprint());
  }
  std::multiset<std::string> seen;
  std::string after;
  int pages = 0;
  do {
    const Json page = api(here_).get("/v1/peers?limit=7&after=" + after).body;
    for (const std::string& found : fingerprints(page)) seen.insert(found);
    after = page["next"].exists() ? page["next"].str() : std::string();
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(seen, all);
  EXPECT_EQ(pages, 5);
  EXPECT_FALSE(api(here_).get("/v1/peers").body["missing"].exists());
}

TEST_F(SharedApiTest, ClosesAPeerOfAnotherNode) {
  start_two();
  TestPeer bob = peer(*there_.process, "bob");
  EXPECT_EQ(api(here_).remove("/v1/peers/bob?code=4321&reason=spam").status, 200);
  bob.ws().expect_close(4321, "spam");
  EXPECT_EQ(api(here_).refusal(404, "DELETE", "/v1/peers/bob"), "peer not found");
}

TEST_F(SharedApiTest, MessagesReachPeersAndMembersOnAllNodes) {
  start_two();
  TestPeer alice = peer_in(*here_.process, "lobby", "alice");
  TestPeer bob = peer_in(*there_.process, "lobby", "bob");
  alice.next("peer_joined");
  EXPECT_EQ(api(here_).post("/v1/peers/bob/messages", R"({"payload":{"a": 1}})").body,
            R"({"delivered":1,"dropped":0})"_json);
  EXPECT_THAT(bob.next_text(), HasSubstr(R"("payload":{"a": 1})"));
  EXPECT_EQ(api(here_).post("/v1/namespaces/lobby/messages", R"({"payload":2})").body,
            R"({"delivered":2,"dropped":0})"_json);
  EXPECT_EQ(alice.next("server_message")["payload"].text(), "2");
  EXPECT_EQ(bob.next("server_message")["payload"].text(), "2");
  // Whoever it is, and wherever the request came in.
  EXPECT_EQ(
      api(here_).post("/v1/namespaces/lobby/messages", R"({"payload":3,"exclude":["bob"]})").body,
      R"({"delivered":1,"dropped":0})"_json);
  EXPECT_EQ(alice.next("server_message")["payload"].text(), "3");
  bob.expect_silence();
}

TEST_F(SharedApiTest, CountsMembersOfNamespacesAndRoomsOnAllNodes) {
  start_two();
  TestPeer alice = peer_in(*here_.process, "lobby", "alice");
  TestPeer bob = peer_in(*there_.process, "lobby", "bob");
  alice.next("peer_joined");
  bob.create_room("den");
  alice.join("den");
  TestPeer carol = peer_in(*there_.process, "attic", "carol");
  EXPECT_EQ(
      api(here_).get("/v1/namespaces").body,
      R"({"namespaces":[{"namespace":"attic","peers":1},{"namespace":"lobby","peers":2}]})"_json);
  const Json room = api(here_).get("/v1/rooms/den").body;
  EXPECT_EQ(room["peer_count"].number(), 2);
  EXPECT_EQ(room["owner"].str(), bob.fingerprint());
  EXPECT_EQ(api(there_).get("/v1/rooms").body["rooms"][0], room);
  EXPECT_EQ(api(here_).get("/v1/peers?namespace=den").body["peers"].size(), 2U);
  // A room without members here.
  carol.create_room("cellar");
  EXPECT_EQ(api(here_).get("/v1/rooms/cellar").body["peer_count"].number(), 1);
  EXPECT_EQ(api(here_).remove("/v1/rooms/cellar").status, 200);
  EXPECT_EQ(carol.next("room_closed")["payload"]["reason"].str(), "closed by the operator");
}

TEST_F(SharedApiTest, ListsAllNodes) {
  start_two();
  const Json nodes = api(here_).get("/v1/nodes").body["nodes"];
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0]["node"].str(), here_.id);
  EXPECT_EQ(nodes[1]["node"].str(), there_.id);
}

// One that has no API of its own answers too.
TEST_F(SharedApiTest, ShowsWhatAnotherNodeIsDoing) {
  start_two(kQuick, {"admin_history=1m12s"});
  const TestPeer bob = peer_in(*there_.process, "lobby", "bob");
  AdminClient client = api(here_);
  const std::string path = "/v1/nodes/" + there_.id;
  const Json details = client.get(path).body;
  EXPECT_EQ(details["node"].str(), there_.id);
  EXPECT_EQ(details["peers"].number(), 1);
  EXPECT_EQ(details["broker"]["state"].str(), "connected");
  EXPECT_EQ(client.get("/v1/nodes/" + here_.id).body["peers"].number(), 0);
  EXPECT_EQ(client.get(path + "/plugins").body["plugins"][0]["name"].str(), "redis");
  const Deadline deadline;
  while (client.get(path + "/history").body["at"].size() == 0) ASSERT_FALSE(deadline.passed());
  EXPECT_EQ(fingerprints(client.get("/v1/peers?search=BOB").body), std::vector{bob.fingerprint()});
  EXPECT_EQ(client.refusal(404, "GET", "/v1/nodes/0123456789abcdef"), "node not found");
}

TEST_F(SharedApiTest, AddsUpTheQueuesOfAllNodes) {
  start_two();
  TestPeer bob = peer_in(*there_.process, "lobby", "bob");
  bob.send("match", R"({"namespace":"lobby","group_size":3})");
  bob.next("match");
  TestPeer alice = peer_in(*here_.process, "lobby", "alice");
  AdminClient client = api(here_);
  const std::int64_t wait = client.get("/v1/queues").body["queues"][0]["longest_wait_ms"].number();
  alice.send("match", R"({"namespace":"lobby","group_size":3})");
  alice.next("match");
  const Json queues = client.get("/v1/queues").body["queues"];
  ASSERT_EQ(queues.size(), 1U);
  EXPECT_EQ(queues[0]["waiting"].number(), 2);
  EXPECT_GE(queues[0]["longest_wait_ms"].number(), wait);  // bob's, not alice's
}

TEST_F(SharedApiTest, ANodeWithoutAPortAnswersOthers) {
  here_ = start_api();
  ServerProcess& there = start_node();
  wait_for_nodes(*here_.process, 2);
  const TestPeer bob = peer(there, "bob");
  EXPECT_EQ(api(here_).get("/v1/peers/bob").body["fingerprint"].str(), bob.fingerprint());
}

TEST_F(SharedApiTest, ANodeThatDoesNotAnswerIsNamedInBoundedTime) {
  start_two("beat_ms: 1000, lease_ms: 60000");
  const TestPeer alice = peer(*here_.process, "alice");
  there_.process->signal(SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  const Json page = api(here_).get("/v1/peers").body;
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s * timeout_factor());
  EXPECT_THAT(fingerprints(page), UnorderedElementsAre(alice.fingerprint()));
  EXPECT_EQ(page["missing"], Json::parse("[\"" + there_.id + "\"]"));
  EXPECT_EQ(api(here_).get("/v1/nodes").body["missing"][0].str(), there_.id);
  // Who is here is found without asking anybody.
  EXPECT_EQ(api(here_).get("/v1/peers/alice").status, 200);
  // Who is not here may be at the node that does not answer.
  EXPECT_EQ(api(here_).refusal(503, "GET", "/v1/peers/bob"),
            "peer not found, but 1 of the nodes did not answer");
  there_.process->signal(SIGCONT);
  wait_for_status(here_, "/v1/peers/bob", 404);
}

TEST_F(SharedApiTest, ABanHoldsOnAllNodesBeforeItIsAnswered) {
  start_two();
  const std::string bob = fingerprint_of("bob");
  AdminClient client = api(here_);
  EXPECT_EQ(client.put("/v1/bans/" + bob, R"({"seconds":60,"reason":"spam"})").status, 200);
  TestPeer refused(there_.process->port());
  refused.send("register", R"({"public_key":"bob"})");
  refused.expect_error(401, "banned");
  EXPECT_EQ(api(there_).get("/v1/bans").body["bans"][0]["reason"].str(), "spam");
  // It is lifted at the other node, and holds nowhere any more.
  EXPECT_EQ(api(there_).remove("/v1/bans/" + bob).status, 200);
  EXPECT_EQ(client.get("/v1/bans").body.text(), R"({"bans":[]})");
  EXPECT_EQ(peer(*here_.process, "bob").fingerprint(), bob);
  EXPECT_EQ(client.refusal(404, "DELETE", "/v1/bans/" + bob), "ban not found");
}

TEST_F(SharedApiTest, ANodeThatStartsLearnsTheBans) {
  here_ = start_api();
  api(here_).put("/v1/bans/198.51.100.0%2F24", R"({"seconds":60})");
  there_ = start_api();
  const Deadline deadline;
  while (api(there_).get("/v1/bans").body["bans"].size() == 0) ASSERT_FALSE(deadline.passed());
}

// One that was put, and one that was lifted, while Redis was away; and Redis comes back empty.
TEST_F(SharedApiTest, BansOutliveARedisThatComesBackEmpty) {
  start_two();
  api(here_).put("/v1/bans/198.51.100.1", R"({"seconds":60})");
  redis().kill();
  wait_for_state(*here_.process, "degraded");
  wait_for_state(*there_.process, "degraded");
  api(here_).put("/v1/bans/198.51.100.2", R"({"seconds":60})");
  api(there_).remove("/v1/bans/198.51.100.1");
  redis().restart();
  wait_for_state(*here_.process, "connected");
  wait_for_state(*there_.process, "connected");
  const Json wanted = api(here_).get("/v1/bans").body["bans"][1];
  const Deadline deadline;
  const auto is_shared = [&] {
    const Json here = api(here_).get("/v1/bans").body["bans"];
    const Json there = api(there_).get("/v1/bans").body["bans"];
    return here == there && here.size() == 1 && here[0]["target"].str() == "198.51.100.2";
  };
  while (!is_shared()) ASSERT_FALSE(deadline.passed());
  const std::string changed = "bans have changed on another node, and so here: ";
  here_.process->wait_for_output(changed + "0 put, 1 lifted");
  there_.process->wait_for_output(changed + "1 put, 0 lifted");
}

class SharedEventsTest : public SharedApiTest {
 protected:
  /// A reader here of these kinds, once the other node tells it what happens there.
  EventReader reader(std::string_view kinds) {
    EventReader events(here_.admin_port, kAdminToken, fmt("/v1/events?kinds=room,%", kinds));
    TestPeer witness = peer(*there_.process, "witness");
    for (int i = 0; true; ++i) {
      const std::string room = fmt("witness-%", i);
      witness.create_room(room);
      try {
        if (events.skip_to("room", Deadline(300ms))["room_id"].str() == room) break;
      } catch (const std::runtime_error&) {
        if (i == 30) throw;  // nobody has told it to tell
      }
    }
    // All that the witness has left behind comes before this one.
    witness.close();
    drop_before(events, "end", *there_.process);
    drop_before(events, "end here", *here_.process);
    return events;
  }
  /// Drops what is told before this room.
  static void drop_before(EventReader& events, const std::string& room, ServerProcess& node) {
    TestPeer peer = ClusterTest::peer(node, room);
    peer.create_room(room);
    while (true) {
      const Json event = events.skip_to("room");
      if (event["room_id"].str() == room && event["change"].str() == "closed") return;
      if (event["room_id"].str() == room) peer.close();
    }
  }
};

TEST_F(SharedEventsTest, EventsOfAllNodesReachAReader) {
  start_two();
  EventReader events = reader("register,leave,join");
  TestPeer bob = peer(*there_.process, "bob");
  Json event = events.skip_to("register");
  while (event["alias"].str() != "bob") event = events.skip_to("register");
  EXPECT_EQ(event["node"].str(), there_.id);
  bob.join("lobby");
  EXPECT_EQ(events.next("join")["fingerprint"].str(), bob.fingerprint());
  bob.close();
  EXPECT_EQ(events.next("leave")["fingerprint"].str(), bob.fingerprint());
}

TEST_F(SharedEventsTest, ARoomAndAMatchOfTwoNodesAreToldOnce) {
  start_two();
  EventReader events = reader("match");
  TestPeer alice = peer_in(*here_.process, "lobby", "alice");
  TestPeer bob = peer_in(*there_.process, "lobby", "bob");
  // What else they hear is not read.
  const auto ask = [](TestPeer& peer, std::string_view type, std::string_view payload,
                      std::string_view answer) {
    peer.send(type, payload);
    while (peer.next()["type"].str() != answer) continue;
  };
  ask(alice, "create_room", R"({"room_id":"den"})", "room_created");
  ask(bob, "join_room", R"({"room_id":"den"})", "peer_list");
  Json event = events.next("room");
  EXPECT_EQ(event["room_id"].str(), "den");
  EXPECT_EQ(event["change"].str(), "created");
  const auto leave = [](TestPeer& peer) {
    peer.send("leave", R"({"namespace":"den"})", R"("id":"leave")");
    while (peer.next()["type"].str() != "ack") continue;
  };
  leave(alice);
  // By then the policy has been asked who owns it now.
  while (bob.next()["type"].str() != "room_updated") continue;
  leave(bob);
  event = events.next("room");
  EXPECT_EQ(event["room_id"].str(), "den");
  EXPECT_EQ(event["change"].str(), "closed");
  EXPECT_EQ(event["node"].str(), there_.id);
  alice.send("match", R"({"namespace":"lobby","group_size":2})");
  bob.send("match", R"({"namespace":"lobby","group_size":2})");
  event = events.next("match");
  EXPECT_EQ(event["peers"].size(), 2U);
  // And nothing else until here, from neither node.
  ask(alice, "create_room", R"({"room_id":"attic"})", "room_created");
  EXPECT_EQ(events.next("room")["room_id"].str(), "attic");
  ask(bob, "create_room", R"({"room_id":"cellar"})", "room_created");
  EXPECT_EQ(events.next("room")["room_id"].str(), "cellar");
  // Ended by an operator at the node without members: by whose decision it is told.
  EXPECT_EQ(api(here_).remove("/v1/rooms/cellar").status, 200);
  event = events.next("room");
  EXPECT_EQ(event["change"].str(), "closed");
  EXPECT_EQ(event["node"].str(), here_.id);
  alice.send("leave", R"({"namespace":"attic"})");
  EXPECT_EQ(events.next("room")["room_id"].str(), "attic");
}

// Each node posts what happens on it, so that a receiver hears of everything once.
TEST_F(SharedApiTest, WebhooksOfTwoNodesPostEachEventOnce) {
  std::mutex mutex;
  std::multiset<std::string> posted;
  HttpEndpoint endpoint([&](const HttpEndpoint::Request& request) {
    const Json body = Json::parse(request.body);
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < body["events"].size(); ++i) {
      const Json event = body["events"][i];
      const std::string change = event["change"].exists() ? " " + event["change"].str() : "";
      posted.insert(event["event"].str() + change + " of " + body["node"].str());
    }
    return http_answer("204 No Content", "");
  });
  start_two(kQuick, {fmt(R"(webhooks=[{"url":"%","secret":"x"}])", endpoint.url())});
  TestPeer alice = peer_in(*here_.process, "lobby", "alice");
  TestPeer bob = peer_in(*there_.process, "lobby", "bob");
  alice.send("match", R"({"namespace":"lobby","group_size":2})");
  bob.send("match", R"({"namespace":"lobby","group_size":2})");
  while (bob.next()["type"].str() != "matched") continue;
  while (alice.next()["type"].str() != "matched") continue;
  alice.create_room("den");
  alice.close();
  bob.close();
  const std::string here = " of " + here_.id;
  const std::string there = " of " + there_.id;
  // Where the match was made is the nodes' choice.
  const std::multiset<std::string> here_made{
      "register" + here, "register" + there, "match" + here,       "room created" + here,
      "leave" + here,    "leave" + there,    "room closed" + here,
  };
  std::multiset<std::string> there_made = here_made;
  there_made.erase("match" + here);
  there_made.insert("match" + there);
  const Deadline deadline(20s);
  const auto so_far = [&] {
    const std::lock_guard lock(mutex);
    return posted;
  };
  for (auto found = so_far(); found != here_made && found != there_made; found = so_far()) {
    ASSERT_FALSE(deadline.passed()) << testing::PrintToString(found);
  }
}

}  // namespace
}  // namespace peer::test
