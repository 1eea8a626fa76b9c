// Managed rooms, through a real server (plugins/room_managed/README.md).
#include <string>

#include "tests/support/http_client.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kDen = R"({"room_id":"den"})";

class RoomManagedTest : public ServerTest {
 protected:
  void start(std::string_view options = {}, std::string_view more = {}) {
    start_with({.settings = {"loops=2"},
                .config = fmt("plugins:\n  room_policy: {name: managed, options: {%}}\n%", options,
                              more)});
  }
  TestPeer owner(std::string_view more = {}) {
    TestPeer owner = peer("ann");
    owner.create_room("den", more);
    return owner;
  }
  TestPeer member(TestPeer& owner, std::string_view name) {
    TestPeer member = peer(name);
    enter(member);
    owner.next("peer_joined");
    return member;
  }
  static void enter(TestPeer& peer) {
    peer.send("join_room", kDen);
    peer.next("peer_list");
  }
  static void expect_out(TestPeer& peer, int code, std::string_view words) {
    peer.expect_refused(message("join_room", kDen), code, words);
  }
  static std::string target(const TestPeer& peer, std::string_view more = {}) {
    return fmt(R"({"room_id":"den","fingerprint":"%"%})", peer.fingerprint(), more);
  }
  /// Sends with an id, and awaits the ack.
  static Json manage(TestPeer& owner, std::string_view type, std::string_view payload = kDen) {
    owner.send(type, payload, R"("id":7)");
    return owner.next("ack")["payload"];
  }
  static Json updated(TestPeer& peer) {
    const Json told = peer.next("room_updated");
    EXPECT_EQ(told["namespace"].str(), "den");
    return told["payload"];
  }
};

TEST_F(RoomManagedTest, ALockIsToldToMembersAndKeepsOthersOut) {
  start();
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  TestPeer cat = peer("cat");
  ann.send("room_lock", kDen, R"("id":7)");
  const Json told = updated(ann);
  EXPECT_EQ(told, Json::parse(fmt(R"({"room_id":"den","owner":"%","max_size":20,"locked":true,
                                      "public":false})",
                                  ann.fingerprint())));
  EXPECT_EQ(ann.next("ack")["id"].number(), 7);
  EXPECT_EQ(updated(bob), told);
  expect_out(cat, 403, "room locked");
  enter(bob);                                // a member joins again
  ann.send("room_lock", kDen, R"("id":8)");  // nothing changes, nobody hears
  EXPECT_EQ(ann.next("ack")["id"].number(), 8);
  ann.send("room_unlock", kDen);
  EXPECT_EQ(updated(ann)["locked"].text(), "false");
  updated(bob);
  enter(cat);
}

TEST_F(RoomManagedTest, ABanPutsOutAsAKickDoesAndHolds) {
  start();
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  TestPeer cat = member(ann, "cat");
  bob.next("peer_joined");
  ann.send("room_ban", target(bob), R"("id":7)");
  EXPECT_EQ(ann.next("peer_left")["from"].str(), bob.fingerprint());
  EXPECT_EQ(ann.next("ack")["payload"]["delivered"].number(), 1);
  const Json kick = bob.next("kick");
  EXPECT_EQ(kick["from"].str(), ann.fingerprint());
  EXPECT_EQ(kick["namespace"].str(), "den");
  EXPECT_EQ(kick["payload"], Json::parse(target(bob)));
  EXPECT_EQ(cat.next("peer_left")["from"].str(), bob.fingerprint());
  expect_out(bob, 403, "banned");
  bob.expect_refused(message("join", R"({"namespace":"den"})"), 403, "banned");
  EXPECT_EQ(manage(ann, "room_unban", target(bob))["delivered"].number(), 0);
  enter(bob);
  ann.next("peer_joined");
  EXPECT_EQ(manage(ann, "room_unban", target(bob))["delivered"].number(), 0);
}

TEST_F(RoomManagedTest, ABanOfAFewSecondsEnds) {
  start("kick_bans: true, ban: 300ms");
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  ann.send("kick", target(bob));
  bob.next("kick");
  expect_out(bob, 403, "banned");
  for (const Deadline deadline;;) {
    bob.send("join_room", kDen);
    if (bob.next()["type"].str() == "peer_list") break;
    ASSERT_FALSE(deadline.passed());
  }
}

TEST_F(RoomManagedTest, InvitationsAreChangedWhileTheRoomLives) {
  start();
  TestPeer bob = peer("bob");
  TestPeer cat = peer("cat");
  TestPeer ann = owner(fmt(R"("invited":["%"])", bob.fingerprint()));
  expect_out(cat, 403, "not invited");
  enter(bob);
  ann.next("peer_joined");
  EXPECT_EQ(manage(ann, "room_update", R"({"room_id":"den","invited":null})").text(),
            R"({"delivered":0,"dropped":0})");
  enter(cat);
}

TEST_F(RoomManagedTest, WhatAnUpdateChangesIsTold) {
  start();
  TestPeer ann = owner(R"("info":{"map":"dust","n":1.50},"public":true)");
  ann.send("room_update", R"({"room_id":"den","max_size":4,"info":{"n":[1,{"deep":null}]}})");
  EXPECT_EQ(updated(ann), Json::parse(fmt(R"({"room_id":"den","owner":"%","max_size":4,
      "locked":false,"public":true,"info":{"n":[1,{"deep":null}]}})",
                                          ann.fingerprint())));
  ann.send("room_update", R"({"room_id":"den","max_size":null,"info":null,"public":null})");
  EXPECT_EQ(updated(ann), Json::parse(fmt(R"({"room_id":"den","owner":"%","max_size":20,
      "locked":false,"public":false})",
                                          ann.fingerprint())));
}

TEST_F(RoomManagedTest, AnotherMemberBecomesTheOwner) {
  start();
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  ann.send("room_transfer", target(bob), R"("id":7)");
  EXPECT_EQ(updated(ann)["owner"].str(), bob.fingerprint());
  ann.next("ack");
  EXPECT_EQ(updated(bob)["owner"].str(), bob.fingerprint());
  ann.expect_refused(message("room_lock", kDen), 403, "only room owner can do that");
  bob.send("room_ban", target(ann));
  bob.next("peer_left");
  ann.next("kick");
}

TEST_F(RoomManagedTest, AClosedRoomIsGoneAtOnceAndItsNameIsFree) {
  start();
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  TestPeer cat = peer("cat");
  ann.send("room_close", kDen, R"("id":7)");
  for (TestPeer* peer : {&ann, &bob}) {
    const Json closed = peer->next("room_closed");
    EXPECT_EQ(closed["namespace"].str(), "den");
    EXPECT_EQ(closed["payload"], R"({"room_id":"den","reason":"closed"})"_json);
  }
  ann.next("ack");
  cat.expect_refused(message("room_info", kDen), 404, "room not found");
  cat.create_room("den");
  for (TestPeer* peer : {&ann, &bob}) {
    peer->expect_refused(message("leave", R"({"namespace":"den"})"), 403, "not in namespace");
    peer->expect_refused(message("broadcast", R"({"namespace":"den","data":1})"), 403,
                         "not in namespace");
  }
  ann.expect_refused(message("signal", "1", fmt(R"("to":"%")", bob.fingerprint())), 403,
                     "no shared namespace");
  enter(bob);
  EXPECT_EQ(cat.next("peer_joined")["from"].str(), bob.fingerprint());
  expect_silence_of({&ann, &bob, &cat});
}

TEST_F(RoomManagedTest, ATicketInAClosedRoomEnds) {
  start();
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  bob.send("match", R"({"namespace":"den"})", R"("id":1)");
  bob.next("match");
  ann.send("room_close", kDen);
  bob.next("room_closed");
  bob.create_room("den");
  bob.expect_refused(message("match_cancel", R"({"namespace":"den"})"), 404, "ticket not found");
}

TEST_F(RoomManagedTest, TheOldestInheritsUnlessTheOptionSaysOtherwise) {
  start();
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  ann.close();
  bob.next("peer_left");
  EXPECT_EQ(updated(bob)["owner"].str(), bob.fingerprint());
}

TEST_F(RoomManagedTest, AnOwnerMayStayTheOwnerWhileItIsAway) {
  start("succession: none");
  TestPeer ann = owner(R"("max_size":2)");
  TestPeer bob = member(ann, "bob");
  TestPeer cat = peer("cat");
  ann.send("room_lock", kDen);
  updated(bob);
  updated(ann);
  ann.close();
  bob.next("peer_left");
  bob.expect_silence();
  expect_out(cat, 403, "room locked");
  bob.expect_refused(message("room_unlock", kDen), 403, "only room owner can do that");
  bob.send("room_info", kDen);
  EXPECT_EQ(bob.next("room_info")["payload"]["owner"].str(), ann.fingerprint());
  TestPeer back = peer("ann");
  // Though she is no member, the room is hers.
  EXPECT_EQ(manage(back, "room_unlock")["delivered"].number(), 0);
  updated(bob);
  enter(cat);
  bob.next("peer_joined");
  enter(back);  // beyond max_size
}

TEST_F(RoomManagedTest, TheRoomMayEndWithItsOwner) {
  start("succession: close");
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  TestPeer cat = member(ann, "cat");
  bob.next("peer_joined");
  ann.close();
  for (TestPeer* peer : {&bob, &cat}) {
    EXPECT_EQ(peer->next("peer_left")["from"].str(), ann.fingerprint());
    EXPECT_EQ(peer->next("room_closed")["payload"],
              R"({"room_id":"den","reason":"owner left"})"_json);
    peer->expect_silence();
  }
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 0);
}

// 400, then 404, then 403; each with the request's id.
TEST_F(RoomManagedTest, ErrorsComeInTheOrderOfTheProtocol) {
  start();
  TestPeer ann = owner();
  TestPeer bob = member(ann, "bob");
  TestPeer cat = peer("cat");
  for (const char* type : {"room_ban", "room_unban", "room_transfer"}) {
    cat.expect_refused(message(type, R"({"room_id":"nowhere"})"), 400, "fingerprint required");
    cat.expect_refused(message(type, R"({"room_id":"nowhere","fingerprint":"bob"})"), 400,
                       "fingerprint must be a fingerprint");
    cat.expect_refused(
        message(type, fmt(R"({"room_id":"nowhere","fingerprint":"%"})", bob.fingerprint())), 404,
        "room not found");
  }
  for (const char* type : {"room_lock", "room_unlock", "room_update", "room_close"}) {
    cat.expect_refused(message(type, "{}"), 400, "room_id required");
    cat.expect_refused(message(type, R"({"room_id":"nowhere"})"), 404, "room not found");
    for (TestPeer* peer : {&bob, &cat}) {
      peer->send(type, kDen, R"("id":"x")");
      EXPECT_EQ(peer->expect_error(403, "only room owner can do that")["id"].str(), "x");
    }
  }
  bob.expect_refused(message("room_transfer", target(cat)), 404, "peer not in room");
  bob.expect_refused(message("room_transfer", target(ann)), 403, "only room owner can do that");
  bob.expect_refused(message("room_update", R"({"room_id":"den","info":7})"), 400,
                     "info must be an object");
  cat.expect_refused(message("create_room", R"({"room_id":"den","public":1})"), 400,
                     "public must be a boolean");
  cat.expect_refused(message("create_room", R"({"room_id":"den","public":true})"), 409,
                     "room already exists");
  ann.expect_silence();
}

std::string den_with(std::string_view password) {
  return fmt(R"({"room_id":"den","password":"%"})", password);
}

TEST_F(RoomManagedTest, APasswordOpensARoom) {
  start();
  TestPeer ann = owner(R"("password":"se\u0063ret")");
  TestPeer bob = peer("bob");
  expect_out(bob, 403, "wrong password");
  bob.expect_refused(message("join", R"({"namespace":"den"})"), 403, "wrong password");
  bob.expect_refused(message("join_room", den_with("Secret")), 403, "wrong password");
  bob.send("join_room", den_with("secret"));
  bob.next("peer_list");
  ann.next("peer_joined");
  ann.send("room_update", den_with("other"), R"("id":1)");
  ann.next("ack");
  TestPeer cat = peer("cat");
  cat.expect_refused(message("join_room", den_with("secret")), 403, "wrong password");
  ann.send("room_update", R"({"room_id":"den","password":null})", R"("id":2)");
  ann.next("ack");
  enter(cat);
}

TEST_F(RoomManagedTest, PasswordsAreOneTo256Bytes) {
  start();
  TestPeer ann = owner();
  TestPeer bob = peer("bob");
  const std::string long_one(257, 'x');
  const std::pair<std::string, const char*> kBad[] = {{R"("")", "password too short"},
                                                      {"\"" + long_one + "\"", "password too long"},
                                                      {"7", "password must be a string"},
                                                      {"[]", "password must be a string"}};
  for (const auto& [password, words] : kBad) {
    const std::string payload = fmt(R"({"room_id":"nowhere","password":%})", password);
    for (const char* type : {"create_room", "join_room", "room_update"}) {
      bob.expect_refused(message(type, payload), 400, words);
    }
  }
  ann.send("room_update", den_with(long_one.substr(1)), R"("id":1)");
  ann.next("ack");
  bob.send("join_room", den_with(long_one.substr(1)));
  bob.next("peer_list");
}

// Each takes some 40 ms. While most of them still wait, others are served.
TEST_F(RoomManagedTest, NoLoopWaitsForAPassword) {
  constexpr int kOwners = 40;
  start_with({.settings = {"loops=1"}, .config = "plugins: {room_policy: {name: managed}}\n"});
  std::vector<TestPeer> owners;
  for (int i = 0; i < kOwners; ++i) owners.push_back(peer(fmt("owner-%", i)));
  TestPeer other = peer("other");
  for (int i = 0; i < kOwners; ++i) {
    owners[static_cast<std::size_t>(i)].send("create_room",
                                             fmt(R"({"room_id":"den-%","password":"x"})", i));
  }
  owners.front().next("room_created");
  other.expect_refused(message("room_info", R"({"room_id":"den-39"})"), 404, "room not found");
  owners.back().send(message("ping"));  // waits behind its own request
  for (int i = 1; i < kOwners; ++i) owners[static_cast<std::size_t>(i)].next("room_created");
  owners.back().next("pong");
}

TEST_F(RoomManagedTest, ARoomHasFiveTriesASecond) {
  start();
  TestPeer ann = owner(R"("password":"right")");
  std::vector<TestPeer> guessing;
  for (int i = 0; i < 8; ++i) guessing.push_back(peer(fmt("g-%", i)));
  for (TestPeer& each : guessing) each.send("join_room", den_with("guess"));
  int later = 0;
  for (TestPeer& each : guessing) {
    const Json answer = each.next("error")["payload"];
    if (answer["code"].number() == 429) {
      EXPECT_EQ(answer["message"].str(), "try again later");
      ++later;
    } else {
      EXPECT_EQ(answer["message"].str(), "wrong password");
    }
  }
  // Eight are asked for within a second or little more; five may be looked at in each.
  EXPECT_GE(later, 1);
  EXPECT_LE(later, 4);
  for (const Deadline deadline;;) {  // and after a second there are more
    guessing[0].send("join_room", den_with("right"));
    if (guessing[0].next()["type"].str() == "peer_list") break;
    ASSERT_FALSE(deadline.passed());
  }
}

TEST_F(RoomManagedTest, WhatThePasswordQueueHasNoRoomForIsToTryAgain) {
  start_with({.settings = {"loops=1", "password_queue=1"},
              .config = "plugins: {room_policy: {name: managed}}\n"});
  std::vector<TestPeer> owners;
  for (int i = 0; i < 6; ++i) owners.push_back(peer(fmt("owner-%", i)));
  for (int i = 0; i < 6; ++i) {
    owners[static_cast<std::size_t>(i)].send(
        "create_room", fmt(R"({"room_id":"den-%","password":"x"})", i), R"("id":9)");
  }
  int created = 0;
  for (TestPeer& each : owners) {
    const Json answer = each.next();
    EXPECT_EQ(answer["id"].number(), 9);
    if (answer["type"].str() == "room_created") {
      ++created;
    } else {
      EXPECT_EQ(answer["payload"], R"({"code":429,"message":"try again later"})"_json);
    }
  }
  EXPECT_GE(created, 1);
  EXPECT_LT(created, 6);
}

TEST_F(RoomManagedTest, WhoGoesWhileAPasswordIsLookedAtIsNotLetIn) {
  start();
  TestPeer ann = owner(R"("password":"x")");
  TestPeer bob = peer("bob");
  bob.send("join_room", den_with("x"));
  bob.ws().stream().reset();
  TestPeer cat = peer("cat");
  cat.send("join_room", den_with("x"));
  cat.next("peer_list");  // its password was behind bob's
  Json told = ann.next();
  if (told["from"].str() != cat.fingerprint()) {  // he was in before his end was seen
    EXPECT_EQ(told["type"].str(), "peer_joined");
    EXPECT_EQ(ann.next("peer_left")["from"], told["from"]);
    told = ann.next();
  }
  EXPECT_EQ(told["from"].str(), cat.fingerprint());
  ann.expect_silence();
}

TEST_F(RoomManagedTest, APasswordStandsInNoLogAndNoStatistics) {
  start_with({.settings = {"loops=1", "log_level=debug", "stats_list_rooms=true"},
              .config = "plugins: {room_policy: {name: managed}}\n"});
  TestPeer ann = owner(R"("password":"xyzzy-1")");
  TestPeer bob = peer("bob");
  bob.expect_refused(message("join_room", den_with("xyzzy-2")), 403, "wrong password");
  ann.send("room_update", den_with("xyzzy-3"), R"("id":1)");
  ann.next("ack");
  ann.expect_refused(message("room_update", den_with("xyzzy-4") + "x"), 400, "invalid message");
  EXPECT_THAT(http_json("/stats").text(), Not(HasSubstr("xyzzy")));
  server().signal(SIGTERM);
  expect_exit(0);
  EXPECT_THAT(server().output(), HasSubstr("registered peer="));
  EXPECT_THAT(server().output(), Not(HasSubstr("xyzzy")));
}

TEST_F(RoomManagedTest, StandardRoomsKnowNothingOfIt) {
  start_with({});
  TestPeer ann =
      owner(R"("locked":true,"invited":7,"info":"x","password":{})");  // fields that nobody reads
  ann.expect_refused(message("room_lock", kDen), 400, "unknown message type");
  TestPeer bob = member(ann, "bob");
  bob.send("leave", R"({"namespace":"den"})");
  EXPECT_EQ(ann.next("peer_left")["from"].str(), bob.fingerprint());
}

TEST_F(RoomManagedTest, BothPoliciesServeOneServerByTheNamesOfRooms) {
  start_with({.config = R"(plugins:
  room_policy:
    - {name: managed, namespaces: ["club:*"], options: {succession: close}}
    - {name: standard}
)"});
  TestPeer ann = peer("ann");
  ann.create_room("club:den", R"("locked":true)");
  ann.create_room("plain", R"("locked":true)");
  TestPeer bob = peer("bob");
  bob.expect_refused(message("join_room", R"({"room_id":"club:den"})"), 403, "room locked");
  bob.send("join_room", R"({"room_id":"plain"})");
  bob.next("peer_list");
  ann.next("peer_joined");
  ann.expect_refused(message("room_unlock", R"({"room_id":"plain"})"), 400, "unknown message type");
  ann.send("room_unlock", R"({"room_id":"club:den"})", R"("id":1)");
  ann.next("room_updated");
  ann.next("ack");
}

TEST(RoomManagedOptionsTest, AllMistakesAreToldAtOnce) {
  ServerProcess server({.config = "plugins:\n  room_policy:\n    name: managed\n    options:\n"
                                  "      default_size: 31\n      succession: heir\n      ban: -1\n"
                                  "      max_bans: 4000\n      lock: true\n"});
  EXPECT_EQ(server.wait_exit(), 78);
  for (const char* words :
       {"default_size: expected at most max_size, which is 30", "succession: expected oldest, none",
        "ban: expected a duration from", "max_bans: expected an integer from 1", "lock"}) {
    EXPECT_THAT(server.output(), HasSubstr(words));
  }
}

}  // namespace
}  // namespace peer::test
