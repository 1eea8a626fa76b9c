// Very many strangers at the door of auth_keyproof at once.
#include <sys/resource.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/plugins/plugin_server_test.h"
#include "tests/support/token_signer.h"

namespace peer::test {
namespace {

constexpr const char* kAudience = "https://game.example";
constexpr std::size_t kCrowd = 10'000;

class AuthCrowdTest : public PluginServerTest {
 protected:
  static std::string register_with(std::string_view public_key) {
    return encode({.payload = message("register", fmt(R"({"public_key":"%"})", public_key))});
  }
  /// The next message on a connection whose upgrade has been answered, or is about to be.
  static Json next_message(TcpStream& stream) {
    std::string bytes;
    std::size_t head = std::string::npos;
    while ((head = bytes.find("\r\n\r\n")) == std::string::npos) stream.read_some(bytes);
    bytes.erase(0, head + 4);
    std::optional<Frame> frame = take_frame(bytes);
    for (; !frame; frame = take_frame(bytes)) {
      if (stream.read_some(bytes) == 0) throw std::runtime_error("the connection has ended");
    }
    return Json::parse(frame->payload);
  }
};

TEST_F(AuthCrowdTest, TenThousandOpenChallengesHoldNobodyUp) {
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GE(files.rlim_cur, kCrowd + 200) << "ulimit -n";
  start_with(
      {.settings = {"max_unregistered=20000", "pong_wait=120s", "loops=2"},
       .config = fmt("plugins:\n  auth: {name: keyproof, options: {audience: '%'}}\n", kAudience)});
  const std::string strangers_key = base64(SigningKey::ed25519().public_der());
  const std::string opening = upgrade_request() + register_with(strangers_key);
  const std::size_t before = server().resident_bytes();
  std::vector<TcpStream> crowd;
  std::set<std::string> nonces;
  for (std::size_t i = 0; i < kCrowd; ++i) {
    crowd.emplace_back(port()).write(opening);
    // As many at a time as the queue of the listener takes.
    if (i % 100 != 99) continue;
    for (std::size_t j = i - 99; j <= i; ++j) {
      nonces.insert(next_message(crowd[j])["payload"]["nonce"].str());
    }
  }
  EXPECT_EQ(nonces.size(), kCrowd);
  EXPECT_LT(server().resident_bytes() - before, kCrowd * 16 * 1024);

  // All of them are open, and a peer that proves its key comes in between.
  const SigningKey key = SigningKey::ed25519();
  const std::string public_key = base64(key.public_der());
  TestPeer alice = connect();
  alice.send(message("register", fmt(R"({"public_key":"%"})", public_key)));
  const std::string text =
      fmt("peer-server key proof 1\n%\n%\n%", kAudience,
          alice.next("auth_challenge")["payload"]["nonce"].str(), fingerprint_of(public_key));
  alice.send("auth_response", fmt(R"({"signature":"%"})", base64(key.sign("EdDSA", text))));
  alice.next("registered");
  alice.round_trip();
  EXPECT_EQ(http_json("/health")["peers"].number(), 1);
  for (TcpStream& stream : crowd) stream.reset();
  alice.round_trip();
}

}  // namespace
}  // namespace peer::test
