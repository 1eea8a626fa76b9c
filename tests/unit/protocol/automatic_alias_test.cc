#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include <peer/sdk/automatic_alias.h>

#include "core/base/fingerprint.h"
#include "core/protocol/kept_alias.h"

namespace peer {
namespace {

using sdk::kAliasAdjectives;
using sdk::kAliasAnimals;

void expect_distinct_lower_case(const std::array<std::string_view, 256>& words) {
  EXPECT_EQ(std::set<std::string_view>(words.begin(), words.end()).size(), words.size());
  for (const std::string_view word : words) {
    EXPECT_FALSE(word.empty());
    EXPECT_LE(word.size(), AutomaticAlias::kLongestWord) << word;
    EXPECT_TRUE(std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        << word;
  }
}

TEST(AutomaticAliasTest, WordsAreDistinctAndLowerCase) {
  expect_distinct_lower_case(kAliasAdjectives);
  expect_distinct_lower_case(kAliasAnimals);
}

TEST(AutomaticAliasTest, EveryByteOfTheFingerprintThatIsUsedCounts) {
  Fingerprint fingerprint;
  EXPECT_EQ(automatic_alias(fingerprint),
            std::string(kAliasAdjectives[0]) + "-" + std::string(kAliasAnimals[0]) + "-00");
  fingerprint.bytes = {255, 254, 0, 7};
  EXPECT_EQ(automatic_alias(fingerprint),
            std::string(kAliasAdjectives[255]) + "-" + std::string(kAliasAnimals[254]) + "-07");
  fingerprint.bytes = {0, 0, 1, 0};
  EXPECT_TRUE(automatic_alias(fingerprint).ends_with("-56"));
}

TEST(AutomaticAliasTest, ItsLengthIsKnownBeforeItIsMade) {
  for (int byte = 0; byte < 256; ++byte) {
    Fingerprint fingerprint;
    fingerprint.bytes = {static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(255 - byte)};
    EXPECT_EQ(AutomaticAlias::size_of(fingerprint), automatic_alias(fingerprint).size());
    EXPECT_EQ(KeptAlias().size(fingerprint), automatic_alias(fingerprint).size());
  }
  EXPECT_EQ(KeptAlias("ann", Fingerprint()).size(Fingerprint()), 3U);
}

TEST(AutomaticAliasTest, NeverChanges) {
  EXPECT_EQ(automatic_alias(fingerprint_of("alice")), "crafty-seal-37");
}

TEST(KeptAliasTest, IsTheAutomaticOneUntilThereIsAnother) {
  const Fingerprint alice = fingerprint_of("alice");
  EXPECT_EQ(KeptAlias().text(alice).view(), "crafty-seal-37");
  EXPECT_EQ(KeptAlias("", alice).text(alice).view(), "crafty-seal-37");
  EXPECT_EQ(KeptAlias("crafty-seal-37", alice).text(alice).view(), "crafty-seal-37");
  EXPECT_EQ(KeptAlias("ann", alice).text(alice).view(), "ann");
  EXPECT_EQ(KeptAlias("ann", alice).text(alice).size(), 3U);
}

// Somebody else's automatic alias is a text like any other.
TEST(KeptAliasTest, KeepsTheAutomaticAliasOfAnotherPeer) {
  const Fingerprint bob = fingerprint_of("bob");
  EXPECT_EQ(KeptAlias("crafty-seal-37", bob).text(bob).view(), "crafty-seal-37");
}

}  // namespace
}  // namespace peer
