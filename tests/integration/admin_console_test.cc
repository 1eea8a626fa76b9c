// How the console (docs/console.md) is served. What it does is in node/console.chromium.mjs.
#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>

#include "tests/support/admin_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

std::vector<std::string> links_in(const std::string& text) {
  static const std::regex link(R"re((?:href|src)="(console/[^"]+)"|from '\./([^']+)')re");
  std::vector<std::string> links;
  for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
    links.push_back((*at)[1].matched ? "/" + (*at)[1].str() : "/console/" + (*at)[2].str());
  }
  return links;
}

class AdminConsoleTest : public AdminTest {
 protected:
  HttpReply get(const std::string& path, const std::string& method = "GET") {
    HttpClient client(admin_port_);
    return client.request(method, path, "");
  }
  /// All files that the page leads to, by path. No token is shown.
  std::map<std::string, HttpReply> crawl() {
    std::map<std::string, HttpReply> files;
    std::vector<std::string> paths{"/"};
    while (!paths.empty()) {
      const std::string path = paths.back();
      paths.pop_back();
      if (files.contains(path)) continue;
      files[path] = get(path);
      for (const std::string& link : links_in(files[path].body)) paths.push_back(link);
    }
    return files;
  }
};

TEST_F(AdminConsoleTest, EachFileOfThePageIsServedWithoutAToken) {
  start_admin();
  const auto files = crawl();
  for (const auto& [path, reply] : files) EXPECT_EQ(reply.status, 200) << path;
  std::size_t sources = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(PEER_SOURCE_DIR "/core/admin/console")) {
    ++sources;
    const std::string name = file.path().filename();
    EXPECT_TRUE(files.contains(name == "index.html" ? "/" : "/console/" + name)) << name;
  }
  EXPECT_EQ(files.size(), sources);
  EXPECT_EQ(files.at("/").headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(files.at("/console/main.js").headers.at("content-type"),
            "text/javascript; charset=utf-8");
  EXPECT_EQ(files.at("/console/console.css").headers.at("content-type"), "text/css; charset=utf-8");
  EXPECT_EQ(files.at("/console/icon.png").body.substr(0, 4), "\x89PNG");
}

TEST_F(AdminConsoleTest, AllFilesTogetherHaveAtMost100KB) {
  start_admin();
  std::size_t bytes = 0;
  for (const auto& [path, reply] : crawl()) bytes += reply.body.size();
  EXPECT_LE(bytes, 100'000U);
  EXPECT_GT(bytes, 50'000U);
}

TEST_F(AdminConsoleTest, ThePageMayLoadAndAskNothingButThisPort) {
  start_admin();
  for (const auto& [path, reply] : crawl()) {
    EXPECT_EQ(reply.headers.at("content-security-policy"), kPolicy) << path;
    EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(reply.headers.at("cache-control"), "no-store") << path;
    EXPECT_EQ(reply.headers.at("referrer-policy"), "no-referrer") << path;
    EXPECT_EQ(reply.headers.count("access-control-allow-origin"), 0U) << path;
    EXPECT_EQ(reply.headers.count("set-cookie"), 0U) << path;
    EXPECT_THAT(reply.body, Not(HasSubstr("://"))) << path;
  }
}

TEST_F(AdminConsoleTest, NoScriptMakesMarkupOfText) {
  start_admin();
  for (const auto& [path, reply] : crawl()) {
    if (!path.ends_with(".js")) continue;
    for (const char* word : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                             "eval(", "new Function", "srcdoc", "javascript:"}) {
      EXPECT_THAT(reply.body, Not(HasSubstr(word))) << path;
    }
  }
}

TEST_F(AdminConsoleTest, ItsPathsTakeGetAndHeadAlone) {
  start_admin();
  for (const char* path : {"/", "/console/main.js"}) {
    const HttpReply head = get(path, "HEAD");
    EXPECT_EQ(head.status, 200);
    EXPECT_NE(head.headers.at("content-length"), "0");
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
      const HttpReply refused = get(path, method);
      EXPECT_EQ(refused.status, 405) << method;
      EXPECT_EQ(refused.headers.at("allow"), "GET, HEAD");
    }
  }
  for (const char* path : {"/console", "/console/", "/console/nothing.js", "/index.html",
                           "/console/../console/main.js", "/favicon.ico"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST_F(AdminConsoleTest, ItIsNotOnThePeersPort) {
  start_admin();
  for (const char* path : {"/", "/console/main.js"}) EXPECT_EQ(http_get(port(), path).status, 404);
}

}  // namespace
}  // namespace peer::test
