// Rooms: docs/protocol.md, "create_room", "join_room", "room_info", "kick", "Rooms".
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::UnorderedElementsAre;

class RoomsTest : public ServerTest {
 protected:
  TestPeer owner_of(std::string_view room, std::string_view more = {}) {
    TestPeer owner = peer("owner");
    owner.create_room(room, more);
    return owner;
  }
  TestPeer guest_in(std::string_view room, std::string_view name) {
    TestPeer guest = peer(name);
    guest.send("join_room", fmt(R"({"room_id":"%"})", room));
    guest.next("peer_list");
    return guest;
  }
  static Json info(TestPeer& asker, std::string_view room) {
    asker.send("room_info", fmt(R"({"room_id":"%"})", room));
    return asker.next("room_info")["payload"];
  }
  static void kick(TestPeer& kicker, std::string_view room, std::string_view target) {
    kicker.send("kick", fmt(R"({"room_id":"%","fingerprint":"%"})", room, target));
  }
  /// peer_left and room_updated in either order; returns the latter's payload.
  static Json next_owner_change(TestPeer& member, const TestPeer& gone) {
    Json first = member.next();
    Json second = member.next();
    if (first["type"].str() == "room_updated") std::swap(first, second);
    EXPECT_EQ(first["type"].str(), "peer_left");
    EXPECT_EQ(first["from"].str(), gone.fingerprint());
    EXPECT_EQ(second["type"].str(), "room_updated");
    return second["payload"];
  }
};

// --- create_room

TEST_F(RoomsTest, CreateIsAnsweredWithRoomSizeAndOwner) {
  TestPeer alice = peer("alice");
  EXPECT_EQ(alice.create_room("den", R"("max_size":8)")["payload"],
            json(R"({"room_id":"den","max_size":8,"owner":"%"})", alice.fingerprint()));
}

TEST_F(RoomsTest, TheCreatorIsAMember) {
  TestPeer owner = owner_of("den");
  EXPECT_EQ(info(owner, "den")["peer_count"].number(), 1);
  TestPeer guest = guest_in("den", "guest");
  owner.next("peer_joined");
  guest.send("broadcast", R"({"namespace":"den","data":1})");
  owner.next("broadcast");
}

TEST_F(RoomsTest, TheAnswerTellsTheSizeGiven) {
  TestPeer alice = peer("alice");
  const std::pair<const char*, int> sizes[] = {{"", 20},
                                               {R"("max_size":null)", 20},
                                               {R"("max_size":0)", 20},
                                               {R"("max_size":-3)", 20},
                                               {R"("max_size":1)", 1},
                                               {R"("max_size":30)", 30},
                                               {R"("max_size":31)", 30},
                                               {R"("max_size":1000000000000)", 30}};
  for (const auto& [asked, given] : sizes) {
    EXPECT_EQ(alice.create_room("den", asked)["payload"]["max_size"].number(), given) << asked;
    alice.send("leave", R"({"namespace":"den"})");
  }
}

TEST_F(RoomsTest, BadCreatesAreRefused) {
  TestPeer alice = peer("alice");
  for (const char* payload : {"{}", R"({"room_id":""})", R"({"room_id":null})", "null"}) {
    alice.expect_refused(message("create_room", payload), 400, "room_id required");
  }
  alice.expect_refused(message("create_room"), 400, "room_id required");
  alice.expect_refused(message("create_room", R"({"room_id":5})"), 400, "room_id must be a string");
  alice.expect_refused(message("create_room", R"({"room_id":"a","room_id":"a"})"), 400,
                       "duplicate field");
  alice.expect_refused(message("create_room", fmt(R"({"room_id":"%"})", std::string(4097, 'r'))),
                       400, "room_id too long");
  for (const char* size : {"2.5", R"("8")", "true", "[]"}) {
    alice.send("create_room", fmt(R"({"room_id":"den","max_size":%})", size));
    alice.expect_error_like(400, "^max_size must be an? integer$");
  }
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 0);
}

TEST_F(RoomsTest, ARoomNameIsUnique) {
  TestPeer owner = owner_of("den", R"("max_size":5)");
  TestPeer other = peer("other");
  for (TestPeer* peer : {&other, &owner}) {
    peer->expect_refused(message("create_room", R"({"room_id":"den"})"), 409,
                         "room already exists");
  }
  EXPECT_EQ(info(owner, "den")["max_size"].number(), 5);
}

TEST_F(RoomsTest, ALiveNamespaceOfThatNameIsInTheWay) {
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer("bob");
  bob.expect_refused(message("create_room", R"({"room_id":"lobby"})"), 409, "room already exists");
  alice.send("leave", R"({"namespace":"lobby"})");
  alice.round_trip();
  bob.create_room("lobby");
}

TEST_F(RoomsTest, ReservedNamesAreNotAllowed) {
  start_with({.config = "reserved_namespaces: [admin, 'sys:*']\n"});
  TestPeer alice = peer("alice");
  for (const char* name : {"admin", "sys:", "sys:log"}) {
    alice.expect_refused(message("create_room", fmt(R"({"room_id":"%"})", name)), 403,
                         "not allowed");
  }
  for (const char* name : {"admins", "Admin", "sys", "a sys:"}) alice.create_room(name);
}

// --- join_room

TEST_F(RoomsTest, JoinRoomIsAnsweredWithAllMembersAndToldToTheOthers) {
  TestPeer owner = owner_of("den");
  TestPeer guest = peer("guest");
  guest.send("join_room", R"({"room_id":"den"})");
  EXPECT_EQ(guest.next("peer_list")["payload"], json(R"({"namespace":"den","total":2,
                     "peers":[{"fingerprint":"%","alias":"owner","meta":{}},
                              {"fingerprint":"%","alias":"guest","meta":{}}]})",
                                                     owner.fingerprint(), guest.fingerprint()));
  const Json joined = owner.next("peer_joined");
  EXPECT_EQ(joined["namespace"].str(), "den");
  EXPECT_EQ(joined["payload"]["fingerprint"].str(), guest.fingerprint());
  expect_silence_of({&owner, &guest});
}

TEST_F(RoomsTest, JoinOnARoomNameIsJoinRoom) {
  TestPeer owner = owner_of("den", R"("max_size":2)");
  TestPeer guest = peer("guest");
  EXPECT_EQ(guest.join("den")["payload"]["total"].number(), 2);
  owner.next("peer_joined");
  TestPeer late = peer("late");
  late.expect_refused(message("join", R"({"namespace":"den"})"), 429, "room full");
}

TEST_F(RoomsTest, BadJoinsAreRefused) {
  TestPeer owner = owner_of("den");
  TestPeer guest = peer_in("lobby", "guest");
  guest.expect_refused(message("join_room"), 400, "room_id required");
  guest.expect_refused(message("join_room", R"({"room_id":""})"), 400, "room_id required");
  guest.expect_refused(message("join_room", R"({"room_id":1})"), 400, "room_id must be a string");
  guest.expect_refused(message("join_room", R"({"room_id":"nowhere"})"), 404, "room not found");
  guest.expect_refused(message("join_room", R"({"room_id":"lobby"})"), 404, "room not found");
  owner.expect_silence();
}

TEST_F(RoomsTest, AFullRoomIs429ForStrangersOnly) {
  TestPeer owner = owner_of("den", R"("max_size":2)");
  TestPeer guest = guest_in("den", "guest");
  owner.next("peer_joined");
  TestPeer late = peer("late");
  late.expect_refused(message("join_room", R"({"room_id":"den"})"), 429, "room full");
  guest.join("den");
  expect_silence_of({&owner, &guest});
  guest.send("leave", R"({"namespace":"den"})");
  owner.next("peer_left");
  late.join("den");
}

TEST_F(RoomsTest, ARoomHolds30AndAJoinListsThemAll) {
  TestPeer owner = owner_of("den", R"("max_size":30)");
  std::vector<TestPeer> guests;
  for (int i = 1; i < 30; ++i) guests.push_back(guest_in("den", fmt("g%", i)));
  EXPECT_EQ(guests.back().fingerprint(), fingerprint_of("g29"));
  EXPECT_EQ(guests.back().join("den")["payload"]["peers"].size(), 30U);
  TestPeer late = peer("late");
  late.expect_refused(message("join_room", R"({"room_id":"den"})"), 429, "room full");
}

// Several client libraries refuse messages over 64 KiB.
TEST_F(RoomsTest, InARoomNobodyIsCutAndTheLastStandWithoutMeta) {
  TestPeer owner = owner_of("den", R"("max_size":30)");
  std::vector<TestPeer> guests;
  for (int i = 1; i < 30; ++i) {
    TestPeer guest = peer(fmt("g%", i));
    guest.send("metadata", fmt(R"({"meta":{"x":"%"}})", std::string(8000, 'x')));
    guest.send("join_room", R"({"room_id":"den"})");
    guest.next("peer_list");
    guests.push_back(std::move(guest));
  }
  // Joining again is answered as the join was.
  for (const char* type : {"join_room", "join"}) {
    guests.back().send(
        type, type == std::string("join") ? R"({"namespace":"den"})" : R"({"room_id":"den"})");
    const Json list = guests.back().next("peer_list");
    EXPECT_LE(guests.back().last_text().size(), 61440U);
    const Json peers = list["payload"]["peers"];
    ASSERT_EQ(peers.size(), 30U);
    for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(peers[i]["meta"].exists(), i < 8) << i;
    EXPECT_EQ(peers[29]["fingerprint"].str(), guests.back().fingerprint());
    EXPECT_EQ(list["payload"]["total"].number(), 30);
  }
}

TEST_F(RoomsTest, JoiningALargeRoomAgainListsAllOfIt) {
  start({"plugins.room_policy.options.max_size=60"});
  TestPeer owner = owner_of("den", R"("max_size":60)");
  std::vector<TestPeer> guests;
  for (int i = 1; i < 52; ++i) guests.push_back(guest_in("den", fmt("g%", i)));
  EXPECT_EQ(guests.back().join("den")["payload"]["peers"].size(), 52U);
}

// --- room_info

TEST_F(RoomsTest, AnyPeerCanAskForRoomInfo) {
  TestPeer owner = owner_of("den", R"("max_size":8)");
  TestPeer stranger = peer("stranger");
  EXPECT_EQ(
      info(stranger, "den"),
      json(R"({"room_id":"den","peer_count":1,"max_size":8,"owner":"%"})", owner.fingerprint()));
}

TEST_F(RoomsTest, BadInfosAreRefused) {
  TestPeer alice = peer_in("lobby", "alice");
  alice.expect_refused(message("room_info"), 400, "room_id required");
  alice.expect_refused(message("room_info", R"({"room_id":null})"), 400, "room_id required");
  alice.expect_refused(message("room_info", R"({"room_id":false})"), 400,
                       "room_id must be a string");
  alice.expect_refused(message("room_info", R"({"room_id":"nowhere"})"), 404, "room not found");
  alice.expect_refused(message("room_info", R"({"room_id":"lobby"})"), 404, "room not found");
}

// --- leaving and ownership

TEST_F(RoomsTest, AnEmptyRoomVanishesAtOnce) {
  TestPeer owner = owner_of("den");
  owner.send("leave", R"({"namespace":"den"})");
  owner.expect_refused(message("room_info", R"({"room_id":"den"})"), 404, "room not found");
  owner.create_room("den");
}

TEST_F(RoomsTest, ARoomVanishesWithItsLastConnection) {
  owner_of("den").close();
  wait_for_peers(0);
  EXPECT_EQ(http_json("/stats")["rooms"].number(), 0);
}

TEST_F(RoomsTest, ALeaveIsToldToTheOthersAndOwnershipStays) {
  TestPeer owner = owner_of("den");
  TestPeer guest = guest_in("den", "guest");
  owner.next("peer_joined");
  guest.send("leave", R"({"namespace":"den"})");
  EXPECT_EQ(owner.next("peer_left")["namespace"].str(), "den");
  expect_silence_of({&owner, &guest});
}

TEST_F(RoomsTest, OwnershipPassesToTheLongestPresentMember) {
  TestPeer owner = owner_of("den", R"("max_size":7)");
  TestPeer first = guest_in("den", "first");
  TestPeer second = guest_in("den", "second");
  first.next("peer_joined");
  owner.send("leave", R"({"namespace":"den"})");
  const Json expected = json(R"({"room_id":"den","owner":"%","max_size":7})", first.fingerprint());
  EXPECT_EQ(next_owner_change(first, owner), expected);
  EXPECT_EQ(next_owner_change(second, owner), expected);
  EXPECT_EQ(info(second, "den")["owner"].str(), first.fingerprint());
  kick(first, "den", "second");
  second.next("kick");
}

TEST_F(RoomsTest, OwnershipPassesWhenTheOwnerDisconnects) {
  TestPeer owner = owner_of("den");
  TestPeer guest = guest_in("den", "guest");
  owner.next("peer_joined");
  owner.close();
  EXPECT_EQ(next_owner_change(guest, owner)["owner"].str(), guest.fingerprint());
}

TEST_F(RoomsTest, OwnershipPassesWhenTheOwnerIsReplaced) {
  TestPeer owner = owner_of("den");
  TestPeer guest = guest_in("den", "guest");
  TestPeer fresh = peer("owner");
  EXPECT_EQ(next_owner_change(guest, owner)["owner"].str(), guest.fingerprint());
  fresh.join("den");
  kick(fresh, "den", "guest");
  fresh.expect_error(403, "only room owner can kick");
}

// --- kick

TEST_F(RoomsTest, TheKickedPeerGetsAKickAndAllOthersAPeerLeft) {
  TestPeer owner = owner_of("den");
  TestPeer guest = guest_in("den", "guest");
  TestPeer witness = guest_in("den", "witness");
  owner.next("peer_joined");
  owner.next("peer_joined");
  guest.next("peer_joined");
  kick(owner, "den", guest.fingerprint());
  const Json kicked = guest.next("kick");
  EXPECT_EQ(kicked["from"].str(), owner.fingerprint());
  EXPECT_EQ(kicked["namespace"].str(), "den");
  EXPECT_EQ(kicked["payload"], json(R"({"room_id":"den","fingerprint":"%"})", guest.fingerprint()));
  for (TestPeer* peer : {&owner, &witness}) {
    const Json left = peer->next("peer_left");
    EXPECT_THAT(left.keys(), UnorderedElementsAre("type", "from", "namespace", "payload", "ts"));
    EXPECT_EQ(left["payload"], json(R"({"fingerprint":"%"})", guest.fingerprint()));
  }
  expect_silence_of({&owner, &guest, &witness});
}

TEST_F(RoomsTest, AKickedPeerIsNoMemberAndMayComeBack) {
  TestPeer owner = owner_of("den");
  TestPeer guest = guest_in("den", "guest");
  kick(owner, "den", "guest");
  EXPECT_EQ(guest.next("kick")["payload"]["fingerprint"].str(), guest.fingerprint());
  guest.expect_refused(message("broadcast", R"({"namespace":"den","data":1})"), 403,
                       "not in namespace");
  EXPECT_EQ(info(guest, "den")["peer_count"].number(), 1);
  guest.join("den");
}

TEST_F(RoomsTest, BadKicksAreRefused) {
  TestPeer owner = owner_of("den");
  TestPeer guest = guest_in("den", "guest");
  TestPeer stranger = peer_in("lobby", "stranger");
  owner.next("peer_joined");
  owner.expect_refused(message("kick"), 400, "room_id required");
  owner.expect_refused(message("kick", R"({"fingerprint":"guest"})"), 400, "room_id required");
  owner.expect_refused(message("kick", R"({"room_id":"den"})"), 400, "fingerprint required");
  owner.expect_refused(message("kick", R"({"room_id":"den","fingerprint":""})"), 400,
                       "fingerprint required");
  owner.expect_refused(message("kick", R"({"room_id":"den","fingerprint":5})"), 400,
                       "fingerprint must be a string");
  owner.expect_refused(message("kick", R"({"room_id":"x","fingerprint":"guest"})"), 404,
                       "room not found");
  owner.expect_refused(message("kick", R"({"room_id":"lobby","fingerprint":"stranger"})"), 404,
                       "room not found");
  for (const char* target : {"stranger", "nobody"}) {
    kick(owner, "den", target);
    owner.expect_error(404, "peer not in room");
  }
  expect_silence_of({&owner, &guest, &stranger});
}

TEST_F(RoomsTest, OnlyTheOwnerCanKick) {
  TestPeer owner = owner_of("den");
  TestPeer guest = guest_in("den", "guest");
  TestPeer stranger = peer("stranger");
  owner.next("peer_joined");
  for (TestPeer* peer : {&guest, &stranger}) {
    kick(*peer, "den", "owner");
    peer->expect_error(403, "only room owner can kick");
    kick(*peer, "den", "nobody");
    peer->expect_error(404, "peer not in room");
  }
  expect_silence_of({&owner, &guest});
}

TEST_F(RoomsTest, KickingOneselfIsLeaving) {
  TestPeer owner = owner_of("den");
  TestPeer guest = guest_in("den", "guest");
  owner.next("peer_joined");
  kick(owner, "den", "owner");
  EXPECT_EQ(next_owner_change(guest, owner)["owner"].str(), guest.fingerprint());
  owner.expect_silence();
}

}  // namespace
}  // namespace peer::test
