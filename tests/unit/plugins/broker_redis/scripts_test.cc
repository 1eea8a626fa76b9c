#include "scripts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kit.h"

namespace peer_redis {
namespace {

TEST(Scripts, WriteTheVersionOfTheEnvelopes) {
  const std::string line = "local major, minor = '" + std::string(1, kMajorVersion) + "', '" +
                           std::to_string(peer_broker_kit::kMinorVersion) + "'";
  for (const ScriptText& script : kScripts) EXPECT_THAT(script.text, testing::HasSubstr(line));
}

}  // namespace
}  // namespace peer_redis
