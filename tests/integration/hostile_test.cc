// Slow and hostile clients: each costs bounded memory and time, and with a thousand of them at once
// the server works for a moment only until it passes on what a well-behaved peer says.
#include <algorithm>
#include <chrono>

#include "tests/support/dev_certificate.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using Clock = std::chrono::steady_clock;

class HostileTest : public ServerTest {
 protected:
  static constexpr std::size_t kKinds = 6;
  static constexpr int kPerKind = 170;

  /// The first bytes of a member of the crowd.
  static std::string member_of_the_crowd(int number) {
    return upgrade_request() +
           encode({.payload = message("register", fmt(R"({"public_key":"crowd %"})", number))}) +
           encode({.payload = message("join", R"({"namespace":"crowd"})")});
  }

  /// For how long the server works on anything until it has passed on a signal and its answer: of
  /// 200 such round trips, what all but ten stay below. How long they take on a clock, and the
  /// longest one, would tell of the machine.
  milliseconds work_of_a_round_trip(TestPeer& alice, TestPeer& bob) {
    std::vector<std::chrono::nanoseconds> times;
    for (int i = 0; i < 200; ++i) {
      const std::chrono::nanoseconds start = server().cpu_time();
      alice.send_to("bob", R"({"n":1})");
      bob.next("signal");
      bob.send_to("alice", R"({"n":2})");
      alice.next("signal");
      times.push_back(server().cpu_time() - start);
    }
    std::nth_element(times.begin(), times.end() - 10, times.end());
    return std::chrono::duration_cast<milliseconds>(times[times.size() - 10]);
  }
};

TEST_F(HostileTest, AThousandHostileClientsLeaveSignalsUnharmed) {
  start({"loops=1", "rate_limit_per_sec=1000000", "rate_limit_burst=1000000"});
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  TestPeer crier = peer_in("crowd", "crier");
  const std::size_t before = server().resident_bytes();

  std::vector<TcpStream> streams;
  const std::string head = upgrade_request();
  const std::string fragment = encode({.payload = "{", .fin = false});
  for (int i = 0; i < kPerKind; ++i) {
    streams.emplace_back(port()).write(head.substr(0, 20));  // dripped, see below
    streams.emplace_back(port()).write(head);                // never registers
    streams.emplace_back(port()).write(head);
    streams.back().shutdown_writing();                    // half-closed
    streams.emplace_back(port()).write(head + fragment);  // a message without an end
    streams.emplace_back(Dial{.port = port(), .receive_buffer = 4096})
        .write(member_of_the_crowd(i));        // never reads
    streams.emplace_back(port()).write(head);  // floods with pings
  }
  std::string many_pings;
  for (int i = 0; i < 200; ++i) many_pings += encode({.opcode = kPing});
  const std::string shout = fmt(R"({"namespace":"crowd","data":"%"})", std::string(10'000, 'x'));
  const auto harass = [&](std::size_t round) {
    for (std::size_t i = 0; i < streams.size(); i += kKinds) {
      streams[i].write_some(head.substr(20 + round, 1));
      streams[i + 1].write_some(encode({.opcode = kPing}));
      streams[i + 3].write_some(encode({.opcode = kContinuation, .payload = "x", .fin = false}));
      streams[i + 5].write_some(many_pings);
    }
    for (int i = 0; i < 10; ++i) crier.send("broadcast", shout);
    crier.send(message("ping"));
    while (crier.next()["type"].str() != "pong") {
    }
  };
  milliseconds worst{};
  for (std::size_t round = 0; round < 20; ++round) {
    harass(round);
    worst = std::max(worst, work_of_a_round_trip(alice, bob));
  }
  EXPECT_LT(worst, 50ms * timeout_factor());
  EXPECT_GT(http_json("/stats")["network"]["queued_bytes"].number(), 0) << "nobody has stalled";
  EXPECT_LT(server().resident_bytes(),
            before + 32 * 1024 * 1024 * static_cast<std::size_t>(timeout_factor()));
}

TEST_F(HostileTest, HandshakesLeftOpenLeaveSignalsUnharmed) {
  const DevCertificate certificate;
  start(certificate.settings(
      {"loops=1", "rate_limit_per_sec=1000000", "rate_limit_burst=1000000", "read_timeout=2s"}));
  TestPeer alice = connect(Dial{.tls = true});
  alice.register_as("alice", R"("alias":"alice")");
  alice.join("lobby");
  TestPeer bob = connect(Dial{.tls = true});
  bob.register_as("bob", R"("alias":"bob")");
  bob.join("lobby");
  alice.next("peer_joined");
  std::vector<TcpStream> streams;
  for (int i = 0; i < 1000; ++i) {
    streams.emplace_back(port()).write({"\x16\x03\x01\x00\xA5\x01\x00\x00\xA1\x03\x03", 11});
  }
  EXPECT_LT(work_of_a_round_trip(alice, bob), 50ms * timeout_factor());
  for (TcpStream& stream : streams) stream.expect_end();
  alice.round_trip();
}

TEST_F(HostileTest, AHeadThatIsDrippedIsClosedWhenItsTimeIsUp) {
  start({"read_timeout=500ms"});
  TcpStream stream(port());
  const std::string head = upgrade_request();
  const Clock::time_point start = Clock::now();
  std::size_t at = 0;
  // A byte whenever the server has had time for a request: no byte prolongs the time.
  while (stream.write_some(head.substr(at % 20, 1)) >= 0 && Clock::now() - start < 20s) {
    ++at;
    http_get(port(), "/health");
  }
  EXPECT_LT(Clock::now() - start, 5s * timeout_factor());
}

}  // namespace
}  // namespace peer::test
