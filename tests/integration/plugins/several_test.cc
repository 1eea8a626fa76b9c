// Several plugins of a kind in one server: lists of `auth`, strategies and policies by namespace,
// and what the host offers each of them.
#include <csignal>
#include <cstdint>
#include <string>

#include "tests/integration/plugins/plugin_server_test.h"
#include "tests/support/http_client.h"

namespace peer::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// An entry of a list: `- {name: word, file: ..., options: {...}, MORE}`.
std::string entry_of(std::string_view stem, std::string_view options, std::string_view more = {}) {
  return fmt("    - {name: %, file: '%', options: {%}%}\n", stem.substr(stem.find('_') + 1),
             test_plugin_file(stem), options, more);
}

/// Three entries: each decides on a word of its own; the last may pass too.
std::string chain(std::string_view more_of_first = {}) {
  return "plugins:\n  auth:\n" +
         entry_of("auth_word", "word: red, answer: reject" + std::string(more_of_first),
                  ", as: first") +
         entry_of("auth_word", "word: quiz, answer: challenge") +
         entry_of("auth_word", "word: blue, answer: late, slow: true");
}

std::string register_word(std::string_view word) {
  return message("register", fmt(R"({"public_key":"%","word":"%"})", word, word), R"("id":1)");
}

class SeveralTest : public PluginServerTest {
 protected:
  void start_chain(std::vector<std::string> settings = {}, std::string_view more_of_first = {}) {
    start_with({.settings = std::move(settings), .config = chain(more_of_first)});
  }
  TestPeer knock(std::string_view word) {
    TestPeer peer = connect();
    peer.send(register_word(word));
    return peer;
  }
  static void expect_denied(TestPeer& peer, std::string_view words) {
    peer.expect_error(401, words);
    peer.ws().expect_close(4003, std::string(words));
  }
  /// What a configuration is refused for; the server must end with 78.
  std::string refusal(const std::string& config) {
    ServerProcess refused({.config = config});
    EXPECT_EQ(refused.wait_exit(), 78);
    return refused.output();
  }
};

TEST_F(SeveralTest, TheFirstThatDoesNotPassDecides) {
  start_chain();
  TestPeer red = knock("red");
  expect_denied(red, "not red");
  TestPeer blue = knock("blue");
  EXPECT_EQ(blue.next("registered")["payload"]["alias"].str(), "blue");
}

TEST_F(SeveralTest, WhereAllPassThePeerIsDenied) {
  start_chain();
  TestPeer green = knock("green");
  expect_denied(green, "authentication failed");
}

TEST_F(SeveralTest, AChallengeComesBackToTheEntryThatMadeIt) {
  start_chain();
  TestPeer quiz = knock("quiz");
  EXPECT_EQ(quiz.next("auth_challenge")["payload"], R"({"who":"quiz"})"_json);
  quiz.send("auth_response", R"({"answer":"yes"})");
  EXPECT_EQ(quiz.next("registered")["payload"]["alias"].str(), "quiz");
  TestPeer wrong = knock("quiz");
  wrong.next("auth_challenge");
  wrong.send("auth_response", R"({"answer":"no"})");
  expect_denied(wrong, "not no");
}

TEST_F(SeveralTest, AfterAChallengeAnEntryMayPassToo) {
  start_chain();
  TestPeer quiz = knock("quiz");
  quiz.next("auth_challenge");
  quiz.send("auth_response", R"({"answer":"pass"})");
  expect_denied(quiz, "authentication failed");  // the last does not know the word
}

TEST_F(SeveralTest, AListMayEndWithOneThatLetsEverybodyIn) {
  start_with({.config = "plugins:\n  auth:\n" + entry_of("auth_word", "word: red, answer: reject") +
                        "    - {name: open}\n"});
  TestPeer red = knock("red");
  expect_denied(red, "not red");
  knock("green").next("registered");
}

TEST_F(SeveralTest, AnEntryThatNeverPassesStandsLast) {
  const std::string output =
      refusal("plugins:\n  auth:\n    - {name: open}\n" + entry_of("auth_word", ""));
  EXPECT_THAT(output,
              HasSubstr("peer-server.yaml:3: plugins.auth[0]: plugin 'open' never passes, so "
                        "that what follows it could never be asked; put it last"));
}

/// An entry of auth_jwt; `more`: options.
std::string jwt_entry(std::string_view more = {}) {
  return fmt("    - {name: jwt, options: {keys: [{algorithm: HS256, secret: '%'}]%}}\n",
             std::string(32, 's'), more);
}

TEST_F(SeveralTest, TwoIssuersNeedPrefixesThatKeepThemApart) {
  const std::string auth = "plugins:\n  auth:\n";
  const std::string last = "    - {name: open}\n";
  const std::string words =
      "peer-server.yaml:4: plugins.auth[1]: plugin 'jwt' may grant the identities that "
      "plugins.auth[0] grants; give each an identity_prefix of its own, that no other begins with";
  EXPECT_THAT(refusal(auth + jwt_entry() + jwt_entry() + last), HasSubstr(words));
  EXPECT_THAT(refusal(auth + jwt_entry(", identity_prefix: 'a:'") + jwt_entry() + last),
              HasSubstr(words));
  EXPECT_THAT(refusal(auth + jwt_entry(", identity_prefix: 'a:'") +
                      jwt_entry(", identity_prefix: 'a:b:'") + last),
              HasSubstr(words));
}

TEST_F(SeveralTest, IssuersThatAreToldApartStart) {
  start_with({.config = "plugins:\n  auth:\n" + jwt_entry(", identity_prefix: 'a:'") +
                        jwt_entry(", identity_prefix: 'b:'") +
                        jwt_entry(", fingerprint_binding: public_key") + "    - {name: open}\n"});
  connect().register_as("alice");
}

TEST_F(SeveralTest, AnAuthPluginOfAnOlderSdkGrantsNothingThatThatDidNotKnow) {
  start_with({.config = "plugins:\n" + test_plugin("auth", "auth_old")});
  TestPeer alice = connect();
  alice.register_as("alice");
  TestPeer bob = connect();
  bob.register_as("bob");
  const Json peers = bob.join("lobby")["payload"]["peers"];  // all names are allowed
  EXPECT_FALSE(peers[0]["proved"].exists());
  bob.expect_refused(message("auth_refresh", R"({"token":"t"})"), 400, "unknown message type");
}

TEST_F(SeveralTest, APassOfOneThatSaysItNeverDoesIsADenial) {
  start_with({.config = "plugins:\n  auth:\n" + entry_of("auth_word", "may_pass: false")});
  TestPeer green = knock("green");
  expect_denied(green, "authentication failed");
  EXPECT_THAT(log_at_the_end(), HasSubstr("passed, though it says that it never does"));
}

TEST_F(SeveralTest, APolicyAnswersInItsOwnRoomsAlone) {
  start_with({.config = "plugins:\n  room_policy:\n" +
                        entry_of("room_voting", "", ", namespaces: ['vote:*']")});
  TestPeer alice = peer("alice");
  alice.create_room("vote:1");
  alice.create_room("den");
  alice.send("vote", fmt(R"({"room_id":"den","target":"%"})", alice.fingerprint()), R"("id":1)");
  alice.expect_error(400, "unknown message type");
  alice.send("vote", fmt(R"({"room_id":"vote:1","target":"%"})", alice.fingerprint()), R"("id":2)");
  EXPECT_NE(alice.next()["payload"]["message"].str(), "unknown message type");
  const Json policies = http_json("/stats")["plugins"]["room_policy"];
  EXPECT_EQ(policies[0]["name"].str(), "voting");
  EXPECT_EQ(policies[1]["name"].str(), "standard");
}

TEST_F(SeveralTest, AStrategyMatchesInItsOwnNamespacesAlone) {
  start_with({.config = "plugins:\n  match_strategy:\n" +
                        fmt("    - {name: fifo, file: '%/examples/match_fifo.so', namespaces: "
                            "['any:*']}\n    - {name: criteria}\n",
                            PEER_TEST_PLUGIN_DIR)});
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  const auto ask_both = [&](std::string_view ns) {
    alice.join(ns);
    bob.join(ns);
    alice.next("peer_joined");
    alice.send("match", fmt(R"({"namespace":"%","group_size":2,"criteria":{"m":1}})", ns));
    bob.send("match", fmt(R"({"namespace":"%","group_size":2,"criteria":{"m":2}})", ns));
  };
  ask_both("lobby");  // criteria differ: nobody plays
  alice.next("match");
  bob.next("match");
  ask_both("any:1");  // fifo does not look at them
  alice.next("match");
  bob.next("matched");
  alice.next("matched");
}

class HostTest : public SeveralTest {
 protected:
  std::string metrics() { return http_get(server().metrics_port(), "/metrics").body; }
  void wait_for_metric(const std::string& line) {
    const Deadline deadline;
    while (metrics().find(line) == std::string::npos) ASSERT_FALSE(deadline.passed()) << metrics();
  }
};

TEST_F(HostTest, CountersAreInTheMetricsUnderTheEntrysName) {
  start_chain({"metrics_enabled=true", "metrics_port=0"});
  TestPeer blue = knock("blue");
  blue.next("registered");
  TestPeer red = knock("red");
  expect_denied(red, "not red");
  EXPECT_THAT(
      metrics(),
      AllOf(HasSubstr("# HELP peer_server_plugin_asked_total Registrations that were asked about."),
            HasSubstr("peer_server_plugin_asked_total{kind=\"auth\",name=\"first\"} 2"),
            HasSubstr("peer_server_plugin_asked_total{kind=\"auth\",name=\"word#2\"} 1"),
            HasSubstr("peer_server_plugin_asked_total{kind=\"auth\",name=\"word#3\"} 1"),
            HasSubstr("peer_server_plugin_calls_total{kind=\"auth\",name=\"first\"}")));
}

TEST_F(HostTest, AReloadIsHeardByEachAndAFailedOneByNone) {
  start_chain({"metrics_enabled=true", "metrics_port=0"});
  server().dir().write("peer-server.yaml", "prot: 1\n");
  server().signal(SIGHUP);
  server().wait_for_output("nothing was changed");
  wait_for_metric("peer_server_config_last_reload_successful 0");
  EXPECT_THAT(metrics(),
              HasSubstr("peer_server_plugin_reloads_total{kind=\"auth\",name=\"first\"} 0"));
  server().dir().write("peer-server.yaml", chain());
  server().signal(SIGHUP);
  wait_for_metric("peer_server_plugin_reloads_total{kind=\"auth\",name=\"word#2\"} 1");
  wait_for_metric("peer_server_plugin_reloads_total{kind=\"auth\",name=\"first\"} 1");
  EXPECT_THAT(metrics(), HasSubstr("peer_server_config_last_reload_successful 1"));
}

TEST_F(HostTest, EachIsStartedAndStoppedAndRunsItsLastTask) {
  start_chain();
  server().wait_for_output("plugin auth 'first': is started");
  const std::string log = log_at_the_end();
  const std::size_t stopped = log.find("plugin auth 'word#2': is stopped");
  const std::size_t last_task = log.find("plugin auth 'word#2': runs its last task");
  const std::size_t end = log.rfind("stopped");
  ASSERT_NE(stopped, std::string::npos);
  ASSERT_NE(last_task, std::string::npos);
  EXPECT_LT(stopped, last_task);
  EXPECT_LT(last_task, end);
}

TEST_F(HostTest, OneThatCannotStartStopsTheStart) {
  ServerProcess refused({.config = chain(", starts: false")});
  EXPECT_EQ(refused.wait_exit(), 1);
  EXPECT_THAT(refused.output(),
              HasSubstr("plugin auth 'first' failed to start: it does not want to"));
  EXPECT_THAT(refused.output(), Not(HasSubstr("listening on")));
}

TEST_F(HostTest, CheckConfigStartsNothing) {
  ServerProcess checked({.config = chain(), .arguments = {"--check-config"}});
  EXPECT_EQ(checked.wait_exit(), 0);
  EXPECT_THAT(checked.output(), Not(HasSubstr("is started")));
}

TEST_F(HostTest, APluginOfTheOldestSdkServes) {
  start_plugin("room_policy", "room_old");
  TestPeer alice = peer("alice");
  EXPECT_EQ(alice.create_room("den")["payload"]["max_size"].number(), 1);
}

}  // namespace
}  // namespace peer::test
