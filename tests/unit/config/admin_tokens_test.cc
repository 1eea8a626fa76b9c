#include "core/config/admin_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"
#include "core/config/print_config.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kOne = "hunter2-hunter2-hunter2-hunter2-";
const std::string kTwo = "hunter3-hunter3-hunter3-hunter3-";

LoadedConfig load_tokens(const std::string& list) {
  return load_config_text("admin_tokens:\n" + list, "/c.yaml");
}

TEST(AdminTokensConfigTest, AListOfNamesTokensAndRoles) {
  const LoadedConfig loaded =
      load_tokens("  - {name: backend, token: " + kOne + ", role: write}\n" +
                  "  - {name: grafana, token: " + kTwo + ", role: read}\n");
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_THAT(loaded.config.admin_tokens,
              ElementsAre(AdminToken{"backend", kOne, AdminRole::kWrite},
                          AdminToken{"grafana", kTwo, AdminRole::kRead}));
}

TEST(AdminTokensConfigTest, EveryMistakeIsToldWithItsPlaceAndNoToken) {
  const LoadedConfig loaded = load_tokens(
      "  - {token: " + kOne + ", role: write}\n" + "  - {name: a, token: hunter2, role: write}\n" +
      "  - {name: a, token: " + kOne + ", role: admin}\n" + "  - {name: a, token: " + kOne + "}\n" +
      "  - {name: a, role: read}\n" + "  - {name: a, secret: hunter2, role: read}\n" +
      "  - hunter2\n");
  EXPECT_THAT(
      loaded.mistakes,
      ElementsAre(
          "/c.yaml:2: admin_tokens.0.name: expected a name, which the log tells of each change",
          "/c.yaml:3: admin_tokens.1.token: expected 32 to 1024 printable characters without "
          "spaces",
          "/c.yaml:4: admin_tokens.2.role: expected read or write, got 'admin'",
          "/c.yaml:5: admin_tokens.3.role: expected read or write",
          "/c.yaml:6: admin_tokens.4: expected one of token and token_file",
          AllOf(HasSubstr("/c.yaml:7: admin_tokens.5: expected one of its keys, got 'secret'")),
          AllOf(HasSubstr("/c.yaml:8: admin_tokens.6: expected a map"), Not(HasSubstr("hunter")))));
  EXPECT_THAT(loaded.config.admin_tokens, IsEmpty());
}

TEST(AdminTokensConfigTest, NamesAndTokensAreUsedOnce) {
  EXPECT_THAT(load_tokens("  - {name: a, token: " + kOne + ", role: write}\n" +
                          "  - {name: a, token: " + kOne + ", role: read}\n")
                  .mistakes,
              ElementsAre("/c.yaml:3: admin_tokens.1.name: expected another name than "
                          "admin_tokens.0 has",
                          "/c.yaml:3: admin_tokens.1.token: expected another token than "
                          "admin_tokens.0 has"));
}

TEST(AdminTokensConfigTest, ATokenMayBeInAFile) {
  const TemporaryDirectory dir;
  const std::string file = dir.write("token", kOne + "\n");
  EXPECT_THAT(
      load_tokens("  - {name: a, token_file: " + file + ", role: read}\n").config.admin_tokens,
      ElementsAre(AdminToken{"a", kOne, AdminRole::kRead}));
  EXPECT_THAT(load_tokens("  - {name: a, token_file: /none, role: read}\n").mistakes,
              ElementsAre(HasSubstr("admin_tokens.0.token_file: expected a file with the token")));
}

TEST(AdminTokensConfigTest, TheyAreNeverPrinted) {
  EXPECT_THAT(print_config(load_tokens("  - {name: a, token: " + kOne + ", role: read}\n")),
              AllOf(HasSubstr("# admin_tokens: (not shown)"), Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace peer
