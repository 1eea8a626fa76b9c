#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "core/hub/peer_directory.h"
#include "tests/unit/hub/recording_mail.h"

namespace peer {
namespace {

using test::ref_of;
using Admission = PeerDirectory::Admission;

constexpr std::uint32_t kThreads = 4;
constexpr int kPeerRounds = 4000;

template <typename Work>
void on_threads(Work work) {
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kThreads; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

// Registers, replaces and removes the peers of a common pool, as loops do whose clients share keys.
class Registrar {
 public:
  Registrar(PeerDirectory& peers, const std::vector<Fingerprint>& pool, std::uint32_t loop)
      : peers_(peers), pool_(pool), loop_(loop), random_(loop) {}

  void act() {
    const Fingerprint& peer = pool_[random_() % pool_.size()];
    const SessionRef where = ref_of(loop_, 1, ++generation_);
    const auto result = peers_.admit(peer, where, {});
    if (result.admission == Admission::kPresent) return replace(peer, result.present, where);
    if (result.admission == Admission::kAdmitted && random_() % 2 == 0) {
      peers_.remove(peer, where, false);
    }
  }

 private:
  void replace(const Fingerprint& peer, SessionRef present, SessionRef where) {
    const auto inheritance = peers_.remove(peer, present, true);
    if (!inheritance) return;  // another was faster
    const bool goes_on = random_() % 4 != 0;
    const bool seated =
        goes_on && peers_.admit(peer, where, *inheritance).admission == Admission::kAdmitted;
    if (!seated) peers_.release_seat();
  }

  PeerDirectory& peers_;
  const std::vector<Fingerprint>& pool_;
  const std::uint32_t loop_;
  std::uint32_t generation_ = 0;
  std::minstd_rand random_;
};

std::vector<Fingerprint> make_pool() {
  std::vector<Fingerprint> pool;
  for (int i = 0; i < 24; ++i) pool.push_back(fingerprint_of(std::to_string(i)));
  return pool;
}

const std::vector<Fingerprint> kPool = make_pool();

class SeatsTest : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SeatsTest, TheCountIsTheNumberOfEntriesWhateverThreadsDid) {
  PeerDirectory peers(4, GetParam());
  on_threads([&](std::uint32_t thread) {
    Registrar registrar(peers, kPool, thread);
    for (int i = 0; i < kPeerRounds; ++i) registrar.act();
  });
  const auto entries = std::count_if(kPool.begin(), kPool.end(),
                                     [&](const Fingerprint& peer) { return peers.present(peer); });
  EXPECT_EQ(peers.count(), entries);
  EXPECT_LE(peers.count(), GetParam());
  for (const Fingerprint& peer : kPool) {
    peers.remove(peer, peers.find(peer).value_or(SessionRef{}), false);
  }
  EXPECT_EQ(peers.count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(One, SeatsTest, testing::Values(1));
INSTANTIATE_TEST_SUITE_P(Few, SeatsTest, testing::Values(10));
INSTANTIATE_TEST_SUITE_P(Enough, SeatsTest, testing::Values(1000));

// Counts who is surely in: from after the admission until before the removal.
class SeatCounter {
 public:
  explicit SeatCounter(PeerDirectory& peers) : peers_(peers) {}

  void toggle(const Fingerprint& peer, SessionRef where) {
    if (peers_.admit(peer, where, {}).admission == Admission::kAdmitted) {
      const int now = ++seated_;
      int before = most_;
      while (now > before && !most_.compare_exchange_weak(before, now)) continue;
    } else if (peers_.present(peer)) {
      --seated_;
      peers_.remove(peer, where, false);
    }
  }
  int seated() const { return seated_; }
  int most() const { return most_; }

 private:
  PeerDirectory& peers_;
  std::atomic<int> seated_{0};
  std::atomic<int> most_{0};
};

TEST(PeerDirectoryThreadsTest, NeverAreMorePeersInThanThereAreSeats) {
  PeerDirectory peers(4, 5);
  SeatCounter counter(peers);
  on_threads([&](std::uint32_t thread) {  // each with peers of its own
    std::minstd_rand random(thread);
    for (int i = 0; i < kPeerRounds; ++i) {
      counter.toggle(kPool[thread * 6 + random() % 6], ref_of(thread, 1));
    }
  });
  EXPECT_LE(counter.most(), 5);
  EXPECT_GT(counter.most(), 0);
  EXPECT_EQ(peers.count(), static_cast<std::uint32_t>(counter.seated()));
}

// Claims one alias, and looks whether it is anyone else's meanwhile.
class AliasHolder {
 public:
  explicit AliasHolder(PeerDirectory& peers) : peers_(peers) {}

  void claim_and_free(const Fingerprint& peer) {
    if (!peers_.claim_alias("bob", peer)) return;
    ++claims_;
    if (++holders_ != 1 || peers_.resolve("bob") != peer) shared_ = true;
    --holders_;
    peers_.free_alias("bob");
  }
  int claims() const { return claims_; }
  bool was_shared() const { return shared_; }

 private:
  PeerDirectory& peers_;
  std::atomic<int> claims_{0};
  std::atomic<int> holders_{0};
  std::atomic<bool> shared_{false};
};

TEST(PeerDirectoryThreadsTest, AnAliasHasOneHolderAtATime) {
  PeerDirectory peers(2, 100);
  AliasHolder holder(peers);
  on_threads([&](std::uint32_t thread) {
    for (int i = 0; i < kPeerRounds; ++i) holder.claim_and_free(kPool[thread]);
  });
  EXPECT_FALSE(holder.was_shared());
  EXPECT_GT(holder.claims(), 0);
  EXPECT_EQ(peers.resolve("bob"), std::nullopt);
}

}  // namespace
}  // namespace peer
