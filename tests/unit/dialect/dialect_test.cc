#include <algorithm>

#include <peer/sdk/automatic_alias.h>

#include "core/base/fingerprint.h"
#include "core/base/packed_bytes.h"
#include "core/base/time.h"
#include "core/protocol/json_text.h"
#include "core/server/node.h"
#include "core/session/membership.h"
#include "core/session/session_record.h"
#include "tests/support/http_client.h"
#include "tests/unit/dispatch/node_test.h"

// Clients that speak another protocol: TestDialect's (docs/dialects.md).
namespace peer::test {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

Fingerprint fingerprint_of_id(std::string_view id) {
  return fingerprint_of("\0dialect\0test\0realm\0"s.append(id));
}

template <typename Base>
class WithDialect : public Base {
 protected:
  WithDialect() { this->speaks_dialect_ = true; }

  // What `sender` said that `id` hears.
  static std::string heard_signal(std::string_view from, std::string_view to,
                                  std::string_view payload) {
    return R"(tell {"type":"signal","from":")" + to_hex(fingerprint_of_id(from)) + R"(","to":")" +
           to_hex(fingerprint_of_id(to)) + R"(","payload":)" + std::string(payload) + ",\"ts\":0}";
  }
  static std::string ask(Client& client, std::string_view text) {
    client.send(text);
    return client.read();
  }
  void ban(std::string target) {
    Ban ban;
    ban.target = std::move(target);
    const std::int64_t now = wall_now().time_since_epoch().count();
    ban.changed_at = now;
    ban.ends_at = now + 60'000;
    this->node().admission.bans().put(ban, now);
  }
  // Nothing comes to the client, as far as all that has been done so far is concerned.
  void expect_silence(Client& client, std::string_view marker = "marker") {
    this->settle();
    EXPECT_EQ(ask(client, "send " + std::string(marker)), marker);
  }
};

class DialectTest : public WithDialect<NodeTest> {};
class DialectClusterTest : public WithDialect<ClusterTest> {};

TEST_F(DialectTest, WhatAClientSaysBecomesAMessageAndItsAnswerComesBack) {
  Client alice = foreign_peer("alice");
  EXPECT_EQ(ask(alice, R"(say {"type":"ping","id":1})"), R"(tell {"type":"pong","id":1})");
  EXPECT_EQ(handled(MessageType::kPing), 1U);
}

TEST_F(DialectTest, ThePeerIsWhoItsIdInItsRealmSays) {
  const Client alice = foreign_peer("alice");
  EXPECT_TRUE(node().peers.present(fingerprint_of_id("alice")));
  EXPECT_EQ(dialect_.host().fingerprint_of("alice"), fingerprint_of_id("alice"));
}

TEST_F(DialectTest, NoNativeClientHasTheKeyOfOne) {
  const Client alice = foreign_peer("alice");
  const std::string key = R"({"public_key":"\u0000dialect\u0000test\u0000realm\u0000alice"})";
  EXPECT_THAT(connect().ask("register", key), HasSubstr("invalid public_key"));
}

TEST_F(DialectTest, AClientWithoutAnIdGetsOneOfItsOwn) {
  Client one = foreign("id=");
  Client other = foreign("id=");
  const std::string name = one.read();
  EXPECT_THAT(name, SizeIs(5 + 32));
  EXPECT_NE(name, other.read());
}

TEST_F(DialectTest, AnIdThatWillNotDoIsRefused) {
  constexpr int kInvalid = 6;
  const std::string refused = "refused " + std::to_string(kInvalid) + " 400 invalid id";
  EXPECT_THAT(foreign("id=a%00b").end(), ElementsAre(refused, "empty"));
  EXPECT_THAT(foreign("id=%ff").end(), ElementsAre(refused, "empty"));
  EXPECT_THAT(foreign("id=" + std::string(257, 'x')).end(), ElementsAre(refused, "empty"));
  EXPECT_EQ(foreign("id=" + std::string(256, 'x')).read(), "open " + std::string(256, 'x'));
}

TEST_F(DialectTest, WhoShowsTheSameTokenTakesTheIdOver) {
  loops_ = 2;
  Client older = foreign("id=alice&token=x", 0);
  EXPECT_EQ(older.read(), "open alice");
  Client newer = foreign("id=alice&token=x", 1);
  EXPECT_EQ(newer.read(), "open alice");
  EXPECT_THAT(older.end(), ElementsAre("last 4001 replaced by a newer connection", "empty"));
  EXPECT_EQ(node().peer_count(), 1U);
}

TEST_F(DialectTest, ToWhoShowsAnotherTokenTheIdIsTaken) {
  loops_ = 2;
  Client older = foreign("id=alice&token=x", 0);
  EXPECT_EQ(older.read(), "open alice");
  for (const char* query : {"id=alice&token=y", "id=alice"}) {
    EXPECT_THAT(foreign(query, 1).end(), ElementsAre("refused 5 409 id taken", "empty"));
    EXPECT_THAT(foreign(query, 0).end(), ElementsAre("refused 5 409 id taken", "empty"));
  }
  expect_silence(older);
}

TEST_F(DialectTest, AnIdWithoutATokenIsNobodyElses) {
  Client older = foreign("id=alice");
  EXPECT_EQ(older.read(), "open alice");
  EXPECT_THAT(foreign("id=alice").end(), ElementsAre("refused 5 409 id taken", "empty"));
}

TEST_F(DialectTest, ThePluginMayTurnAClientAway) {
  EXPECT_THAT(foreign("id=no").end(), ElementsAre("not you", "empty"));
}

TEST_F(DialectTest, AFaultOfThePluginCostsTheClientAtHand) {
  Client alice = foreign_peer("alice");
  EXPECT_THAT(foreign("id=throw").end(), ElementsAre("refused 8 1011 internal error", "empty"));
  EXPECT_THAT(foreign("id=nothing").end(), ElementsAre("refused 8 500 internal error", "empty"));
  Client bob = foreign_peer("bob");
  bob.send("nonsense");
  EXPECT_THAT(bob.end(), ElementsAre("last 1011 internal error", "empty"));
  expect_silence(alice);
  // Of several within ten seconds the first is written.
  EXPECT_THAT(log(), ElementsAre("plugin dialect 'test': open: no such door"));
}

TEST_F(DialectTest, BadOutputIsRefusedAndLogged) {
  Client alice = foreign_peer("alice");
  alice.send("bad");
  EXPECT_EQ(ask(alice, "send x"), "x");
  EXPECT_THAT(log(), ElementsAre("plugin dialect 'test': send: gave a text that is not UTF-8"));
}

TEST_F(DialectTest, WhatIsSaidAndIsNoMessageIsAnsweredAndLogged) {
  Client alice = foreign_peer("alice");
  EXPECT_EQ(ask(alice, "say {"), "tell " + error(400, "invalid message"));
  EXPECT_THAT(log(), ElementsAre(HasSubstr("say: said what is no message: invalid message")));
}

TEST_F(DialectTest, WhatIsAskedForInOneCallIsBounded) {
  config_.rate_limit_burst = config_.rate_limit_flood = 10'000;
  config_.send_buffer_size = 10'000;
  Client alice = foreign_peer("alice");
  alice.send("flood");
  for (std::size_t i = 0; i < sdk::kMaxDialectActions; ++i) {
    ASSERT_EQ(alice.read(), R"(tell {"type":"pong"})");
  }
  expect_silence(alice);
  EXPECT_THAT(log(), ElementsAre(HasSubstr("more than 4096")));
}

TEST_F(DialectTest, NoCallBeginsWithinAnother) {
  // tell() says a ping in answer to that one's answer.
  Client alice = foreign_peer("alice");
  EXPECT_EQ(ask(alice, R"(say {"type":"ping","id":7})"), R"(tell {"type":"pong","id":7})");
  EXPECT_EQ(alice.read(), R"(tell {"type":"pong","id":8})");
}

TEST_F(DialectTest, ATextPaysForTheFirstThingThatItSays) {
  config_.rate_limit_per_sec = 1;
  config_.rate_limit_burst = 3;
  Client alice = foreign_peer("alice");
  EXPECT_EQ(ask(alice, "twice"), R"(tell {"type":"pong","id":1})");
  EXPECT_EQ(alice.read(), R"(tell {"type":"pong","id":2})");
  EXPECT_EQ(ask(alice, R"(say {"type":"ping","id":3})"), R"(tell {"type":"pong","id":3})");
  EXPECT_EQ(ask(alice, "send x"), "tell " + error(429, "rate limited"));
}

TEST_F(DialectTest, PeersOfARealmMeetInAQuietNamespaceOfItsOwn) {
  Client alice = foreign_peer("alice");
  Client bob = foreign_peer("bob");
  const std::string home = ask(alice, "home");
  EXPECT_EQ(home, dialect_.host().namespace_of(""));
  EXPECT_EQ(ask(bob, "count " + home), "members 2");
  expect_silence(alice);
}

TEST_F(DialectTest, NoNativeClientCanNameThatNamespace) {
  const Client alice = foreign_peer("alice");
  Client bob = peer("bob");
  std::string name = dialect_.host().namespace_of("");
  name = "\\u0000dialect\\u0000" + name.substr(9);
  const std::string payload = "{\"namespace\":\"" + name + "\"}";
  EXPECT_EQ(bob.ask("join", payload), error(403, "not allowed"));
  EXPECT_EQ(bob.ask("discover", payload), error(403, "not allowed"));
  EXPECT_EQ(bob.ask("create_room", "{\"room_id\":\"" + name + "\"}"), error(403, "not allowed"));
  EXPECT_EQ(bob.ask("broadcast", payload), error(403, "not in namespace"));
}

TEST_F(DialectTest, WithANamespaceNativePeersAreMetThere) {
  dialect_.said.home = "lobby";
  Client bob = peer_in("lobby", "bob");
  Client alice = foreign_peer("alice");
  EXPECT_THAT(bob.read(), AllOf(HasSubstr("peer_joined"),
                                HasSubstr(R"("meta":{"dialect":"test","id":"alice"})")));
  bob.send("signal", "1", "\"to\":\"" + to_hex(fingerprint_of_id("alice")) + "\"");
  EXPECT_THAT(alice.read(), AllOf(StartsWith(R"(tell {"type":"signal","from":"<bob>")"),
                                  HasSubstr(R"("payload":1)")));
}

TEST_F(DialectTest, WithoutANamespaceItIsInNone) {
  dialect_.said.home.reset();
  Client alice = foreign_peer("alice");
  EXPECT_THAT(node().peers.namespaces_of(fingerprint_of_id("alice")), IsEmpty());
  EXPECT_EQ(ask(alice, "home"), "");
}

class UnlistedDialectTest : public DialectTest {
 protected:
  UnlistedDialectTest() { dialect_.said.home_is_listed = false; }

  std::string home() { return dialect_.host().namespace_of(""); }
};

TEST_F(UnlistedDialectTest, PeersReachEachOtherAndNobodyIsShownThem) {
  Client alice = foreign_peer("alice");
  Client bob = foreign_peer("bob");
  EXPECT_EQ(ask(alice, "home"), home());
  alice.send("direct bob 0 1");
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", "1"));
  EXPECT_EQ(ask(alice, "count " + home()), "members 2");
  EXPECT_THAT(node().peers.namespaces_of(fingerprint_of_id("alice")), ElementsAre(home()));
  EXPECT_EQ(node().namespaces.list(home(), std::nullopt, {50, 10'000}).peers, "");
  EXPECT_EQ(http_get(port(), "/test/ids").body, "");
}

TEST_F(UnlistedDialectTest, ABroadcastThereIsHeardByNobody) {
  Client alice = foreign_peer("alice");
  Client bob = foreign_peer("bob");
  alice.send("broadcast " + home() + " 1");
  settle();
  expect_silence(bob);
}

TEST_F(UnlistedDialectTest, TheNamespaceGoesWithTheLastOfThem) {
  Client alice = foreign_peer("alice");
  Client bob = foreign_peer("bob");
  leave(alice);
  EXPECT_EQ(ask(bob, "count " + home()), "members 1");
  leave(bob);
  EXPECT_EQ(node().namespaces.find(home()), nullptr);
}

TEST_F(UnlistedDialectTest, AnAutomaticAliasDoesNotLeadToThemAndAGrantedOneDoes) {
  sdk::AuthGrant grant;
  grant.alias = "king";
  auth_.verdicts.always(grant);
  const Client alice = foreign_peer("alice");
  EXPECT_EQ(node().peers.resolve_alias("king"), fingerprint_of_id("alice"));
  auth_.verdicts.always(sdk::AuthGrant());
  const Client bob = foreign_peer("bob");
  const AutomaticAlias automatic(fingerprint_of_id("bob"));
  EXPECT_EQ(node().peers.resolve_alias(automatic.view()), std::nullopt);
}

TEST_F(UnlistedDialectTest, ItIsNoMemberThereBeside) {
  Client alice = foreign_peer("alice");
  const std::string name = json_string(home());
  EXPECT_THAT(ask(alice, R"(say {"type":"join","payload":{"namespace":)" + name + "}}"),
              HasSubstr("not allowed"));
  EXPECT_THAT(ask(alice, R"(say {"type":"create_room","payload":{"room_id":)" + name +
                             R"(,"max_size":2}})"),
              HasSubstr("not allowed"));
  EXPECT_EQ(ask(alice, "count " + home()), "members 1");
}

TEST_F(UnlistedDialectTest, WhatItJoinsShowsItAsAnyOther) {
  Client bob = peer_in("lobby", "bob");
  Client alice = foreign_peer("alice");
  alice.send(R"(say {"type":"join","payload":{"namespace":"lobby"}})");
  EXPECT_THAT(bob.read(), AllOf(HasSubstr("peer_joined"),
                                HasSubstr(R"("meta":{"dialect":"test","id":"alice"})")));
}

TEST_F(UnlistedDialectTest, RightsHoldForTheNamespace) {
  auth_.verdicts.always(grant_for({"lobby"}));
  EXPECT_THAT(foreign("id=alice").end(), ElementsAre("refused 7 403 not allowed", "empty"));
}

TEST_F(UnlistedDialectTest, RightsThatEndEndItsMessages) {
  Client alice = foreign_peer("alice");
  Client bob = foreign_peer("bob");
  const auto use = [&](std::optional<std::vector<std::string>> namespaces) {
    on_loop(0, [&] {
      Session* session =
          find_session(*node().loops[0], *node().peers.find(fingerprint_of_id("bob")));
      auto rights = std::make_unique<Rights>();
      rights->namespaces = std::move(namespaces);
      use_rights(node(), *session, std::move(rights));
    });
  };
  use(std::vector<std::string>{"lobby"});
  alice.send("direct bob 0 1");
  bob.send("direct alice 0 2");
  expect_silence(alice);
  use(std::nullopt);
  alice.send("direct bob 0 3");
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", "3"));
  leave(bob);
  EXPECT_EQ(ask(alice, "count " + home()), "members 1");
}

TEST_F(UnlistedDialectTest, ItMayBeFull) {
  config_.max_namespace_size = 1;
  const Client alice = foreign_peer("alice");
  EXPECT_THAT(foreign("id=bob").end(), ElementsAre("refused 7 429 namespace full", "empty"));
}

TEST_F(DialectTest, RightsHoldForTheNamespace) {
  auth_.verdicts.always(grant_for({"lobby"}));
  EXPECT_THAT(foreign("id=alice").end(), ElementsAre("refused 7 403 not allowed", "empty"));
}

TEST_F(DialectTest, AGrantedIdentityAndAProofDoNotCount) {
  sdk::AuthGrant grant;
  grant.identity = "somebody";
  grant.proved = true;
  auth_.verdicts.always(grant);
  const Client alice = foreign_peer("alice");
  EXPECT_TRUE(node().peers.present(fingerprint_of_id("alice")));
}

TEST_F(DialectTest, AnAuthPluginMayRefuse) {
  auth_.verdicts.always(sdk::AuthRejection{"no"});
  EXPECT_THAT(foreign("id=alice").end(), ElementsAre("refused 4 401 no", "empty"));
  auth_.verdicts.always(sdk::AuthChallenge{"{}", ""});
  EXPECT_THAT(foreign("id=alice").end(),
              ElementsAre("refused 4 401 authentication failed", "empty"));
}

TEST_F(DialectTest, TextsWaitUntilTheClientIsAPeer) {
  auth_.verdicts.hold();
  Client alice = foreign("id=alice");
  alice.send("send early");
  auth_.verdicts.release();
  EXPECT_EQ(alice.read(), "open alice");
  EXPECT_EQ(alice.read(), "early");
}

TEST_F(DialectTest, RefusalsOfTheServerAreToldByAMessage) {
  config_.allowed_origins = {"https://a.example"};
  EXPECT_THAT(foreign("id=a", 0, "Origin: https://b.example\r\n").end(),
              ElementsAre("refused 1 403 origin not allowed", "empty"));
  EXPECT_EQ(foreign("id=a", 0, "Origin: https://a.example\r\n").read(), "open a");
}

TEST_F(DialectTest, AFullServerIsToldByAMessage) {
  config_.max_peers = 1;
  const Client alice = foreign_peer("alice");
  EXPECT_THAT(foreign("id=bob").end(), ElementsAre("refused 3 503 server full", "empty"));
}

TEST_F(DialectTest, ABannedPeerIsToldByAMessage) {
  const Client alice = foreign_peer("alice");
  ban(to_hex(fingerprint_of_id("bob")));
  EXPECT_THAT(foreign("id=bob").end(), ElementsAre("refused 0 401 banned", "empty"));
}

TEST_F(DialectTest, ABannedAddressIsToldByAMessage) {
  // Clients of this machine are never banned: those of a proxy on it are.
  config_.trusted_proxies = {"127.0.0.1"};
  const Client alice = foreign_peer("alice");
  ban("203.0.113.5");
  EXPECT_THAT(foreign("id=bob", 0, "X-Forwarded-For: 203.0.113.5\r\n").end(),
              ElementsAre("refused 0 403 banned", "empty"));
  EXPECT_EQ(foreign("id=bob", 0, "X-Forwarded-For: 203.0.113.6\r\n").read(), "open bob");
}

TEST_F(DialectTest, ALimitOfConnectionsIsToldByAMessage) {
  config_.exempt_loopback = false;
  config_.max_connections_per_ip = 1;
  const Client alice = foreign_peer("alice");
  EXPECT_THAT(foreign("id=bob").end(),
              ElementsAre("refused 2 429 too many connections from this address", "empty"));
}

TEST_F(DialectTest, AGrantThatEndsEndsTheSession) {
  sdk::AuthGrant grant;
  grant.expires = wall_now() + milliseconds(1'000);
  auth_.verdicts.always(grant);
  Client alice = foreign_peer("alice");
  EXPECT_THAT(alice.end(), ElementsAre("tell " + error(401, "authentication expired"),
                                       "last 4003 authentication expired", "empty"));
}

// Both are the one deadline of its connection.
TEST_F(DialectTest, ATimerAndTheEndOfAGrantDoNotTakeEachOthersPlace) {
  sdk::AuthGrant grant;
  grant.expires = wall_now() + milliseconds(1'000);
  auth_.verdicts.always(grant);
  Client alice = foreign_peer("alice");
  EXPECT_EQ(ask(alice, "wake 1"), "wake");
  alice.send("wake 60000");
  EXPECT_THAT(alice.end(), ElementsAre("tell " + error(401, "authentication expired"),
                                       "last 4003 authentication expired", "empty"));
}

TEST_F(DialectTest, ATextFloodIsClosedAsAnyOther) {
  config_.rate_limit_per_sec = 1;
  config_.rate_limit_burst = 1;
  config_.rate_limit_flood = 2;
  Client alice = foreign_peer("alice");
  for (int i = 0; i < 3; ++i) alice.send("home");
  EXPECT_THAT(alice.end(), testing::Contains("last 4008 flood"));
}

TEST_F(DialectTest, ThePluginMayClose) {
  Client alice = foreign_peer("alice");
  alice.send("close");
  EXPECT_THAT(alice.end(), ElementsAre("last 1000 ", "empty"));
}

TEST_F(DialectTest, ATimerWakesItOnce) {
  Client alice = foreign_peer("alice");
  alice.send("wake 60000");
  EXPECT_EQ(ask(alice, "wake 1"), "wake");
  alice.send("wake 1");
  alice.send("wake 0");
  expect_silence(alice);
}

TEST_F(DialectTest, ABroadcastReachesAllMembersButItself) {
  loops_ = 2;
  Client alice = foreign_peer("alice", 0);
  Client bob = peer_in("lobby", "bob", 1);
  // Alice is no member.
  alice.send(R"(broadcast lobby {"a":1.0})");
  EXPECT_THAT(bob.read(), HasSubstr(R"("payload":{"namespace":"lobby","data":{"a":1.0}})"));
  EXPECT_EQ(ask(alice, R"(say {"type":"join","payload":{"namespace":"lobby"}})").substr(0, 5),
            "tell ");
  alice.send("broadcast lobby 2");
  EXPECT_THAT(bob.heard(), Contains(HasSubstr(R"("data":2)")));
  expect_silence(alice);
}

TEST_F(DialectTest, ABroadcastKeepsToTheRights) {
  dialect_.said.home.reset();
  auth_.verdicts.always(grant_for({"lobby"}));
  Client alice = foreign_peer("alice");
  EXPECT_EQ(ask(alice, "broadcast hall 1"), "tell " + error(403, "not allowed"));
}

TEST_F(DialectTest, ADirectMessageReachesThePeerWithThatId) {
  loops_ = 2;
  Client alice = foreign_peer("alice", 0);
  Client bob = foreign_peer("bob", 1);
  alice.send(R"(direct bob 0 {"b": 1})");
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", R"({"b": 1})"));
  alice.send("direct alice 0 1");
  EXPECT_EQ(alice.read(), heard_signal("alice", "alice", "1"));
}

TEST_F(DialectTest, WhatIsForAnAbsentPeerWaitsForItInItsOrder) {
  loops_ = 2;
  Client alice = foreign_peer("alice", 0);
  alice.send("direct bob 30000 1");
  alice.send("direct bob 30000 2");
  alice.send("direct bob 0 3");
  expect_silence(alice);
  Client bob = foreign_peer("bob", 1);
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", "1"));
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", "2"));
  expect_silence(bob);
}

TEST_F(DialectTest, WhatHasWaitedInVainIsToldOnce) {
  Client alice = foreign_peer("alice");
  alice.send("direct bob 1 1");
  alice.send("direct bob 30000 2");
  EXPECT_EQ(alice.read(), "undelivered bob");
  expect_silence(alice);
  Client bob = foreign_peer("bob");
  expect_silence(bob);
}

TEST_F(DialectTest, TheTimeCountsFromTheFirstThatWaitsForThatPeer) {
  Client alice = foreign_peer("alice");
  Client carol = foreign_peer("carol");
  alice.send("direct bob 1000 1");
  settle();
  carol.send("direct bob 60000 1");
  EXPECT_EQ(alice.read(), "undelivered bob");
  EXPECT_EQ(carol.read(), "undelivered bob");
}

TEST_F(DialectTest, WhatWaitsIsBounded) {
  Client alice = foreign_peer("alice");
  for (int i = 0; i < 40; ++i) alice.send("direct bob 30000 " + std::to_string(i));
  alice.send("direct bob 0 40");
  for (int i = 32; i < 40; ++i) EXPECT_EQ(alice.read(), "undelivered bob");
  expect_silence(alice);
  Client bob = foreign_peer("bob");
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(bob.read(), heard_signal("alice", "bob", std::to_string(i)));
  }
  expect_silence(bob);
}

TEST_F(DialectTest, WhatIsForAPeerThatIsThereNeedsNoRoomAmongWhatWaits) {
  config_.max_queued_bytes = 300;
  Client alice = foreign_peer("alice");
  Client carol = foreign_peer("carol");
  alice.send("direct bob 30000 1");
  alice.send("direct bob 30000 2");
  EXPECT_EQ(alice.read(), "undelivered bob");
  alice.send("direct carol 0 3");
  EXPECT_EQ(carol.read(), heard_signal("alice", "carol", "3"));
  Client bob = foreign_peer("bob");
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", "1"));
  expect_silence(bob);
}

TEST_F(DialectTest, WhatAPeerHasForAnAbsentOneGoesWithIt) {
  Client alice = foreign_peer("alice");
  alice.send("direct bob 30000 1");
  expect_silence(alice);
  leave(alice);
  Client bob = foreign_peer("bob");
  expect_silence(bob);
}

TEST_F(DialectTest, TheHostReadsJsonForThePlugin) {
  const Client alice = foreign_peer("alice");
  const sdk::DialectHost& host = dialect_.host();
  // Each text by itself, whatever has been read before.
  for (const std::string text : {R"({"a":1,"\u0062":[2]})", R"( {"c" : "x"} )", "{}"}) {
    std::string read;
    const auto members = host.members_of(text);
    ASSERT_TRUE(members) << text;
    for (const auto& [key, value] : *members) read.append(key).append("=").append(value) += ';';
    EXPECT_EQ(read, text[1] == '"' ? "a=1;b=[2];" : text[1] == '{' ? "c=\"x\";" : "");
  }
  for (const std::string bad : {"", "[]", "{\"a\":1", "{\"\\ud800\":1}", "{\"a\":\"\xff\"}"}) {
    EXPECT_FALSE(host.members_of(bad)) << bad;
  }
  EXPECT_THAT(*host.elements_of(" [1,[2], \"a\"]"), ElementsAre("1", "[2]", "\"a\""));
  for (const std::string bad : {"", "{}", "[1", "[1]x", "[\"\xff\"]"}) {
    EXPECT_FALSE(host.elements_of(bad)) << bad;
  }
  EXPECT_EQ(host.string_of(R"("a\u0062")"), "ab");
  for (const std::string bad : {"", "a", "\"", "\"a\"x", "\"a\" ", "\"\xff\"", R"("\ud800")"}) {
    EXPECT_FALSE(host.string_of(bad)) << bad;
  }
}

TEST_F(DialectTest, TheMembersOfWhatIsHeardAreRead) {
  Client alice = foreign_peer("alice");
  EXPECT_EQ(ask(alice, R"({"a":1,"\u0062":[2]})"), "a=1;b=[2];");
  for (const char* bad : {R"({"a":1)", R"({"\ud800":1})", "{}x"})
    EXPECT_EQ(ask(alice, bad), "none");
}

TEST_F(DialectTest, NothingIsHeardOutsideOfHear) {
  Client alice = foreign_peer("alice");
  EXPECT_EQ(ask(alice, R"({"say":{"type":"ping","id":9}})"), R"(say={"type":"ping","id":9};)");
  EXPECT_EQ(alice.read(), R"(tell {"type":"pong","id":9})");
  EXPECT_EQ(alice.read(), "nothing heard");
}

TEST_F(DialectTest, WhatIsSaidAroundAHeardPayloadArrivesAsItIs) {
  Client alice = foreign_peer("alice");
  Client bob = foreign_peer("bob");
  alice.send(R"({"to":"bob","payload":{"a":[1e400,"\u00e4"]}})");
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", R"({"around":{"a":[1e400,"\u00e4"]}})"));
}

TEST_F(DialectTest, ItAnswersByHttpAtItsPaths) {
  const Client alice = foreign_peer("alice");
  const HttpReply answer = http_get(port(), "/test/echo?a=1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET a=1");
  EXPECT_EQ(http_get(port(), "/test/other").status, 404);
  EXPECT_EQ(http_get(port(), "/health").status, 200);
}

TEST_F(DialectTest, AHeaderThatIsNoneIsLeftOut) {
  const Client alice = foreign_peer("alice");
  EXPECT_EQ(http_get(port(), "/test/bad").status, 200);
  EXPECT_THAT(log(), ElementsAre(HasSubstr("gave a header that is none")));
}

TEST_F(DialectTest, AHeaderThatTheServerWritesItselfIsLeftOut) {
  const Client alice = foreign_peer("alice");
  EXPECT_EQ(http_get(port(), "/test/twice?a").body, "GET a");
  EXPECT_THAT(log(), ElementsAre(HasSubstr("gave a header that the server writes itself")));
}

TEST_F(DialectTest, ItMayAskForAllIds) {
  const Client alice = foreign_peer("alice");
  const Client bob = foreign_peer("bob");
  EXPECT_EQ(http_get(port(), "/test/ids").body, "alice,bob,");
}

TEST_F(DialectTest, ANativePeerCannotPassForOneOfTheRealm) {
  dialect_.said.home = "lobby";
  Client carol = peer("carol");
  EXPECT_THAT(carol.ask("metadata", R"({"meta":{"dialect":"test","id":"mallory"}})", "\"id\":1"),
              HasSubstr("ack"));
  carol.send("join", R"({"namespace":"lobby"})");
  EXPECT_THAT(carol.read(), HasSubstr("peer_list"));
  EXPECT_EQ(http_get(port(), "/test/ids").body, "");
}

// --- With other nodes

TEST_F(DialectClusterTest, OfAnUnlistedPeerTheBrokerHearsNoJoin) {
  dialect_.said.home_is_listed = false;
  Client alice = foreign_peer("alice");
  const std::string home = ask(alice, "home");
  EXPECT_EQ(ask(alice, "count " + home), "members 1");
  EXPECT_THAT(broker_.told(), Not(Contains(StartsWith("quiet"))));
}

TEST_F(DialectClusterTest, TheBrokerHearsOfTheSecret) {
  const Client alice = foreign_peer("alice");
  EXPECT_THAT(broker_.told(), Contains("owned " + to_hex(fingerprint_of_id("alice"))));
}

TEST_F(DialectClusterTest, AnIdMayBeTakenOnAnotherNode) {
  broker_.registrations.always({.proof_required = true});
  EXPECT_THAT(foreign("id=alice").end(), ElementsAre("refused 5 409 id taken", "empty"));
}

TEST_F(DialectClusterTest, ActionsWaitForWhatIsAskedOfOthers) {
  broker_.lists.hold();
  Client alice = foreign_peer("alice");
  alice.send("count lobby");
  alice.send("send later");
  broker_.lists.release(sdk::MemberPage{{}, 5, false});
  EXPECT_EQ(alice.read(), "members 5");
  EXPECT_EQ(alice.read(), "later");
}

TEST_F(DialectClusterTest, WhatFollowsAMessageOnItsWayWaitsBehindIt) {
  broker_.routes.hold();
  Client alice = foreign_peer("alice");
  alice.send("direct bob 30000 1");
  broker_.routes.wait();
  alice.send("direct bob 30000 2");
  settle();
  broker_.routes.release(sdk::RouteOutcome::kDelivered);
  broker_.routes.wait();
  broker_.routes.release(sdk::RouteOutcome::kDelivered);
  expect_silence(alice);
}

TEST_F(DialectClusterTest, WhatDoesNotWaitIsDroppedWhenTheReceiverIsFoundToBeAbsent) {
  broker_.routes.hold();
  Client alice = foreign_peer("alice");
  alice.send("direct bob 30000 1");
  broker_.routes.wait();
  alice.send("direct bob 0 2");
  alice.send("direct bob 30000 3");
  settle();
  broker_.routes.release(sdk::RouteOutcome::kNotFound);
  expect_silence(alice);
  Client bob = foreign_peer("bob");
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", "1"));
  EXPECT_EQ(bob.read(), heard_signal("alice", "bob", "3"));
  expect_silence(bob);
}

TEST_F(DialectClusterTest, OtherNodesHearWhoIsWaitedForAndSayWhenItComes) {
  broker_.other_nodes = {"node-b"};
  Client alice = foreign_peer("alice");
  alice.send("direct bob 30000 1");
  expect_silence(alice);
  EXPECT_THAT(broker_.told(), Contains("tell node-b"));
  broker_.routes.hold();
  host().node_says("node-b",
                   PackedWriter().number(33).text(bytes_of(fingerprint_of_id("bob"))).take());
  broker_.routes.wait();
  broker_.routes.release(sdk::RouteOutcome::kDelivered);
  expect_silence(alice);
}

TEST_F(DialectClusterTest, ANodeThatWaitsIsToldWhenThePeerComesOrIsHere) {
  const Client alice = foreign_peer("alice");
  const auto awaits = [&](std::string_view id) {
    host().node_says("node-b",
                     PackedWriter().number(32).text(bytes_of(fingerprint_of_id(id))).take());
  };
  awaits("alice");
  EXPECT_THAT(broker_.told(), Contains("tell node-b"));
  awaits("bob");
  const auto count = [&] {
    const auto told = broker_.told();
    return std::count(told.begin(), told.end(), "tell node-b");
  };
  EXPECT_EQ(count(), 1);
  const Client bob = foreign_peer("bob");
  settle();
  EXPECT_EQ(count(), 2);
}

TEST_F(DialectClusterTest, WhatIsLostBetweenNodesIsTriedOnceMoreAtTheEnd) {
  broker_.routes.hold();
  Client alice = foreign_peer("alice");
  alice.send("direct bob 50 1");
  broker_.routes.release(sdk::RouteOutcome::kNotFound);
  // Nobody has said anything of bob, and the time is over.
  broker_.routes.release(sdk::RouteOutcome::kDelivered);
  expect_silence(alice);
}

}  // namespace
}  // namespace peer::test
