// Envelopes and records of every supported version, as they were written then: today's nodes read
// them and do what they say, and today's writer still writes the newest ones.
//
// When the writer differs, the form has changed (plugins/broker_redis/DESIGN.md, "Versions"): raise
// the version, and record it anew, in a folder of that version: run WriterTest with the environment
// variable PEER_RECORD naming the folder.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include "plugins/broker_kit/cluster_view.h"
#include "plugins/broker_kit/envelope.h"
#include "plugins/broker_kit/version.h"
#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/recorded.h"

namespace peer::test {
namespace {

using peer_broker_kit::chosen_node;
using testing::HasSubstr;
using testing::Not;

std::string id_of(const ServerProcess& node) {
  return Json::parse(http_get(node.port(), "/stats").body)["node_id"].str();
}

/// Hears what is published to one node.
class Ear {
 public:
  Ear(std::uint16_t redis_port, const std::string& node)
      : subscriber_(redis_port, {"peer:n:" + node}) {}

  /// The first envelope of that kind which has `part`, and that was not asked for before.
  std::string next(char kind, std::string_view part = {}) {
    const auto fits = [&](const std::string& envelope) {
      const auto fields = peer_broker_kit::unpack(envelope);
      return fields && !fields->empty() && fields->at(0)[0] == kind &&
             envelope.find(part) != std::string::npos;
    };
    for (auto at = heard_.begin(); at != heard_.end(); ++at) {
      if (!fits(*at)) continue;
      const std::string found = *at;
      heard_.erase(at);
      return found;
    }
    try {
      for (const Deadline deadline;;) {
        const std::string envelope = subscriber_.next(deadline).text;
        if (fits(envelope)) return envelope;
        heard_.push_back(envelope);
      }
    } catch (const std::exception&) {
      std::string all;
      for (const std::string& envelope : heard_) all += '\n' + envelope;
      throw std::runtime_error(fmt("no % with \"%\", but%", std::string(1, kind), part, all));
    }
  }

 private:
  RedisSubscriber subscriber_;
  std::vector<std::string> heard_;
};

std::string name_chosen_for(std::string_view node, const std::vector<std::string>& nodes) {
  for (int i = 0;; ++i) {
    std::string name = "match " + std::to_string(i);
    if (chosen_node(name, nodes) == node) return name;
  }
}

class WriterTest : public ClusterTest {
 protected:
  void hear(std::string what, const std::string& envelope) {
    const std::string text = text_of(envelope, values_);
    written_[text[0]] = "# " + std::move(what) + '\n' + text + '\n';
  }
  std::string written() const {
    std::string all;
    for (const auto& [kind, text] : written_) all += text;
    return all;
  }
  /// The next message of that type; others before it are passed over.
  static void await(TestPeer& peer, std::string_view type) {
    while (peer.next()["type"].str() != type) continue;
  }
  static void join(TestPeer& peer, std::string_view ns) {
    peer.send("join", fmt(R"({"namespace":"%"})", ns));
    await(peer, "peer_list");
  }
  static void create(TestPeer& peer, std::string_view room) {
    peer.send("create_room", fmt(R"({"room_id":"%"})", room));
    await(peer, "room_created");
  }
  /// Compares, or with PEER_RECORD writes.
  static void keep(const std::string& name, const std::string& written) {
    if (const char* folder = std::getenv("PEER_RECORD")) {
      std::filesystem::create_directories(folder);
      std::ofstream(std::filesystem::path(folder) / name) << written;
      return;
    }
    EXPECT_EQ(newest_records().filename(), peer_broker_kit::version_text());
    EXPECT_EQ(written, read_file(newest_records() / name))
        << "the form of what nodes exchange or share has changed: raise the version and record it";
  }

  Values values_;
  std::map<char, std::string> written_;
};

TEST_F(WriterTest, TodaysNodesWriteTheNewestRecords) {
  ServerProcess& first = start_node();
  ServerProcess& second = start_node();
  for (ServerProcess* node : {&first, &second}) wait_for_nodes(*node, 2);
  const std::string one = id_of(first);
  const std::string two = id_of(second);
  values_ = {{"{first}", one}, {"{second}", two}};
  for (const char* name : {"alice", "bob", "carol"}) {
    values_[fmt("{%}", name)] = fingerprint_of(name);
  }
  Ear at_first(redis().port(), one);
  Ear at_second(redis().port(), two);
  RedisClient client = redis().client();

  TestPeer alice = peer_in(first, "game", "alice");
  TestPeer bob = peer_in(second, "game", "bob");
  TestPeer carol = peer_in(second, "game", "carol");
  hear("bob on the second node has joined", at_first.next('J', fingerprint_of("bob")));
  hear("the first node's proof that it hears itself", at_first.next('P'));

  alice.send("signal", "7", fmt(R"("to":"%","id":1)", bob.fingerprint()));
  hear("alice, who wants to hear of it, signals to bob", at_second.next('S'));
  hear("it was delivered", at_first.next('A'));
  await(alice, "ack");
  alice.send("broadcast",
             fmt(R"({"namespace":"game","data":8,"exclude":["%"]})", carol.fingerprint()));
  hear("alice broadcasts to all but carol", at_second.next('E'));
  carol.send("leave", R"({"namespace":"game"})");
  hear("carol has left", at_first.next('L'));

  alice.send("join", R"({"namespace":"yard","watch":["meta","presence"]})");
  await(alice, "peer_list");
  values_["{frank}"] = fingerprint_of("frank");
  TestPeer frank(second.port());
  const Json his = frank.register_as("frank", R"("alias":"frank","resume":true)")["payload"];
  values_["{frank's token}"] = fingerprint_of(his["session"]["token"].str());
  join(frank, "yard");
  frank.send("metadata", R"({"meta":{"level":1}})");
  hear("alice hears of frank's meta", at_first.next('G'));
  frank.ws().stream().reset();
  hear("and that he is away", at_first.next('O'));

  create(alice, "den");
  join(bob, "den");
  alice.send("kick", fmt(R"({"room_id":"den","fingerprint":"%"})", bob.fingerprint()));
  hear("alice has kicked bob", at_second.next('K'));
  const std::string ns = name_chosen_for(two, {one, two});
  values_["{second's namespace}"] = ns;
  const std::string in_ns = fmt(R"({"namespace":"%"})", ns);
  join(alice, ns);
  alice.send("match", in_ns);
  hear("alice waits for a match", at_second.next('T'));
  hear("nobody is there for it yet", at_first.next('W'));
  while (client.command({"HLEN", "peer:{0}:k:den"}).at(0) != "1") continue;
  keep("store", text_of_store(client, values_));

  join(bob, ns);
  bob.send("match", in_ns);
  hear("alice and bob are matched", at_first.next('M'));
  // Until her node has told her, an equal request is one for the ticket that she has.
  while (alice.next()["type"].str() != "matched") continue;
  alice.send("match", in_ns);
  at_first.next('W');
  alice.send("leave", in_ns);
  hear("alice's ticket has ended", at_second.next('U'));
  join(bob, "den");
  alice.send("leave", R"({"namespace":"den"})");
  hear("bob is the owner of a room", at_second.next('R', "room_updated"));

  ServerProcess& third = start_node();
  const std::string three = id_of(third);
  values_["{third}"] = three;
  hear("a node has come", at_first.next('N'));
  for (ServerProcess* node : {&first, &second, &third}) wait_for_nodes(*node, 3);
  join(carol, "hall");
  join(alice, "hall");
  await(carol, "peer_joined");
  alice.send_to(carol.fingerprint(), "1");
  await(carol, "signal");
  alice.send_to(carol.fingerprint(), "2");  // by the known route
  await(carol, "signal");
  TestPeer again = peer(third, "carol");
  hear("carol has registered elsewhere", at_second.next('X'));
  alice.send_to(again.fingerprint(), "3");
  hear("carol is not on the second node any more", at_first.next('F'));
  alice.send_to(again.fingerprint(), "4");
  hear("has all arrived that was sent to carol before?", at_second.next('B'));
  hear("it has", at_first.next('C'));

  join(alice, ns);
  alice.send("match", in_ns);
  create(again, "pit");
  join(alice, "pit");
  third.signal(SIGKILL);
  third.wait_exit();
  hear("the owner of the pit is gone with its node", at_first.next('D', "pit"));
  hear("tickets wait that the second node may have to match", at_second.next('Q', ns));

  client.command(
      {"HSET", "peer:{0}:p:" + bob.fingerprint(), "a", "alice", "t", "9000000000000000"});
  client.command({"SET", "peer:{0}:a:alice", bob.fingerprint()});
  client.command({"DEL", "peer:{0}:p:" + alice.fingerprint()});  // so it is written anew
  hear("the alias of bob is alice's, who has had it for longer", at_second.next('H'));

  TestPeer dora(first.port());
  const Json session = dora.register_as("dora", R"("resume":true)")["payload"]["session"];
  values_["{dora}"] = fingerprint_of("dora");
  TestPeer dora_again(second.port());
  dora_again.send("resume", fmt(R"({"token":"%","received":0})", session["token"].str()));
  dora_again.next("resumed");
  // What the two cores say to each other (I) has a version of its own
  // (core/session/session_record.cc).
  hear("dora goes on at the second node", at_first.next('Y'));

  ServerProcess& fourth = start_node_with(
      fmt(R"(plugins: {broker: {name: redis, options: {addr: "127.0.0.1:%", %}}, auth: {name: token,
          file: "%/auth_token.so"}})",
          redis().port(), kQuick, PEER_TEST_PLUGIN_DIR));
  wait_for_state(fourth, "connected");
  TestPeer moderator(fourth.port());
  moderator.register_as("moderator",
                        fmt(R"("token":"revoke","peer":"%")", fingerprint_of("carol")));
  hear("an auth plugin throws carol out", at_first.next('V'));
  keep("envelopes", written());
}

/// A real node, and in Redis the records of one version: of alice on the first node, of bob and
/// carol on the second. This test hears what these are told.
class ReaderTest : public ClusterTest, public testing::WithParamInterface<Records> {
 protected:
  static constexpr const char* kFirst = "f1f1f1f1f1f1f1f1";
  static constexpr const char* kSecond = "f2f2f2f2f2f2f2f2";

  void SetUp() override {
    values_ = {{"{first}", kFirst},
               {"{second}", kSecond},
               {"{third}", kSecond},
               {"{second's namespace}", "waiting"},
               {"{time}", now_and(std::chrono::minutes(1))},
               {"{beats}", "100"},
               {"{registration}", "1"},
               {"{number}", "1"},
               {"{token}", "1"},
               {"{ticket}", "77"},
               {"{enqueued}", now_and(std::chrono::minutes(0))},
               {"{session}", std::string(32, 'a')},
               {"{frank's token}", std::string(64, 'b')}};
    for (const char* name : {"alice", "bob", "carol", "frank"}) {
      values_[fmt("{%}", name)] = fingerprint_of(name);
    }
    RedisClient client = redis().client();
    load_store(client, GetParam().store, values_);
    at_first_ = std::make_unique<Ear>(redis().port(), kFirst);
    at_second_ = std::make_unique<Ear>(redis().port(), kSecond);
    node_ = &start_node("beat_ms: 60000, lease_ms: 120000");
    values_["{here}"] = id_of(*node_);
  }
  /// ms. The leases of the recorded nodes end a minute from now; as another time that does no harm.
  static std::string now_and(std::chrono::minutes later) {
    const auto time = std::chrono::system_clock::now().time_since_epoch() + later;
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  }

  ServerProcess& node() { return *node_; }
  Ear& at_first() { return *at_first_; }
  Ear& at_second() { return *at_second_; }
  /// What the recorded node says, to the real one; `changes` are of the values.
  void say(char kind, const Values& changes = {}) {
    Values values = values_;
    for (const auto& [name, value] : changes) values[name] = value;
    const auto envelope = GetParam().envelopes.find(kind);
    ASSERT_NE(envelope, GetParam().envelopes.end()) << kind;
    redis().command({"PUBLISH", "peer:n:" + values_["{here}"], bytes_of(envelope->second, values)});
  }
  /// The node has read what was said before.
  void say_last(TestPeer& peer) {
    say('S', {{"{bob}", peer.fingerprint()}});
    peer.next("signal");
  }
  std::string registration_of(const TestPeer& peer) {
    return redis().command({"HGET", "peer:{0}:p:" + peer.fingerprint(), "r"}).at(0);
  }
  void TearDown() override {
    if (node_ != nullptr) {
      EXPECT_THAT(node_->output(), Not(HasSubstr("malformed")));
    }
    ClusterTest::TearDown();
  }

  Values values_;

 private:
  ServerProcess* node_ = nullptr;
  std::unique_ptr<Ear> at_first_;
  std::unique_ptr<Ear> at_second_;
};

TEST_P(ReaderTest, ANodeJoinsWhatTheRecordsHold) {
  TestPeer dave = peer(node(), "dave");
  const Json list = dave.join("game");
  EXPECT_THAT(aliases(list), testing::ElementsAre("alice", "bob", "dave"));
  EXPECT_THAT(at_first().next('J'), HasSubstr(dave.fingerprint()));
  dave.join("den");
  EXPECT_THAT(at_first().next('J', "den"), HasSubstr(dave.fingerprint()));
  dave.send("signal", "1", R"("to":"alice")");
  EXPECT_THAT(at_first().next('S'), HasSubstr(fingerprint_of("alice")));
}

TEST_P(ReaderTest, ATicketOfTheRecordsIsMatched) {
  const std::string ns = name_chosen_for(values_["{here}"], {kFirst, kSecond, values_["{here}"]});
  values_["{second's namespace}"] = ns;
  RedisClient client = redis().client();
  load_store(client, GetParam().store, values_);
  TestPeer dave = peer_in(node(), ns, "dave");
  say('Q');
  at_first().next('W', ns);
  dave.send("match", fmt(R"({"namespace":"%"})", ns));
  EXPECT_THAT(dave.next("matched")["payload"]["peers"].text(), HasSubstr(fingerprint_of("alice")));
  EXPECT_THAT(at_first().next('M'), HasSubstr(dave.fingerprint()));
}

TEST_P(ReaderTest, APeerThatHasGoneOverIsNotHereAnyMore) {
  if (!GetParam().envelopes.contains('Y')) return;  // of an older version
  TestPeer erin = peer(node(), "erin");
  TestPeer dave = peer(node(), "dave");
  ASSERT_EQ(registration_of(dave), "2");  // as is recorded of dora
  say('Y', {{"{dora}", dave.fingerprint()}});
  dave.ws().expect_close(4001, "replaced by a newer connection");
}

TEST_P(ReaderTest, MembersElsewhereComeAndGo) {
  TestPeer dave = peer_in(node(), "game", "dave");
  say('L', {{"{carol}", fingerprint_of("bob")}});
  EXPECT_EQ(dave.next("peer_left")["from"].str(), fingerprint_of("bob"));
  say('J');
  const Json joined = dave.next("peer_joined");
  EXPECT_EQ(joined["from"].str(), fingerprint_of("bob"));
  EXPECT_EQ(joined["payload"]["alias"].str(), "bob") << dave.last_text();
}

TEST_P(ReaderTest, WatchersHearOfMembersElsewhere) {
  if (!GetParam().envelopes.contains('O')) GTEST_SKIP() << "since 1.4";
  TestPeer dave = peer(node(), "dave");
  dave.join("yard", R"("watch":["meta","presence"])");
  EXPECT_EQ(dave.next("peer_away")["from"].str(), fingerprint_of("frank"));
  say('O');
  EXPECT_EQ(dave.next("peer_away")["from"].str(), fingerprint_of("frank"));
  say('G');
  EXPECT_EQ(dave.next("peer_updated")["payload"]["meta"].text(), R"({"level":1})");
  // And those of the record hear of him.
  dave.send("metadata", R"({"meta":{"color":"red"}})");
  EXPECT_THAT(at_first().next('G'), HasSubstr(dave.fingerprint()));
}

TEST_P(ReaderTest, MessagesArrive) {
  TestPeer dave = peer_in(node(), "game", "dave");
  say('S', {{"{bob}", dave.fingerprint()}});
  EXPECT_EQ(dave.next("signal")["payload"].number(), 7);
  EXPECT_THAT(at_first().next('A'), HasSubstr("delivered"));
  say('E', {{"{carol}", fingerprint_of("bob")}});
  EXPECT_EQ(dave.next("broadcast")["payload"]["data"].number(), 8);
  say('E', {{"{carol}", dave.fingerprint()}});
  dave.expect_silence();
}

TEST_P(ReaderTest, AnOutcomeIsToldToTheSender) {
  TestPeer dave = peer_in(node(), "game", "dave");
  dave.send("signal", "1", fmt(R"("to":"%","id":5)", fingerprint_of("alice")));
  const std::string sent = at_first().next('S');
  say('A', {{"{number}", std::string(peer_broker_kit::unpack(sent)->at(2))}});
  EXPECT_EQ(dave.next("ack")["id"].number(), 5);
}

TEST_P(ReaderTest, APeerThatHasMovedIsSoughtWhenAllHasArrived) {
  TestPeer dave = peer_in(node(), "game", "dave");
  dave.send_to(fingerprint_of("alice"), "1");
  at_first().next('S');
  dave.send_to(fingerprint_of("alice"), "2");
  at_first().next('S');
  say('F', {{"{carol}", fingerprint_of("alice")}, {"{second}", kFirst}});
  say_last(dave);
  dave.send_to(fingerprint_of("alice"), "3");
  const std::string asked = at_first().next('B');
  EXPECT_THAT(asked, HasSubstr(fingerprint_of("alice")));
  say('C', {{"{carol}", fingerprint_of("alice")},
            {"{number}", std::string(peer_broker_kit::unpack(asked)->at(3))}});
  EXPECT_THAT(at_first().next('S'), HasSubstr(R"("payload":3)"));
  say('B');
  EXPECT_THAT(at_first().next('C'), HasSubstr(fingerprint_of("carol")));
}

TEST_P(ReaderTest, ARoomChanges) {
  TestPeer dave = peer_in(node(), "den", "dave");
  say('R', {{"{bob}", dave.fingerprint()}});
  EXPECT_EQ(dave.next("room_updated")["payload"]["owner"].str(), dave.fingerprint());
  say('K', {{"{bob}", dave.fingerprint()}});
  EXPECT_EQ(dave.next("kick")["from"].str(), fingerprint_of("alice"));
}

TEST_P(ReaderTest, TheSuccessorOfAnOwnerThatIsGoneIsChosenHere) {
  TestPeer dave = peer(node(), "dave");
  dave.create_room("pit");
  redis().command({"HSET", "peer:{0}:s:pit", "o", fingerprint_of("carol")});
  say('D');
  EXPECT_EQ(dave.next("room_updated")["payload"]["owner"].str(), dave.fingerprint());
}

TEST_P(ReaderTest, AReplacedPeerIsClosedAndAnAliasIsLost) {
  TestPeer dave = peer_in(node(), "game", "dave");
  TestPeer erin = peer_in(node(), "game", "erin");
  dave.next("peer_joined");
  say('H', {{"{bob}", dave.fingerprint()}, {"{registration}", registration_of(dave)}});
  say('X', {{"{carol}", dave.fingerprint()}, {"{registration}", registration_of(dave)}});
  dave.ws().expect_close(4001);
  erin.send("signal", "1", R"("to":"dave","id":1)");
  erin.next("peer_left");
  erin.expect_error_like(404, "");
}

TEST_P(ReaderTest, ARevokedPeerIsClosed) {
  if (!GetParam().envelopes.contains('V')) GTEST_SKIP() << "since 1.1";
  TestPeer dave = peer(node(), "dave");
  say('V', {{"{carol}", dave.fingerprint()}});
  dave.expect_error(401, "revoked");
  dave.ws().expect_close(4003);
}

TEST_P(ReaderTest, TicketsOfOtherNodesComeAndGo) {
  const std::string ns = name_chosen_for(values_["{here}"], {kFirst, kSecond, values_["{here}"]});
  TestPeer dave = peer_in(node(), "game", "dave");
  dave.join(ns);
  say('T', {{"{second's namespace}", ns}});
  at_first().next('W', ns);
  say('U', {{"{second's namespace}", ns}});
  say_last(dave);
  dave.send("match", fmt(R"({"namespace":"%"})", ns));
  EXPECT_EQ(dave.next("match")["payload"]["status"].str(), "waiting");
}

TEST_P(ReaderTest, AMatchMadeElsewhereIsTold) {
  const std::string ns = name_chosen_for(kFirst, {kFirst, kSecond, values_["{here}"]});
  TestPeer dave = peer_in(node(), ns, "dave");
  dave.send("match", fmt(R"({"namespace":"%"})", ns));
  const std::string ticket = at_first().next('T', ns);
  values_["{second's namespace}"] = ns;
  values_["{bob}"] = dave.fingerprint();
  values_["{ticket}"] = std::string(peer_broker_kit::unpack(ticket)->at(2));
  say('W');
  EXPECT_EQ(dave.next("match")["payload"]["status"].str(), "waiting");
  say('M');
  EXPECT_EQ(dave.next("matched")["payload"]["session_id"].str(), std::string(32, 'a'));
}

TEST_P(ReaderTest, NewsOfNodesAreLookedAfter) {
  RedisClient client = redis().client();
  const auto beats = [&] {
    return std::stoi(client.command({"HGET", "peer:{0}:born", "b"}).at(0));
  };
  say('P');
  const int before = beats();
  say('N');
  const Deadline deadline;
  while (beats() == before) ASSERT_FALSE(deadline.passed());
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, ReaderTest, testing::ValuesIn(all_records()),
                         [](const auto& records) {
                           std::string name = "v" + records.param.version;
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace peer::test
