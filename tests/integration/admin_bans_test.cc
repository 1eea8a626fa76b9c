// Bans of the Server API (docs/api.md, "Bans"): whom they keep out, and how long.
#include <csignal>
#include <filesystem>

#include "tests/support/admin_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class BansTest : public AdminTest {
 protected:
  /// A client that a proxy says is at this address.
  Dial from(const std::string& address) {
    Dial dial;
    dial.headers = "X-Forwarded-For: " + address + "\r\n";
    return dial;
  }
  /// What an upgrade from this address is answered.
  int upgrade_from(const std::string& address) {
    HttpClient client(port());
    client.stream().write(upgrade_request("/ws", "X-Forwarded-For: " + address + "\r\n"));
    return client.read_reply().status;
  }
  static const std::vector<std::string>& behind_a_proxy() {
    static const std::vector<std::string> settings{"trusted_proxies=127.0.0.1"};
    return settings;
  }
};

TEST_F(BansTest, ABannedPeerMayNotRegisterButStaysUntilItIsClosed) {
  start_admin();
  TestPeer alice = peer("alice");
  AdminClient client = admin();
  const AdminReply banned =
      client.put("/v1/bans/" + alice.fingerprint(), R"({"seconds":3600,"reason":"spam"})");
  EXPECT_EQ(banned.status, 200);
  EXPECT_EQ(banned.body["target"].str(), alice.fingerprint());
  EXPECT_EQ(banned.body["reason"].str(), "spam");
  alice.round_trip();
  TestPeer again = connect();
  again.send("register", R"({"public_key":"alice"})");
  again.expect_error(401, "banned");
  again.ws().expect_close(4003, "banned");
  alice.round_trip();  // nobody has replaced it
  EXPECT_EQ(client.remove("/v1/bans/" + alice.fingerprint()).status, 200);
  connect().register_as("alice");
  server().wait_for_output(fmt("bans for 3600 s token=admin_token target=%", alice.fingerprint()));
  server().wait_for_output(fmt("lifts a ban token=admin_token target=%", alice.fingerprint()));
}

TEST_F(BansTest, ABanEndsWhenItsTimeIsOver) {
  start_admin();
  AdminClient client = admin();
  const std::string alice = fingerprint_of("alice");
  EXPECT_EQ(client.put("/v1/bans/" + alice, R"({"seconds":1})").status, 200);
  const Deadline deadline;
  while (client.get("/v1/bans").body["bans"].size() != 0) ASSERT_FALSE(deadline.passed());
  connect().register_as("alice");
  EXPECT_EQ(client.refusal(404, "DELETE", "/v1/bans/" + alice), "ban not found");
}

TEST_F(BansTest, AnAddressIsRefusedBeforeTheUpgrade) {
  start_admin(behind_a_proxy());
  AdminClient client = admin();
  EXPECT_EQ(client.put("/v1/bans/192.0.2.7", R"({"seconds":3600})").status, 200);
  EXPECT_EQ(client.put("/v1/bans/2001:DB8:0::%2F32", R"({"seconds":3600})").body["target"].str(),
            "2001:db8::/32");
  EXPECT_EQ(client.put("/v1/bans/198.51.100.0%2F24", R"({"seconds":3600})").status, 200);
  for (const char* address : {"192.0.2.7", "2001:db8:1::1", "198.51.100.200"}) {
    EXPECT_EQ(upgrade_from(address), 403) << address;
  }
  for (const char* address : {"192.0.2.8", "2001:db9::1", "198.51.101.1"}) {
    EXPECT_EQ(upgrade_from(address), 101) << address;
  }
  EXPECT_EQ(http_json("/stats")["network"]["refusals"]["ban"].number(), 3);
  EXPECT_EQ(client.remove("/v1/bans/192.0.2.7").status, 200);
  EXPECT_EQ(upgrade_from("192.0.2.7"), 101);
}

TEST_F(BansTest, AnAddressBannedMeanwhileMayNotRegister) {
  start_admin(behind_a_proxy());
  TestPeer alice = connect(from("192.0.2.7"));
  EXPECT_EQ(admin().put("/v1/bans/192.0.2.7", R"({"seconds":3600})").status, 200);
  alice.send("register", R"({"public_key":"alice"})");
  alice.expect_error(401, "banned");
  alice.ws().expect_close(4003, "banned");
}

TEST_F(BansTest, ABanEndsASessionThatIsAwayAndItsClientIsToldSo) {
  start_admin();
  TestPeer bob = peer_in("lobby", "bob");
  std::string token;
  std::string fingerprint;
  {
    TestPeer alice = connect();
    token =
        alice
            .register_as("alice", R"("alias":"alice","resume":true)")["payload"]["session"]["token"]
            .str();
    fingerprint = alice.fingerprint();
    alice.join("lobby");
    bob.next("peer_joined");
  }
  AdminClient client = admin();
  const Deadline deadline;
  while (client.get("/v1/peers/alice").body["away"].text() != "true") {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_EQ(client.put("/v1/bans/" + fingerprint, R"({"seconds":3600})").status, 200);
  EXPECT_EQ(bob.next("peer_left")["from"].str(), fingerprint);
  TestPeer again = connect();
  again.send("resume", fmt(R"({"token":"%","received":0})", token));
  again.expect_error(401, "banned");
  again.ws().expect_close(4003, "banned");
}

TEST_F(BansTest, ABannedPeerThatIsConnectedMayNotResume) {
  start_admin();
  TestPeer alice = connect();
  const std::string token =
      alice.register_as("alice", R"("resume":true)")["payload"]["session"]["token"].str();
  EXPECT_EQ(admin().put("/v1/bans/" + alice.fingerprint(), R"({"seconds":3600})").status, 200);
  TestPeer again = connect();
  again.send("resume", fmt(R"({"token":"%","received":0})", token));
  again.expect_error(401, "banned");
  again.ws().expect_close(4003, "banned");
  alice.round_trip();
}

TEST_F(BansTest, WhatWouldLockTheOperatorOutIsRefused) {
  start_admin({"trusted_proxies=10.1.0.0/16"});
  AdminClient client = admin();
  for (const char* target : {"127.0.0.1", "::1", "0.0.0.0%2F0", "::%2F0", "127.0.0.0%2F8", "::"}) {
    EXPECT_EQ(client.refusal(400, "PUT", std::string("/v1/bans/") + target, R"({"seconds":1})"),
              "target covers this machine")
        << target;
  }
  for (const char* target : {"10.1.2.3", "10.0.0.0%2F8", "10.1.0.0%2F16"}) {
    EXPECT_EQ(client.refusal(400, "PUT", std::string("/v1/bans/") + target, R"({"seconds":1})"),
              "target covers an address of trusted_proxies")
        << target;
  }
  EXPECT_EQ(client.get("/v1/bans").body.text(), R"({"bans":[]})");
}

TEST_F(BansTest, BadBansAreNamed) {
  start_admin({"max_bans=1"});
  AdminClient client = admin();
  const auto refused = [&](std::string_view body, std::string_view target = "10.0.0.1") {
    return client.refusal(400, "PUT", "/v1/bans/" + std::string(target), body);
  };
  EXPECT_EQ(refused("{}"), "seconds required");
  EXPECT_EQ(refused(R"({"seconds":"1"})"), "seconds must be an integer");
  EXPECT_EQ(refused(R"({"seconds":0})"), "seconds must be from 1 to 315360000");
  EXPECT_EQ(refused(R"({"seconds":315360001})"), "seconds must be from 1 to 315360000");
  EXPECT_EQ(refused(R"({"seconds":1,"reason":5})"), "reason must be a string");
  EXPECT_EQ(refused(fmt(R"({"seconds":1,"reason":"%"})", std::string(257, 'x'))),
            "reason too long");
  for (const char* target : {"alice", "10.0.0.1%2F8", "10.0.0.256", "deadbeef"}) {
    EXPECT_EQ(refused(R"({"seconds":1})", target),
              "target must be a fingerprint, an address or a CIDR range");
  }
  EXPECT_EQ(client.put("/v1/bans/10.0.0.1", R"({"seconds":315360000})").status, 200);
  EXPECT_EQ(client.refusal(409, "PUT", "/v1/bans/10.0.0.2", R"({"seconds":1})"),
            "there are max_bans already");
}

TEST_F(BansTest, TheListHasPages) {
  start_admin();
  AdminClient client = admin();
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(client.put(fmt("/v1/bans/10.0.0.%", i), R"({"seconds":60})").status, 200);
  }
  const Json page = client.get("/v1/bans?limit=2").body;
  EXPECT_EQ(page["bans"].size(), 2U);
  EXPECT_EQ(page["next"].str(), "10.0.0.2");
  const Json rest = client.get("/v1/bans?limit=3&after=10.0.0.2").body;
  EXPECT_EQ(rest["bans"][2]["target"].str(), "10.0.0.5");
  EXPECT_FALSE(rest["next"].exists());
}

TEST_F(BansTest, WithAFileTheySurviveACrash) {
  const TempDir dir;
  const std::string file = dir.path() / "bans.json";
  start_admin({"bans_file=" + file});
  const std::string alice = fingerprint_of("alice");
  EXPECT_EQ(admin().put("/v1/bans/" + alice, R"({"seconds":3600,"reason":"\"quoted\" é"})").status,
            200);
  server().signal(SIGKILL);
  expect_exit(128 + SIGKILL);
  start_admin({"bans_file=" + file});
  EXPECT_EQ(admin().get("/v1/bans").body["bans"][0]["reason"].str(), "\"quoted\" é");
  TestPeer again = connect();
  again.send("register", R"({"public_key":"alice"})");
  again.expect_error(401, "banned");
  EXPECT_EQ(admin().remove("/v1/bans/" + alice).status, 200);
  server().signal(SIGTERM);
  expect_exit(0);
  start({"bans_file=" + file});  // they hold without the API, too
  connect().register_as("alice");
}

TEST_F(BansTest, ABanThatCannotBeKeptSaysSoAndHoldsUntilTheEnd) {
  const TempDir dir;
  const std::filesystem::path folder = dir.path() / "gone";
  std::filesystem::create_directory(folder);
  start_admin({"bans_file=" + (folder / "bans.json").string()});
  std::filesystem::remove(folder);
  const std::string target = "/v1/bans/" + fingerprint_of("alice");
  EXPECT_EQ(admin().put(target, R"({"seconds":60})").status, 500);
  TestPeer alice = connect();
  alice.send("register", R"({"public_key":"alice"})");
  alice.expect_error(401, "banned");
  EXPECT_EQ(admin().remove(target).status, 500);
  connect().register_as("alice");
}

TEST(BansFileTest, WhatIsNoListOfBansStopsTheStart) {
  const TempDir dir;
  for (const char* text :
       {"", "{}", "[]", R"({"bans":[{"target":"x","changed_at":1,"ends_at":1}]})",
        R"({"bans":[{"target":"10.0.0.1","changed_at":-1,"ends_at":1}]})"}) {
    const std::string file = dir.write("bans.json", text);
    ServerProcess process({.settings = {"bans_file=" + file}, .arguments = {"--check-config"}});
    EXPECT_EQ(process.wait_exit(), 78) << text;
    EXPECT_THAT(process.output(), HasSubstr("bans_file: '" + file + "'")) << text;
  }
}

TEST(BansFileTest, AFolderThatIsNotThereStopsTheStart) {
  const TempDir dir;
  const std::string folder = dir.path() / "gone";
  ServerProcess process(
      {.settings = {"bans_file=" + folder + "/bans.json"}, .arguments = {"--check-config"}});
  EXPECT_EQ(process.wait_exit(), 78);
  EXPECT_THAT(process.output(), HasSubstr("bans_file: cannot be written in folder '" + folder +
                                          "': No such file or directory; make the folder"));
}

}  // namespace
}  // namespace peer::test
