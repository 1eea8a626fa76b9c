// What a network does between a node and Redis: slow, cut, a black hole, a cluster in two parts.
#include "tests/integration/cluster/network_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;

TEST_F(NetworkTest, ASlowNetworkDelaysSignalsAndLosesNone) {
  start_behind_proxy("beat_ms: 200, lease_ms: 5000, timeout_ms: 1500");
  proxy().delay(80ms);
  constexpr int kSignals = 100;
  for (int i = 1; i <= kSignals; ++i) exchange(i);
  EXPECT_EQ(read_numbers(bob(), kSignals).size(), kSignals);
  EXPECT_EQ(read_numbers(alice(), kSignals).size(), kSignals);
  TestPeer carol = peer(first(), "carol");
  EXPECT_THAT(aliases(carol.join("game")), ElementsAre("alice", "bob", "carol"));
  expect_news(alice(), "peer_joined", carol);
  expect_news(bob(), "peer_joined", carol);
  EXPECT_EQ(broker_stats(first())["state"].str(), "connected");
  EXPECT_GE(broker_stats(first())["latency_us"].number(), 160'000);
  expect_whole({{"game", {&alice(), &bob(), &carol}}});
}

struct Fault {
  const char* name;
  TcpProxy::Cut how;
  TcpProxy::Which which;
};

class CutTest : public NetworkTest, public testing::WithParamInterface<Fault> {};

// Whoever listens hears no storm: only the signals, in order, and not that the other was not found.
// What was on its way may be lost.
TEST_P(CutTest, SignalsGoOnInOrderAndNobodyHearsOfIt) {
  start_behind_proxy("beat_ms: 100, lease_ms: 5000, timeout_ms: 500");
  int number = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 40; ++i) {
      if (i == 20) proxy().cut(GetParam().how, GetParam().which);
      exchange(++number);
    }
    wait_for_output(first(), "Redis is back", round + 1);
    wait_for_state(first(), "connected");
    exchange(++number);
    read_numbers(bob(), number);
    read_numbers(alice(), number);
  }
  expect_silence_of({&alice(), &bob()});
  expect_whole({{"game", {&alice(), &bob()}}});
}

INSTANTIATE_TEST_SUITE_P(
    Faults, CutTest,
    testing::Values(Fault{"FinBoth", TcpProxy::Cut::kFin, TcpProxy::Which::kBoth},
                    Fault{"FinCommands", TcpProxy::Cut::kFin, TcpProxy::Which::kCommands},
                    Fault{"FinSubscription", TcpProxy::Cut::kFin, TcpProxy::Which::kSubscription},
                    Fault{"ResetBoth", TcpProxy::Cut::kReset, TcpProxy::Which::kBoth},
                    Fault{"ResetCommands", TcpProxy::Cut::kReset, TcpProxy::Which::kCommands},
                    Fault{"ResetSubscription", TcpProxy::Cut::kReset,
                          TcpProxy::Which::kSubscription}),
    [](const auto& test) { return test.param.name; });

struct Hole {
  const char* name;
  TcpProxy::Which which;
};

class BlackHoleTest : public NetworkTest, public testing::WithParamInterface<Hole> {};

TEST_P(BlackHoleTest, IsFoundByItsSilence) {
  start_behind_proxy();
  proxy().hold(GetParam().which);
  wait_for_state(first(), "degraded");
  TestPeer carol = peer_in(first(), "game", "carol");
  expect_news(alice(), "peer_joined", carol);
  proxy().release();
  wait_until_healed();
  // Bob may have been told that alice left, if the hole outlasted the lease: then of both.
  std::vector<std::string> news;
  for (Json message = bob().next();; message = bob().next()) {
    news.push_back(message["type"].str() + ' ' + message["from"].str());
    if (message["from"].str() == carol.fingerprint()) break;
  }
  bob().send("ping", "");
  for (Json message = bob().next(); message["type"].str() != "pong"; message = bob().next()) {
    news.push_back(message["type"].str() + ' ' + message["from"].str());
  }
  const std::string left = "peer_left " + alice().fingerprint();
  const std::string joined = "peer_joined " + alice().fingerprint();
  const std::string came = "peer_joined " + carol.fingerprint();
  EXPECT_THAT(news, testing::AnyOf(ElementsAre(came), ElementsAre(left, joined, came),
                                   ElementsAre(left, came, joined)));
  alice().expect_silence();
  expect_whole({{"game", {&alice(), &bob(), &carol}}});
}

INSTANTIATE_TEST_SUITE_P(Holes, BlackHoleTest,
                         testing::Values(Hole{"Both", TcpProxy::Which::kBoth},
                                         Hole{"Commands", TcpProxy::Which::kCommands},
                                         Hole{"Subscription", TcpProxy::Which::kSubscription}),
                         [](const auto& test) { return test.param.name; });

TEST_F(NetworkTest, BothPartsWorkOnTheirOwnAndHealWithOneAnnouncementEach) {
  start_behind_proxy();
  proxy().hold();
  wait_until_parted();
  TestPeer here = peer_in(first(), "game", "here");
  expect_news(alice(), "peer_joined", here);
  TestPeer there = peer_in(second(), "game", "there");
  expect_news(bob(), "peer_joined", there);
  alice().send_to(here.fingerprint(), "1");
  EXPECT_EQ(here.next("signal")["payload"].number(), 1);
  bob().send_to(alice().fingerprint(), "1");
  bob().expect_error(404, "peer not found");
  alice().send("broadcast", R"({"namespace":"game","data":3})");
  EXPECT_EQ(here.next("broadcast")["payload"]["data"].number(), 3);

  proxy().cut(TcpProxy::Cut::kReset);
  proxy().release();
  wait_until_healed();
  for (TestPeer* peer : {&bob(), &there}) {
    expect_news_of(*peer, "peer_joined", {&alice(), &here});
  }
  expect_news(alice(), "peer_joined", there);
  // Who joined while bob could not be known hears of him, too.
  expect_news_of(here, "peer_joined", {&bob(), &there});
  expect_silence_of({&alice(), &bob(), &here, &there});
  expect_whole({{"game", {&alice(), &bob(), &here, &there}}});
  there.send_to(here.fingerprint(), "2");
  EXPECT_EQ(here.next("signal")["payload"].number(), 2);
}

TEST_F(NetworkTest, OfOnePeerOnBothPartsTheNewerRegistrationStays) {
  start_behind_proxy();
  TestPeer older = peer(first(), "carol");
  proxy().hold();
  wait_until_parted();
  TestPeer newer = peer_in(second(), "game", "carol");
  expect_news(bob(), "peer_joined", newer);
  older.round_trip();
  proxy().cut(TcpProxy::Cut::kReset);
  proxy().release();
  older.ws().expect_close(4001);
  wait_until_healed();
  expect_news(bob(), "peer_joined", alice());
  expect_news(alice(), "peer_joined", newer);
  bob().send_to(newer.fingerprint(), "1");
  EXPECT_EQ(newer.next()["type"].str(), "peer_joined");
  EXPECT_EQ(newer.next("signal")["payload"].number(), 1);
  expect_whole({{"game", {&alice(), &bob(), &newer}}});
}

TEST_F(NetworkTest, OfOnePeerOnBothPartsTheNewerRegistrationStaysWhereverItIs) {
  start_behind_proxy();
  TestPeer older = peer(second(), "carol");
  proxy().hold();
  wait_until_parted();
  TestPeer newer = peer(first(), "carol");
  proxy().cut(TcpProxy::Cut::kReset);
  proxy().release();
  older.ws().expect_close(4001);
  wait_until_healed();
  newer.round_trip();
  expect_whole({{"game", {&alice(), &bob()}}, {"", {&newer}}});
}

TEST_F(NetworkTest, WhoCameAndWentElsewhereMeanwhileIsToldWhenTheNodeIsBack) {
  start_behind_proxy();
  TestPeer gone = peer_in(second(), "game", "gone");
  for (TestPeer* peer : {&alice(), &bob()}) expect_news(*peer, "peer_joined", gone);
  proxy().hold();
  wait_for_state(first(), "degraded");
  gone.close();
  TestPeer brief = peer(second(), "brief");
  brief.join("game");
  brief.close();
  TestPeer come = peer(second(), "come");
  come.join("game");
  come.round_trip();
  proxy().cut(TcpProxy::Cut::kReset);
  proxy().release();
  std::vector<std::string> news;
  for (int i = 0; i < 2; ++i) {
    const Json message = alice().next();
    news.push_back(message["type"].str() + ' ' + message["from"].str());
  }
  EXPECT_THAT(news, testing::UnorderedElementsAre("peer_left " + gone.fingerprint(),
                                                  "peer_joined " + come.fingerprint()));
  wait_until_healed();
  alice().expect_silence();
  expect_whole({{"game", {&alice(), &bob(), &come}}});
}

TEST_F(NetworkTest, OfTwoRoomsOfOneNameTheOneOfThePartThatWasCutOffCloses) {
  start_behind_proxy();
  proxy().hold();
  wait_until_parted();
  alice().create_room("den");
  TestPeer carol = peer_in(first(), "den", "carol");
  expect_news(alice(), "peer_joined", carol);
  TestPeer dave = peer_in(first(), "yard", "dave");
  bob().create_room("den");
  bob().create_room("yard");
  proxy().cut(TcpProxy::Cut::kReset);
  proxy().release();
  for (TestPeer* peer : {&alice(), &carol, &dave}) {
    Json message = peer->next();
    while (message["type"].str() == "peer_left") message = peer->next();
    EXPECT_EQ(message["type"].str(), "room_closed") << peer->last_text();
    const std::string room = peer == &dave ? "yard" : "den";
    EXPECT_EQ(message["namespace"].str(), room);
    EXPECT_EQ(message["payload"]["room_id"].str(), room);
  }
  wait_until_healed();
  expect_news(bob(), "peer_joined", alice());
  EXPECT_THAT(aliases(alice().join("den")), ElementsAre("bob", "alice"));
  expect_news(bob(), "peer_joined", alice());
  expect_whole({{"game", {&alice(), &bob()}},
                {"den", {&bob(), &alice()}},
                {"yard", {&bob()}},
                {"", {&carol, &dave}}});
}

TEST_F(NetworkTest, WhoLeavesItsRoomWhileCutOffIsSucceededElsewhere) {
  start_behind_proxy();
  alice().create_room("den");
  bob().join("den");
  expect_news(alice(), "peer_joined", bob());
  proxy().hold();
  wait_for_state(first(), "degraded");
  alice().send("leave", R"({"namespace":"den"})");
  alice().round_trip();
  proxy().cut(TcpProxy::Cut::kReset);
  proxy().release();
  Json message = bob().next();
  while (message["type"].str() != "room_updated") message = bob().next();
  EXPECT_EQ(message["payload"]["owner"].str(), bob().fingerprint());
  wait_until_healed();
  expect_whole({{"game", {&alice(), &bob()}}, {"den", {&bob()}}});
}

TEST_F(NetworkTest, WhenAllWereCutOffFromARedisThatForgotEachHearsOfWhoJoinedElsewhere) {
  start_pair(kQuickToDoubt);
  redis().kill();
  wait_for_state(first(), "degraded");
  wait_for_state(second(), "degraded");
  TestPeer carol = peer_in(first(), "game", "carol");
  expect_news(alice(), "peer_joined", carol);
  TestPeer dave = peer_in(second(), "game", "dave");
  expect_news(bob(), "peer_joined", dave);
  redis().restart();
  expect_news(alice(), "peer_joined", dave);
  expect_news(bob(), "peer_joined", carol);
  expect_news_of(carol, "peer_joined", {&bob(), &dave});
  expect_news_of(dave, "peer_joined", {&alice(), &carol});
  wait_for_state(first(), "connected");
  wait_for_state(second(), "connected");
  expect_silence_of({&alice(), &bob(), &carol, &dave});
  expect_whole({{"game", {&alice(), &bob(), &carol, &dave}}});
}

// The goodbye of the second is news for the first, whose own is on its way by then.
TEST_F(NetworkTest, ANodeThatHasSaidGoodbyeIsNotListedAgain) {
  start_behind_proxy();
  alice().close();
  bob().next("peer_left");
  bob().close();
  proxy().delay(40ms);
  first().signal(SIGTERM);
  stop_node(second());
  EXPECT_EQ(first().wait_exit(), std::optional(0)) << first().output();
  // All that was on its way has arrived when nobody but who asks is connected any more.
  const Deadline deadline;
  while (redis().command({"CLIENT", "LIST"})[0].find("\nid=") != std::string::npos) {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_THAT(redis().command({"KEYS", "*"}), ElementsAre("peer:{0}:born"));
}

}  // namespace
}  // namespace peer::test
