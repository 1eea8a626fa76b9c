// The tests of the wire contract once more, each server with the Redis broker: what broker_local
// and broker_redis have in common is all of it. With
// PEER_TEST_PARTS in the environment what is shared is in three parts.
#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/cluster/redis_process.h"

namespace peer::test {
namespace {

class OnRedis : public testing::Environment {
 public:
  void SetUp() override {
    redis_ = std::make_unique<RedisProcess>();
    if (std::getenv("PEER_TEST_PARTS") != nullptr) {
      ::setenv("PEER_TEST_BROKER_FILE", PEER_TEST_BROKER_IN_PARTS, 1);
    }
    ::setenv("PEER_TEST_REDIS", ("127.0.0.1:" + std::to_string(redis_->port())).c_str(), 1);
  }
  void TearDown() override { redis_.reset(); }

 private:
  std::unique_ptr<RedisProcess> redis_;
};

[[maybe_unused]] const testing::Environment* const kOnRedis =
    testing::AddGlobalTestEnvironment(new OnRedis);

}  // namespace
}  // namespace peer::test
