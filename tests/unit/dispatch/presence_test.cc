#include "core/protocol/message.h"
#include "tests/unit/dispatch/resume_test.h"

// `watch`: what members hear of each other beside joins and leaves (docs/protocol.md, "C.7
// Presence").
namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string news(std::string_view type, std::string_view from, std::string_view more = {}) {
  std::string text = R"({"type":")" + std::string(type) + R"(","from":"<)" + std::string(from);
  text += R"(>","namespace":"lobby","payload":{"fingerprint":"<)" + std::string(from) + ">\"";
  return text.append(more) + R"(},"ts":0})";
}
std::string updated(std::string_view from, std::string_view meta) {
  return news("peer_updated", from, ",\"meta\":" + std::string(meta));
}

class PresenceTest : public ResumeTest {
 protected:
  static constexpr std::string_view kWatchesMeta = R"({"namespace":"lobby","watch":["meta"]})";
  static constexpr std::string_view kWatchesPresence =
      R"({"namespace":"lobby","watch":["presence"]})";

  Client watcher(std::string_view name, std::string_view join, std::size_t loop = 0) {
    Client client = peer(name, loop);
    EXPECT_THAT(client.ask("join", join), HasSubstr("peer_list"));
    return client;
  }
  static void set(Client& client, std::string_view meta) {
    client.ask("metadata", R"({"meta":)" + std::string(meta) + "}", R"("id":1)");
  }
};

TEST_F(PresenceTest, WhoWatchesMetaHearsTheChangedKeys) {
  Client alice = watcher("alice", kWatchesMeta);
  Client carol = peer_in("lobby", "carol");
  Client bob = peer_in("lobby", "bob");
  alice.heard();
  carol.heard();
  set(bob, R"({"level":3,"color":"red"})");
  EXPECT_THAT(alice.heard(), ElementsAre(updated("bob", R"({"level":3,"color":"red"})")));
  EXPECT_THAT(carol.heard(), IsEmpty());
  EXPECT_THAT(bob.heard(), IsEmpty());
}

TEST_F(PresenceTest, NobodyHearsOfOneself) {
  Client alice = watcher("alice", R"({"namespace":"lobby","watch":["meta","presence"]})");
  Client erica = watcher("erica", kWatchesMeta);
  alice.heard();
  set(alice, R"({"level":3})");
  EXPECT_EQ(erica.read(), updated("alice", R"({"level":3})"));
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(PresenceTest, MoreWithinTheIntervalIsToldAsOne) {
  config_.presence_interval = milliseconds(200);
  Client alice = watcher("alice", kWatchesMeta);
  Client bob = peer_in("lobby", "bob");
  alice.read();
  set(bob, R"({"a":1,"b":1})");
  set(bob, R"({"a":2})");
  set(bob, R"({"b":null,"c":1})");
  set(bob, R"({"a":3})");
  set(bob, R"({"c":null})");
  EXPECT_EQ(alice.read(), updated("bob", R"({"a":1,"b":1})"));
  EXPECT_EQ(alice.read(), updated("bob", R"({"a":3,"b":null})"));
  set(bob, R"({"a":4})");
  EXPECT_EQ(alice.read(), updated("bob", R"({"a":4})"));
}

// Who is shown a peer within the interval may know of what was in between, and hears what has
// changed back.
class ChangedBackTest : public PresenceTest {
 protected:
  ChangedBackTest() { config_.presence_interval = milliseconds(500); }

  // `ask` has `client`, which watches from then on, shown what is told to nobody yet.
  void show(Client& client, std::string_view type, std::string_view payload) {
    Client dave = watcher("dave", kWatchesMeta);
    Client bob = peer("bob");
    bob.ask("join", R"({"namespace":"lobby","meta":{"hidden":1}})");
    dave.heard();
    client.heard();
    set(bob, R"({"a":1,"b":1,"e":1})");
    set(bob, R"({"a":2,"b":null,"c":1,"hidden":2})");
    client.heard();
    EXPECT_THAT(client.ask(type, payload), HasSubstr(R"("meta":{"a":2,"e":1,"c":1,"hidden":1}})"));
    set(bob, R"({"a":1,"b":1,"c":null,"hidden":3,"e":1})");
    set(bob, R"({"d":1})");
    EXPECT_EQ(dave.read(), updated("bob", R"({"a":1,"b":1,"e":1})"));
    EXPECT_EQ(client.read(), updated("bob", R"({"a":1,"b":1,"d":1,"c":null})"));
  }
};

TEST_F(ChangedBackTest, ByAJoin) {
  Client alice = peer("alice");
  show(alice, "join", kWatchesMeta);
}

TEST_F(ChangedBackTest, ByAJoinAgain) {
  Client alice = peer_in("lobby", "alice");
  show(alice, "join", kWatchesMeta);
}

TEST_F(ChangedBackTest, ByDiscover) {
  Client alice = watcher("alice", kWatchesMeta);
  show(alice, "discover", kLobby);
}

TEST_F(PresenceTest, WhatHasChangedBackIsToldEarlierRatherThanKeptWithoutBound) {
  config_.presence_interval = milliseconds(3600'000);
  Client alice = watcher("alice", kWatchesMeta);
  Client bob = peer_in("lobby", "bob");
  alice.read();
  set(bob, R"({"a":1})");
  alice.read();
  EXPECT_THAT(alice.ask("discover", kLobby), HasSubstr("bob"));
  const std::string x = '"' + std::string(5000, 'x') + '"';
  const std::string y = '"' + std::string(5000, 'y') + '"';
  for (const std::string& key : {x, y}) {
    set(bob, "{" + key + ":1}");
    set(bob, "{" + key + ":null}");
  }
  EXPECT_TRUE(alice.read() == updated("bob", "{" + y + ":1," + x + ":null}"));
}

TEST_F(PresenceTest, WhatIsAsBeforeIsNotTold) {
  config_.presence_interval = milliseconds(0);
  Client alice = watcher("alice", kWatchesMeta);
  Client bob = peer("bob");
  bob.ask("join", R"({"namespace":"lobby","meta":{"hidden":1}})");
  alice.heard();
  set(bob, R"({"hidden":2})");
  set(bob, R"({"none":null})");
  EXPECT_THAT(alice.heard(), IsEmpty());
  set(bob, R"({"seen":1})");
  EXPECT_EQ(alice.read(), updated("bob", R"({"seen":1})"));
  set(bob, R"({"seen":1})");
  EXPECT_THAT(alice.heard(), IsEmpty());
}

TEST_F(PresenceTest, AJoinAgainThatChangesTheMetaIsTold) {
  config_.presence_interval = milliseconds(0);
  Client alice = watcher("alice", kWatchesMeta);
  Client bob = peer_in("lobby", "bob");
  alice.heard();
  bob.ask("join", R"({"namespace":"lobby","meta":{"x":1}})");
  EXPECT_EQ(alice.read(), updated("bob", R"({"x":1})"));
  // Without meta it stays as it is.
  EXPECT_THAT(bob.ask("join", kLobby), HasSubstr(R"("meta":{"x":1})"));
  EXPECT_THAT(alice.heard(), IsEmpty());
  bob.ask("join", R"({"namespace":"lobby","meta":{}})");
  EXPECT_EQ(alice.read(), updated("bob", R"({"x":null})"));
}

TEST_F(PresenceTest, NothingIsToldBehindPeerLeft) {
  config_.presence_interval = milliseconds(50);
  Client alice = watcher("alice", kWatchesMeta);
  Client bob = peer_in("lobby", "bob");
  alice.read();
  set(bob, R"({"a":1})");
  set(bob, R"({"a":2})");
  bob.ask("leave", kLobby, R"("id":1)");
  EXPECT_THAT(bob.ask("join", kLobby), HasSubstr("peer_list"));
  set(bob, R"({"b":1})");
  EXPECT_EQ(alice.read(), updated("bob", R"({"a":1})"));
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
  EXPECT_THAT(alice.read(), HasSubstr(R"("meta":{"a":2})"));
  // What was due before has no part in it.
  EXPECT_EQ(alice.read(), updated("bob", R"({"b":1})"));
}

TEST_F(PresenceTest, AJoinAgainReplacesTheSet) {
  Client alice = watcher("alice", kWatchesMeta);
  Client bob = peer_in("lobby", "bob");
  alice.heard();
  EXPECT_THAT(alice.ask("join", kLobby), HasSubstr("peer_list"));
  set(bob, R"({"a":1})");
  EXPECT_THAT(alice.heard(), IsEmpty());
  EXPECT_FALSE(node().namespaces.has_meta_watchers());
}

TEST_F(PresenceTest, AnotherWordIsRefused) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("join", R"({"namespace":"lobby","watch":["all"]})"),
            error(400, "watch: unknown 'all'"));
  EXPECT_EQ(alice.ask("join_room", R"({"room_id":"den","watch":["meta","x"]})"),
            error(400, "watch: unknown 'x'"));
  EXPECT_EQ(alice.ask("create_room", R"({"room_id":"den","watch":"meta"})"),
            error(400, "watch must be an array of strings"));
  EXPECT_EQ(alice.ask("join", R"({"namespace":"lobby","watch":[1]})"),
            error(400, "watch must be an array of strings"));
}

TEST_F(PresenceTest, RoomsAreWatchedToo) {
  loops_ = 2;
  Client alice = peer("alice", 0);
  EXPECT_THAT(alice.ask("create_room", R"({"room_id":"den","max_size":5,"watch":["meta"]})"),
              HasSubstr("room_created"));
  Client bob = peer("bob", 1);
  EXPECT_THAT(bob.ask("join_room", R"({"room_id":"den","watch":["presence"]})"),
              HasSubstr("peer_list"));
  alice.read();
  set(bob, R"({"a":1})");
  EXPECT_THAT(alice.read(), HasSubstr("peer_updated"));
  Client carol = resumable("carol", 0);
  EXPECT_THAT(carol.ask("join_room", R"({"room_id":"den"})"), HasSubstr("peer_list"));
  bob.read();
  leave(carol);
  EXPECT_THAT(bob.heard(), ElementsAre(HasSubstr("peer_away")));
  EXPECT_THAT(alice.heard(), ElementsAre(HasSubstr("peer_joined")));
}

TEST_F(PresenceTest, WhoWatchesPresenceHearsOfGoingAndComing) {
  Client alice = watcher("alice", kWatchesPresence);
  Client dave = peer_in("lobby", "dave");
  Client bob = resumable("bob");
  join(bob);
  settle();
  alice.heard();
  dave.heard();
  leave(bob);
  EXPECT_THAT(alice.heard(), ElementsAre(news("peer_away", "bob")));
  Client again = connect();
  resume(again, "bob", 1);
  EXPECT_THAT(alice.heard(), ElementsAre(news("peer_back", "bob")));
  again.send_bytes(encode({.opcode = kClose}));
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
  EXPECT_THAT(dave.heard(), ElementsAre(peer_left("lobby", "bob")));
}

TEST_F(PresenceTest, WhoEndsWhileAwayIsNotBack) {
  config_.resume_window = milliseconds(50);
  Client alice = watcher("alice", kWatchesPresence);
  Client bob = resumable("bob");
  join(bob);
  alice.read();
  bob.drop();
  EXPECT_EQ(alice.read(), news("peer_away", "bob"));
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
}

TEST_F(PresenceTest, WhoIsAwayAlreadyIsToldBehindTheList) {
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  leave(bob);
  Client alice = watcher("alice", kWatchesPresence);
  EXPECT_EQ(alice.read(), news("peer_away", "bob"));
  // Known by now: a join again says it to who watches for the first time.
  EXPECT_THAT(alice.ask("join", kWatchesPresence), HasSubstr("peer_list"));
  EXPECT_THAT(alice.heard(), IsEmpty());
  Client carol = peer_in("lobby", "carol");
  EXPECT_THAT(carol.ask("join", kWatchesPresence), HasSubstr("peer_list"));
  EXPECT_EQ(carol.read(), news("peer_away", "bob"));
}

TEST_F(PresenceTest, ToWatchersDiscoverMarksWhoIsAway) {
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  leave(bob);
  Client alice = watcher("alice", kWatchesPresence);
  alice.heard();
  EXPECT_THAT(alice.ask("discover", kLobby), HasSubstr(R"("alias":"bob","away":true,"meta":{})"));
  Client carol = peer("carol");
  EXPECT_THAT(carol.ask("discover", kLobby), testing::Not(HasSubstr("away")));
  EXPECT_THAT(carol.ask("join", kLobby), testing::Not(HasSubstr("away")));
}

TEST_F(PresenceTest, AJoinCostsNoMoreThanItsPageHoweverManyAreAway) {
  config_.max_peers = config_.max_away_sessions = 1000;
  std::vector<Client> members;
  const auto join = [](std::string_view ns, std::string_view more = {}) {
    return R"({"namespace":")" + std::string(ns) + "\"" + std::string(more) + "}";
  };
  for (int i = 0; i < 500; ++i) {
    members.push_back(resumable("member-" + std::to_string(100 + i)));
    members.back().ask("join", join("many"));
    if (i < 100) members.back().ask("join", join("some"));
  }
  for (Client& member : members) member.drop();
  while (node().resumes.away() < members.size()) settle();
  struct Cost {
    std::uint64_t messages;
    std::uint64_t bytes;
    bool operator==(const Cost&) const = default;
  };
  const LoopStats& stats = node().loops[0]->stats();
  // What it is sent, and what the server sends to anybody for it.
  const auto cost_of = [&](Client& client, std::string_view type, std::string_view ns) {
    settle();
    const std::uint64_t before = stats.sent;
    Cost cost{0, client.ask(type, join(ns, R"(,"watch":["presence"])")).size()};
    for (const std::string& text : client.heard()) cost.bytes += text.size();
    cost.messages = stats.sent - before;
    return cost;
  };
  Client alice = peer("alice");
  Client erica = peer("erica");
  const Cost among_100 = cost_of(alice, "join", "some");
  EXPECT_EQ(among_100.messages, 1 + 50 + 1);  // the list, those of it who are away, a pong
  EXPECT_EQ(cost_of(erica, "join", "many"), among_100);
  const Cost list_of_100 = cost_of(alice, "discover", "some");
  EXPECT_EQ(list_of_100.messages, 1 + 1);
  EXPECT_EQ(cost_of(erica, "discover", "many"), list_of_100);
}

class SharedPresenceTest : public SharedResumeTest {
 protected:
  static void set(Client& client, std::string_view meta) {
    client.ask("metadata", R"({"meta":)" + std::string(meta) + "}", R"("id":1)");
  }
  sdk::Registered registered_named(std::string_view name) {
    sdk::Registered registered;
    on_loop(0, [&] { registered = session_named(name).registered(); });
    return registered;
  }
  /// As clients of other nodes would read them.
  std::vector<std::string> texts() {
    std::vector<std::string> all;
    for (const std::string& text : broker_.updates()) all.push_back(with_names(text));
    return all;
  }
  template <typename Condition>
  void await(Condition condition) {
    const Deadline deadline;
    while (!condition()) {
      if (deadline.passed()) throw std::runtime_error("it does not come to that");
      settle();
    }
  }
};

TEST_F(SharedPresenceTest, WhoIsLetInWhileAwayIsAway) {
  Client alice = peer("alice");
  alice.ask("join", R"({"namespace":"lobby","watch":["presence"]})");
  broker_.joins.hold();
  Client bob = resumable("bob");
  join(bob);
  broker_.joins.wait();
  leave(bob);
  broker_.joins.release();
  EXPECT_EQ(alice.read(), peer_joined("lobby", "bob"));
  EXPECT_EQ(alice.read(), news("peer_away", "bob"));
}

TEST_F(SharedPresenceTest, OwnMembersOfAPageOfAllNodesAreTold) {
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  leave(bob);
  Client alice = peer("alice");
  EXPECT_THAT(alice.ask("join", R"({"namespace":"lobby","watch":["presence"]})"),
              HasSubstr("peer_list"));
  EXPECT_EQ(alice.read(), news("peer_away", "bob"));
  EXPECT_THAT(alice.ask("discover", kLobby), HasSubstr(R"("away":true)"));
}

TEST_F(SharedPresenceTest, TheBrokerHearsWhatIsWatchedAndWhoIsAway) {
  Client alice = peer("alice");
  alice.ask("join", R"({"namespace":"lobby","watch":["meta","presence"]})");
  alice.ask("join", R"({"namespace":"lobby","watch":["meta"]})");
  alice.ask("join", R"({"namespace":"lobby","watch":["meta"]})");
  alice.ask("join", R"({"namespace":"lobby","watch":["presence"]})");
  alice.ask("discover", kLobby);
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  leave(bob);
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 1), HasSubstr("resumed"));
  again.ask("ping", "");
  EXPECT_THAT(
      broker_.told(),
      ElementsAre("join lobby alice mp", "update lobby alice", "watch lobby alice m",
                  "update lobby alice", "update lobby alice", "watch lobby alice p",
                  "list_away lobby", "list_away lobby", "away bob lobby", "back bob lobby"));
}

TEST_F(SharedPresenceTest, WhoOfAPageIsAwayElsewhereIsToldAndMarked) {
  sdk::JoinOutcome outcome = join_outcome(sdk::JoinStatus::kJoined);
  outcome.page.members = {{peer_named("far-1"), false, true, with_fingerprints(object("far-1"))},
                          {peer_named("far-2"), false, false, with_fingerprints(object("far-2"))}};
  outcome.page.total = 2;
  broker_.joins.always(outcome);
  broker_.lists.always(outcome.page);
  Client alice = peer("alice");
  alice.ask("join", R"({"namespace":"lobby","watch":["presence"]})");
  EXPECT_THAT(alice.heard(), ElementsAre(news("peer_away", "far-1")));
  const std::string marked = alice.ask("discover", kLobby);
  EXPECT_THAT(marked, HasSubstr(R"("alias":"far-1","away":true)"));
  EXPECT_THAT(marked, HasSubstr(R"("alias":"far-2","meta")"));
  Client bob = peer("bob");
  EXPECT_THAT(bob.ask("join", kLobby), testing::Not(HasSubstr("away")));
}

TEST_F(SharedPresenceTest, WhatOtherNodesTellReachesThoseWhoWatchThat) {
  Client alice = peer("alice");
  alice.ask("join", R"({"namespace":"lobby","watch":["presence"]})");
  Client bob = peer("bob");
  bob.ask("join", R"({"namespace":"lobby","watch":["meta"]})");
  Client carol = peer_in("lobby", "carol");
  for (Client* client : {&alice, &bob, &carol}) client->heard();
  host().member_away("lobby", peer_named("far-1"), true, {});
  host().member_updated("lobby", peer_named("far-1"), R"({"n":1})", {});
  const sdk::Fingerprint told[] = {peer_named("alice"), peer_named("bob")};
  host().member_away("lobby", peer_named("far-1"), false, told);
  host().member_updated("lobby", peer_named("far-1"), R"({"n":2})", told);
  host().member_away("nowhere", peer_named("far-1"), true, {});
  EXPECT_THAT(alice.heard(), ElementsAre(news("peer_away", "far-1")));
  EXPECT_THAT(bob.heard(), ElementsAre(R"({"n":1})"));
  EXPECT_THAT(carol.heard(), IsEmpty());
}

TEST_F(SharedPresenceTest, WhoJoinedAloneHearsWhoIsAwayWithTheMembers) {
  broker_.joins.always({});
  Client alice = peer("alice");
  alice.ask("join", R"({"namespace":"lobby","watch":["presence"]})");
  Client bob = peer_in("lobby", "bob");
  EXPECT_THAT(alice.heard(), ElementsAre(peer_joined("lobby", "bob")));
  host().member_away("lobby", peer_named("far-1"), true, {});
  EXPECT_THAT(alice.heard(), IsEmpty());
  const sdk::MemberEntry far{peer_named("far-1"), false, true, with_fingerprints(object("far-1"))};
  host().members_known("lobby", {&far, 1});
  EXPECT_THAT(alice.heard(),
              ElementsAre(peer_joined("lobby", "far-1"), news("peer_away", "far-1")));
  // Who does not watch hears of the member alone.
  EXPECT_THAT(bob.heard(), ElementsAre(peer_joined("lobby", "far-1")));
}

TEST_F(SharedPresenceTest, WhatOthersElsewhereHaveBeenToldWaitsForNobodyHere) {
  config_.presence_interval = std::chrono::seconds(30);
  Client bob = peer_in("lobby", "bob");
  set(bob, R"({"a":1})");
  const auto object_with = [](std::string_view meta) {
    return R"({"fingerprint":"","meta":)" + std::string(meta) + "}";
  };
  host().update_watched("lobby", registered_named("bob"), object_with("{}"),
                        object_with(R"({"a":1})"));
  bob.ask("ping", "");
  EXPECT_THAT(texts(), SizeIs(1));
  Client alice = peer("alice");
  alice.ask("join", R"({"namespace":"lobby","watch":["meta"]})");
  bob.read();
  set(bob, R"({"a":2})");
  EXPECT_EQ(alice.read(), updated("bob", R"({"a":2})"));
}

TEST_F(SharedPresenceTest, WhereOthersWatchTheDifferenceToWhatTheyKnowIsTold) {
  config_.presence_interval = milliseconds(200);
  Client bob = peer("bob");
  bob.ask("join", R"({"namespace":"lobby","meta":{"hidden":1}})");
  const sdk::Registered registered = registered_named("bob");
  const auto told = [&](std::string_view before, std::string_view after) {
    const auto object_with = [](std::string_view meta) {
      return R"({"fingerprint":"","meta":)" + std::string(meta) + "}";
    };
    host().update_watched("lobby", registered, object_with(before), object_with(after));
    bob.ask("ping", "");
  };
  // The first change at once, though there are more by now.
  set(bob, R"({"a":1})");
  set(bob, R"({"hidden":2,"a":2})");
  told(R"({"hidden":1})", R"({"hidden":1,"a":1})");
  EXPECT_THAT(texts(), ElementsAre(updated("bob", R"({"a":1})")));
  told(R"({"hidden":1,"a":1})", R"({"hidden":1,"a":2})");
  set(bob, R"({"b":1})");
  told(R"({"hidden":1,"a":2})", R"({"hidden":1,"a":2,"b":1})");
  EXPECT_THAT(texts(), SizeIs(1));
  await([&] { return texts().size() == 2; });
  EXPECT_EQ(texts().back(), updated("bob", R"({"a":2,"b":1})"));
  // The same text is nothing new.
  told(R"({"a":2})", R"({"a":2})");
  // What was in between others may have been shown.
  const std::string_view now = R"({"hidden":1,"a":2,"b":1})";
  const std::string_view in_between = R"({"hidden":1,"a":3,"b":1,"c":1})";
  told(now, in_between);
  told(in_between, now);
  const std::string back = updated("bob", R"({"a":2,"c":null})");
  await([&] { return texts().back() == back; });
  const std::size_t count = texts().size();
  // What is stored may be anything.
  const std::string one = R"({"fingerprint":"","meta":{"n":1}})";
  host().update_watched("lobby", registered, "no JSON", one);
  host().update_watched("lobby", registered, R"({"fingerprint":"","meta":7})",
                        R"({"fingerprint":"","meta":[]})");
  host().update_watched("elsewhere", registered, "{}", one);
  host().update_watched("lobby", {registered.peer, registered.registration + 1}, "{}", one);
  bob.ask("ping", "");
  EXPECT_THAT(texts(), SizeIs(count));
}

TEST_F(SharedPresenceTest, OwnMembersOfAPageAreShownAsTheWatchersKnowThem) {
  Client bob = peer_in("lobby", "bob");
  sdk::JoinOutcome outcome = join_outcome(sdk::JoinStatus::kJoined);
  outcome.page.members = {{peer_named("bob"), true, false, with_fingerprints(object("bob"))}};
  outcome.page.total = 1;
  broker_.joins.always(outcome);
  set(bob, R"({"a":1})");
  Client alice = peer("alice");
  EXPECT_THAT(alice.ask("join", R"({"namespace":"lobby","watch":["meta"]})"),
              HasSubstr(R"("meta":{"a":1})"));
}

}  // namespace
}  // namespace peer::test
