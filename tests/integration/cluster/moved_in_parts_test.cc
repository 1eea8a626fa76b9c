// Sessions that move where what the nodes share is in several parts, on one Redis.
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/session_client.h"
#include "tests/support/test_thread.h"

namespace peer::test {
namespace {

using testing::IsEmpty;

constexpr std::size_t kParts = 3;

class MovedInPartsTest : public ClusterTest {
 protected:
  MovedInPartsTest() { in_parts() = true; }

  void SetUp() override {
    const std::vector<std::string> unlimited{
        "rate_limit_per_sec=1000000", "rate_limit_burst=1000000", "send_buffer_size=100000",
        "resume_buffer_size=100000", "resume_buffer_bytes=100000000"};
    for (ServerProcess*& node : nodes_) node = &start_node(kQuick, unlimited);
    for (ServerProcess* node : nodes_) wait_for_nodes(*node, 2);
    // Where each name is, the keys of who has joined it say.
    TestPeer scout = peer(first(), "scout");
    std::map<std::size_t, std::string> found;
    for (int i = 0; found.size() < kParts; ++i) {
      const std::string ns = fmt("space-%", i);
      scout.join(ns);
      for (std::size_t part = 0; part < kParts; ++part) {
        if (redis().command({"EXISTS", key(part, "sm:" + ns)}).at(0) == "1")
          found.emplace(part, ns);
      }
    }
    for (const auto& [part, ns] : found) spaces_.push_back(ns);
    scout.close();
    expect_whole({});
  }
  ServerProcess& first() { return *nodes_[0]; }
  ServerProcess& second() { return *nodes_[1]; }
  /// One namespace of each part.
  const std::vector<std::string>& spaces() const { return spaces_; }
  static std::string key(std::size_t part, const std::string& name) {
    return fmt("peer:{%}:%", part, name);
  }
  std::size_t home_of(const std::string& peer) {
    for (std::size_t part = 0; part < kParts; ++part) {
      const auto found = redis().command({"HMGET", key(part, "p:" + peer), "n", "o"});
      if (!found.at(0).empty() && found.at(1).empty()) return part;
    }
    throw std::runtime_error("nowhere at home");
  }
  template <typename Client>
  void join_all(Client& client) {
    for (const std::string& ns : spaces_) client.join(ns);
  }
  void expect_all_in_all(const std::vector<const TestPeer*>& peers) {
    expect_whole({{spaces_[0], peers}, {spaces_[1], peers}, {spaces_[2], peers}});
  }

 private:
  ServerProcess* nodes_[2] = {nullptr, nullptr};
  std::vector<std::string> spaces_;
};

TEST_F(MovedInPartsTest, WhoIsInAllPartsMovesWithAllAndNobodySeesIt) {
  SessionClient alice(first(), "alice");
  join_all(alice);
  TestPeer bob = peer(second(), "bob");
  TestPeer carol = peer(first(), "carol");
  join_all(bob);
  join_all(carol);
  for (std::size_t i = 0; i < kParts; ++i) {
    bob.next("peer_joined");
    static_cast<void>(alice.next("peer_joined"));
  }
  for (std::size_t i = 0; i < kParts; ++i) static_cast<void>(alice.next("peer_joined"));
  for (ServerProcess* node : {&second(), &first(), &second()}) {
    const Json resumed = alice.resume(*node);
    EXPECT_EQ(resumed["payload"]["lost"].number(), 0);
    EXPECT_EQ(resumed["payload"]["alias"].str(), "alice");
    for (TestPeer* sender : {&bob, &carol}) {
      for (const std::string& ns : spaces()) {
        sender->send("broadcast", fmt(R"({"namespace":"%","data":1})", ns));
        EXPECT_EQ(alice.next("broadcast")["namespace"].str(), ns);
        static_cast<void>((sender == &bob ? carol : bob).next("broadcast"));
      }
      sender->send("signal", "2", R"("to":"alice")");
      EXPECT_EQ(alice.next("signal")["payload"].number(), 2);
    }
    alice.round_trip();
    expect_all_in_all({&alice.peer(), &bob, &carol});
  }
  expect_silence_of({&bob, &carol});
}

// As if the node that takes it had died behind its own part.
TEST_F(MovedInPartsTest, WhatNobodyTakesInTheOtherPartsIsEndedByTheHolder) {
  SessionClient alice(first(), "alice");
  join_all(alice);
  TestPeer bob = peer(second(), "bob");
  join_all(bob);
  const std::size_t home = home_of(alice.fingerprint());
  const std::string record = key(home, "p:" + alice.fingerprint());
  const auto before = redis().command({"HMGET", record, "n", "r", "b"});
  // A script, and no node's: it knows the form of the envelope.
  redis().command({"EVAL", R"(redis.call('HSET', KEYS[1], 'n', 'stranger', 'r', '1')
                              local text = ''
                              for i = 1, #ARGV - 1 do text = text .. #ARGV[i] .. ':' .. ARGV[i] .. ',' end
                              return redis.call('PUBLISH', ARGV[#ARGV], text))",
                   "1", record, "Y1", alice.fingerprint(), before.at(1), before.at(2),
                   key(home, "n:" + before.at(0))});
  // Her node does not know either who has taken her, and ends her session.
  for (std::size_t i = 0; i < kParts; ++i) expect_news(bob, "peer_left", alice.peer());
  bob.expect_silence();
  for (std::size_t part = 0; part < kParts; ++part) {
    const auto found = redis().command({"EXISTS", key(part, "p:" + alice.fingerprint())});
    EXPECT_EQ(found.at(0), part == home ? "1" : "0");
  }
}

// Sessions that go over at the same time have their places in another order in each stream.
TEST_F(MovedInPartsTest, SessionsThatCrossHearEverythingOnceAndInOrder) {
  constexpr int kMovers = 6;
  constexpr int kMoves = 8;
  struct Mover {
    std::unique_ptr<SessionClient> client;
    std::map<std::string, long long> numbers;  ///< of broadcasts, by sender and namespace
    std::map<std::string, bool> present;       ///< visitors, by the same
    std::vector<std::string> wrong;

    void take(const std::string& text) {
      const Json got = Json::parse(text);
      const std::string type = got["type"].str();
      if (type == "pong") return;
      const std::string from = got["from"].str() + " " + got["namespace"].str();
      if (type == "broadcast") {
        if (got["payload"]["data"].number() != ++numbers[from]) wrong.push_back(text);
      } else if (type == "peer_joined") {
        if (std::exchange(present[from], true)) wrong.push_back(text);
      } else if (type != "peer_left" || !std::exchange(present[from], false)) {
        wrong.push_back(text);
      }
    }
  };
  std::vector<Mover> movers(kMovers);
  for (int i = 0; i < kMovers; ++i) {
    movers[i].client =
        std::make_unique<SessionClient>(i % 2 == 0 ? first() : second(), fmt("m%", i));
  }
  // They see each other come, and that is all that they see of each other.
  for (Mover& mover : movers) {
    join_all(*mover.client);
  }
  std::vector<std::unique_ptr<TestPeer>> criers;
  std::vector<long long> said(2, 0);
  for (ServerProcess* node : {&first(), &second()}) {
    criers.push_back(std::make_unique<TestPeer>(node->port()));
    criers.back()->register_as(fmt("crier-%", criers.size()));
    join_all(*criers.back());
  }
  std::vector<TestThread> threads;
  for (std::size_t i = 0; i < criers.size(); ++i) {
    threads.emplace_back([&, i](const std::stop_token& stop) {
      TestPeer visitor((i == 0 ? first() : second()).port());
      visitor.register_as(fmt("visitor-%", i));
      while (!stop.stop_requested()) {
        ++said[i];
        for (const std::string& ns : spaces()) {
          visitor.send("join", fmt(R"({"namespace":"%"})", ns));
          criers[i]->send("broadcast", fmt(R"({"namespace":"%","data":%})", ns, said[i]));
          visitor.send("leave", fmt(R"({"namespace":"%"})", ns));
        }
        for (TestPeer* one : {criers[i].get(), &visitor}) {
          one->send("ping", "");
          while (one->next()["type"].str() != "pong") continue;
        }
      }
    });
  }
  std::vector<TestThread> moving;
  for (int i = 0; i < kMovers; ++i) {
    moving.emplace_back([&, i] {
      Mover& mover = movers[i];
      try {
        for (int move = 1; move <= kMoves; ++move) {
          for (int read = 0; read < 20; ++read) mover.take(mover.client->next_text());
          const Json resumed = mover.client->resume((i + move) % 2 == 0 ? first() : second());
          if (resumed["type"].str() != "resumed") mover.wrong.push_back(resumed.text());
        }
      } catch (const std::exception& failure) {
        mover.wrong.emplace_back(failure.what());
      }
    });
  }
  for (TestThread& thread : moving) thread.join();
  for (TestThread& thread : threads) thread.stop();
  const auto is_complete = [&](const Mover& mover) {
    for (std::size_t i = 0; i < criers.size(); ++i) {
      for (const std::string& ns : spaces()) {
        const auto found = mover.numbers.find(criers[i]->fingerprint() + " " + ns);
        if (found == mover.numbers.end() || found->second < said[i]) return false;
      }
    }
    return true;
  };
  for (Mover& mover : movers) {
    try {
      while (mover.wrong.empty() && !is_complete(mover)) mover.take(mover.client->next_text());
    } catch (const std::exception& failure) {
      mover.wrong.emplace_back(failure.what());
    }
    EXPECT_THAT(mover.wrong, IsEmpty());
  }
}

}  // namespace
}  // namespace peer::test
