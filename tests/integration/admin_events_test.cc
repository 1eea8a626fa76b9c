// The events of the Server API (docs/api.md, "Events"). Each is compared with docs/openapi.json
// (EventReader).
#include <algorithm>
#include <vector>

#include "tests/support/admin_test.h"
#include "tests/support/event_reader.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class AdminEventsTest : public AdminTest {
 protected:
  EventReader reader(std::string_view path = "/v1/events", int receive_buffer = 0) {
    return {admin_port_, kAdminToken, path, receive_buffer};
  }
  /// Returns when it has left; what it hears before is dropped.
  static void leave(TestPeer& peer, std::string_view ns) {
    peer.send("leave", fmt(R"({"namespace":"%"})", ns), R"("id":"leave")");
    while (peer.next()["type"].str() != "ack") continue;
  }
  std::string node() { return http_json("/stats")["node_id"].str(); }
};

TEST_F(AdminEventsTest, TellsWhatAPeerDoes) {
  start_admin();
  EventReader events = reader();
  EXPECT_THAT(events.head(), HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(events.head(), HasSubstr("Cache-Control: no-store\r\n"));
  TestPeer alice = connect();
  alice.register_as("alice", R"("alias":"<b>\"Alice\"</b>\n")");
  Json event = events.next("register");
  EXPECT_EQ(event["fingerprint"].str(), alice.fingerprint());
  EXPECT_EQ(event["alias"].str(), "<b>\"Alice\"</b>\n");
  EXPECT_EQ(event["address"].str(), "127.0.0.1");
  EXPECT_EQ(event["node"].str(), node());
  alice.join("lobby");
  event = events.next("join");
  EXPECT_EQ(event["fingerprint"].str(), alice.fingerprint());
  EXPECT_EQ(event["namespace"].str(), "lobby");
  alice.send("leave", R"({"namespace":"lobby"})");
  EXPECT_EQ(events.next("leave")["namespace"].str(), "lobby");
  alice.join("other");
  events.next("join");
  // Who goes has left everything: that is one event.
  EXPECT_EQ(admin().remove("/v1/peers/" + alice.fingerprint()).status, 200);
  event = events.next("leave");
  EXPECT_EQ(event["fingerprint"].str(), alice.fingerprint());
  EXPECT_FALSE(event["namespace"].exists());
  const TestPeer bob = peer("bob");
  EXPECT_EQ(events.next("register")["fingerprint"].str(), bob.fingerprint());
}

TEST_F(AdminEventsTest, TellsOfAPeerThatIsReplaced) {
  start_admin();
  TestPeer first = peer("alice");
  EventReader events = reader();
  const TestPeer second = peer("alice");
  EXPECT_EQ(events.next("leave")["fingerprint"].str(), first.fingerprint());
  EXPECT_EQ(events.next("register")["fingerprint"].str(), first.fingerprint());
}

TEST_F(AdminEventsTest, TellsOfRooms) {
  start_admin();
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  EventReader events = reader("/v1/events?kinds=room");
  alice.create_room("den");
  bob.join("den");
  Json event = events.next("room");
  EXPECT_EQ(event["room_id"].str(), "den");
  EXPECT_EQ(event["change"].str(), "created");
  EXPECT_EQ(event["owner"].str(), alice.fingerprint());
  // It ends with its last member.
  leave(alice, "den");
  leave(bob, "den");
  alice.create_room("attic");
  event = events.next("room");
  EXPECT_EQ(event["room_id"].str(), "den");
  EXPECT_EQ(event["change"].str(), "closed");
  EXPECT_EQ(events.next("room")["change"].str(), "created");
  // The operator ends one: that is told once, though its members leave it then.
  EXPECT_EQ(admin().remove("/v1/rooms/attic").status, 200);
  EXPECT_EQ(events.next("room")["change"].str(), "closed");
  alice.next("room_closed");
  alice.create_room("cellar");
  EXPECT_EQ(events.next("room")["room_id"].str(), "cellar");
}

TEST_F(AdminEventsTest, TellsOfMatchesAndBans) {
  start_admin();
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  EventReader events = reader("/v1/events?kinds=match,ban");
  alice.send("match", R"({"namespace":"lobby","group_size":2})");
  alice.next("match");  // it waits
  bob.send("match", R"({"namespace":"lobby","group_size":2})");
  Json event = events.next("match");
  EXPECT_EQ(event["namespace"].str(), "lobby");
  EXPECT_EQ(event["peers"][0].str(), alice.fingerprint());
  EXPECT_EQ(event["peers"][1].str(), bob.fingerprint());
  EXPECT_EQ(event["peers"].size(), 2U);
  AdminClient client = admin();
  client.put("/v1/bans/10.1.2.0%2F24", R"({"seconds":60})");
  event = events.next("ban");
  EXPECT_EQ(event["target"].str(), "10.1.2.0/24");
  EXPECT_EQ(event["change"].str(), "banned");
  client.remove("/v1/bans/10.1.2.0%2F24");
  EXPECT_EQ(events.next("ban")["change"].str(), "lifted");
}

TEST_F(AdminEventsTest, TellsHowManyMessagesWereDropped) {
  start_admin({"send_buffer_size=1", "rate_limit_per_sec=1000000", "rate_limit_burst=1000000"});
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer slow = connect(Dial{.receive_buffer = 4096});
  slow.register_as("slow");
  slow.join("lobby");
  alice.next("peer_joined");
  EventReader events = reader("/v1/events?kinds=drop");
  const std::string payload = "\"" + std::string(60'000, 'x') + "\"";
  const Deadline deadline;
  Json event;
  while (!event.exists()) {
    ASSERT_FALSE(deadline.passed());
    for (int i = 0; i < 200; ++i) alice.send_to(slow.fingerprint(), payload);
    alice.round_trip();
    if (http_json("/stats")["messages"]["dropped"].number() > 0) event = events.next("drop");
  }
  EXPECT_GT(event["count"].number(), 0);
  EXPECT_EQ(event["reason"].str(), "send_buffer");
}

TEST_F(AdminEventsTest, UnknownKindsAreNamed) {
  start_admin();
  for (const char* kinds : {"", "rooms", "room,", "room,,ban", "%20room"}) {
    EXPECT_EQ(admin().refusal(400, "GET", std::string("/v1/events?kinds=") + kinds),
              "kinds must be of register, leave, join, match, room, ban, drop")
        << kinds;
  }
  EXPECT_EQ(admin("nobodys-token-of-32-characters--").refusal(401, "GET", "/v1/events"),
            "no valid token");
  HttpClient client(admin_port_);
  client.stream().write("HEAD /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                        kAdminToken + "\r\n\r\n");
  EXPECT_THAT(client.read_rest(), HasSubstr("Content-Type: text/event-stream\r\n"));
}

TEST_F(AdminEventsTest, AStreamOutlivesTheTimeOfARequest) {
  start_admin({"read_timeout=50ms"});
  EventReader events = reader("/v1/events?kinds=register");
  // Two looks at the readers, each after a second.
  const Deadline deadline;
  std::string beats;
  while (std::count(beats.begin(), beats.end(), ':') < 2) {
    ASSERT_NE(events.stream().read_some(beats, deadline), 0U);
  }
  const TestPeer alice = peer("alice");
  EXPECT_EQ(events.next("register")["fingerprint"].str(), alice.fingerprint());
}

// Its queue is its own: who reads hears of every join, and so do peers.
TEST_F(AdminEventsTest, AReaderThatDoesNotReadIsCutAndCostsNobodyElse) {
  start_admin({"rate_limit_per_sec=1000000", "rate_limit_burst=1000000", "write_timeout=60s",
               "max_name_length=1024", "max_alias_length=1024"});
  EventReader slow = reader("/v1/events", 4096);
  EventReader events = reader("/v1/events?kinds=leave");
  TestPeer alice = connect();
  alice.register_as("alice", fmt(R"("alias":"%")", std::string(1000, 'a')));
  const std::string name(1000, 'n');
  constexpr int kRounds = 60;
  constexpr int kJoins = 50;  // of some 2 KiB, and as many leaves
  std::string read;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kJoins; ++i) {
      alice.send("join", "{\"namespace\":\"" + name + "\"}");
      alice.send("leave", "{\"namespace\":\"" + name + "\"}");
    }
    for (int i = 0; i < kJoins; ++i) alice.next("peer_list");
    for (int seen = 0; seen < kJoins;) {
      const std::size_t end = read.find("event: leave\n");
      if (end == std::string::npos) {
        ASSERT_NE(events.stream().read_some(read), 0U);
        continue;
      }
      read.erase(0, end + 1);
      ++seen;
    }
  }
  // What was on its way to it has an end: it was cut before.
  slow.stream().expect_end();
  EXPECT_EQ(admin().get("/v1/peers").body["peers"].size(), 1U);
}

TEST_F(AdminEventsTest, ReadersHaveABoundAndAPlaceThatIsLeftIsFree) {
  start_admin();
  std::vector<EventReader> readers;
  for (int i = 0; i < 32; ++i) readers.push_back(reader());
  EXPECT_EQ(admin().refusal(429, "GET", "/v1/events"), "there are 32 readers of events already");
  readers.clear();
  const Deadline deadline;
  HttpReply reply;
  while (reply.status != 200) {
    ASSERT_FALSE(deadline.passed());
    HttpClient client(admin_port_);
    client.stream().write("GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                          kAdminToken + "\r\n\r\n");
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) client.stream().read_some(head);
    if (head.starts_with("HTTP/1.1 200")) reply.status = 200;
  }
}

}  // namespace
}  // namespace peer::test
