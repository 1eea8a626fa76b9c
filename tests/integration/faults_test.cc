// What goes wrong with a connection costs that peer alone: a bystander goes on, the server counts
// nobody who has gone, and the same again takes no more memory.
#include <sys/resource.h>

#include "tests/support/server_test.h"

namespace peer::test {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

/// Damage that clients can do, again and again; they have gone when `inflict` returns.
struct Fault {
  const char* name;
  void (*inflict)(std::uint16_t port, int wave);
  int waves = 3;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

std::string opening(std::string_view key) {
  return upgrade_request() +
         encode({.payload = message("register", fmt(R"({"public_key":"%"})", key))});
}

void expect_registered(TcpStream& stream) {
  std::string reply;
  while (reply.find("\"registered\"") == std::string::npos) {
    ASSERT_NE(stream.read_some(reply), 0U) << reply;
  }
}

void reset_in_mid_frame(std::uint16_t port, int wave) {
  std::vector<TcpStream> streams;
  for (int i = 0; i < 200; ++i) {
    streams.emplace_back(port).write(opening(fmt("%-%", wave, i)));
    expect_registered(streams.back());
    const std::string frame = encode({.payload = std::string(60'000, 'x')});
    streams.back().write(frame.substr(0, frame.size() / 2));
  }
  for (TcpStream& stream : streams) stream.reset();
}

void never_finish_a_fragmented_message(std::uint16_t port, int wave) {
  std::vector<TcpStream> streams;
  for (int i = 0; i < 100; ++i) {
    streams.emplace_back(port).write(opening(fmt("%-%", wave, i)) +
                                     encode({.payload = std::string(60'000, ' '), .fin = false}));
  }
  for (TcpStream& stream : streams) expect_registered(stream);
}

void join_ten_thousand_namespaces(std::uint16_t port, int) {
  TestPeer peer(port);
  peer.register_as("collector");
  for (int i = 0; i < 10'000; ++i) {
    peer.send("join", fmt(R"({"namespace":"ns-%"})", i));
    if (i % 100 == 99) {
      for (int answer = 0; answer < 100; ++answer) peer.next("peer_list");
    }
  }
  peer.close();
}

void nest_deeply(std::uint16_t port, int) {
  TestPeer peer(port);
  peer.register_as("nester");
  const std::string depth(30'000, '[');
  for (const char* type : {"signal", "metadata", "match", "join", "nonsense"}) {
    peer.expect_refused(fmt(R"({"type":"%","payload":%})", type, depth), 400, "invalid message");
    peer.expect_refused(fmt(R"({"type":"%","payload":%%})", type, depth, std::string(30'000, ']')),
                        400, "invalid message");
  }
  peer.close();
}

void duel(std::uint16_t port, int wave) {
  std::vector<TestPeer> duellists;
  for (int i = 0; i < 20; ++i) {
    duellists.emplace_back(port).register_as(fmt("duellist-%", wave));
    if (i > 0) duellists[static_cast<std::size_t>(i) - 1].ws().expect_close(4001);
  }
}

void send_what_is_no_message(std::uint16_t port, int) {
  TestPeer peer(port);
  peer.register_as("babbler");
  for (const char* text :
       {"", "null", "[]", "\"\"", "{", "{\"type\":1}", "{\"type\":\"signal\",\"to\":{}}",
        "{\"type\":\"join\",\"payload\":[]}", "{\"type\":\"match\",\"payload\":{\"namespace\":[]}}",
        "{\"type\":\"broadcast\",\"payload\":\"x\"}", "{\"type\":\"kick\",\"payload\":7}"}) {
    peer.send(text);
    EXPECT_EQ(peer.next("error")["payload"]["code"].text(), "400") << text;
  }
  peer.close();
}

class FaultsTest : public ServerTest, public testing::WithParamInterface<Fault> {
 protected:
  std::size_t settled_memory() {
    wait_for_peers(2);
    return server().resident_bytes();
  }
};

TEST_P(FaultsTest, CostOnePeerAndTheMemoryComesBack) {
  start({"loops=1", "rate_limit_per_sec=1000000", "rate_limit_burst=1000000",
         "max_peer_state=100000000", "send_buffer_size=1000", "rate_limit_flood=0"});
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  GetParam().inflict(port(), 0);
  const std::size_t after_one = settled_memory();
  for (int wave = 1; wave <= GetParam().waves; ++wave) {
    GetParam().inflict(port(), wave);
    bob.send_to("alice", std::to_string(wave));
    EXPECT_EQ(alice.next("signal")["payload"].text(), std::to_string(wave));
  }
  EXPECT_LT(settled_memory(), after_one + kMiB * static_cast<std::size_t>(timeout_factor()));
  expect_silence_of({&alice, &bob});
  EXPECT_EQ(http_json("/stats")["namespaces"].text(), R"({"lobby":2})");
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultsTest,
    testing::Values(Fault{"reset_in_mid_frame", reset_in_mid_frame},
                    Fault{"unfinished_message", never_finish_a_fragmented_message},
                    Fault{"ten_thousand_namespaces", join_ten_thousand_namespaces, 1},
                    Fault{"deep_nesting", nest_deeply}, Fault{"replacement_duel", duel},
                    Fault{"no_message", send_what_is_no_message}),
    [](const auto& test) { return std::string(test.param.name); });

class FloodTest : public ServerTest {
 protected:
  void expect_healthy(Deadline deadline) {
    while (!deadline.passed()) {
      try {
        if (http_get(port(), "/health").status == 200) return;
      } catch (const std::runtime_error&) {  // closed at once: the reserve is taken
      }
    }
    ADD_FAILURE() << "/health is not answered";
  }
};

TEST_F(FloodTest, PastMaxPeersTheRestIsRefusedAndThoseInsideGoOn) {
  start({"max_peers=10"});
  TestPeer alice = peer_in("lobby", "alice");
  std::vector<TestPeer> crowd;
  for (int i = 0; i < 9; ++i) crowd.push_back(peer(fmt("inside-%", i)));
  for (int i = 0; i < 200; ++i) {
    TestPeer late = connect();
    late.send("register", fmt(R"({"public_key":"late-%"})", i));
    late.expect_error(503, "server full");
    late.ws().expect_close(1013);
  }
  alice.round_trip();
  EXPECT_EQ(http_json("/health")["peers"].text(), "10");
}

TEST_F(FloodTest, PastTheLimitOfDescriptorsTheRestIsClosedAndThoseInsideGoOn) {
  start({"loops=1", "max_peers=50"});
  TestPeer alice = peer_in("lobby", "alice");
  const rlimit few{64, 64};
  ASSERT_EQ(prlimit(server().pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  std::vector<TcpStream> crowd;
  for (int i = 0; i < 200; ++i) crowd.emplace_back(port());
  crowd.back().expect_end();
  alice.round_trip();
  expect_healthy(Deadline(5s));  // sooner than the crowd is given up
  server().wait_for_output("all 64 file descriptors are in use; raise the limit");
  crowd.clear();
  // One of those that come when there is room again gets in.
  const Deadline deadline;
  while (!deadline.passed()) {
    TcpStream next(port());
    if (next.write_some(opening("late")) < 0) continue;
    std::string reply;
    while (next.read_some(reply) != 0 && reply.find("registered") == std::string::npos) continue;
    if (reply.find("registered") != std::string::npos) return;
  }
  FAIL() << "nobody gets in any more";
}

TEST_F(FloodTest, ANewConnectionInTheSlotOfOneThatIsGoneHearsNothingOfIt) {
  start({"loops=1", "rate_limit_per_sec=1000000", "rate_limit_burst=1000000"});
  TestPeer sender = peer_in("lobby", "sender");
  for (int i = 0; i < 100; ++i) {
    TestPeer old = connect();
    old.register_as("old", R"("alias":"old")");
    old.join("lobby");
    sender.next("peer_joined");
    // All in one round of the loop as far as the kernel allows: messages to the old one, its end,
    // and the next tenant.
    for (int n = 0; n < 10; ++n) sender.send_to("old", "1");
    old.ws().stream().reset();
    TestPeer tenant = connect();
    tenant.register_as("tenant");
    tenant.expect_silence();
    while (sender.next()["type"].str() != "peer_left") continue;
    tenant.close();
    // Signals that came too late for the old one are errors.
    sender.send("ping", {});
    while (sender.next()["type"].str() != "pong") continue;
  }
}

}  // namespace
}  // namespace peer::test
