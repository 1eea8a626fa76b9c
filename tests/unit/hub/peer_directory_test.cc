#include "core/hub/peer_directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/hub/recording_mail.h"

namespace peer {
namespace {

using test::ref_of;
using Admission = PeerDirectory::Admission;
using Route = PeerDirectory::Route;

const Fingerprint kAlice = fingerprint_of("alice");
const Fingerprint kBob = fingerprint_of("bob");
const Fingerprint kCarol = fingerprint_of("carol");

class PeerDirectoryTest : public testing::Test {
 protected:
  Admission admit(const Fingerprint& peer, SessionRef where, Inheritance inheritance = {}) {
    return peers_.admit(peer, where, inheritance).admission;
  }

  PeerDirectory peers_{16, 2};  // room for two
};

TEST_F(PeerDirectoryTest, AnAdmittedPeerIsFoundWhereItIs) {
  EXPECT_EQ(peers_.find(kAlice), std::nullopt);
  EXPECT_EQ(admit(kAlice, ref_of(1, 7, 3)), Admission::kAdmitted);
  EXPECT_EQ(peers_.find(kAlice), ref_of(1, 7, 3));
  EXPECT_TRUE(peers_.present(kAlice));
  EXPECT_FALSE(peers_.present(kBob));
  EXPECT_EQ(peers_.count(), 1U);
}

TEST_F(PeerDirectoryTest, APresentFingerprintIsNotAdmittedAgain) {
  admit(kAlice, ref_of(0, 1));
  const PeerDirectory::AdmissionResult again = peers_.admit(kAlice, ref_of(0, 2), {});
  EXPECT_EQ(again.admission, Admission::kPresent);
  EXPECT_EQ(again.present, ref_of(0, 1));
  EXPECT_EQ(peers_.find(kAlice), ref_of(0, 1));
  EXPECT_EQ(peers_.count(), 1U);
}

TEST_F(PeerDirectoryTest, APresentFingerprintTellsItsWindowOfReplacements) {
  const Time since{milliseconds(42)};
  peers_.admit(kAlice, ref_of(0, 1), {false, since, 5});
  const Inheritance inheritance = peers_.admit(kAlice, ref_of(0, 2), {}).inheritance;
  EXPECT_EQ(inheritance.since, since);
  EXPECT_EQ(inheritance.replacements, 5U);
  EXPECT_FALSE(inheritance.seat);
}

TEST_F(PeerDirectoryTest, AFullServerAdmitsNobodyAndCountsNobody) {
  admit(kAlice, ref_of(0, 1));
  EXPECT_FALSE(peers_.full());
  admit(kBob, ref_of(0, 2));
  EXPECT_TRUE(peers_.full());
  EXPECT_EQ(admit(kCarol, ref_of(0, 3)), Admission::kFull);
  EXPECT_EQ(peers_.find(kCarol), std::nullopt);
  EXPECT_EQ(peers_.count(), 2U);
}

TEST_F(PeerDirectoryTest, AFullServerStillSaysWhoIsPresent) {
  admit(kAlice, ref_of(0, 1));
  admit(kBob, ref_of(0, 2));
  EXPECT_EQ(admit(kBob, ref_of(0, 3)), Admission::kPresent);
}

TEST_F(PeerDirectoryTest, ALeaversSeatIsFreeAtOnce) {
  admit(kAlice, ref_of(0, 1));
  admit(kBob, ref_of(0, 2));
  EXPECT_TRUE(peers_.remove(kAlice, ref_of(0, 1), false));
  EXPECT_EQ(admit(kCarol, ref_of(0, 3)), Admission::kAdmitted);
}

TEST_F(PeerDirectoryTest, AReplacementInheritsTheSeatEvenWhenFull) {
  admit(kAlice, ref_of(0, 1), {false, Time(milliseconds(9)), 3});
  admit(kBob, ref_of(0, 2));
  const auto inheritance = peers_.remove(kAlice, ref_of(0, 1), true);
  ASSERT_TRUE(inheritance);
  EXPECT_TRUE(inheritance->seat);
  EXPECT_EQ(inheritance->since, Time(milliseconds(9)));
  EXPECT_EQ(inheritance->replacements, 3U);
  EXPECT_EQ(peers_.count(), 2U);
  EXPECT_EQ(admit(kCarol, ref_of(0, 3)), Admission::kFull);
  EXPECT_EQ(admit(kAlice, ref_of(0, 4), *inheritance), Admission::kAdmitted);
  EXPECT_EQ(peers_.find(kAlice), ref_of(0, 4));
  EXPECT_EQ(peers_.count(), 2U);
}

TEST_F(PeerDirectoryTest, ASeatThatNobodyTakesOverIsReleased) {
  admit(kAlice, ref_of(0, 1));
  admit(kBob, ref_of(0, 2));
  EXPECT_TRUE(peers_.remove(kAlice, ref_of(0, 1), true));
  peers_.release_seat();
  EXPECT_EQ(peers_.count(), 1U);
  EXPECT_EQ(admit(kCarol, ref_of(0, 3)), Admission::kAdmitted);
}

TEST_F(PeerDirectoryTest, ARemovalWithoutKeepingTheSeatInheritsNone) {
  admit(kAlice, ref_of(0, 1));
  EXPECT_FALSE(peers_.remove(kAlice, ref_of(0, 1), false)->seat);
  EXPECT_EQ(peers_.count(), 0U);
}

TEST_F(PeerDirectoryTest, AStaleOwnerRemovesNothing) {
  admit(kAlice, ref_of(1, 2, 3));
  EXPECT_EQ(peers_.remove(kAlice, ref_of(1, 2, 2), false), std::nullopt);
  EXPECT_EQ(peers_.remove(kAlice, ref_of(1, 1, 3), false), std::nullopt);
  EXPECT_EQ(peers_.remove(kAlice, ref_of(0, 2, 3), true), std::nullopt);
  EXPECT_EQ(peers_.find(kAlice), ref_of(1, 2, 3));
  EXPECT_EQ(peers_.count(), 1U);
}

TEST_F(PeerDirectoryTest, RemovingAStrangerChangesNothing) {
  admit(kAlice, ref_of(0, 1));
  EXPECT_EQ(peers_.remove(kBob, ref_of(0, 1), false), std::nullopt);
  EXPECT_EQ(peers_.count(), 1U);
}

TEST_F(PeerDirectoryTest, AnAliasBelongsToWhoClaimedItFirst) {
  EXPECT_TRUE(peers_.claim_alias("bob", kBob));
  EXPECT_FALSE(peers_.claim_alias("bob", kAlice));
  EXPECT_EQ(peers_.resolve_alias("bob"), kBob);
}

TEST_F(PeerDirectoryTest, AnAliasIsFreeAgainWhenItsHolderFreesIt) {
  EXPECT_TRUE(peers_.claim_alias("bob", kBob));
  peers_.free_alias("bob");
  EXPECT_EQ(peers_.resolve_alias("bob"), std::nullopt);
  EXPECT_TRUE(peers_.claim_alias("bob", kAlice));
  EXPECT_EQ(peers_.resolve_alias("bob"), kAlice);
}

TEST_F(PeerDirectoryTest, WhoCameSecondDoesNotInheritTheAlias) {
  EXPECT_TRUE(peers_.claim_alias("bob", kBob));
  EXPECT_FALSE(peers_.claim_alias("bob", kAlice));
  peers_.free_alias("bob");
  EXPECT_EQ(peers_.resolve_alias("bob"), std::nullopt);
}

TEST_F(PeerDirectoryTest, RemovingAPeerFreesNoAlias) {
  admit(kBob, ref_of(0, 1));
  EXPECT_TRUE(peers_.claim_alias("bob", kBob));
  peers_.remove(kBob, ref_of(0, 1), false);
  EXPECT_FALSE(peers_.claim_alias("bob", kAlice));
}

TEST_F(PeerDirectoryTest, AliasesAreComparedByteForByte) {
  EXPECT_TRUE(peers_.claim_alias(std::string_view("b\0b", 3), kBob));
  EXPECT_TRUE(peers_.claim_alias("b", kAlice));
  EXPECT_TRUE(peers_.claim_alias("B", kCarol));
  EXPECT_EQ(peers_.resolve_alias(std::string_view("b\0b", 3)), kBob);
  EXPECT_EQ(peers_.resolve_alias("b"), kAlice);
}

TEST_F(PeerDirectoryTest, FreeingAnAliasThatNobodyHoldsChangesNothing) {
  EXPECT_TRUE(peers_.claim_alias("bob", kBob));
  peers_.free_alias("bo");
  EXPECT_EQ(peers_.resolve_alias("bob"), kBob);
}

TEST_F(PeerDirectoryTest, SixtyFourHexDigitsInEitherCaseAreAFingerprint) {
  const std::string lower = to_hex(kAlice);
  std::string upper = lower;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(peers_.resolve(lower), kAlice);
  EXPECT_EQ(peers_.resolve(upper), kAlice);
}

TEST_F(PeerDirectoryTest, AFingerprintIsNeverLookedUpAsAnAlias) {
  EXPECT_TRUE(peers_.claim_alias(to_hex(kAlice), kBob));
  EXPECT_EQ(peers_.resolve(to_hex(kAlice)), kAlice);
}

TEST_F(PeerDirectoryTest, AnythingElseResolvesAsAnAlias) {
  EXPECT_TRUE(peers_.claim_alias(to_hex(kAlice).substr(1), kBob));
  EXPECT_EQ(peers_.resolve(to_hex(kAlice).substr(1)), kBob);
  EXPECT_EQ(peers_.resolve("nobody"), std::nullopt);
  EXPECT_EQ(peers_.resolve(""), std::nullopt);
}

class PeerRouteTest : public PeerDirectoryTest {
 protected:
  PeerRouteTest() { admit(kBob, ref_of(1, 5)); }
  Route route(const Fingerprint& to, const Namespace* of_sender) {
    NamespaceSet sender;
    sender.insert(of_sender);
    return peers_.route(to, sender, where_);
  }

  Namespace lobby_{"lobby"};
  Namespace other_{"other"};
  SessionRef where_;
};

TEST_F(PeerRouteTest, LeadsToAPeerWithACommonNamespace) {
  peers_.enter_namespace(kBob, &other_);
  peers_.enter_namespace(kBob, &lobby_);
  EXPECT_EQ(route(kBob, &lobby_), Route::kFound);
  EXPECT_EQ(where_, ref_of(1, 5));
}

TEST_F(PeerRouteTest, IsForbiddenWithoutACommonNamespace) {
  peers_.enter_namespace(kBob, &lobby_);
  EXPECT_EQ(route(kBob, &other_), Route::kForbidden);
  EXPECT_EQ(route(kBob, {}), Route::kForbidden);
}

TEST_F(PeerRouteTest, IsForbiddenOnceThePeerHasLeft) {
  peers_.enter_namespace(kBob, &lobby_);
  peers_.leave_namespace(kBob, &lobby_);
  EXPECT_EQ(route(kBob, &lobby_), Route::kForbidden);
  EXPECT_FALSE(peers_.is_member(kBob, &lobby_));
}

TEST_F(PeerRouteTest, DoesNotFindWhoIsNotRegistered) {
  EXPECT_EQ(route(kAlice, &lobby_), Route::kNotFound);
}

TEST_F(PeerRouteTest, AReplacementStartsInNoNamespace) {
  peers_.enter_namespace(kBob, &lobby_);
  const auto inheritance = peers_.remove(kBob, ref_of(1, 5), true);
  admit(kBob, ref_of(0, 6), *inheritance);
  EXPECT_FALSE(peers_.is_member(kBob, &lobby_));
  EXPECT_EQ(route(kBob, &lobby_), Route::kForbidden);
}

TEST_F(PeerRouteTest, ANamespaceOfAnUnknownPeerIsNotRemembered) {
  peers_.enter_namespace(kAlice, &lobby_);
  admit(kAlice, ref_of(0, 1));
  EXPECT_FALSE(peers_.is_member(kAlice, &lobby_));
}

TEST(PeerDirectoryShardsTest, AnyNumberOfShardsHoldsAllPeersAndAliases) {
  for (const std::uint32_t shards : {1U, 2U, 64U, 65536U}) {
    PeerDirectory peers(shards, 1000);
    for (std::uint32_t i = 0; i < 1000; ++i) {
      const std::string name = "peer " + std::to_string(i);
      ASSERT_EQ(peers.admit(fingerprint_of(name), ref_of(0, i), {}).admission,
                Admission::kAdmitted);
      ASSERT_TRUE(peers.claim_alias(name, fingerprint_of(name)));
    }
    for (std::uint32_t i = 0; i < 1000; ++i) {
      const std::string name = "peer " + std::to_string(i);
      ASSERT_EQ(peers.find(fingerprint_of(name)), ref_of(0, i)) << shards << " shards";
      ASSERT_EQ(peers.resolve(name), fingerprint_of(name)) << shards << " shards";
    }
    EXPECT_EQ(peers.count(), 1000U);
    EXPECT_TRUE(peers.full());
  }
}

TEST(PeerPagesTest, HaveEachPeerOnceInAnOrderThatNoNumberOfShardsChanges) {
  std::vector<Fingerprint> orders[2];
  const std::uint32_t shards[2] = {1, 16};
  for (int i = 0; i < 2; ++i) {
    PeerDirectory peers(shards[i], 200);
    for (std::uint32_t n = 0; n < 200; ++n) {
      peers.admit(fingerprint_of(std::to_string(n)), ref_of(0, n), {});
    }
    std::optional<Fingerprint> after;
    while (true) {
      const std::vector<PeerPlace> page = peers.page(after, 7);
      if (page.empty()) break;
      for (const PeerPlace& place : page) orders[i].push_back(place.peer);
      after = page.back().peer;
    }
  }
  EXPECT_EQ(orders[0].size(), 200U);
  EXPECT_EQ(orders[0], orders[1]);
  EXPECT_TRUE(std::is_sorted(orders[0].begin(), orders[0].end(), comes_before));
}

std::vector<Fingerprint> peers_of(const std::vector<PeerPlace>& page) {
  std::vector<Fingerprint> peers;
  for (const PeerPlace& place : page) peers.push_back(place.peer);
  return peers;
}

TEST(PeerSearchTest, PagesHaveEachPeerOnceWhetherByAliasOrFingerprint) {
  PeerDirectory peers(16, 300);
  std::vector<Fingerprint> all;
  for (std::uint32_t n = 0; n < 200; ++n) {
    const Fingerprint peer = fingerprint_of(std::to_string(n));
    peers.admit(peer, ref_of(0, n), {});
    // Of half of them the alias has the beginning of their own fingerprint, too.
    peers.claim_alias("A" + std::to_string(n) + (n % 2 == 0 ? to_hex(peer) : ""), peer);
    all.push_back(peer);
  }
  std::sort(all.begin(), all.end(), comes_before);
  std::vector<Fingerprint> seen;
  std::optional<Fingerprint> after;
  while (true) {
    const auto page = peers_of(peers.search("a", nullptr, after, 7));
    if (page.empty()) break;
    seen.insert(seen.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(seen, all);
}

// Automatic aliases are kept in no text.
TEST(PeerSearchTest, AutomaticAliasesAreFoundAndResolvedAsOthersAre) {
  PeerDirectory peers(4, 10);
  peers.admit(kAlice, ref_of(0, 1), {});
  const std::string alias = automatic_alias(kAlice);
  EXPECT_TRUE(peers.claim_alias(alias, kAlice));
  EXPECT_FALSE(peers.claim_alias(alias, kBob));
  EXPECT_EQ(peers.resolve_alias(alias), kAlice);
  EXPECT_EQ(peers_of(peers.search(alias.substr(2, 6), nullptr, {}, 5)), std::vector{kAlice});
  peers.free_alias(alias);
  EXPECT_EQ(peers.resolve_alias(alias), std::nullopt);
  EXPECT_TRUE(peers.claim_alias(alias, kBob));
  EXPECT_EQ(peers.resolve_alias(alias), kBob);
}

TEST(PeerSearchTest, WhoHasGoneIsNotFoundByTheAliasThatItHeld) {
  PeerDirectory peers(4, 10);
  peers.admit(kAlice, ref_of(0, 1), {});
  peers.claim_alias("alice", kAlice);
  EXPECT_EQ(peers_of(peers.search("LIC", nullptr, {}, 5)), std::vector{kAlice});
  peers.remove(kAlice, ref_of(0, 1), false);
  EXPECT_TRUE(peers.search("lic", nullptr, {}, 5).empty());
}

}  // namespace
}  // namespace peer
