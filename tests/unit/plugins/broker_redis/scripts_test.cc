#include "scripts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kit.h"

namespace peer_redis {
namespace {

std::vector<std::string> functions_of(const std::string& text) {
  const std::string begin = "\nlocal function ";
  std::vector<std::string> names;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    names.push_back(text.substr(at, text.find('(', at) - at));
  }
  return names;
}

/// Each word of the text, and how often it stands there.
std::map<std::string, int> words_of(const std::string& text) {
  std::map<std::string, int> words;
  std::string word;
  for (const char c : text + '\n') {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
    } else {
      ++words[std::exchange(word, {})];
    }
  }
  return words;
}

TEST(Scripts, WriteTheVersionOfTheEnvelopes) {
  const std::string line = "local major, minor = '" + std::string(1, kMajorVersion) + "', '" +
                           std::to_string(peer_broker_kit::kMinorVersion) + "'";
  for (const ScriptText& script : kScripts) EXPECT_THAT(script.text, testing::HasSubstr(line));
}

// Redis makes each anew whenever the script runs.
TEST(Scripts, HaveNoFunctionThatTheyDoNotCall) {
  for (const ScriptText& script : kScripts) {
    for (const std::string text : {script.text, script.text_in_parts}) {
      auto words = words_of(text);
      for (const std::string& name : functions_of(text)) {
        EXPECT_GT(words[name], 1) << script.name << " does not call " << name;
      }
    }
  }
}

// What is missing would be found when that line runs, and no sooner.
TEST(Scripts, HaveEachSharedFunctionThatTheyName) {
  std::set<std::string> shared;
  for (const ScriptText& script : kScripts) {
    for (const std::string& name : functions_of(script.text_in_parts)) shared.insert(name);
  }
  ASSERT_THAT(shared, testing::IsSupersetOf({"drop_peer", "copy_peer", "bring_over"}));
  for (const ScriptText& script : kScripts) {
    const auto own = functions_of(script.text_in_parts);
    const auto words = words_of(script.text_in_parts);
    for (const std::string& name : shared) {
      EXPECT_EQ(std::ranges::count(own, name) > 0, words.contains(name))
          << script.name << " and " << name;
    }
  }
}

}  // namespace
}  // namespace peer_redis
