#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "tests/unit/match/match_test.h"

namespace peer {
namespace {

using test::request_for;

constexpr std::uint32_t kThreads = 4;
constexpr std::uint32_t kPeersPerThread = 6;
constexpr int kThreadRounds = 1500;
const std::vector<std::string> kThreadNames{"lobby", "hall"};

// The mail of all loops together.
class SharedMail {
 public:
  NamespaceDirectory::Post post() {
    return [this](std::size_t loop, Delivery delivery) {
      const MutexLock lock(mutex_);
      mail_.post()(loop, std::move(delivery));
    };
  }
  std::vector<std::pair<SessionRef, std::string>> take() {
    const MutexLock lock(mutex_);
    return mail_.take();
  }

 private:
  Mutex mutex_;
  test::RecordingMail mail_ PEER_GUARDED_BY(mutex_);
};

struct Tally {
  std::set<sdk::TicketId> tickets;
  std::size_t cancelled = 0;
};

class MatchmakerThreadsTest : public testing::Test {
 protected:
  MatchmakerThreadsTest() {
    for (std::uint32_t thread = 0; thread < kThreads; ++thread) {
      for (std::uint32_t slot = 0; slot < kPeersPerThread; ++slot) {
        for (const std::string& ns : kThreadNames) {
          namespaces_.join(ns, {test::ref_of(thread, slot), peer(thread, slot), "{}", {}}, 100, {});
        }
      }
    }
    mail_.take();
  }

  static Fingerprint peer(std::uint32_t thread, std::uint32_t slot) {
    return fingerprint_of(std::to_string(thread) + "/" + std::to_string(slot));
  }

  // A loop whose peers ask the same again and again: so no ticket is ever replaced.
  Tally work(std::uint32_t thread) {
    std::minstd_rand random(thread + 1);
    Tally tally;
    for (int round = 0; round < kThreadRounds; ++round) {
      const auto slot = static_cast<std::uint32_t>(random() % kPeersPerThread);
      const std::string& ns = kThreadNames[random() % kThreadNames.size()];
      const sdk::Instant now{milliseconds(round)};
      switch (random() % 5) {
        case 0:
          tally.cancelled += matchmaker_.cancel(ns, peer(thread, slot), now) ? 1 : 0;
          break;
        case 1:
          matchmaker_.tick(now);
          break;
        default:
          tally.tickets.insert(
              matchmaker_
                  .request({peer(thread, slot), test::ref_of(thread, slot), "", true},
                           *namespaces_.find(ns),
                           request_for(ns, 2 + slot % 3, "{}", milliseconds(3)), now)
                  .ticket);
      }
    }
    for (std::uint32_t slot = 0; slot < kPeersPerThread; ++slot) {
      for (const std::string& ns : kThreadNames) {
        tally.cancelled += matchmaker_.cancel(ns, peer(thread, slot), {}) ? 1 : 0;
      }
    }
    return tally;
  }

  SharedMail mail_;
  PeerDirectory peers_{4, 100};
  NamespaceDirectory namespaces_{4, kThreads, peers_, [](std::size_t, const Delivery&) {}};
  test::TestStrategy strategy_;
  PluginCalls calls_{"match_strategy", "test"};
  Matchmaker matchmaker_{{strategy_, calls_}, namespaces_, mail_.post()};
};

TEST_F(MatchmakerThreadsTest, EachTicketIsMatchedCancelledOrExpiredOnce) {
  std::vector<Tally> tallies(kThreads);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { tallies[i] = work(i); });
  }
  for (std::thread& thread : threads) thread.join();

  std::set<sdk::TicketId> tickets;
  std::size_t cancelled = 0;
  for (Tally& tally : tallies) {
    cancelled += tally.cancelled;
    tickets.merge(tally.tickets);
    EXPECT_TRUE(tally.tickets.empty()) << "two threads got the same ticket";
  }
  std::map<std::string, std::size_t> receivers;  // of each session; "" are the expired
  const auto mail = mail_.take();
  for (const auto& [to, text] : mail) ++receivers[test::session_of(text)];
  EXPECT_EQ(tickets.size(), mail.size() + cancelled);
  EXPECT_EQ(matchmaker_.waiting(), 0U);
  EXPECT_GT(receivers.size(), 100U);
  receivers.erase("");
  for (const auto& [session, count] : receivers)
    EXPECT_THAT(count, testing::AllOf(testing::Ge(2U), testing::Le(4U)));
}

}  // namespace
}  // namespace peer
