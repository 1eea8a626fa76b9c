// register, join and metadata `meta`, and who sees it: docs/protocol.md, "metadata", "Identity".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;

class MetadataTest : public ServerTest {
 protected:
  /// The meta of the first peer in a namespace as discover shows it.
  static Json meta_in(TestPeer& asker, std::string_view ns) {
    asker.send("discover", fmt(R"({"namespace":"%"})", ns));
    return asker.next("peer_list")["payload"]["peers"][0]["meta"];
  }
  static void update(TestPeer& peer, std::string_view meta) {
    peer.send("metadata", fmt(R"({"meta":%})", meta));
  }
};

TEST_F(MetadataTest, RegisteredMetaIsSeenInListsAndAnnouncements) {
  TestPeer bob = peer_in("lobby", "bob");
  TestPeer alice = connect();
  alice.register_as("alice", R"("meta":{"level":42,"tags":["a"]})");
  EXPECT_EQ(alice.join("lobby")["payload"]["peers"][1]["meta"],
            R"({"level":42,"tags":["a"]})"_json);
  EXPECT_EQ(bob.next("peer_joined")["payload"]["meta"], R"({"level":42,"tags":["a"]})"_json);
}

TEST_F(MetadataTest, JoinMetaIsLaidOverThePeersInThatNamespaceOnly) {
  TestPeer alice = connect();
  alice.register_as("alice", R"("meta":{"a":1,"b":1})");
  alice.join("one", R"("meta":{"b":2,"c":2})");
  alice.join("two");
  EXPECT_EQ(meta_in(alice, "one"), R"({"a":1,"b":2,"c":2})"_json);
  EXPECT_EQ(meta_in(alice, "two"), R"({"a":1,"b":1})"_json);
}

TEST_F(MetadataTest, AnUpdateDoesNotReachWhatJoinMetaCovers) {
  TestPeer alice = peer("alice");
  alice.join("lobby", R"("meta":{"b":2})");
  update(alice, R"({"a":1,"b":1})");
  EXPECT_EQ(meta_in(alice, "lobby"), R"({"a":1,"b":2})"_json);
}

TEST_F(MetadataTest, MetadataIsMergedKeyByKey) {
  TestPeer alice = connect();
  alice.register_as("alice", R"("meta":{"status":"idle","kills":15})");
  alice.join("lobby");
  update(alice, R"({"kills":16,"map":"dust2"})");
  EXPECT_EQ(meta_in(alice, "lobby"), R"({"status":"idle","kills":16,"map":"dust2"})"_json);
}

TEST_F(MetadataTest, ValuesAreReplacedWhole) {
  TestPeer alice = connect();
  alice.register_as("alice", R"("meta":{"deep":{"a":1,"b":2}})");
  alice.join("lobby");
  update(alice, R"({"deep":{"a":3}})");
  EXPECT_EQ(meta_in(alice, "lobby"), R"({"deep":{"a":3}})"_json);
}

TEST_F(MetadataTest, NullRemovesAKey) {
  TestPeer alice = connect();
  alice.register_as("alice", R"("meta":{"a":1,"b":2})");
  alice.join("lobby");
  update(alice, R"({"a":null,"never":null})");
  EXPECT_EQ(meta_in(alice, "lobby"), R"({"b":2})"_json);
}

TEST_F(MetadataTest, AnUpdateIsAnsweredAndAnnouncedByNothing) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  update(alice, R"({"a":1})");
  expect_silence_of({&alice, &bob});
}

TEST_F(MetadataTest, AnUpdateIsSeenByThoseWhoComeLater) {
  TestPeer alice = peer_in("lobby", "alice");
  update(alice, R"({"a":1})");
  alice.round_trip();
  TestPeer bob = peer("bob");
  EXPECT_EQ(bob.join("lobby")["payload"]["peers"][0]["meta"], R"({"a":1})"_json);
}

TEST_F(MetadataTest, MatchedPeersShowTheirMeta) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  update(alice, R"({"a":1})");
  alice.send("match", R"({"namespace":"lobby"})");
  alice.next("match");
  bob.send("match", R"({"namespace":"lobby"})");
  EXPECT_EQ(bob.next("matched")["payload"]["peers"][0]["meta"], R"({"a":1})"_json);
}

TEST_F(MetadataTest, ValuesAreOpaque) {
  TestPeer alice = connect();
  const char* values[] = {
      "1.0",          "1e999", "1180591620717411303424", R"("\ud800")", R"({"b":1,"a":1,"b":2})",
      R"("\u0041\/")"};
  alice.register_as("alice");
  alice.join("lobby");
  for (const char* value : values) {
    update(alice, fmt(R"({"v":%})", value));
    alice.send("discover", R"({"namespace":"lobby"})");
    EXPECT_THAT(alice.next_text(), HasSubstr(fmt(R"("v":%)", value)));
  }
}

TEST_F(MetadataTest, BadUpdatesAreRefused) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.expect_refused(message("metadata"), 400, "meta required");
  alice.expect_refused(message("metadata", "{}"), 400, "meta required");
  alice.expect_refused(message("metadata", R"({"meta":null})"), 400, "meta required");
  alice.expect_refused(message("metadata", R"({"meta":{},"meta":{}})"), 400, "duplicate field");
  for (const char* meta : {"5", R"("x")", "[]", "false"}) {
    update(alice, meta);
    alice.expect_error_like(400, "^meta must be an? object$");
  }
}

TEST_F(MetadataTest, TheMergedSizeIsBoundAndARefusedUpdateChangesNothing) {
  TestPeer alice = peer_in("lobby", "alice");
  update(alice, fmt(R"({"a":"%"})", std::string(5000, 'x')));
  alice.expect_silence();
  alice.expect_refused(
      message("metadata", fmt(R"({"meta":{"b":"%","c":1}})", std::string(5000, 'x'))), 400,
      "meta too large");
  EXPECT_EQ(meta_in(alice, "lobby"), json(R"({"a":"%"})", std::string(5000, 'x')));
  update(alice, fmt(R"({"a":null,"b":"%"})", std::string(5000, 'x')));
  EXPECT_EQ(meta_in(alice, "lobby"), json(R"({"b":"%"})", std::string(5000, 'x')));
}

}  // namespace
}  // namespace peer::test
