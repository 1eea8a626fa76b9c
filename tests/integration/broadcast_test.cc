// docs/protocol.md, "broadcast".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// Alice, Bob and Carol in one namespace; Alice sends.
class BroadcastTest : public ServerTest {
 protected:
  void SetUp() override {
    alice.emplace(peer_in("lobby", "alice"));
    bob.emplace(peer_in("lobby", "bob"));
    carol.emplace(peer_in("lobby", "carol"));
    alice->next("peer_joined");
    alice->next("peer_joined");
    bob->next("peer_joined");
  }
  void TearDown() override {
    alice.reset();
    bob.reset();
    carol.reset();
    ServerTest::TearDown();
  }
  void send(std::string_view more) {
    alice->send("broadcast", fmt(R"({"namespace":"lobby"%%})", more.empty() ? "" : ",", more));
  }

  std::optional<TestPeer> alice, bob, carol;
};

TEST_F(BroadcastTest, AllOtherMembersHearIt) {
  TestPeer stranger = peer_in("elsewhere", "stranger");
  send(R"("data":{"event":"start"})");
  for (TestPeer* peer : {&*bob, &*carol}) {
    const Json got = peer->next("broadcast");
    EXPECT_THAT(got.keys(), UnorderedElementsAre("type", "from", "namespace", "payload", "ts"));
    EXPECT_EQ(got["from"].str(), alice->fingerprint());
    EXPECT_EQ(got["namespace"].str(), "lobby");
    EXPECT_EQ(got["payload"], R"({"namespace":"lobby","data":{"event":"start"}})"_json);
    EXPECT_GT(got["ts"].number(), 1'600'000'000'000);
  }
  expect_silence_of({&*alice, &*bob, &*carol, &stranger});
}

TEST_F(BroadcastTest, DataIsForwardedByteForByte) {
  for (const char* data : {"1.0", "1e999", "1180591620717411303424", R"("\ud800")", "null", "[ 1 ]",
                           R"({"b":1,"a":2,"b":3})", R"("\u0041\/")", "{ \"a\" :\t1 }"}) {
    send(fmt(R"("data":%)", data));
    EXPECT_THAT(bob->next_text(), HasSubstr(fmt(R"("data":%})", data)));
    EXPECT_THAT(carol->next_text(), HasSubstr(fmt(R"("data":%})", data)));
  }
}

TEST_F(BroadcastTest, AbsentDataStaysAbsent) {
  send("");
  EXPECT_EQ(bob->next("broadcast")["payload"], R"({"namespace":"lobby"})"_json);
}

TEST_F(BroadcastTest, FieldsBeyondTheContractAreNotForwarded) {
  send(R"("data":1,"x":2,"exclude":[])");
  EXPECT_EQ(bob->next("broadcast")["payload"], R"({"namespace":"lobby","data":1})"_json);
}

TEST_F(BroadcastTest, ExcludeByFingerprint) {
  send(fmt(R"("data":1,"exclude":["%"])", bob->fingerprint()));
  carol->next("broadcast");
  expect_silence_of({&*alice, &*bob, &*carol});
}

TEST_F(BroadcastTest, ExcludeByAlias) {
  send(R"("data":1,"exclude":["carol"])");
  bob->next("broadcast");
  carol->expect_silence();
}

TEST_F(BroadcastTest, ExcludeTakesManyAndIgnoresTheUnknown) {
  send(fmt(R"("data":1,"exclude":["nobody","","%","carol","carol","alice"])", bob->fingerprint()));
  expect_silence_of({&*alice, &*bob, &*carol});
}

TEST_F(BroadcastTest, ANullOrEmptyExcludeExcludesNobody) {
  send(R"("data":1,"exclude":null)");
  send(R"("data":1,"exclude":[])");
  for (TestPeer* peer : {&*bob, &*carol}) {
    peer->next("broadcast");
    peer->next("broadcast");
  }
}

TEST_F(BroadcastTest, BadBroadcastsAreRefused) {
  alice->expect_refused(message("broadcast"), 400, "namespace required");
  alice->expect_refused(message("broadcast", R"({"namespace":"","data":1})"), 400,
                        "namespace required");
  alice->expect_refused(message("broadcast", R"({"namespace":5,"data":1})"), 400,
                        "namespace must be a string");
  alice->expect_refused(message("broadcast", R"({"namespace":"lobby","data":1,"data":1})"), 400,
                        "duplicate field");
  for (const char* exclude : {R"("bob")", "5", "{}"}) {
    send(fmt(R"("data":1,"exclude":%)", exclude));
    alice->expect_error_like(400, "^exclude must be an? (array|list)");
  }
  for (const char* exclude : {"[5]", R"(["bob",null])", "[[]]"}) {
    send(fmt(R"("data":1,"exclude":%)", exclude));
    alice->expect_error_like(400, "exclude");
  }
  expect_silence_of({&*bob, &*carol});
}

TEST_F(BroadcastTest, ExcludeHasAtMost1000Entries) {
  std::string entries = "\"bob\"";
  for (int i = 1; i < 1000; ++i) entries += ",\"x\"";
  send(fmt(R"("data":1,"exclude":[%])", entries));
  carol->next("broadcast");
  send(fmt(R"("data":1,"exclude":[%,"x"])", entries));
  alice->expect_error_like(400, "exclude");
  expect_silence_of({&*bob, &*carol});
}

TEST_F(BroadcastTest, OnlyMembersMayBroadcast) {
  TestPeer stranger = peer("stranger");
  stranger.expect_refused(message("broadcast", R"({"namespace":"lobby","data":1})"), 403,
                          "not in namespace");
  stranger.expect_refused(message("broadcast", R"({"namespace":"nowhere","data":1})"), 403,
                          "not in namespace");
  alice->send("leave", R"({"namespace":"lobby"})");
  bob->next("peer_left");
  carol->next("peer_left");
  send(R"("data":1)");
  alice->expect_error(403, "not in namespace");
  expect_silence_of({&*bob, &*carol});
}

TEST_F(BroadcastTest, ABroadcastStaysInItsNamespace) {
  alice->join("second");
  bob->join("second");
  alice->next("peer_joined");
  alice->send("broadcast", R"({"namespace":"second","data":1})");
  EXPECT_EQ(bob->next("broadcast")["namespace"].str(), "second");
  carol->expect_silence();
}

TEST_F(BroadcastTest, AMemberOfARoomCanBroadcastInIt) {
  alice->create_room("den");
  bob->join("den");
  alice->next("peer_joined");
  bob->send("broadcast", R"({"namespace":"den","data":1})");
  EXPECT_EQ(alice->next("broadcast")["from"].str(), bob->fingerprint());
}

class IoUringTest : public ServerTest {};

// More members than one call to the kernel takes. Whether it has io_uring or not, the log says so.
TEST_F(IoUringTest, EachOfManyMembersHearsEachMessageOnceAndInOrder) {
  constexpr int kMembers = 300;
  constexpr int kMessages = 20;
  start({"io_uring=auto", "loops=1", "quiet_namespaces=hall"});
  TestPeer alice = peer_in("hall", "alice");
  std::vector<TestPeer> members;
  for (int i = 0; i < kMembers; ++i) members.push_back(peer_in("hall", fmt("member-%", i)));
  for (int i = 0; i < kMessages; ++i) {
    alice.send("broadcast", fmt(R"({"namespace":"hall","data":%})", i));
  }
  for (TestPeer& member : members) {
    for (int i = 0; i < kMessages; ++i) {
      EXPECT_EQ(member.next("broadcast")["payload"]["data"].number(), i);
    }
    member.expect_silence();
  }
  const std::string output = server().output();
  EXPECT_TRUE(output.find("sends by io_uring") != output.npos ||
              output.find("sends without io_uring: ") != output.npos)
      << output;
}

}  // namespace
}  // namespace peer::test
