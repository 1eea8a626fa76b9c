// docs/configuration.md has one row for each key: "| `key` | `default` | variables | SIGHUP | ...
// |".
#include <map>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/keys.h"
#include "core/config/read_text.h"

namespace peer {
namespace {

using testing::HasSubstr;

/// The tables of keys: what stands between these two headings.
std::string key_tables() {
  const auto text = read_file(PEER_SOURCE_DIR "/docs/configuration.md", kMaxConfigSize);
  if (!text) return text.error().message;
  const std::size_t begin = text->find("## All keys");
  const std::size_t end = text->find("## Plugins");
  EXPECT_LT(begin, end);
  return begin < end ? text->substr(begin, end - begin) : std::string();
}

/// The rows by the name in backticks that they begin with; what follows it.
std::map<std::string, std::string> rows() {
  std::map<std::string, std::string> found;
  std::istringstream lines(key_tables());
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    const std::size_t end = line.find('`', 3);
    const bool is_new = found.emplace(line.substr(3, end - 3), line.substr(end + 1)).second;
    EXPECT_TRUE(is_new) << line;
  }
  return found;
}

/// As in a row: `0.0.0.0`, `30s`, `""`.
std::string default_of(const ConfigKey& key) {
  std::string text = key.write(Config{});
  if (text.size() > 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return "`" + text + "`";
}

TEST(ConfigurationPageTest, EveryKeyIsThereWithDefaultVariablesAndReload) {
  const auto table = rows();
  for (const ConfigKey& key : config_keys()) {
    ASSERT_TRUE(table.contains(key.name)) << key.name;
    const std::string& row = table.at(key.name);
    const std::string start = " | " + default_of(key) + " | ";
    EXPECT_EQ(row.substr(0, start.size()), start) << key.name;
    for (const std::string& variable : key.variables) {
      EXPECT_THAT(row, HasSubstr("`" + variable + "`")) << key.name;
      if (!key.secret) continue;
      EXPECT_THAT(row, HasSubstr("`" + variable + "_FILE`")) << key.name;
    }
    EXPECT_THAT(row, HasSubstr(key.needs_restart ? "| restart |" : "| reload |")) << key.name;
  }
}

TEST(ConfigurationPageTest, TheTablesOfKeysNameNoOthers) {
  for (const auto& [name, row] : rows()) EXPECT_NE(find_config_key(name), nullptr) << name;
}

}  // namespace
}  // namespace peer
