// Order across event loops: docs/protocol.md, "Order", "join".
#include <set>

#include "tests/support/server_test.h"

namespace peer::test {
namespace {

constexpr int kSenders = 6;
constexpr int kMessages = 1000;

class OrderTest : public ServerTest {
 protected:
  void SetUp() override {
    // However long it takes until a receiver is read.
    start({"loops=4", "rate_limit_burst=1000000", "send_buffer_size=1000000", "write_timeout=1h"});
  }
  /// One write with `kMessages` frames, numbered in "n".
  static std::string numbered(std::string_view type, std::string_view payload,
                              std::string_view more) {
    std::string bytes;
    for (int n = 0; n < kMessages; ++n) {
      bytes += encode({.payload = message(type, fmt(payload, n), more)});
    }
    return bytes;
  }
};

TEST_F(OrderTest, SignalsOfEachSenderArriveCompleteAndInOrder) {
  TestPeer receiver = peer_in("lobby", "receiver");
  std::vector<TestPeer> senders;
  for (int i = 0; i < kSenders; ++i) senders.push_back(peer_in("lobby", fmt("s%", i)));
  for (int i = 0; i < kSenders; ++i) receiver.next("peer_joined");
  for (TestPeer& sender : senders) {
    sender.ws().send_raw(numbered("signal", R"({"n":%})", R"("to":"receiver")"));
  }
  std::map<std::string, std::int64_t> expected;
  for (int i = 0; i < kSenders * kMessages; ++i) {
    const Json got = receiver.next("signal");
    ASSERT_EQ(got["payload"]["n"].number(), expected[got["from"].str()]++);
  }
  EXPECT_EQ(expected.size(), std::size_t{kSenders});
}

TEST_F(OrderTest, BroadcastsAndSignalsOfOneSenderKeepTheirOrder) {
  std::vector<TestPeer> receivers;
  for (int i = 0; i < 4; ++i) receivers.push_back(peer_in("lobby", fmt("r%", i)));
  TestPeer sender = peer_in("lobby", "sender");
  std::string bytes;
  for (int n = 0; n < kMessages; ++n) {
    bytes += encode({.payload = message("broadcast", fmt(R"({"namespace":"lobby","data":%})", n))});
    for (int i = 0; i < 4; ++i) {
      bytes += encode({.payload = message("signal", fmt("%", n), fmt(R"("to":"r%")", i))});
    }
  }
  sender.ws().send_raw(bytes);
  for (int i = 0; i < 4; ++i) {
    for (int joined = 0; joined < 4 - i; ++joined) receivers[static_cast<std::size_t>(i)].next();
    for (int n = 0; n < kMessages; ++n) {
      TestPeer& receiver = receivers[static_cast<std::size_t>(i)];
      ASSERT_EQ(receiver.next("broadcast")["payload"]["data"].number(), n);
      ASSERT_EQ(receiver.next("signal")["payload"].number(), n);
    }
  }
}

TEST_F(OrderTest, ThePeerListIsGaplessWithWhatFollowsIt) {
  std::vector<TestPeer> movers;
  for (int i = 0; i < 12; ++i) movers.push_back(peer(fmt("m%", i)));
  for (int round = 0; round < 20; ++round) {
    const std::string ns = fmt("lobby %", round);
    const std::string join = encode({.payload = message("join", fmt(R"({"namespace":"%"})", ns))});
    const std::string leave =
        encode({.payload = message("leave", fmt(R"({"namespace":"%"})", ns))});
    TestPeer observer = peer(fmt("observer %", round));
    for (std::size_t i = 0; i < movers.size(); ++i) {
      // Every third stays, the others leave again while the observer joins.
      movers[i].ws().send_raw(i % 3 == 0 ? join : join + leave);
      if (i == movers.size() / 2) observer.ws().send_raw(join);
    }
    std::set<std::string> members;
    const Json list = observer.next("peer_list")["payload"]["peers"];
    for (std::size_t i = 0; i < list.size(); ++i) members.insert(list[i]["fingerprint"].str());
    for (TestPeer& mover : movers) {
      mover.send(message("ping"));
      while (mover.next()["type"].str() != "pong") continue;
    }
    observer.send_to(observer.fingerprint(), R"("end")");
    for (Json got = observer.next(); got["type"].str() != "signal"; got = observer.next()) {
      const std::string who = got["from"].str();
      if (got["type"].str() == "peer_joined") {
        EXPECT_TRUE(members.insert(who).second) << "joined twice: " << observer.last_text();
      } else {
        EXPECT_EQ(members.erase(who), 1U) << "left without being there: " << observer.last_text();
      }
    }
    std::set<std::string> expected{observer.fingerprint()};
    for (std::size_t i = 0; i < movers.size(); i += 3) expected.insert(movers[i].fingerprint());
    EXPECT_EQ(members, expected);
  }
}

TEST_F(OrderTest, ManyReplacementsAtOnceLeaveOnePeer) {
  std::vector<TestPeer> connections;
  for (int i = 0; i < 15; ++i) connections.push_back(connect());
  for (TestPeer& connection : connections) connection.send("register", R"({"public_key":"one"})");
  for (TestPeer& connection : connections) connection.next("registered");
  wait_for_peers(1);
  EXPECT_EQ(http_json("/health")["peers"].number(), 1);
}

}  // namespace
}  // namespace peer::test
