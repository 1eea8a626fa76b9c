// Matching by skill, through a real server (plugins/match_skill/README.md).
#include <string>

#include "tests/support/http_client.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string skill_plugin(std::string_view more = {}) {
  return fmt(
      "plugins:\n  match_strategy:\n    name: skill\n    options:\n      rules:\n"
      "        skill: {kind: range, tolerance: 100, widen_per_second: 500}\n"
      "        latency: {kind: range, tolerance: 1000000}\n"
      "        regions: {kind: overlap}\n%",
      more);
}

class MatchSkillTest : public ServerTest {
 protected:
  void start(std::string_view more = {}) { start_with({.config = skill_plugin(more)}); }
  TestPeer member(std::string_view name) { return peer_in("lobby", name); }
  static void ask(TestPeer& peer, int skill, std::string_view more = {},
                  std::string_view regions = R"("eu")", std::string_view id = R"("id":1)") {
    peer.send("match",
              fmt(R"({"namespace":"lobby","criteria":{"skill":%,"latency":1,"regions":[%]}%%})",
                  skill, regions, more.empty() ? "" : ",", more),
              id);
  }
  /// The next message that tells of no join.
  static Json answer(TestPeer& peer) {
    Json reply = peer.next();
    while (reply["type"].str() == "peer_joined") reply = peer.next();
    return reply;
  }
  static void expect_refused(TestPeer& peer, std::string_view words) {
    const Json reply = answer(peer);
    EXPECT_EQ(reply["payload"]["code"].number(), 400);
    EXPECT_EQ(reply["payload"]["message"].str(), words);
  }
};

TEST_F(MatchSkillTest, WhoIsNearIsMatchedAndWhoIsFarWaits) {
  start();
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  TestPeer carol = member("carol");
  ask(alice, 1000, R"("timeout_ms":60000)");
  EXPECT_EQ(answer(alice)["payload"]["status"].str(), "waiting");
  ask(bob, 1000000);  // in half an hour
  EXPECT_EQ(answer(bob)["payload"]["status"].str(), "waiting");
  ask(carol, 1090);
  EXPECT_EQ(answer(carol)["payload"]["session_id"], answer(alice)["payload"]["session_id"]);
  bob.expect_silence();
}

// By the server's own timer: nobody else asks.
TEST_F(MatchSkillTest, ToleranceWidensWithoutANewRequest) {
  start();
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  ask(alice, 1000);
  ask(bob, 1150);
  EXPECT_EQ(answer(bob)["payload"]["status"].str(), "waiting");
  EXPECT_EQ(answer(alice)["payload"]["status"].str(), "waiting");
  EXPECT_EQ(answer(alice)["type"].str(), "matched");
  EXPECT_EQ(answer(bob)["type"].str(), "matched");
}

TEST_F(MatchSkillTest, RegionsNeedOneInCommon) {
  start();
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  TestPeer carol = member("carol");
  ask(alice, 1000, {}, R"("eu")");
  EXPECT_EQ(answer(alice)["type"].str(), "match");
  ask(bob, 1000, {}, R"("us")");
  EXPECT_EQ(answer(bob)["type"].str(), "match");
  ask(carol, 1000, {}, R"("us","asia")");
  EXPECT_EQ(answer(carol)["type"].str(), "matched");
  EXPECT_EQ(answer(bob)["type"].str(), "matched");
  alice.expect_silence();
}

TEST_F(MatchSkillTest, WhoAskedWithAnIdHearsHowManyWaitAndHowLongItTakes) {
  start();
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  ask(alice, 1000);
  const Json first = answer(alice)["payload"];
  EXPECT_EQ(first["waiting"].number(), 1);
  EXPECT_THAT(first.keys(), Not(testing::Contains("estimate_ms")));
  ask(bob, 1000);
  answer(bob);
  answer(alice);
  ask(alice, 1000);
  EXPECT_GE(answer(alice)["payload"]["estimate_ms"].number(), 0);
  ask(bob, 90000, {}, R"("eu")", "");
  EXPECT_EQ(answer(bob)["payload"], R"({"status":"waiting"})"_json);
}

TEST_F(MatchSkillTest, TeamsAreToldByFingerprint) {
  start();
  TestPeer peers[] = {member("a"), member("b"), member("c"), member("d")};
  const int skills[] = {1000, 1010, 1020, 1030};
  for (int i = 0; i < 4; ++i) {
    ask(peers[i], skills[i], R"("teams":{"count":2,"size":2})");
    EXPECT_EQ(answer(peers[i])["type"].str(), i < 3 ? "match" : "matched");
  }
  const std::string teams =
      fmt(R"([["%","%"],["%","%"]])", peers[0].fingerprint(), peers[3].fingerprint(),
          peers[1].fingerprint(), peers[2].fingerprint());
  for (int i = 0; i < 3; ++i) {
    const Json matched = answer(peers[i]);
    EXPECT_EQ(matched["payload"]["teams"], Json::parse(teams));
    EXPECT_EQ(matched["payload"]["peers"].size(), 4U);
  }
}

TEST_F(MatchSkillTest, APartyIsPlacedTogetherOrNotAtAll) {
  start();
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  TestPeer carol = member("carol");
  ask(alice, 1000, R"("group_size":3,"party":{"id":"s3cret","size":2})");
  EXPECT_EQ(answer(alice)["payload"]["waiting"].number(), 1);
  ask(bob, 1000, R"("group_size":3)");
  EXPECT_EQ(answer(bob)["payload"]["waiting"].number(), 2);
  ask(carol, 1000, R"("group_size":3,"party":{"id":"s3cret","size":3})");
  expect_refused(carol, "party has another size");
  ask(carol, 1000, R"("group_size":3,"party":{"id":"s3cret","size":2})");
  EXPECT_EQ(answer(carol)["type"].str(), "matched");
  EXPECT_EQ(answer(alice)["type"].str(), "matched");
  EXPECT_EQ(answer(bob)["type"].str(), "matched");
}

// A refused request leaves the earlier one where it was.
TEST_F(MatchSkillTest, WhoIsRefusedWaitsOnWithTheEarlierRequest) {
  start();
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  TestPeer carol = member("carol");
  ask(alice, 1000, R"("group_size":3,"party":{"id":"p","size":2})");
  answer(alice);
  ask(bob, 1000);
  EXPECT_EQ(answer(bob)["type"].str(), "match");
  ask(bob, 1000, R"("group_size":4,"party":{"id":"p","size":2})");
  expect_refused(bob, "party has another group size or teams");
  ask(carol, 1000);
  EXPECT_EQ(answer(carol)["type"].str(), "matched");
  EXPECT_EQ(answer(bob)["type"].str(), "matched");
}

// One's own earlier ticket is no reason against the new one.
TEST_F(MatchSkillTest, APartyOfOneSoFarMayBeChanged) {
  start();
  TestPeer alice = member("alice");
  ask(alice, 1000, R"("group_size":3,"party":{"id":"p","size":2})");
  EXPECT_EQ(answer(alice)["type"].str(), "match");
  ask(alice, 1000, R"("group_size":4,"party":{"id":"p","size":3})");
  EXPECT_EQ(answer(alice)["payload"]["status"].str(), "waiting");
}

TEST_F(MatchSkillTest, WrongRequestsAreRefused) {
  start_with({.settings = {"match_group_max=8"}, .config = skill_plugin()});
  TestPeer alice = member("alice");
  alice.send("match", R"({"namespace":"lobby"})");
  expect_refused(alice, "skill must be a number");
  alice.send("match", R"({"namespace":"lobby","criteria":{"skill":1,"latency":1,"regions":"eu"}})");
  expect_refused(alice, "regions must be an array");
  ask(alice, 1, R"("group_size":4,"teams":{"count":2,"size":2})");
  expect_refused(alice, "teams and group_size exclude each other");
  ask(alice, 1, R"("teams":{"count":3,"size":3})");
  expect_refused(alice, "group too large");
  ask(alice, 1, R"("teams":{"count":2,"size":4})");
  EXPECT_EQ(answer(alice)["type"].str(), "match");
}

TEST_F(MatchSkillTest, AGroupStartsShortWhenItsOldestHasWaited) {
  start("      fill_after: 100ms\n      min_group: 2\n");
  TestPeer alice = member("alice");
  TestPeer bob = member("bob");
  ask(alice, 1000, R"("group_size":4)");
  answer(alice);
  ask(bob, 1000, R"("group_size":4)");
  EXPECT_EQ(answer(alice)["payload"]["peers"].size(), 2U);
}

TEST_F(MatchSkillTest, CountsSearchesThatReachTheirLimit) {
  start_with({.settings = {"metrics_enabled=true", "metrics_port=0"}, .config = skill_plugin()});
  const std::string metrics = http_get(server().metrics_port(), "/metrics").body;
  EXPECT_THAT(metrics,
              HasSubstr("peer_server_plugin_search_limit_reached_total{kind=\"match_strategy\","
                        "name=\"skill\"} 0"));
}

TEST(MatchSkillOptionsTest, AllMistakesAreToldAtOnce) {
  ServerProcess server({.config = "plugins:\n  match_strategy:\n    name: skill\n    options:\n"
                                  "      rules:\n        skill: {kind: near}\n"
                                  "        level: {kind: range, tolerance: -1}\n"
                                  "      min_group: 3\n"});
  EXPECT_EQ(server.wait_exit(), 78);
  EXPECT_THAT(server.output(), HasSubstr("rules.skill.kind: expected equal, range or overlap"));
  EXPECT_THAT(server.output(), HasSubstr("rules.level.tolerance: expected a number from 0"));
  EXPECT_THAT(server.output(), HasSubstr("min_group: expected fill_after beside it"));
}

}  // namespace
}  // namespace peer::test
