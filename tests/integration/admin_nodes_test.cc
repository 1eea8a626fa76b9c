// What the Server API says of a node (docs/api.md, "Nodes"): what it is doing, its past, its
// plugins, its queues; and the search for peers. Every answer is compared with docs/openapi.json.
#include <algorithm>
#include <map>

#include "tests/support/admin_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AdminNodesTest : public AdminTest {
 protected:
  std::string node() { return "/v1/nodes/" + http_json("/stats")["node_id"].str(); }
  std::vector<std::string> found(const std::string& query) {
    std::vector<std::string> aliases;
    const Json page = admin().get("/v1/peers?" + query).body;
    for (std::size_t i = 0; i < page["peers"].size(); ++i) {
      aliases.push_back(page["peers"][i]["alias"].str());
    }
    std::sort(aliases.begin(), aliases.end());
    return aliases;
  }
};

TEST_F(AdminNodesTest, TellsWhoseTokenItIs) {
  start_admin(
      {R"(admin_tokens=[{"name":"grafana","token":")" + kReadToken + R"(","role":"read"}])"});
  const Json own = admin().get("/v1/token").body;
  EXPECT_EQ(own["name"].str(), "admin_token");
  EXPECT_EQ(own["role"].str(), "write");
  EXPECT_EQ("/v1/nodes/" + own["node"].str(), node());
  const Json other = admin(kReadToken).get("/v1/token").body;
  EXPECT_EQ(other["name"].str(), "grafana");
  EXPECT_EQ(other["role"].str(), "read");
}

TEST_F(AdminNodesTest, TellsWhatANodeIsDoing) {
  start_admin({"loops=2", "max_peers=50"});
  TestPeer alice = peer_in("lobby", "alice");
  alice.create_room("den");
  alice.send("match", R"({"namespace":"lobby"})");
  alice.next("match");
  const Json shown = admin().get(node()).body;
  EXPECT_EQ("/v1/nodes/" + shown["node"].str(), node());
  EXPECT_EQ(shown["state"].str(), "ok");
  EXPECT_EQ(shown["peers"].number(), 1);
  EXPECT_EQ(shown["max_peers"].number(), 50);
  EXPECT_EQ(shown["namespaces"].number(), 1);
  EXPECT_EQ(shown["rooms"].number(), 1);
  EXPECT_EQ(shown["tickets"].number(), 1);
  EXPECT_EQ(shown["loops"].size(), 2U);
  EXPECT_EQ(shown["loops"][0]["connections"].number() + shown["loops"][1]["connections"].number(),
            1);
  EXPECT_EQ(shown["messages"]["by_type"]["match"].number(), 1);
  EXPECT_EQ(shown["broker"]["state"].str(), "standalone");
  EXPECT_EQ(shown["matches"]["matched"].number(), 0);
  EXPECT_GT(shown["process"]["resident_bytes"].number(), 1'000'000);
  EXPECT_LE(shown["started_at"].number(), shown["now"].number());
  EXPECT_EQ(shown["reload_succeeded"].text(), "true");
  EXPECT_FALSE(shown["certificate_ends"].exists());
}

TEST_F(AdminNodesTest, CountsErrorsByTheirCode) {
  start_admin();
  TestPeer alice = peer("alice");
  alice.send("leave", R"({"namespace":"nowhere"})");
  const Json error = alice.next("error");
  const Json errors = admin().get(node()).body["errors"];
  EXPECT_EQ(errors[std::to_string(static_cast<int>(error["payload"]["code"].number()))].number(),
            1);
}

TEST_F(AdminNodesTest, AnUnknownNodeIsNotFound) {
  start_admin();
  AdminClient client = admin();
  for (const char* path :
       {"/v1/nodes/0123456789abcdef", "/v1/nodes/x/history", "/v1/nodes/%22/plugins"}) {
    EXPECT_EQ(client.refusal(404, "GET", path), "node not found");
  }
}

TEST_F(AdminNodesTest, AFreshReaderSeesThePast) {
  start_admin({"admin_history=1m12s"});  // a sample in 100 ms
  const std::string path = node() + "/history";
  std::int64_t before = 0;
  {
    const TestPeer alice = peer_in("lobby", "alice");
    AdminClient client = admin();
    const Deadline deadline;
    while (before == 0) {
      const Json history = client.get(path).body;
      EXPECT_EQ(history["interval_ms"].number(), 100);
      for (std::size_t i = 0; i < history["at"].size(); ++i) {
        if (history["series"]["peers"][i].number() == 1) before = history["at"][i].number();
      }
      ASSERT_FALSE(deadline.passed());
    }
  }
  // Long after she has gone, somebody looks for the first time.
  AdminClient client = admin();
  const Deadline deadline;
  while (true) {
    const Json history = client.get(path).body;
    const std::size_t count = history["at"].size();
    if (count > 0 && history["series"]["peers"][count - 1].number() == 0) {
      bool was_there = false;
      for (std::size_t i = 0; i < count; ++i) {
        was_there = was_there || history["series"]["peers"][i].number() == 1;
      }
      EXPECT_TRUE(was_there);
      break;
    }
    ASSERT_FALSE(deadline.passed());
  }
  const Json later = client.get(fmt("%?after=%", path, static_cast<long long>(before))).body;
  ASSERT_GT(later["at"].size(), 0U);
  EXPECT_GT(later["at"][0].number(), before);
  EXPECT_EQ(client.refusal(400, "GET", path + "?after=yesterday"),
            "after must be a number of milliseconds");
}

TEST_F(AdminNodesTest, RatesAreOfTheTimeBetweenTwoSamples) {
  start_admin({"admin_history=1m12s"});
  TestPeer alice = peer("alice");
  AdminClient client = admin();
  const std::string path = node() + "/history";
  const Deadline deadline;
  while (client.get(path).body["at"].size() == 0) ASSERT_FALSE(deadline.passed());
  for (int i = 0; i < 50; ++i) alice.round_trip();
  double messages = 0;
  while (messages < 50) {
    const Json history = client.get(path).body;
    messages = 0.5;  // of rounding
    for (std::size_t i = 1; i < history["at"].size(); ++i) {
      const auto passed = history["at"][i].number() - history["at"][i - 1].number();
      const double seconds = static_cast<double>(passed) / 1000;
      messages += std::stod(history["series"]["received"][i].text()) * seconds;
    }
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_LT(messages, 60);
}

TEST_F(AdminNodesTest, WithoutAHistoryItIsEmpty) {
  start_admin({"admin_history=0"});
  EXPECT_EQ(admin().get(node() + "/history").body["at"].size(), 0U);
}

TEST_F(AdminNodesTest, ShowsPluginsWithTheirOptionsButNoSecrets) {
  start_admin({R"(plugins.room_policy=[{"name":"managed","as":"clubs","namespaces":["club-*"],)"
               R"("options":{"default_size":7}},{"name":"standard"}])",
               R"(plugins.auth=[{"name":"jwt","options":{"issuer":"https://issuer.example",)"
               R"("keys":[{"algorithm":"HS256","secret":"a-secret-of-32-characters-or-more"}]}},)"
               R"({"name":"open"}])"});
  const AdminReply reply = admin().get(node() + "/plugins");
  EXPECT_THAT(reply.whole.body, testing::Not(testing::HasSubstr("a-secret-of-32")));
  const Json plugins = reply.body["plugins"];
  ASSERT_EQ(plugins.size(), 6U);
  std::map<std::string, Json> by_name;
  for (std::size_t i = 0; i < plugins.size(); ++i) {
    by_name.emplace(plugins[i]["as"].str(), plugins[i]);
  }
  const Json clubs = by_name.at("clubs");
  EXPECT_EQ(clubs["name"].str(), "managed");
  EXPECT_EQ(clubs["kind"].str(), "room_policy");
  EXPECT_EQ(clubs["namespaces"].text(), R"(["club-*"])");
  const auto option = [](const Json& plugin, const std::string& name) {
    for (std::size_t i = 0; i < plugin["options"].size(); ++i) {
      if (plugin["options"][i]["name"].str() == name) return plugin["options"][i];
    }
    ADD_FAILURE() << "no option " << name;
    return Json::parse("{}");
  };
  EXPECT_EQ(option(clubs, "default_size")["value"].str(), "7");
  EXPECT_EQ(option(clubs, "default_size")["set"].text(), "true");
  EXPECT_EQ(option(clubs, "max_size")["set"].text(), "false");
  EXPECT_FALSE(option(clubs, "max_size")["value"].exists());
  EXPECT_NE(option(clubs, "max_size")["default"].str(), "");
  EXPECT_EQ(option(by_name.at("jwt"), "keys")["secret"].text(), "true");
  EXPECT_EQ(option(by_name.at("jwt"), "issuer")["value"].str(), R"("https://issuer.example")");
  EXPECT_EQ(by_name.at("local")["kind"].str(), "broker");
}

TEST_F(AdminNodesTest, ListsTheQueuesOfMatching) {
  start_admin();
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("hall", "bob");
  alice.send("match", R"({"namespace":"lobby","group_size":3})");
  alice.next("match");
  bob.send("match", R"({"namespace":"hall","group_size":2})");
  bob.next("match");
  TestPeer carol = peer_in("lobby", "carol");
  carol.send("match", R"({"namespace":"lobby","group_size":3})");
  carol.next("match");
  AdminClient client = admin();
  const Json queues = client.get("/v1/queues").body["queues"];
  ASSERT_EQ(queues.size(), 2U);
  EXPECT_EQ(queues[0]["namespace"].str(), "hall");
  EXPECT_EQ(queues[0]["waiting"].number(), 1);
  EXPECT_EQ(queues[1]["namespace"].str(), "lobby");
  EXPECT_EQ(queues[1]["waiting"].number(), 2);
  EXPECT_EQ(queues[1]["strategy"].str(), "criteria");
  const std::int64_t wait = queues[1]["longest_wait_ms"].number();
  const Deadline deadline;
  while (client.get("/v1/queues").body["queues"][1]["longest_wait_ms"].number() <= wait) {
    ASSERT_FALSE(deadline.passed());
  }
  const Json page = client.get("/v1/queues?limit=1").body;
  EXPECT_EQ(page["queues"].size(), 1U);
  EXPECT_EQ(page["next"].str(), "hall");
  EXPECT_EQ(client.get("/v1/queues?after=hall").body["queues"][0]["namespace"].str(), "lobby");
}

TEST_F(AdminNodesTest, FindsPeersByAPartOfTheirAlias) {
  start_admin();
  const TestPeer alice = peer_in("lobby", "Alice Ångström");
  const TestPeer malice = peer_in("hall", "malice");
  const TestPeer bob = peer_in("lobby", "bob");
  EXPECT_THAT(found("search=ALIC"), ElementsAre("Alice Ångström", "malice"));
  EXPECT_THAT(found("search=ALIC&namespace=lobby"), ElementsAre("Alice Ångström"));
  EXPECT_THAT(found("search=%C3%85ng"), ElementsAre("Alice Ångström"));
  EXPECT_THAT(found("search=alic&namespace=nowhere"), IsEmpty());
  EXPECT_THAT(found("search=nobody"), IsEmpty());
  EXPECT_THAT(found("search="), ElementsAre("Alice Ångström", "bob", "malice"));
  EXPECT_THAT(found("search=" + bob.fingerprint().substr(0, 12)), ElementsAre("bob"));
  EXPECT_THAT(found("search=" + bob.fingerprint()), ElementsAre("bob"));
}

}  // namespace
}  // namespace peer::test
