// The pages on authentication: every YAML that they print is one that the server starts with.
#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {
namespace {

/// The blocks of a Markdown file that are YAML, in order.
std::vector<std::string> yaml_blocks(const std::string& file) {
  const std::string page = read_file(std::string(PEER_SOURCE_DIR) + "/" + file);
  constexpr std::string_view kBegin = "\n```yaml\n";
  constexpr std::string_view kEnd = "\n```";
  std::vector<std::string> blocks;
  for (std::size_t at = page.find(kBegin); at != page.npos; at = page.find(kBegin, at)) {
    at += kBegin.size();
    const std::size_t end = page.find(kEnd, at);
    blocks.push_back(page.substr(at, end - at + 1));
  }
  return blocks;
}

TEST(AuthPagesTest, EachPrintedConfigurationIsSound) {
  for (const auto& [file, count] :
       std::vector<std::pair<std::string, std::size_t>>{{"docs/authentication.md", 6},
                                                        {"plugins/auth_http/README.md", 1},
                                                        {"plugins/auth_jwt/README.md", 1},
                                                        {"plugins/auth_keyproof/README.md", 1}}) {
    const std::vector<std::string> blocks = yaml_blocks(file);
    EXPECT_EQ(blocks.size(), count) << file;
    for (const std::string& block : blocks) {
      ServerProcess process({.config = block, .arguments = {"--check-config"}});
      EXPECT_EQ(process.wait_exit(), 0) << file << "\n" << block << process.output();
    }
  }
}

/// The options that a page has rows for: "| `option` | ...".
std::vector<std::string> documented_options(const std::string& file) {
  const std::string page = read_file(std::string(PEER_SOURCE_DIR) + "/" + file);
  std::size_t at = page.find("\n| option |");
  std::vector<std::string> options;
  while ((at = page.find("\n| ", at)) != page.npos) {
    at += 3;
    if (page[at] != '`') continue;
    options.push_back(page.substr(at + 1, page.find('`', at + 1) - at - 1));
  }
  return options;
}

TEST(AuthPagesTest, EachOptionHasItsRow) {
  ServerProcess process({.arguments = {"--list-plugins"}});
  EXPECT_EQ(process.wait_exit(), 0);
  const std::string listed = process.output();
  for (const std::string name : {"http", "jwt", "keyproof"}) {
    const std::size_t begin = listed.find("\nauth " + name + " ");
    ASSERT_NE(begin, listed.npos);
    std::vector<std::string> known;
    for (std::size_t at = begin; (at = listed.find('\n', at + 1)) != listed.npos;) {
      if (listed.compare(at + 1, 4, "    ") != 0) break;
      known.push_back(listed.substr(at + 5, listed.find(':', at) - at - 5));
    }
    EXPECT_THAT(documented_options("plugins/auth_" + name + "/README.md"),
                testing::UnorderedElementsAreArray(known));
  }
}

}  // namespace
}  // namespace peer::test
