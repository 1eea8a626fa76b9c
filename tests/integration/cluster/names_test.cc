// Redis by a name that leads to several addresses, or to another one by and by.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/cluster/cluster_test.h"

namespace peer::test {
namespace {

class NamesTest : public ClusterTest {
 protected:
  /// From now on "redis.test" leads to these, for nodes that are started after the first call.
  void lead_to(std::initializer_list<std::string_view> addresses) {
    std::string lines;
    for (const std::string_view address : addresses) lines += fmt("redis.test %\n", address);
    environment()["TEST_HOSTS"] = dir_.write("hosts", lines);
    environment()["LD_PRELOAD"] = PEER_NAMED_HOSTS;
    // Else AddressSanitizer demands to be the first library.
    environment()["ASAN_OPTIONS"] = "verify_asan_link_order=0";
  }
  ServerProcess& start_node_by_name(const RedisProcess& redis, std::string_view options) {
    ServerProcess& node = start_node_with(
        fmt(R"(plugins: {broker: {name: redis, options: {addr: "redis.test:%", %}}})", redis.port(),
            options));
    wait_for_state(node, "connected");
    return node;
  }
  static bool has_ipv6() {
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in6 loopback{AF_INET6, 0, 0, IN6ADDR_LOOPBACK_INIT, 0};
    const bool bound =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
    ::close(fd);
    return bound;
  }

 private:
  TempDir dir_;
};

TEST_F(NamesTest, EachAddressOfANameIsTried) {
  const RedisProcess redis("", "127.0.0.2");
  lead_to({"127.0.0.1", "127.0.0.2"});
  ServerProcess& second = start_node_by_name(redis, kQuick);
  lead_to({"127.0.0.2", "127.0.0.1"});
  ServerProcess& first = start_node_by_name(redis, kQuick);
  for (const ServerProcess* node : {&first, &second}) {
    EXPECT_EQ(node->output().find("out of reach"), std::string::npos) << node->output();
  }
}

TEST_F(NamesTest, ARedisOnTheIpv6AddressAloneOfANameIsFound) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  const RedisProcess redis("", "::1");
  lead_to({"::1", "127.0.0.1"});
  start_node_by_name(redis, kQuick);
  lead_to({"127.0.0.1", "::1"});
  start_node_by_name(redis, kQuick);
}

// The old Redis works on, and so would a node that stays with it.
TEST_F(NamesTest, WhenANameLeadsElsewhereTheNodesMoveThereWithTheirPeers) {
  const RedisProcess old;
  RedisProcess fresh("", "127.0.0.2", old.port());
  lead_to({"127.0.0.1"});
  const std::string options = fmt("%, lookup_ms: 100", kQuick);
  ServerProcess& first = start_node_by_name(old, options);
  ServerProcess& second = start_node_by_name(old, options);
  TestPeer alice = peer_in(first, "game", "alice");
  TestPeer bob = peer_in(second, "game", "bob");
  expect_news(alice, "peer_joined", bob);
  lead_to({"127.0.0.2"});
  const Deadline deadline;
  RedisClient client = fresh.client();
  while (client.command({"HLEN", "peer:{0}:sm:game"}).at(0) != "2") ASSERT_FALSE(deadline.passed());
  for (ServerProcess* node : {&first, &second}) {
    wait_for_state(*node, "connected");
    wait_for_nodes(*node, 2);
  }
  EXPECT_EQ(first.output().find("out of reach"), std::string::npos) << first.output();
  alice.send_to(bob.fingerprint(), "1");
  EXPECT_EQ(bob.next("signal")["payload"].number(), 1);
  expect_silence_of({&alice, &bob});
}

}  // namespace
}  // namespace peer::test
