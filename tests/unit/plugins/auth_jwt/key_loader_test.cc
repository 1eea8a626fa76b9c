#include "key_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "test_host.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/token_signer.h"

namespace peer_jwt {
namespace {

using peer::test::ok;
using peer::test::ScriptedServer;
using peer::test::SigningKey;
using peer::test::TempDir;
using peer_keys::Algorithm;
using testing::HasSubstr;

std::string jwks_with(std::string_view kid) {
  return "{\"keys\":[" + SigningKey::ed25519().jwk(",\"kid\":\"" + std::string(kid) + "\"") + "]}";
}

bool knows(const KeyLoader& loader, const std::string& kid) {
  const auto keys = loader.current();
  return find_key(keys->sets, kid, Algorithm::kEdDsa).key != nullptr;
}

/// A new file in the place of an old one, as operators and editors do it.
void replace(const TempDir& dir, const std::string& path, std::string_view text) {
  std::filesystem::rename(dir.write("next", text), path);
}

class KeyLoaderTest : public testing::Test {
 protected:
  Options url_options(const std::string& url) {
    Options options;
    options.jwks_url = *peer_http::parse_http_url(url);
    options.jwks_timeout = std::chrono::milliseconds(10'000);
    options.jwks_refresh = std::chrono::minutes(10);
    return options;
  }
  /// Waits for the fetch that is under way or due.
  static bool fetched(KeyLoader& loader) {
    std::promise<void> done;
    if (!loader.await_fetch([&] { done.set_value(); })) return false;
    done.get_future().wait();
    return true;
  }

  TempDir dir_;
  TestHost host_;
};

TEST_F(KeyLoaderTest, KeysOfOptionsAndFilesStandSideBySide) {
  const SigningKey rsa = SigningKey::rsa();
  Options options;
  options.keys.push_back({.where = "keys[0]",
                          .kid = "secret",
                          .algorithm = Algorithm::kHs256,
                          .secret = std::string(32, 's'),
                          .secret_file = "",
                          .public_key_file = ""});
  options.keys.push_back({.where = "keys[1]",
                          .kid = "file",
                          .algorithm = Algorithm::kHs256,
                          .secret = "",
                          .secret_file = dir_.write("secret", std::string(32, 'f') + "\n"),
                          .public_key_file = ""});
  options.keys.push_back({.where = "keys[2]",
                          .kid = "rsa",
                          .algorithm = Algorithm::kRs256,
                          .secret = "",
                          .secret_file = "",
                          .public_key_file = dir_.write("rsa.pem", rsa.public_pem())});
  options.jwks_file = dir_.write("jwks.json", jwks_with("set"));
  KeyLoader loader(options, host_);
  ASSERT_TRUE(loader.load_files());
  const auto keys = loader.current();
  const Lookup file = find_key(keys->sets, "file", Algorithm::kHs256);
  ASSERT_NE(file.key, nullptr);
  EXPECT_TRUE(file.key->verifies("m", peer::test::hmac("HS256", std::string(32, 'f'), "m")));
  EXPECT_NE(find_key(keys->sets, "secret", Algorithm::kHs256).key, nullptr);
  EXPECT_NE(find_key(keys->sets, "rsa", Algorithm::kRs256).key, nullptr);
  EXPECT_NE(find_key(keys->sets, "set", Algorithm::kEdDsa).key, nullptr);
}

TEST_F(KeyLoaderTest, AKeyThatIsOfNoUseStopsTheStart) {
  Options options;
  options.keys.push_back({.where = "keys[0]",
                          .kid = "",
                          .algorithm = Algorithm::kHs256,
                          .secret = "short",
                          .secret_file = "",
                          .public_key_file = ""});
  EXPECT_EQ(KeyLoader(options, host_).load_files().error().message,
            "keys[0].secret: a secret of 5 bytes; HS256 needs 32 or more");
  options.keys[0].secret = "";
  options.keys[0].secret_file = dir_.write("short", "short\n");
  EXPECT_EQ(KeyLoader(options, host_).load_files().error().message,
            "keys[0].secret_file: a secret of 5 bytes; HS256 needs 32 or more");
  options.keys[0].secret_file = dir_.path() / "absent";
  EXPECT_EQ(KeyLoader(options, host_).load_files().error().message,
            "keys[0].secret_file: No such file or directory");
  options = {};
  options.jwks_file = dir_.path() / "absent";
  EXPECT_THAT(KeyLoader(options, host_).load_files().error().message, HasSubstr("absent: No such"));
  options.jwks_file = dir_.write("jwks.json", R"({"keys":[]})");
  EXPECT_THAT(KeyLoader(options, host_).load_files().error().message, HasSubstr("no key that is"));
  options.jwks_file = dir_.path();
  EXPECT_THAT(KeyLoader(options, host_).load_files().error().message, HasSubstr("no plain file"));
}

TEST_F(KeyLoaderTest, AFileThatIsReplacedIsReadAgain) {
  Options options;
  options.jwks_file = dir_.write("jwks.json", jwks_with("old"));
  KeyLoader loader(options, host_);
  ASSERT_TRUE(loader.load_files());
  ASSERT_TRUE(loader.start());
  ASSERT_TRUE(knows(loader, "old"));
  replace(dir_, options.jwks_file, jwks_with("new"));
  loader.look_at_files();
  ASSERT_TRUE(host_.await_line("has read its keys again"));
  loader.stop();
  EXPECT_TRUE(knows(loader, "new"));
}

TEST_F(KeyLoaderTest, KeysStayWhereTheNewFileIsOfNoUse) {
  Options options;
  options.jwks_file = dir_.write("jwks.json", jwks_with("old"));
  KeyLoader loader(options, host_);
  ASSERT_TRUE(loader.load_files());
  ASSERT_TRUE(loader.start());
  replace(dir_, options.jwks_file, "half of a fi");
  loader.look_at_files();
  ASSERT_TRUE(host_.await_line("keeps its keys"));
  EXPECT_TRUE(knows(loader, "old"));
}

TEST_F(KeyLoaderTest, ThoseWhoWaitAreCalledWhenTheKeysHaveCome) {
  const ScriptedServer server(ok(jwks_with("a")));
  KeyLoader loader(url_options(server.url()), host_);
  ASSERT_TRUE(loader.load_files());
  EXPECT_FALSE(knows(loader, "a"));
  ASSERT_TRUE(loader.start());
  ASSERT_TRUE(fetched(loader) || server.requests() == 1);
  EXPECT_TRUE(knows(loader, "a"));
}

TEST_F(KeyLoaderTest, AnUnknownNameFetchesOnceInHalfAMinute) {
  const ScriptedServer server(ok(jwks_with("a")));
  KeyLoader loader(url_options(server.url()), host_);
  ASSERT_TRUE(loader.load_files());
  ASSERT_TRUE(loader.start());
  while (fetched(loader)) {
  }
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(loader.await_fetch([] {}));
  loader.stop();
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(KeyLoaderTest, AFetchThatFailsIsToldAndThoseWhoWaitAreCalled) {
  const ScriptedServer server("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
  KeyLoader loader(url_options(server.url()), host_);
  ASSERT_TRUE(loader.load_files());
  ASSERT_TRUE(loader.start());
  while (fetched(loader)) {
  }
  EXPECT_TRUE(host_.await_line("cannot fetch keys from its jwks_url: it answers 500"));
  EXPECT_FALSE(knows(loader, "a"));
}

TEST_F(KeyLoaderTest, SecretsFromAUrlAreLeftOut) {
  const ScriptedServer server(ok(R"({"keys":[{"kty":"oct","kid":"s","alg":"HS256","k":")" +
                                 peer::test::base64url(std::string(32, 's')) + R"("}]})"));
  KeyLoader loader(url_options(server.url()), host_);
  ASSERT_TRUE(loader.load_files());
  ASSERT_TRUE(loader.start());
  EXPECT_TRUE(host_.await_line("a secret has no place at a URL"));
  loader.stop();
  EXPECT_EQ(loader.current()->sets.size(), 0U);
}

TEST_F(KeyLoaderTest, StoppingEndsAFetchAndCallsThoseWhoWait) {
  std::promise<void> asked;
  const ScriptedServer server([&](int connection, const std::string&) {
    asked.set_value();
    ScriptedServer::await_end(connection);
  });
  Options options = url_options(server.url());
  options.jwks_timeout = std::chrono::hours(1);
  KeyLoader loader(options, host_);
  ASSERT_TRUE(loader.load_files());
  std::atomic<int> called = 0;
  ASSERT_TRUE(loader.await_fetch([&] { ++called; }));
  ASSERT_TRUE(loader.start());
  asked.get_future().wait();
  ASSERT_TRUE(loader.await_fetch([&] { ++called; }));
  loader.stop();
  EXPECT_EQ(called, 2);
  EXPECT_FALSE(loader.await_fetch([] {}));
}

}  // namespace
}  // namespace peer_jwt
