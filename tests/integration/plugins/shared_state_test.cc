// What one node makes of other nodes, as a broker tells of them: sdk/broker.h; ARCHITECTURE.md,
// "Other nodes". The broker's far peers do as the tests command
// (tests/plugin/fixtures/shared_store.h).
#include "tests/integration/plugins/shared_state_test.h"
#include "tests/support/http_client.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

INSTANTIATE_TEST_SUITE_P(Loops, SharedStateTest, testing::Values(1, 3));

// --- members

TEST_P(SharedStateTest, MembersHearOfThoseWhoJoinAndLeaveElsewhere) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer stranger = peer_in("hall", "stranger");
  command("join lobby 7");
  const Json joined = alice.next("peer_joined");
  EXPECT_EQ(joined["from"].str(), far(7));
  EXPECT_EQ(joined["namespace"].str(), "lobby");
  EXPECT_EQ(joined["payload"]["alias"].str(), "far-7");
  command("leave lobby 7");
  EXPECT_EQ(left_by(alice), far(7));
  expect_silence_of({&alice, &stranger});
}

TEST_P(SharedStateTest, WhatOthersSeeOfAMemberIsShared) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.send("metadata", R"({"meta":{"mood":"good"}})");
  alice.round_trip();
  director_->send("discover", R"({"namespace":"lobby"})");
  const Json list = director_->next("peer_list");
  EXPECT_EQ(list["payload"]["peers"][0]["meta"]["mood"].str(), "good");
}

TEST_P(SharedStateTest, AnAliasHeldElsewhereIsATarget) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.send("signal", "1", R"("to":"far-3","id":1)");
  EXPECT_EQ(alice.next("ack")["payload"]["delivered"].number(), 1);
  alice.send("signal", "1", R"("to":"nobody","id":2)");
  alice.expect_error(404, "peer not found");
}

TEST_P(SharedStateTest, AnAliasHeldElsewhereIsExcluded) {
  TestPeer alice = peer_in("far", "alice");
  alice.send("broadcast", R"({"namespace":"far","data":1,"exclude":["far-2","nobody"]})",
             R"("id":1)");
  EXPECT_EQ(alice.next("ack")["payload"]["delivered"].number(), 1);
}

TEST_P(SharedStateTest, WithoutTheClusterAnUnknownAliasIsNoFalse404) {
  TestPeer alice = peer_in("lobby", "alice");
  command("cut");
  alice.send("signal", "1", R"("to":"far-3")");
  alice.expect_silence();
  alice.send("signal", "1", R"("to":"far-3","id":1)");
  alice.expect_error(503, "cluster unavailable");
}

TEST_P(SharedStateTest, AForeignNodesMessageNeedsNoNamespace) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.send("signal", "1", fmt(R"("to":"%")", fingerprint_starting("e4")));
  EXPECT_THAT(alice.next_text(), testing::HasSubstr("\"far\""));
  EXPECT_EQ(alice.next("told")["payload"].str(), "delivered");
}

// --- replacement

TEST_P(SharedStateTest, WhoRegistersElsewhereIsReplacedHere) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  command(alice, "move elsewhere");
  alice.ws().expect_close(4001, "replaced by a newer connection");
  EXPECT_EQ(left_by(bob), alice.fingerprint());
  wait_for_peers(2);
  bob.expect_silence();
}

TEST_P(SharedStateTest, WhoMovesIsSeenToLeaveBeforeItJoins) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  command(alice, "move lobby");
  EXPECT_EQ(left_by(bob), alice.fingerprint());
  EXPECT_EQ(bob.next("peer_joined")["from"].str(), alice.fingerprint());
  alice.ws().expect_close(4001);
  wait_for_peers(2);
  bob.expect_silence();
}

// --- rooms

TEST_P(SharedStateTest, ARoomElsewhereIsJoinedUpToItsSize) {
  command("own den 1 2");
  TestPeer alice = peer("alice");
  join_room(alice, "den");
  EXPECT_EQ(alice.next("peer_list")["payload"]["total"].number(), 2);
  TestPeer bob = peer("bob");
  bob.expect_refused(message("join", R"({"namespace":"den"})"), 429, "room full");
  EXPECT_EQ(room_info("den"),
            json(R"({"room_id":"den","owner":"%","max_size":2,"peer_count":2})", far(1)));
}

TEST_P(SharedStateTest, ARoomElsewhereIsNotDiscovered) {
  command("own den 1 2");
  director_->expect_refused(message("discover", R"({"namespace":"den"})"), 403,
                            "cannot discover room peers");
  director_->expect_refused(message("create_room", R"({"room_id":"den"})"), 409,
                            "room already exists");
}

TEST_P(SharedStateTest, OnlyItsOwnerElsewhereKicksFromARoom) {
  command("own den 1 5");
  TestPeer alice = peer("alice");
  alice.join("den");
  TestPeer bob = peer("bob");
  bob.join("den");
  alice.next("peer_joined");
  bob.expect_refused(message("kick", R"({"room_id":"den","fingerprint":"alice"})"), 403,
                     "only room owner can kick");
  command(bob, "kick den");
  const Json kick = bob.next("kick");
  EXPECT_EQ(kick["from"].str(), far(1));
  EXPECT_EQ(left_by(alice), bob.fingerprint());
  EXPECT_EQ(room_info("den")["peer_count"].number(), 2);
}

TEST_P(SharedStateTest, AMemberElsewhereIsKickedByItsAlias) {
  TestPeer alice = peer("alice");
  alice.create_room("den");
  command("join den 4");
  alice.next("peer_joined");
  const std::string kick = R"({"room_id":"den","fingerprint":"far-4"})";
  alice.send("kick", kick, R"("id":1)");
  EXPECT_EQ(left_by(alice), far(4));
  EXPECT_EQ(alice.next("ack")["payload"]["delivered"].number(), 1);
  alice.expect_refused(message("kick", kick), 404, "peer not in room");
}

TEST_P(SharedStateTest, AMemberHereIsKickedThroughTheBroker) {
  TestPeer alice = peer("alice");
  alice.create_room("den");
  TestPeer bob = peer("bob");
  bob.join("den");
  alice.next("peer_joined");
  alice.send("kick", R"({"room_id":"den","fingerprint":"bob"})", R"("id":1)");
  bob.next("kick");
  EXPECT_THAT((std::vector{alice.next()["type"].str(), alice.next()["type"].str()}),
              UnorderedElementsAre("ack", "peer_left"));
  bob.expect_refused(message("leave", R"({"namespace":"den"})"), 403, "not in namespace");
  EXPECT_EQ(room_info("den")["peer_count"].number(), 1);
}

TEST_P(SharedStateTest, AnOwnerWhoLeavesIsSucceededElsewhere) {
  TestPeer alice = peer("alice");
  alice.create_room("den");
  command("join den 4");
  alice.next("peer_joined");
  alice.send("leave", R"({"namespace":"den"})", R"("id":1)");
  alice.next("ack");
  EXPECT_EQ(room_info("den")["owner"].str(), far(4));
}

TEST_P(SharedStateTest, AnOwnerWhoGoesDownWithItsNodeIsSucceededHere) {
  command("own den 1 5");
  TestPeer alice = peer("alice");
  alice.join("den");
  command("reap den 1");
  EXPECT_EQ(left_by(alice), far(1));
  EXPECT_EQ(alice.next("room_updated")["payload"]["owner"].str(), alice.fingerprint());
  alice.expect_silence();
}

TEST_P(SharedStateTest, AChangeOfARoomIsTriedAgainUntilItStandsStill) {
  TestPeer alice = peer("alice");
  alice.create_room("den");
  command("disturb 5");
  TestPeer bob = peer("bob");
  bob.join("den");
  alice.next("peer_joined");
  command("disturb 5");
  alice.send("leave", R"({"namespace":"den"})");
  EXPECT_EQ(left_by(bob), alice.fingerprint());
  EXPECT_EQ(bob.next("room_updated")["payload"]["owner"].str(), bob.fingerprint());
}

TEST_P(SharedStateTest, ARoomThatNeverStandsStillIsBusy) {
  TestPeer alice = peer("alice");
  alice.create_room("den");
  command("disturb 1000");
  TestPeer bob = peer("bob");
  join_room(bob, "den");
  bob.expect_error(429, "room busy");
  alice.expect_silence();
}

TEST_P(SharedStateTest, WithoutTheClusterTheNodesOwnTruthCounts) {
  TestPeer alice = peer("alice");
  alice.create_room("den");
  command("join den 4");
  alice.next("peer_joined");
  command("cut");
  EXPECT_EQ(room_info("den")["peer_count"].number(), 1);
  TestPeer bob = peer("bob");
  EXPECT_EQ(bob.join("den")["payload"]["total"].number(), 2);
  alice.next("peer_joined");
  alice.send("kick", R"({"room_id":"den","fingerprint":"bob"})", R"("id":1)");
  bob.next("kick");
  alice.next("peer_left");
  alice.next("ack");
  alice.send("leave", R"({"namespace":"den"})");
  alice.round_trip();
  director_->expect_refused(message("room_info", R"({"room_id":"den"})"), 404, "room not found");
  bob.create_room("den");
}

// --- visibility

TEST_P(SharedStateTest, StatsAndReadinessTellHowTheBrokerFares) {
  EXPECT_EQ(http_json("/stats")["broker"],
            R"({"state":"connected","nodes":2,"parts_away":0,"latency_us":150,"dropped":7,
                "queued_messages":0,"queued_bytes":0,"pending":0})"_json);
  EXPECT_EQ(http_json("/ready"), R"({"ready":true,"reasons":[]})"_json);
  command("cut");
  const HttpReply refused = http_get(port(), "/ready");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, R"({"ready":false,"reasons":["broker degraded"]})");
  EXPECT_EQ(http_get(port(), "/health").status, 200);
}

}  // namespace
}  // namespace peer::test
