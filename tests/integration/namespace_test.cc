// docs/protocol.md, "join", "leave", "discover".
#include <chrono>

#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::UnorderedElementsAre;

class NamespaceTest : public ServerTest {
 protected:
  /// `count` peers called p0, p1, ... that have joined "lobby" in this order.
  void fill_lobby(int count) {
    for (int i = 0; i < count; ++i) members.push_back(peer_in("lobby", fmt("p%", i)));
  }
  /// The aliases in a peer_list, in order.
  static std::vector<std::string> aliases(const Json& peer_list) {
    std::vector<std::string> names;
    const Json peers = peer_list["payload"]["peers"];
    for (std::size_t i = 0; i < peers.size(); ++i) names.push_back(peers[i]["alias"].str());
    return names;
  }
  static std::vector<std::string> names(int first, int end) {
    std::vector<std::string> result;
    for (int i = first; i < end; ++i) result.push_back(fmt("p%", i));
    return result;
  }
  static Json discover(TestPeer& asker, std::string_view payload) {
    asker.send("discover", payload);
    return asker.next("peer_list");
  }
  void TearDown() override {
    members.clear();
    ServerTest::TearDown();
  }

  std::vector<TestPeer> members;
};

// --- join

TEST_F(NamespaceTest, InAQuietNamespaceNobodyHearsOfAnybody) {
  start({"quiet_namespaces=[\"crowd*\"]"});
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  alice.join("crowd");
  const Json list = bob.join("crowd");
  EXPECT_EQ(aliases(list), std::vector<std::string>{"bob"});
  EXPECT_EQ(list["payload"]["total"].number(), 2);
  bob.close();
  wait_for_peers(1);
  alice.expect_silence();
  alice.send("discover", R"({"namespace":"crowd"})");
  alice.expect_error(403, "not allowed");
}

TEST_F(NamespaceTest, JoinIsAnsweredWithThePeerListThatIncludesTheJoiner) {
  TestPeer alice = peer("alice");
  const Json reply = alice.join("lobby", R"("app_type":"fps","version":"2.1")");
  EXPECT_EQ(reply["payload"], json(R"({"namespace":"lobby","total":1,
                     "peers":[{"fingerprint":"%","alias":"alice","app_type":"fps","meta":{}}]})",
                                   alice.fingerprint()));
}

TEST_F(NamespaceTest, AppTypeIsAbsentWhenNotGiven) {
  TestPeer alice = peer("alice");
  EXPECT_THAT(alice.join("lobby")["payload"]["peers"][0].keys(),
              UnorderedElementsAre("fingerprint", "alias", "meta"));
}

TEST_F(NamespaceTest, ThePeerListIsInJoinOrder) {
  fill_lobby(5);
  TestPeer late = peer("p5");
  const Json reply = late.join("lobby");
  EXPECT_EQ(aliases(reply), names(0, 6));
  EXPECT_EQ(reply["payload"]["total"].number(), 6);
}

TEST_F(NamespaceTest, ThePeerListHasAtMost50PeersAndTheFullTotal) {
  fill_lobby(59);
  TestPeer late = peer("p59");
  const Json reply = late.join("lobby");
  EXPECT_EQ(reply["payload"]["total"].number(), 60);
  EXPECT_EQ(reply["payload"]["peers"].size(), 50U);
}

TEST_F(NamespaceTest, TheOthersHearOfAJoinOnce) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer("bob");
  const auto before = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  bob.join("lobby", R"("app_type":"fps","meta":{"skill":3})");
  const Json joined = alice.next("peer_joined");
  EXPECT_THAT(joined.keys(), UnorderedElementsAre("type", "from", "namespace", "payload", "ts"));
  EXPECT_EQ(joined["from"].str(), bob.fingerprint());
  EXPECT_EQ(joined["namespace"].str(), "lobby");
  EXPECT_EQ(joined["payload"],
            json(R"({"fingerprint":"%","alias":"bob","app_type":"fps","meta":{"skill":3}})",
                 bob.fingerprint()));
  EXPECT_NEAR(static_cast<double>(joined["ts"].number()), static_cast<double>(before), 60'000);
  expect_silence_of({&alice, &bob});
}

TEST_F(NamespaceTest, JoiningAgainRefreshesAndIsAnsweredButNotAnnounced) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  const Json again = alice.join("lobby", R"("app_type":"new","meta":{"m":1})");
  EXPECT_EQ(aliases(again), (std::vector<std::string>{"alice", "bob"}));
  EXPECT_EQ(again["payload"]["peers"][0]["app_type"].str(), "new");
  EXPECT_EQ(again["payload"]["peers"][0]["meta"], R"({"m":1})"_json);
  bob.expect_silence();
}

TEST_F(NamespaceTest, APeerCanBeInManyNamespaces) {
  TestPeer alice = peer("alice");
  for (int i = 0; i < 60; ++i) alice.join(fmt("ns %", i));
  EXPECT_EQ(http_json("/stats")["namespaces"].size(), 60U);
}

TEST_F(NamespaceTest, NamesAreComparedByTheirDecodedBytes) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer("bob");
  EXPECT_EQ(bob.join(R"(\u006cobby)")["payload"]["total"].number(), 2);
  EXPECT_EQ(bob.join("Lobby")["payload"]["total"].number(), 1);
}

TEST_F(NamespaceTest, ANameMayHoldAnyCharacter) {
  TestPeer alice = peer("alice");
  for (const char* name : {"game:ranked:us-east", "app/v2/rooms", " ", R"(\"\\\n\u0001)",
                           "\xc3\xa4\xf0\x9f\x98\x80", "*"}) {
    const Json reply = alice.join(name);
    EXPECT_EQ(reply["payload"]["namespace"], json(R"("%")", name));
  }
}

TEST_F(NamespaceTest, BadJoinsAreRefused) {
  TestPeer alice = peer("alice");
  for (const char* payload : {"{}", R"({"namespace":""})", R"({"namespace":null})", "null"}) {
    alice.expect_refused(message("join", payload), 400, "namespace required");
  }
  alice.expect_refused(message("join"), 400, "namespace required");
  alice.expect_refused(message("join", R"({"namespace":5})"), 400, "namespace must be a string");
  alice.expect_refused(message("join", R"({"namespace":"a","namespace":"a"})"), 400,
                       "duplicate field");
  alice.expect_refused(message("join", R"({"namespace":"a","app_type":5})"), 400,
                       "app_type must be a string");
  alice.expect_refused(message("join", R"({"namespace":"a","version":[]})"), 400,
                       "version must be a string");
  alice.send("join", R"({"namespace":"a","meta":"x"})");
  alice.expect_error_like(400, "^meta must be an? object$");
  alice.send("join", R"({"namespace":"\ud800"})");
  alice.expect_error_like(400, "");
  EXPECT_EQ(http_json("/stats")["namespaces"], "{}"_json);
}

TEST_F(NamespaceTest, NullInAnOptionalFieldIsTheFieldAbsent) {
  TestPeer alice = peer("alice");
  const Json reply = alice.join("lobby", R"("app_type":null,"version":null,"meta":null)");
  EXPECT_FALSE(reply["payload"]["peers"][0]["app_type"].exists());
}

TEST_F(NamespaceTest, BoundsOfJoinAreInclusive) {
  TestPeer alice = peer("alice");
  alice.join(std::string(4096, 'n'));
  alice.expect_refused(message("join", fmt(R"({"namespace":"%"})", std::string(4097, 'n'))), 400,
                       "namespace too long");
  const std::string longest(256, 'x');
  alice.join("lobby", fmt(R"("app_type":"%","version":"%")", longest, longest));
  alice.send("join", fmt(R"({"namespace":"a","app_type":"%x"})", longest));
  alice.expect_error_like(400, "app_type");
  alice.send("join", fmt(R"({"namespace":"a","version":"%x"})", longest));
  alice.expect_error_like(400, "version");
  alice.join("lobby", fmt(R"("meta":{"m":"%"})", std::string(4096 - 8, 'x')));
  alice.send("join", fmt(R"({"namespace":"a","meta":{"m":"%"}})", std::string(4096, 'x')));
  alice.expect_error_like(400, "^meta too large$");
}

TEST_F(NamespaceTest, AFullNamespaceIs429ForStrangersOnly) {
  start({"max_namespace_size=1"});
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer("bob");
  bob.expect_refused(message("join", R"({"namespace":"lobby"})"), 429, "namespace full");
  alice.join("lobby");
  alice.expect_silence();
  alice.send("leave", R"({"namespace":"lobby"})");
  alice.round_trip();
  bob.join("lobby");
}

// --- leave

TEST_F(NamespaceTest, TheOthersHearOfALeaveAndTheLeaverHearsNothing) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  bob.send("leave", R"({"namespace":"lobby"})");
  bob.expect_silence();
  const Json left = alice.next("peer_left");
  EXPECT_THAT(left.keys(), UnorderedElementsAre("type", "from", "namespace", "payload", "ts"));
  EXPECT_EQ(left["from"].str(), bob.fingerprint());
  EXPECT_EQ(left["namespace"].str(), "lobby");
  EXPECT_EQ(left["payload"], json(R"({"fingerprint":"%"})", bob.fingerprint()));
  alice.expect_silence();
}

TEST_F(NamespaceTest, BadLeavesAreRefusedAndNotAnnounced) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer("bob");
  bob.expect_refused(message("leave"), 400, "namespace required");
  bob.expect_refused(message("leave", R"({"namespace":""})"), 400, "namespace required");
  bob.expect_refused(message("leave", R"({"namespace":true})"), 400, "namespace must be a string");
  bob.expect_refused(message("leave", R"({"namespace":"lobby"})"), 403, "not in namespace");
  bob.expect_refused(message("leave", R"({"namespace":"nowhere"})"), 403, "not in namespace");
  alice.expect_silence();
}

TEST_F(NamespaceTest, ADisconnectIsAnnouncedInEachNamespace) {
  TestPeer alice = peer_in("one", "alice");
  TestPeer bob = peer_in("two", "bob");
  {
    TestPeer carol = peer_in("one", "carol");
    carol.join("two");
    alice.next("peer_joined");
    bob.next("peer_joined");
    carol.close();
  }
  EXPECT_EQ(alice.next("peer_left")["namespace"].str(), "one");
  EXPECT_EQ(bob.next("peer_left")["namespace"].str(), "two");
  expect_silence_of({&alice, &bob});
}

TEST_F(NamespaceTest, WhoJoinsAgainAfterLeavingIsTheLastInTheOrder) {
  fill_lobby(3);
  members[0].next();
  members[0].next();
  members[0].send("leave", R"({"namespace":"lobby"})");
  EXPECT_EQ(aliases(members[0].join("lobby")), (std::vector<std::string>{"p1", "p2", "p0"}));
}

// --- discover

TEST_F(NamespaceTest, AnyPeerCanDiscoverANamespace) {
  fill_lobby(2);
  TestPeer stranger = peer("stranger");
  const Json reply = discover(stranger, R"({"namespace":"lobby"})");
  EXPECT_EQ(aliases(reply), names(0, 2));
  EXPECT_EQ(reply["payload"]["namespace"].str(), "lobby");
  EXPECT_EQ(reply["payload"]["total"].number(), 2);
}

TEST_F(NamespaceTest, AnUnknownNamespaceIsEmpty) {
  TestPeer alice = peer("alice");
  EXPECT_EQ(discover(alice, R"({"namespace":"nowhere"})")["payload"],
            R"({"namespace":"nowhere","peers":[],"total":0})"_json);
}

TEST_F(NamespaceTest, DiscoverPagesWithLimitAndAfter) {
  fill_lobby(7);
  TestPeer asker = peer("asker");
  const Json first = discover(asker, R"({"namespace":"lobby","limit":3})");
  EXPECT_EQ(aliases(first), names(0, 3));
  EXPECT_EQ(first["payload"]["total"].number(), 7);
  const Json second = discover(asker, fmt(R"({"namespace":"lobby","limit":3,"after":"%"})",
                                          first["payload"]["peers"][2]["fingerprint"].str()));
  EXPECT_EQ(aliases(second), names(3, 6));
  EXPECT_EQ(second["payload"]["total"].number(), 7);
  const Json third = discover(asker, fmt(R"({"namespace":"lobby","after":"%"})",
                                         second["payload"]["peers"][2]["fingerprint"].str()));
  EXPECT_EQ(aliases(third), names(6, 7));
}

TEST_F(NamespaceTest, DiscoverAnswers50UnlessAskedForMore) {
  fill_lobby(55);
  EXPECT_EQ(aliases(discover(members.back(), R"({"namespace":"lobby"})")), names(0, 50));
  EXPECT_EQ(aliases(discover(members.back(), R"({"namespace":"lobby","limit":null})")),
            names(0, 50));
  EXPECT_EQ(aliases(discover(members.back(), R"({"namespace":"lobby","limit":500})")),
            names(0, 55));
}

TEST_F(NamespaceTest, DiscoverAnswersAtMostDiscoverLimitMax) {
  start({"discover_limit_max=4"});
  fill_lobby(6);
  EXPECT_EQ(aliases(discover(members.back(), R"({"namespace":"lobby","limit":100})")), names(0, 4));
}

TEST_F(NamespaceTest, APeerListIsCutAtItsSizeAndTotalTellsTheTruth) {
  start({"max_peer_list_size=1024"});
  fill_lobby(20);
  members.back().send("discover", R"({"namespace":"lobby"})");
  const Json reply = members.back().next("peer_list");
  const auto shown = static_cast<int>(reply["payload"]["peers"].size());
  EXPECT_LE(members.back().last_text().size(), 1200U);
  EXPECT_GT(shown, 0);
  EXPECT_EQ(aliases(reply), names(0, shown));
  EXPECT_EQ(reply["payload"]["total"].number(), 20);
}

// Several client libraries refuse messages over 64 KiB.
TEST_F(NamespaceTest, NoPeerListIsLongerThan60KiBAndItsPagesLeadToEverybody) {
  start({});
  fill_lobby(11);
  for (TestPeer& member : members) {
    member.send("metadata", fmt(R"({"meta":{"x":"%"}})", std::string(8000, 'x')), R"("id":1)");
    while (member.next()["type"].str() != "ack") {
    }
  }
  TestPeer late = peer("p11");
  std::vector<std::string> found = aliases(late.join("lobby"));
  EXPECT_LE(late.last_text().size(), 61440U);
  EXPECT_GT(late.last_text().size(), 51000U);
  EXPECT_EQ(found, names(0, 7));
  std::string last = members[6].fingerprint();
  while (found.size() < 12) {
    const Json page = discover(late, fmt(R"({"namespace":"lobby","limit":500,"after":"%"})", last));
    EXPECT_LE(late.last_text().size(), 61440U);
    EXPECT_EQ(page["payload"]["total"].number(), 12);
    const std::vector<std::string> more = aliases(page);
    ASSERT_FALSE(more.empty());
    found.insert(found.end(), more.begin(), more.end());
    last = page["payload"]["peers"][more.size() - 1]["fingerprint"].str();
  }
  EXPECT_EQ(found, names(0, 12));
}

// The name and the id are part of the message, too.
TEST_F(NamespaceTest, TheSizeOfAPeerListIsThatOfTheWholeMessage) {
  start({"max_peer_list_size=30000"});
  const std::string name = [] {
    std::string escaped;
    for (int i = 0; i < 4096; ++i) escaped += R"(\u0001)";
    return escaped;
  }();
  for (int i = 0; i < 12; ++i) {
    members.push_back(peer(fmt("p%", i)));
    members.back().join(name, fmt(R"("meta":{"x":"%"})", std::string(500, 'x')));
  }
  TestPeer asker = peer("asker");
  asker.send("discover", fmt(R"({"namespace":"%"})", name),
             fmt(R"("id":"%")", std::string(64, 'i')));
  const Json page = asker.next("peer_list");
  EXPECT_LT(asker.last_text().size(), 30000U);
  EXPECT_GT(asker.last_text().size(), 29000U);
  EXPECT_EQ(page["payload"]["total"].number(), 12);
}

TEST_F(NamespaceTest, BadDiscoversAreRefused) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.expect_refused(message("discover"), 400, "namespace required");
  alice.expect_refused(message("discover", R"({"namespace":""})"), 400, "namespace required");
  alice.expect_refused(message("discover", R"({"namespace":{}})"), 400,
                       "namespace must be a string");
  for (const char* limit : {"2.5", R"("5")", "true", "[]"}) {
    alice.send("discover", fmt(R"({"namespace":"lobby","limit":%})", limit));
    alice.expect_error_like(400, "^limit must be an? integer$");
  }
  alice.expect_refused(message("discover", R"({"namespace":"lobby","after":5})"), 400,
                       "after must be a string");
  alice.expect_refused(message("discover", R"({"namespace":"lobby","limit":1,"limit":1})"), 400,
                       "duplicate field");
}

TEST_F(NamespaceTest, RoomPeersCannotBeDiscovered) {
  TestPeer alice = peer("alice");
  alice.create_room("den");
  TestPeer bob = peer("bob");
  alice.expect_refused(message("discover", R"({"namespace":"den"})"), 403,
                       "cannot discover room peers");
  bob.expect_refused(message("discover", R"({"namespace":"den"})"), 403,
                     "cannot discover room peers");
}

}  // namespace
}  // namespace peer::test
