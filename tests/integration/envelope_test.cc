// What every message has in common: docs/protocol.md, "Envelope", "Errors".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::UnorderedElementsAre;

class EnvelopeTest : public ServerTest {};

TEST_F(EnvelopeTest, APingIsAnsweredWithAPong) {
  TestPeer alice = peer("alice");
  alice.send(R"({"type":"ping"})");
  EXPECT_EQ(alice.next()["type"].str(), "pong");
}

TEST_F(EnvelopeTest, ThePongOfTheGuideIsNothingButAPong) {
  TestPeer alice = peer("alice");
  alice.send(R"({"type":"ping","payload":{"x":1},"to":"nobody"})");
  alice.next("pong");
  EXPECT_EQ(alice.last_text(), R"({"type":"pong"})");
}

TEST_F(EnvelopeTest, AnErrorIsACodeAndAMessage) {
  TestPeer alice = peer("alice");
  alice.send(R"({"type":"nonsense"})");
  EXPECT_THAT(alice.next("error")["payload"].keys(), UnorderedElementsAre("code", "message"));
}

TEST_F(EnvelopeTest, AnUnknownTypeIsRefused) {
  TestPeer alice = peer("alice");
  for (const char* type : {"nonsense", "", "Ping", "PING", "ping ", "registered", "peer_list",
                           "pong", "error", "matched", "peer_joined", "ack"}) {
    alice.expect_refused(message(type), 400, "unknown message type");
  }
}

TEST_F(EnvelopeTest, AMissingTypeIsAnUnknownType) {
  TestPeer alice = peer("alice");
  for (const char* text : {"{}", R"({"Type":"ping"})", R"({"type":null})"}) {
    alice.expect_refused(text, 400, "unknown message type");
  }
}

TEST_F(EnvelopeTest, AWronglyTypedTypeIsRefused) {
  TestPeer alice = peer("alice");
  for (const char* type : {"5", "[]", "{}", "true"}) {
    alice.send(fmt(R"({"type":%})", type));
    alice.expect_error_like(400, "^(type must be a string|unknown message type)$");
  }
}

TEST_F(EnvelopeTest, UnknownKeysAreIgnored) {
  TestPeer alice = peer("alice");
  alice.send(R"({"x":1,"type":"ping","X":{"type":"join"},"":null})");
  alice.next("pong");
  alice.send(R"({"type":"join","payload":{"namespace":"lobby","x":1,"X":[{}]}})");
  alice.next("peer_list");
}

TEST_F(EnvelopeTest, ADuplicateKeyOfTheEnvelopeIsRefused) {
  TestPeer alice = peer("alice");
  for (const char* text : {R"({"type":"ping","type":"ping"})", R"({"type":"ping","t\u0079pe":"x"})",
                           R"({"type":"join","payload":{"namespace":"a"},"payload":null})",
                           R"({"x":1,"type":"ping","x":2})"}) {
    alice.expect_refused(text, 400, "duplicate field");
  }
}

TEST_F(EnvelopeTest, APayloadThatIsNoObjectIsRefused) {
  TestPeer alice = peer("alice");
  for (const char* type : {"join", "leave", "discover", "broadcast", "match", "create_room",
                           "join_room", "room_info", "kick", "metadata"}) {
    for (const char* payload : {"5", R"("x")", "[]", "true"}) {
      alice.send(type, payload);
      alice.expect_error_like(400, "");
    }
  }
}

TEST_F(EnvelopeTest, ARegisteredConnectionSurvivesEveryKindOfError) {
  start({"rate_limit_burst=6", "rate_limit_per_sec=1"});
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  bob.create_room("den");
  alice.expect_refused("not json", 400, "invalid message");
  alice.expect_refused(message("leave", R"({"namespace":"x"})"), 403, "not in namespace");
  alice.expect_refused(message("join_room", R"({"room_id":"x"})"), 404, "room not found");
  alice.expect_refused(message("create_room", R"({"room_id":"den"})"), 409, "room already exists");
  alice.expect_refused(message("join"), 400, "namespace required");
  alice.round_trip();
}

}  // namespace
}  // namespace peer::test
