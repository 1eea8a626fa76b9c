#include "scripts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "kit.h"

namespace peer_redis {
namespace {

TEST(Scripts, WriteTheVersionOfTheEnvelopes) {
  const std::string line = "local major, minor = '" + std::string(1, kMajorVersion) + "', '" +
                           std::to_string(peer_broker_kit::kMinorVersion) + "'";
  for (const ScriptText& script : kScripts) EXPECT_THAT(script.text, testing::HasSubstr(line));
}

// Redis makes each anew whenever the script runs.
TEST(Scripts, HaveNoFunctionThatTheyDoNotCall) {
  const std::regex definition("\nlocal function ([a-z_]+)");
  for (const ScriptText& script : kScripts) {
    for (const std::string text : {script.text, script.text_in_parts}) {
      for (std::sregex_iterator found(text.begin(), text.end(), definition), end; found != end;
           ++found) {
        const std::string name = (*found)[1];
        const std::regex use("[^a-z_]" + name + "[^a-z_]");
        EXPECT_TRUE(std::regex_search(found->suffix().first, text.cend(), use))
            << script.name << " does not call " << name;
      }
    }
  }
}

}  // namespace
}  // namespace peer_redis
