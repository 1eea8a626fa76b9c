// A rolling restart to another build: nodes of both work together on one Redis, and nobody notices
// but the clients of the node that is replaced. PEER_OLD_SERVER names the old peer-server, which
// finds its own plugins beside it (tools/upgrade-test builds one); without it the old one is this
// build's own.
#include <cstdlib>
#include <iostream>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

using testing::UnorderedElementsAre;

class UpgradeTest : public ClusterTest {
 protected:
  static std::string old_server() {
    const char* path = std::getenv("PEER_OLD_SERVER");
    return path == nullptr ? std::string() : std::string(path);
  }
  ServerProcess& start_old() {
    server_binary() = old_server();
    return start_node();
  }
  ServerProcess& start_new() {
    server_binary().clear();
    return start_node();
  }
  static void checked(std::string_view nodes, std::string_view what) {
    std::cout << nodes << ": " << what << ": ok\n";
  }

  /// `from` reaches `to` by every kind of message, and is told so.
  void check_messages(TestPeer& from, TestPeer& to) {
    for (const std::string& target : {to.fingerprint(), to.alias()}) {
      for (const char* type : {"signal", "relay"}) {
        from.send(type, "7", fmt(R"("to":"%","id":1)", target));
        EXPECT_EQ(from.next("ack")["id"].number(), 1) << from.last_text();
        const Json message = to.next(type);
        EXPECT_EQ(message["payload"].number(), 7) << to.last_text();
        EXPECT_EQ(message["from"].str(), from.fingerprint());
      }
    }
    from.send("broadcast", R"({"namespace":"game","data":8})");
    EXPECT_EQ(to.next("broadcast")["payload"]["data"].number(), 8) << to.last_text();
    from.send("signal", "9", R"("to":"nobody","id":2)");
    from.expect_error_like(404, "");
  }
  /// `guest` on another node than `owner`: created, joined, kicked, joined again, succeeded.
  void check_room(TestPeer& owner, TestPeer& guest) {
    const std::string room = "room " + std::to_string(++rooms_);
    owner.create_room(room);
    guest.join(room);
    expect_news(owner, "peer_joined", guest);
    owner.send("kick", fmt(R"({"room_id":"%","fingerprint":"%"})", room, guest.fingerprint()));
    guest.next("kick");
    expect_news(owner, "peer_left", guest);
    guest.join(room);
    expect_news(owner, "peer_joined", guest);
    owner.send("leave", fmt(R"({"namespace":"%"})", room));
    expect_news(guest, "peer_left", owner);
    EXPECT_EQ(guest.next("room_updated")["payload"]["owner"].str(), guest.fingerprint());
    guest.send("leave", fmt(R"({"namespace":"%"})", room));
  }
  /// In several namespaces, so that either node makes the matches of some.
  void check_matches(TestPeer& first, TestPeer& second) {
    for (int i = 0; i < 6; ++i) {
      const std::string ns = "match " + std::to_string(i);
      const std::string payload = fmt(R"({"namespace":"%"})", ns);
      first.join(ns);
      second.join(ns);
      expect_news(first, "peer_joined", second);
      first.send("match", payload);
      EXPECT_EQ(first.next("match")["payload"]["status"].str(), "waiting") << first.last_text();
      second.send("match", payload);
      EXPECT_EQ(first.next("matched")["payload"], second.next("matched")["payload"]);
      second.send("leave", payload);
      expect_news(first, "peer_left", second);
      first.send("leave", payload);
    }
  }
  /// A newcomer on `node` is seen from `witness` on the other, and moves over to it.
  void check_newcomer(ServerProcess& node, ServerProcess& other, TestPeer& witness,
                      TestPeer& neighbour) {
    const std::string name = "newcomer " + std::to_string(++newcomers_);
    TestPeer before = peer_in(node, "game", name);
    for (TestPeer* peer : {&witness, &neighbour}) expect_news(*peer, "peer_joined", before);
    TestPeer after = peer(other, name);
    before.ws().expect_close(4001);
    for (TestPeer* peer : {&witness, &neighbour}) expect_news(*peer, "peer_left", before);
    EXPECT_EQ(after.alias(), name);
    EXPECT_THAT(aliases(discover(witness, "game")), UnorderedElementsAre("alice", "bob"));
    after.close();
  }
  void wait_for_beats(int more) {
    RedisClient client = redis().client();
    const auto beats = [&] {
      return std::stoi(client.command({"HGET", "peer:{0}:born", "b"}).at(0));
    };
    const int enough = beats() + more;
    const Deadline deadline;
    while (beats() < enough) ASSERT_FALSE(deadline.passed());
  }

  void check(std::string_view nodes, ServerProcess& first, ServerProcess& second, TestPeer& alice,
             TestPeer& bob) {
    for (ServerProcess* node : {&first, &second}) wait_for_nodes(*node, 2);
    check_messages(alice, bob);
    check_messages(bob, alice);
    checked(nodes, "signal, relay, broadcast, alias, 404, both ways");
    check_room(alice, bob);
    check_room(bob, alice);
    checked(nodes, "room created, joined, kicked from, succeeded to, both ways");
    check_matches(alice, bob);
    check_matches(bob, alice);
    checked(nodes, "matches, both ways");
    check_newcomer(first, second, bob, alice);
    check_newcomer(second, first, alice, bob);
    checked(nodes, "joined, moved to the other node, both ways");
    wait_for_beats(20);  // more than a lease of each
    expect_silence_of({&alice, &bob});
    expect_whole({{"game", {&alice, &bob}}});
    checked(nodes, "nobody was taken for dead, and what is shared is whole");
  }

  /// The node ends; its client hears so, and the other's of that client, once.
  void replace(ServerProcess& node, TestPeer& client, TestPeer& witness) {
    node.signal(SIGTERM);
    client.ws().expect_close(1001);
    EXPECT_EQ(node.wait_exit(), std::optional(0)) << node.output();
    expect_news(witness, "peer_left", client);
  }

 private:
  int rooms_ = 0;
  int newcomers_ = 0;
};

TEST_F(UpgradeTest, InARollingRestartOldAndNewNodesAreOneCluster) {
  ServerProcess& first_old = start_old();
  ServerProcess& second_old = start_old();
  auto alice = std::make_unique<TestPeer>(peer_in(first_old, "game", "alice"));
  auto bob = std::make_unique<TestPeer>(peer_in(second_old, "game", "bob"));
  expect_news(*alice, "peer_joined", *bob);
  check("old, old", first_old, second_old, *alice, *bob);

  replace(first_old, *alice, *bob);
  ServerProcess& first_new = start_new();
  alice = std::make_unique<TestPeer>(peer_in(first_new, "game", "alice"));
  expect_news(*bob, "peer_joined", *alice);
  check("new, old", first_new, second_old, *alice, *bob);

  replace(second_old, *bob, *alice);
  ServerProcess& second_new = start_new();
  bob = std::make_unique<TestPeer>(peer_in(second_new, "game", "bob"));
  expect_news(*alice, "peer_joined", *bob);
  check("new, new", first_new, second_new, *alice, *bob);
}

}  // namespace
}  // namespace peer::test
