// The scripts of broker_redis, called at random by several nodes, against a model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/integration/cluster/script_driver.h"

namespace peer::test {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// PEER_SCRIPTS_SEED repeats a run, PEER_SCRIPTS_OPERATIONS makes it longer.
class ScriptsTest : public testing::TestWithParam<std::size_t> {};

TEST_P(ScriptsTest, WhateverNodesDoEveryIndexEqualsItsRecordsAndTheModel) {
  const std::uint64_t seed = from_environment("PEER_SCRIPTS_SEED", std::random_device{}());
  const std::uint64_t operations = from_environment("PEER_SCRIPTS_OPERATIONS", 25'000);
  std::cout << "PEER_SCRIPTS_SEED=" << seed << '\n';
  RedisProcess redis;
  ScriptDriver driver(redis, seed, GetParam());
  for (std::uint64_t i = 1; i <= operations && !HasFailure(); ++i) {
    driver.step();
    if (i % 50 == 0) driver.check();
    if (i % 1000 == 0) driver.settle();
    if (HasFailure()) std::cout << "after " << i << " operations\n";
  }
}

INSTANTIATE_TEST_SUITE_P(OverParts, ScriptsTest, testing::Values(1, 3));

}  // namespace
}  // namespace peer::test
