#include "core/hub/namespace_directory.h"

#include <malloc.h>

#include <string>

#include "tests/unit/hub/hub_test.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

using NamespaceDirectoryTest = test::HubTest;

TEST_F(NamespaceDirectoryTest, ThePageOfAJoinIsInJoinOrderWithTheJoinerInIt) {
  EXPECT_EQ(join("lobby", "zoe").page.peers, R"("zoe")");
  EXPECT_EQ(join("lobby", "al").page.peers, R"("zoe","al")");
  const JoinResult third = join("lobby", "max");
  EXPECT_EQ(third.status, JoinStatus::kJoined);
  EXPECT_EQ(third.page.peers, R"("zoe","al","max")");
  EXPECT_EQ(third.page.total, 3U);
}

TEST_F(NamespaceDirectoryTest, ObjectsOfAClosedRoomAreThoseWhomItsNameLeadsTo) {
  const Namespace* den = create_room("den", "a");
  const std::vector<Fingerprint> peers{fingerprint_of("a"), fingerprint_of("b")};
  FrameBuilder out(0);
  directory_.append_objects(out, *den, peers);
  ASSERT_TRUE(directory_.close_room("den", std::nullopt, {}));
  directory_.append_objects(out.append("|"), *den, peers);
  join("den", "b");
  directory_.append_objects(out.append("|"), *den, peers);
  EXPECT_EQ(test::text_of(out.finish(Opcode::kText)), R"("a"||"b")");
}

TEST_F(NamespaceDirectoryTest, WhoComesBackIsTheLast) {
  const JoinResult first = join("lobby", "a");
  join("lobby", "b");
  leave(first, "a");
  EXPECT_EQ(join("lobby", "a").page.peers, R"("b","a")");
}

TEST_F(NamespaceDirectoryTest, APageIsCutByCountAndItsTotalTellsTheTruth) {
  join("lobby", "a");
  join("lobby", "b");
  const JoinResult result = join("lobby", "c", {2, 1000});
  EXPECT_EQ(result.page.peers, R"("a","b")");
  EXPECT_EQ(result.page.total, 3U);
}

TEST_F(NamespaceDirectoryTest, APageIsCutByBytesAndItsTotalTellsTheTruth) {
  join("lobby", "a");
  join("lobby", "b");
  join("lobby", "c");
  EXPECT_EQ(list("lobby", std::nullopt, {50, 10}), R"("a","b")");
  EXPECT_EQ(list("lobby", std::nullopt, {50, 11}), R"("a","b","c")");
  EXPECT_EQ(directory_.list("lobby", std::nullopt, {50, 10}).total, 3U);
}

TEST_F(NamespaceDirectoryTest, AnObjectLargerThanAPageIsAloneOnIt) {
  const std::string large(100, 'x');
  EXPECT_EQ(join("lobby", large, {50, 100}).page.peers, object_of(large));
  join("lobby", "a");
  EXPECT_EQ(list("lobby", std::nullopt, {50, 100}), object_of(large));
  EXPECT_EQ(list("lobby", large, {50, 100}), R"("a")");
  EXPECT_EQ(list("lobby", std::nullopt, {0, 1000}), "");
}

TEST_F(NamespaceDirectoryTest, WhatIsAnnouncedToNobodyIsMailToNobody) {
  join("crowd", "a");
  const std::string object = object_of("b");
  Joiner quiet = joiner("b", object);
  quiet.announcement = {};
  const JoinResult b = directory_.join("crowd", quiet, 1000, {0, 1000});
  EXPECT_EQ(b.page.peers, "");
  EXPECT_EQ(b.page.total, 2U);
  directory_.announce_departed("crowd", fingerprint_of("b"), {});
  directory_.leave(*b.ns, b.joined, fingerprint_of("b"), {});
  EXPECT_TRUE(mail_.empty());
  EXPECT_EQ(list("crowd"), R"("a")");
}

TEST_F(NamespaceDirectoryTest, WhoIsUnlistedCountsAndIsShownToNobody) {
  where("a");
  const Namespace* ns = directory_.enter_unlisted("home", fingerprint_of("a"), 3);
  EXPECT_EQ(ns, directory_.find("home"));
  EXPECT_TRUE(is_member("a", ns));
  EXPECT_EQ(join("home", "b").page.peers, R"("b")");
  EXPECT_EQ(directory_.list("home", std::nullopt, {50, 1000}).total, 2U);
  EXPECT_EQ(directory_.page_of_names(false, "", 1).front().members, 2U);
  EXPECT_TRUE(mail_.empty());
}

TEST_F(NamespaceDirectoryTest, ANamespaceIsFullWithTheUnlistedToo) {
  where("a");
  where("c");
  ASSERT_NE(directory_.enter_unlisted("home", fingerprint_of("a"), 1), nullptr);
  EXPECT_EQ(directory_.enter_unlisted("home", fingerprint_of("c"), 1), nullptr);
  const std::string object = object_of("b");
  EXPECT_EQ(directory_.join("home", joiner("b", object), 1, {0, 1000}).status, JoinStatus::kFull);
}

TEST_F(NamespaceDirectoryTest, ANamespaceLivesAsLongAsSomebodyIsInItListedOrNot) {
  where("a");
  const Namespace* ns = directory_.enter_unlisted("home", fingerprint_of("a"), 9);
  const JoinResult b = join("home", "b");
  leave(b, "b");
  EXPECT_EQ(directory_.find("home"), ns);
  directory_.leave_unlisted("home", fingerprint_of("a"));
  EXPECT_EQ(directory_.find("home"), nullptr);
  EXPECT_FALSE(is_member("a", ns));
  directory_.leave_unlisted("home", fingerprint_of("a"));
}

TEST_F(NamespaceDirectoryTest, AJoinIsAnnouncedToTheOthersAndNotToTheJoiner) {
  join("lobby", "a");
  EXPECT_TRUE(mail_.empty());
  join("lobby", "b");
  join("lobby", "c");
  EXPECT_THAT(mail_of("a"), ElementsAre("+b", "+c"));
  EXPECT_THAT(mail_of("b"), ElementsAre("+c"));
  EXPECT_THAT(mail_of("c"), IsEmpty());
  EXPECT_FALSE(mail_.went_astray());
}

TEST_F(NamespaceDirectoryTest, AJoinIsNotHeardInOtherNamespaces) {
  join("hall", "a");
  join("lobby", "b");
  EXPECT_TRUE(mail_.empty());
}

TEST_F(NamespaceDirectoryTest, AMemberIsOneInThePeerDirectoryToo) {
  const JoinResult a = join("lobby", "a");
  EXPECT_TRUE(is_member("a", a.ns));
  join("lobby", "b");
  leave(a, "a");
  EXPECT_FALSE(is_member("a", a.ns));
  EXPECT_TRUE(is_member("b", a.ns));
}

TEST_F(NamespaceDirectoryTest, AFullNamespaceTakesNobodyAndAnnouncesNobody) {
  join("lobby", "a", {}, 2);
  join("lobby", "b", {}, 2);
  mail_.clear();
  const JoinResult refused = join("lobby", "c", {}, 2);
  EXPECT_EQ(refused.status, JoinStatus::kFull);
  EXPECT_FALSE(is_member("c", refused.ns));
  EXPECT_EQ(list("lobby"), R"("a","b")");
  EXPECT_TRUE(mail_.empty());
}

TEST_F(NamespaceDirectoryTest, APlaceThatWasLeftIsFree) {
  const JoinResult a = join("lobby", "a", {}, 1);
  EXPECT_EQ(join("lobby", "b", {}, 1).status, JoinStatus::kFull);
  leave(a, "a");
  EXPECT_EQ(join("lobby", "b", {}, 1).status, JoinStatus::kJoined);
}

TEST_F(NamespaceDirectoryTest, ALeaveIsAnnouncedToTheOthersAndNotToTheLeaver) {
  join("lobby", "a");
  const JoinResult b = join("lobby", "b");
  join("lobby", "c");
  mail_.clear();
  EXPECT_EQ(leave(b, "b"), std::nullopt);
  EXPECT_THAT(mail_of("a"), ElementsAre("-b"));
  EXPECT_THAT(mail_of("c"), ElementsAre("-b"));
  EXPECT_THAT(mail_of("b"), IsEmpty());
  EXPECT_EQ(list("lobby"), R"("a","c")");
}

TEST_F(NamespaceDirectoryTest, ANamespaceEndsWithItsLastMember) {
  const JoinResult a = join("lobby", "a");
  EXPECT_EQ(directory_.find("lobby"), a.ns);
  leave(a, "a");
  EXPECT_EQ(directory_.find("lobby"), nullptr);
  EXPECT_THAT(all(), IsEmpty());
  EXPECT_TRUE(mail_.empty());
}

TEST_F(NamespaceDirectoryTest, ARefreshReplacesTheObjectInItsPlaceSilently) {
  join("lobby", "a");
  const JoinResult b = join("lobby", "b");
  join("lobby", "c");
  mail_.clear();
  directory_.refresh(*b.ns, b.joined, R"("B")");
  EXPECT_EQ(list("lobby"), R"("a","B","c")");
  EXPECT_TRUE(mail_.empty());
}

TEST_F(NamespaceDirectoryTest, ARefreshOfAnEndedMembershipChangesNothing) {
  const JoinResult a = join("lobby", "a");
  join("lobby", "b");
  leave(a, "a");
  directory_.refresh(*a.ns, a.joined, R"("A")");
  EXPECT_EQ(list("lobby"), R"("b")");
}

TEST_F(NamespaceDirectoryTest, AListGoesOnBehindAPeer) {
  for (const char* peer : {"a", "b", "c", "d"}) join("lobby", peer);
  EXPECT_EQ(list("lobby", "b"), R"("c","d")");
  EXPECT_EQ(list("lobby", "b", {1, 1000}), R"("c")");
  EXPECT_EQ(list("lobby", "d"), "");
  EXPECT_EQ(directory_.list("lobby", fingerprint_of("d"), {}).total, 4U);
}

TEST_F(NamespaceDirectoryTest, AListBehindWhoIsNoMemberStartsFromTheStart) {
  join("lobby", "a");
  join("lobby", "b");
  join("hall", "c");
  EXPECT_EQ(list("lobby", "c"), R"("a","b")");
  EXPECT_EQ(list("lobby", "nobody"), R"("a","b")");
}

TEST_F(NamespaceDirectoryTest, AnUnknownNamespaceListsNobody) {
  const PeerPage page = directory_.list("lobby", std::nullopt, {});
  EXPECT_EQ(page.peers, "");
  EXPECT_EQ(page.total, 0U);
}

TEST_F(NamespaceDirectoryTest, ObjectsComeInTheOrderAskedForAndEmptyForStrangers) {
  join("lobby", "a");
  join("lobby", "b");
  join("hall", "c");
  const std::vector<Fingerprint> peers{fingerprint_of("b"), fingerprint_of("c"),
                                       fingerprint_of("a"), fingerprint_of("b")};
  EXPECT_THAT(directory_.objects("lobby", peers), ElementsAre(R"("b")", "", R"("a")", R"("b")"));
  EXPECT_THAT(directory_.objects("nowhere", peers), ElementsAre("", "", "", ""));
  FrameBuilder out(0);
  directory_.append_objects(out.append("x"), "nowhere", peers);
  directory_.append_objects(out, "lobby", peers);
  EXPECT_EQ(test::text_of(out.finish(Opcode::kText)), R"(x"b","a","b")");
}

TEST_F(NamespaceDirectoryTest, RecipientsAreTheMembersByLoop) {
  for (const char* peer : {"a", "b", "c", "d"}) join("lobby", peer);  // loops 1, 2, 0, 1
  EXPECT_THAT(directory_.recipients("lobby", {}),
              ElementsAre(ElementsAre(where("c")), ElementsAre(where("a"), where("d")),
                          ElementsAre(where("b"))));
}

TEST_F(NamespaceDirectoryTest, RecipientsAreNeverTheExcludedNorStrangers) {
  for (const char* peer : {"a", "b", "c", "d"}) join("lobby", peer);
  join("hall", "e");
  EXPECT_THAT(directory_.recipients("lobby", {where("d"), where("b"), where("e")}),
              ElementsAre(ElementsAre(where("c")), ElementsAre(where("a")), IsEmpty()));
}

TEST_F(NamespaceDirectoryTest, AnUnknownNamespaceHasNoRecipientsOnAnyLoop) {
  EXPECT_THAT(directory_.recipients("nowhere", {}), ElementsAre(IsEmpty(), IsEmpty(), IsEmpty()));
}

TEST_F(NamespaceDirectoryTest, APlainNamespaceIsNoRoom) {
  join("lobby", "a");
  EXPECT_EQ(directory_.room("lobby"), std::nullopt);
  EXPECT_FALSE(commit("lobby", 1, {}, {{std::nullopt, text_frame("x")}}));
  EXPECT_TRUE(mail_.empty());
}

TEST_F(NamespaceDirectoryTest, NamesAreComparedByteForByte) {
  const std::vector<std::string> names{std::string("a"),        std::string("a\0", 2),
                                       std::string("a\0b", 3),  std::string("\0", 1),
                                       std::string("A"),        std::string("a "),
                                       std::string("\xC3\xA9"), std::string("e\xCC\x81"),
                                       std::string("\xff\xfe"), std::string(4096, 'n')};
  for (const std::string& name : names) EXPECT_EQ(join(name, "peer in " + name).page.total, 1U);
  EXPECT_EQ(all().size(), names.size());
  for (const std::string& name : names) {
    EXPECT_EQ(directory_.find(name)->name, name);
    EXPECT_EQ(all()[name], "1");
  }
}

TEST_F(NamespaceDirectoryTest, AVisitSeesEachNamespaceOnce) {
  join("lobby", "a");
  join("lobby", "b");
  join("hall", "a");
  create_room("den", "c");
  EXPECT_THAT(all(),
              UnorderedElementsAre(Pair("lobby", "2"), Pair("hall", "1"), Pair("den", "1 room")));
}

TEST_F(NamespaceDirectoryTest, AVisitorMayUseTheDirectory) {
  join("lobby", "a");
  std::size_t total = 0;
  directory_.visit([&](const std::string& name, std::size_t, bool) {
    total += directory_.list(name, std::nullopt, {}).total;
  });
  EXPECT_EQ(total, 1U);
}

TEST_F(NamespaceDirectoryTest, ManyMembersCanLeaveInAnyOrder) {
  std::vector<std::pair<std::string, JoinResult>> members;
  for (int i = 0; i < 60; ++i) {
    const std::string peer = std::to_string(i);
    members.emplace_back(peer, join("lobby", peer));
  }
  for (std::size_t i = 0; i < 60; ++i) {
    const auto& [peer, membership] = members[i * 7 % 60];
    leave(membership, peer);
    EXPECT_EQ(directory_.list("lobby", std::nullopt, {}).total, 59 - i);
  }
  EXPECT_THAT(all(), IsEmpty());
}

// A room is listed as a whole, however large it is.
TEST_F(NamespaceDirectoryTest, ALongListLeavesNoMemoryBehindOnItsLoop) {
  constexpr std::size_t kMembers = 3000;
  for (std::size_t i = 0; i < kMembers; ++i) {
    const std::string peer = std::to_string(i);
    const std::string object = object_of(peer);
    Joiner quiet = joiner(peer, object);
    quiet.announcement = {};
    directory_.join("arena", quiet, kMembers, {1});
  }
  const auto allocated = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  static_cast<void>(list("arena"));
  const std::size_t before = allocated();
  EXPECT_EQ(directory_.list("arena", std::nullopt, {kMembers, 1'000'000}).listed, kMembers);
  EXPECT_LT(allocated(), before + 16 * 1024);
}

}  // namespace
}  // namespace peer
