#include "address_choice.h"

#include <gtest/gtest.h>

#include <string>

namespace peer_redis {
namespace {

Address address_called(char name) {
  Address address;
  address.size = sizeof(sockaddr);
  reinterpret_cast<sockaddr&>(address.bytes).sa_data[0] = name;
  return address;
}

class AddressChoiceTest : public testing::Test {
 protected:
  /// What is tried next, of addresses that have letters for names.
  char next(std::string_view answer) {
    std::vector<Address> found;
    for (const char name : answer) found.push_back(address_called(name));
    return reinterpret_cast<const sockaddr&>(choice_.next(found).bytes).sa_data[0];
  }
  std::string next_of(std::string_view answer, int count) {
    std::string tried;
    for (int i = 0; i < count; ++i) tried += next(answer);
    return tried;
  }

  AddressChoice choice_;
};

TEST_F(AddressChoiceTest, EachIsTriedInTurn) {
  EXPECT_EQ(next_of("ab", 4), "abab");
  EXPECT_EQ(next_of("abc", 6), "cabcab");  // the one that is new
}

TEST_F(AddressChoiceTest, NoneIsForgottenWhenTheOrderOfTheAnswersTurns) {
  EXPECT_EQ(next("ab"), 'a');
  EXPECT_EQ(next("ba"), 'b');
  EXPECT_EQ(next("ab"), 'a');
  EXPECT_EQ(next("ab"), 'b');
}

TEST_F(AddressChoiceTest, OthersAreLeftUntilTheLastIsTried) {
  next("ab");
  EXPECT_TRUE(choice_.has_others());
  next("ab");
  EXPECT_FALSE(choice_.has_others());
  next("a");
  EXPECT_FALSE(choice_.has_others());
}

TEST_F(AddressChoiceTest, TheOneThatWorkedComesFirstAndThenTheOthers) {
  next("abc");
  EXPECT_EQ(next("abc"), 'b');
  choice_.worked();
  EXPECT_EQ(next_of("abc", 5), "bacba");
}

TEST_F(AddressChoiceTest, TheOneThatWorkedIsForgottenWhenTheNameLeadsElsewhere) {
  next("a");
  choice_.worked();
  EXPECT_EQ(next("b"), 'b');
}

}  // namespace
}  // namespace peer_redis
