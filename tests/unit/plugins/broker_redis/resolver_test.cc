#include "resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/plugins/broker_redis/fake_redis.h"

namespace peer_redis {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class ResolverTest : public testing::Test {
 protected:
  Resolver::Found noting(const std::string& name) {
    return [this, name](const std::vector<Address>& found) {
      redis_.note(found.empty() ? "nothing for " + name : name);
    };
  }

  FakeRedis redis_;
  std::shared_ptr<Lookups> lookups_ = std::make_shared<Lookups>(redis_.loop());
  Resolver a_{lookups_};
  Resolver b_{lookups_};
};

TEST_F(ResolverTest, ManyWhoAskForOneNameCostOneLookup) {
  redis_.run([this] {
    a_.resolve("localhost", "6379", noting("a"));
    b_.resolve("localhost", "6379", noting("b"));
    EXPECT_EQ(lookups_->under_way(), 1U);
    b_.resolve("localhost", "6380", noting("b again"));  // its first question gets no answer
  });
  auto lines = redis_.lines_until("b again");
  EXPECT_THAT(lines, UnorderedElementsAre("a", "b again"));
  redis_.run([this] { EXPECT_EQ(lookups_->under_way(), 0U); });
}

TEST_F(ResolverTest, WhoHasAnAnswerMayAskAgainWithinIt) {
  redis_.run([this] {
    a_.resolve("localhost", "6379", [this](const std::vector<Address>&) {
      redis_.note("first");
      a_.resolve("localhost", "6379", noting("second"));
    });
  });
  EXPECT_THAT(redis_.lines_until("second"), ElementsAre("first", "second"));
}

}  // namespace
}  // namespace peer_redis
