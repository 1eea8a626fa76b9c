#include "tests/unit/plugins/room_managed/managed_rooms_test.h"

#include <cmath>
#include <stdexcept>

namespace peer_managed {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(ManagedRoomsTest, WithoutFieldsARoomIsLikeAStandardOne) {
  EXPECT_EQ(create(), "");
  EXPECT_EQ(owner_, kAnn);
  EXPECT_EQ(max_size_, 20U);
  EXPECT_EQ(join(kBob), "");
  EXPECT_EQ(kick(kBob, kAnn), "403 only room owner can kick");
  EXPECT_EQ(kick(kAnn, kBob), "");
  EXPECT_EQ(join(kBob), "");
  EXPECT_EQ(told(), R"({"locked":false,"public":false})");
}

TEST_F(ManagedRoomsTest, SizesAreGrantedUpToTheOption) {
  options_.default_size = 2;
  options_.max_size = 5;
  const std::pair<double, std::uint32_t> kSizes[] = {{1, 1},     {5, 5}, {6, 5},
                                                     {1e300, 5}, {0, 2}, {-1, 2}};
  for (const auto& [asked, granted] : kSizes) {
    create({{"max_size", {asked}}});
    EXPECT_EQ(max_size_, granted) << asked;
  }
  create({{"max_size", {}}});
  EXPECT_EQ(max_size_, 2U);
}

TEST_F(ManagedRoomsTest, ALockHoldsForAllButTheOwner) {
  create({{"locked", {true}}, {"invited", list_of({kBob})}});
  EXPECT_EQ(join(kBob), "403 room locked");
  EXPECT_EQ(say(kAnn, "room_unlock"), "");
  EXPECT_EQ(join(kBob), "");
  EXPECT_EQ(say(kAnn, "room_lock"), "");
  EXPECT_THAT(told(), HasSubstr(R"("locked":true)"));
  EXPECT_EQ(join(kCat), "403 room locked");
}

TEST_F(ManagedRoomsTest, OnlyTheInvitedComeIn) {
  create({{"invited", list_of({kBob, kBob})}});
  EXPECT_EQ(join(kCat), "403 not invited");
  EXPECT_EQ(join(kBob), "");
  EXPECT_EQ(say(kAnn, "room_update", {{"invited", list_of({})}}), "");
  leave(kBob);
  EXPECT_EQ(join(kBob), "403 not invited");
  EXPECT_EQ(say(kAnn, "room_update", {{"invited", {}}}), "");  // null
  EXPECT_EQ(join(kBob), "");
}

TEST_F(ManagedRoomsTest, RefusalsComeInTheirOrder) {
  create({{"locked", {true}}, {"invited", list_of({})}, {"max_size", {1.0}}});
  ban(kBob);
  EXPECT_EQ(join(kBob), "403 banned");
  say(kAnn, "room_unban", {{"fingerprint", {hex(kBob)}}});
  EXPECT_EQ(join(kBob), "403 room locked");
  say(kAnn, "room_unlock");
  EXPECT_EQ(join(kBob), "403 not invited");
  say(kAnn, "room_update", {{"invited", list_of({kBob})}});
  EXPECT_EQ(join(kBob), "429 room full");
  say(kAnn, "room_update", {{"max_size", {2.0}}});
  EXPECT_EQ(join(kBob), "");
}

TEST_F(ManagedRoomsTest, ABanPutsOutAndHoldsForItsTime) {
  create();
  join(kBob);
  EXPECT_EQ(ban(kBob, {60.0}), "");
  EXPECT_EQ(orders_.remove, kBob);
  EXPECT_EQ(join(kBob), "403 banned");
  now_ += 59'999ms;
  EXPECT_EQ(join(kBob), "403 banned");
  now_ += 1ms;
  EXPECT_EQ(join(kBob), "");
}

TEST_F(ManagedRoomsTest, TheAbsentMayBeBanned) {
  create();
  EXPECT_EQ(ban(kCat), "");
  EXPECT_EQ(orders_.remove, std::nullopt);
  now_ += 24h * 365;
  EXPECT_EQ(join(kCat), "403 banned");
}

TEST_F(ManagedRoomsTest, WithoutSecondsABanIsAsLongAsTheOptionSays) {
  options_.ban = 10s;
  create();
  ban(kBob);
  ban(kCat, {0.0});
  now_ += 10s;
  EXPECT_EQ(join(kBob), "");
  EXPECT_EQ(join(kCat), "403 banned");
}

TEST_F(ManagedRoomsTest, ANewBanReplacesAnOlderOne) {
  create();
  ban(kBob, {100.0});
  ban(kBob, {1.0});
  now_ += 1s;
  EXPECT_EQ(join(kBob), "");
}

TEST_F(ManagedRoomsTest, BansAreBoundedAndThoseThatHaveEndedMakeRoom) {
  options_.max_bans = 2;
  create();
  ban(kBob, {1.0});
  ban(kCat, {2.0});
  EXPECT_EQ(ban(kDan), "429 too many bans");
  EXPECT_EQ(ban(kCat, {3.0}), "");
  now_ += 1s;
  EXPECT_EQ(ban(kDan), "");
}

TEST_F(ManagedRoomsTest, AKickBansWhereTheOptionSaysSo) {
  options_.kick_bans = true;
  options_.ban = 5s;
  options_.max_bans = 1;
  create();
  join(kBob);
  join(kCat);
  EXPECT_EQ(kick(kAnn, kBob), "");
  EXPECT_EQ(join(kBob), "403 banned");
  EXPECT_EQ(kick(kAnn, kCat), "");  // never for want of room
  EXPECT_EQ(join(kCat), "403 banned");
  now_ += 5s;
  EXPECT_EQ(join(kCat), "");
}

TEST_F(ManagedRoomsTest, OwnershipIsTransferredToAMember) {
  create();
  join(kBob);
  EXPECT_EQ(say(kAnn, "room_transfer", {{"fingerprint", {hex(kCat)}}}), "404 peer not in room");
  EXPECT_EQ(say(kAnn, "room_transfer", {{"fingerprint", {hex(kBob)}}}), "");
  EXPECT_EQ(owner_, kBob);
  EXPECT_EQ(say(kAnn, "room_lock"), "403 only room owner can do that");
  EXPECT_EQ(say(kBob, "room_lock"), "");
}

TEST_F(ManagedRoomsTest, OnlyTheOwnerManages) {
  create();
  join(kBob);
  const Value::Object target{{"fingerprint", {hex(kBob)}}};
  for (const char* type :
       {"room_lock", "room_unlock", "room_update", "room_transfer", "room_unban", "room_close"}) {
    for (const Fingerprint& peer : {kBob, kDan}) {
      EXPECT_EQ(say(peer, type, target), "403 only room owner can do that") << type;
    }
  }
  EXPECT_EQ(say(kBob, "room_ban", {{"fingerprint", {hex(kAnn)}}}),
            "403 only room owner can do that");
}

TEST_F(ManagedRoomsTest, TheOldestInherits) {
  create();
  join(kBob);
  join(kCat);
  leave(kAnn);
  EXPECT_EQ(owner_, kBob);
  EXPECT_FALSE(orders_.keeps_owner);
  leave(kCat);
  EXPECT_EQ(owner_, kBob);
}

TEST_F(ManagedRoomsTest, AnOwnerWithoutSuccessorOwnsTheRoomOnReturn) {
  options_.succession = Succession::kNone;
  create({{"max_size", {1.0}}, {"invited", list_of({})}});
  say(kAnn, "room_update", {{"invited", list_of({kBob})}, {"max_size", {2.0}}});
  join(kBob);
  say(kAnn, "room_update", {{"max_size", {1.0}}});
  say(kAnn, "room_lock");
  leave(kAnn);
  EXPECT_TRUE(orders_.keeps_owner);
  EXPECT_EQ(owner_, kAnn);
  EXPECT_EQ(say(kBob, "room_unlock"), "403 only room owner can do that");
  EXPECT_EQ(join(kAnn), "");  // though it is locked, full, and she is not invited
  EXPECT_EQ(say(kAnn, "room_unlock"), "");
}

TEST_F(ManagedRoomsTest, TheRoomOfAnOwnerWhoLeavesMayEnd) {
  options_.succession = Succession::kClose;
  create();
  join(kBob);
  join(kCat);
  leave(kBob);
  EXPECT_EQ(orders_.close, std::nullopt);
  leave(kAnn);
  EXPECT_EQ(orders_.close, "owner left");
}

TEST_F(ManagedRoomsTest, TheOwnerEndsTheRoom) {
  create();
  EXPECT_EQ(say(kAnn, "room_close"), "");
  EXPECT_EQ(orders_.close, "closed");
}

// --- passwords

TEST_F(ManagedRoomsTest, APasswordOpens) {
  EXPECT_EQ(create_with("x"), "");
  EXPECT_EQ(join(kBob), "403 wrong password");
  EXPECT_EQ(join_with(kBob, "y"), "403 wrong password");
  EXPECT_EQ(join_with(kBob, "x"), "");
  EXPECT_THAT(told(), Not(HasSubstr("x")));
}

TEST_F(ManagedRoomsTest, EitherAnInvitationOrThePasswordOpens) {
  create_with("x", {{"invited", list_of({kBob})}});
  EXPECT_EQ(join_with(kBob, "y"), "");  // invited: nobody looks at it
  EXPECT_EQ(join(kCat), "403 not invited");
  EXPECT_EQ(join_with(kCat, "y"), "403 wrong password");
  EXPECT_EQ(join_with(kCat, "x"), "");
}

TEST_F(ManagedRoomsTest, WithoutOneAPasswordOpensNothing) {
  create({{"invited", list_of({})}});
  EXPECT_EQ(join_with(kBob, "x"), "403 not invited");
  create();
  EXPECT_EQ(join_with(kBob, "x"), "");
  EXPECT_EQ(looked_at_, 0);
}

TEST_F(ManagedRoomsTest, LocksAndBansAreJudgedBeforeAPasswordIsLookedAt) {
  create_with("x", {{"locked", {true}}});
  looked_at_ = 0;
  EXPECT_EQ(join_with(kBob, "x"), "403 room locked");
  ban(kBob);
  EXPECT_EQ(join_with(kBob, "x"), "403 banned");
  EXPECT_EQ(looked_at_, 0);
}

TEST_F(ManagedRoomsTest, AWrongPasswordIsToldBeforeAFullRoom) {
  create_with("x", {{"max_size", {1.0}}});
  EXPECT_EQ(join_with(kBob, "y"), "403 wrong password");
  EXPECT_EQ(join_with(kBob, "x"), "429 room full");
}

TEST_F(ManagedRoomsTest, OnlyTheOwnerHasANewPasswordHashed) {
  create_with("x");
  looked_at_ = 0;
  password_ = "z";
  EXPECT_EQ(say(kBob, "room_update"), "403 only room owner can do that");
  EXPECT_EQ(looked_at_, 0);
  EXPECT_EQ(say(kAnn, "room_update"), "");
  EXPECT_EQ(looked_at_, 1);
  EXPECT_EQ(join_with(kBob, "x"), "403 wrong password");
  EXPECT_EQ(join_with(kBob, "z"), "");
  EXPECT_EQ(say(kAnn, "room_update", {{"max_size", {5.0}}}), "");
  EXPECT_EQ(join(kCat), "403 wrong password");  // another update leaves it
  EXPECT_EQ(say(kAnn, "room_update", {{"password", {}}}), "");
  EXPECT_EQ(join(kCat), "");
}

// --- proved keys

TEST_F(ManagedRoomsTest, AnUnprovedPeerIsNotTheOwnerThatHadProvedItsKey) {
  options_.succession = Succession::kNone;
  proved_ = {kAnn};
  create({{"locked", {true}}});
  say(kAnn, "room_unlock");
  join(kBob);
  say(kAnn, "room_lock");
  leave(kAnn);
  proved_ = {};
  EXPECT_EQ(join(kAnn), "403 room locked");
  EXPECT_EQ(say(kAnn, "room_unlock"), "403 only room owner can do that");
  proved_ = {kAnn};
  EXPECT_EQ(join(kAnn), "");
  EXPECT_EQ(say(kAnn, "room_unlock"), "");
}

TEST_F(ManagedRoomsTest, AnHeirThatHasProvedItsKeyOwnsTheRoomByIt) {
  proved_ = {kBob};
  create();
  join(kBob);
  say(kAnn, "room_transfer", {{"fingerprint", {hex(kBob)}}});
  proved_ = {};
  EXPECT_EQ(say(kBob, "room_lock"), "403 only room owner can do that");
  proved_ = {kBob};
  EXPECT_EQ(say(kBob, "room_lock"), "");
}

TEST_F(ManagedRoomsTest, AnInvitationThatAProvedPeerHasUsedIsNothingToAnUnprovedOne) {
  create({{"invited", list_of({kBob})}});
  proved_ = {kBob};
  EXPECT_EQ(join(kBob), "");
  leave(kBob);
  proved_ = {};
  EXPECT_EQ(join(kBob), "403 not invited");
  EXPECT_EQ(say(kAnn, "room_update", {{"invited", list_of({kBob, kCat})}}), "");
  EXPECT_EQ(join(kBob), "403 not invited");
  EXPECT_EQ(join(kCat), "");
}

// --- what strangers write

TEST_F(ManagedRoomsTest, BadFieldsAreRefusedBeforeAnythingElse) {
  create();
  const Value nested{Value::Object{{"a", {Value::List{{HUGE_VAL}}}}}};
  const std::pair<Value::Object, const char*> kBad[] = {
      {{{"max_size", {"2"}}}, "400 max_size must be an integer"},
      {{{"max_size", {2.5}}}, "400 max_size must be an integer"},
      {{{"max_size", {HUGE_VAL}}}, "400 max_size must be an integer"},
      {{{"public", {1.0}}}, "400 public must be a boolean"},
      {{{"info", {"x"}}}, "400 info must be an object"},
      {{{"info", {Value::List{}}}}, "400 info must be an object"},
      {{{"info", {Value::Object{{"a", {std::string(1024, 'x')}}}}}}, "400 info too large"},
      {{{"invited", {hex(kBob)}}}, "400 invited must be an array of strings"},
      {{{"invited", {Value::List{{1.0}}}}}, "400 invited must be an array of strings"},
      {{{"invited", {Value::List{{"bob"}}}}}, "400 invited must be an array of fingerprints"},
      {{{"invited", {Value::List{{std::string(64, 'g')}}}}},
       "400 invited must be an array of fingerprints"},
      {{{"invited", {Value::List(101, {hex(kBob)})}}}, "400 invited too large"},
  };
  for (const auto& [fields, refusal] : kBad) {
    EXPECT_EQ(say(kDan, "room_update", fields), refusal);
    EXPECT_EQ(create(fields), refusal);
    create();
  }
  EXPECT_EQ(create({{"locked", {"yes"}}}), "400 locked must be a boolean");
  create();
  EXPECT_THAT(say(kDan, "room_update", {{"info", nested}}),
              HasSubstr("400 info must be plain JSON: "));
  const std::pair<Value, const char*> kTargets[] = {
      {{}, "400 fingerprint required"},
      {{7.0}, "400 fingerprint must be a string"},
      {{"ann"}, "400 fingerprint must be a fingerprint"},
  };
  for (const auto& [target, refusal] : kTargets) {
    for (const char* type : {"room_transfer", "room_ban", "room_unban"}) {
      EXPECT_EQ(say(kDan, type, {{"fingerprint", target}}), refusal);
    }
  }
  EXPECT_EQ(ban(kAnn), "400 cannot ban oneself");
  EXPECT_EQ(ban(kBob, {"1"}), "400 seconds must be an integer");
  EXPECT_EQ(ban(kBob, {0.5}), "400 seconds must be an integer");
  EXPECT_EQ(ban(kBob, {-1.0}), "400 seconds must not be negative");
  EXPECT_EQ(ban(kBob, {315'360'001.0}), "400 seconds too large");
  EXPECT_EQ(ban(kBob, {315'360'000.0}), "");
}

TEST_F(ManagedRoomsTest, InfoIsKeptAsAValueOfOneKiBAtMost) {
  create({{"info", {Value::Object{{"b", {1.0}}, {"a", {Value::List{{true}, {}}}}}}}});
  EXPECT_THAT(told(), HasSubstr(R"("info":{"a":[true,null],"b":1})"));
  // {"a":"..."} has 8 bytes beside the text.
  EXPECT_EQ(say(kAnn, "room_update", {{"info", {Value::Object{{"a", {std::string(1016, 'x')}}}}}}),
            "");
  EXPECT_EQ(say(kAnn, "room_update", {{"info", {Value::Object{{"a", {std::string(1017, 'x')}}}}}}),
            "400 info too large");
  EXPECT_EQ(say(kAnn, "room_update", {{"info", {}}, {"public", {true}}}), "");
  EXPECT_EQ(told(), R"({"locked":false,"public":true})");
}

TEST_F(ManagedRoomsTest, AStateOfAnotherVersionFailsTheRequest) {
  create();
  state_.front() = '2';
  EXPECT_THROW(join(kBob), std::runtime_error);
}

TEST_F(ManagedRoomsTest, TheLargestRoomFitsIntoItsState) {
  options_ = {.default_size = 500, .max_size = 500, .max_bans = 400, .max_invited = 400};
  Value::List invited;
  std::vector<Fingerprint> peers;
  for (int i = 0; i < 900; ++i) {
    Fingerprint peer = peer_number(static_cast<std::uint8_t>(i));
    peer.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    peers.push_back(peer);
    proved_.insert(peer);
  }
  proved_.insert(kAnn);
  create({{"info", {Value::Object{{"a", {std::string(1016, 'x')}}}}}});
  for (int i = 0; i < 499; ++i) EXPECT_EQ(join(peers[static_cast<std::size_t>(i)]), "");
  for (int i = 0; i < 400; ++i) {
    const Fingerprint& peer = peers[static_cast<std::size_t>(i)];
    std::string text;
    for (const std::uint8_t byte : peer.bytes) {
      text += "0123456789abcdef"[byte >> 4U];
      text += "0123456789abcdef"[byte & 15U];
    }
    invited.push_back({text});
    EXPECT_EQ(say(kAnn, "room_ban", {{"fingerprint", {text}}}), "");
    members_.push_back(peer);  // it stays, so that all lists are at their bounds
  }
  EXPECT_EQ(say(kAnn, "room_update", {{"invited", {invited}}}), "");
  EXPECT_LT(state_.size(), 64U * 1024U - 512U);
  EXPECT_GT(state_.size(), 40U * 1024U);
}

}  // namespace
}  // namespace peer_managed
