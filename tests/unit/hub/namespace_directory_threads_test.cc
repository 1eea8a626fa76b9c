#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <sstream>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/hub/namespace_directory.h"
#include "tests/unit/hub/recording_mail.h"

namespace peer {
namespace {

constexpr std::uint32_t kLoops = 4;
constexpr std::uint32_t kPeersPerLoop = 8;
constexpr int kRounds = 1500;
const std::vector<std::string> kNames{"lobby", "hall", "den", "attic", "cellar"};
constexpr PageLimit kWhole{1000, 1'000'000};

using Members = std::vector<std::string>;

Members split(const std::string& page) {
  Members members;
  std::istringstream in(page);
  for (std::string member; std::getline(in, member, ',');) members.push_back(member);
  return members;
}

// The mail of one loop: posted to by all, read by its own thread.
class Mailbox {
 public:
  void push(Delivery delivery) {
    const MutexLock lock(mutex_);
    mail_.push_back(std::move(delivery));
  }
  std::vector<Delivery> take() {
    const MutexLock lock(mutex_);
    return std::exchange(mail_, {});
  }

 private:
  Mutex mutex_;
  std::vector<Delivery> mail_ PEER_GUARDED_BY(mutex_);
};

// A loop whose peers join and leave at random. It keeps for each membership what the client would
// believe: the page that it got, changed by the announcements behind it.
class MemberLoop {
 public:
  MemberLoop(std::uint32_t index, NamespaceDirectory& directory, PeerDirectory& peers,
             Mailbox& mail)
      : index_(index), directory_(directory), mail_(mail), random_(index + 1) {
    for (std::uint32_t slot = 0; slot < kPeersPerLoop; ++slot) {
      peers.admit(peer(slot), test::ref_of(index, slot), {});
    }
  }

  void act() {
    const auto slot = static_cast<std::uint32_t>(random_() % kPeersPerLoop);
    const std::string& ns = kNames[random_() % kNames.size()];
    if (memberships_.contains({slot, ns})) {
      leave(slot, ns);
    } else {
      join(slot, ns);
    }
  }

  void leave_all() {
    while (!memberships_.empty()) {
      const auto [slot, ns] = memberships_.begin()->first;
      leave(slot, ns);
    }
  }

  void read_mail() {
    for (const Delivery& delivery : mail_.take()) {
      for (const SessionRef to : test::receivers_of(delivery)) {
        apply(to.slot, test::text_of(delivery.frame));
      }
    }
  }

  // Whether every client believes what is true.
  void expect_truth() const {
    for (const auto& [key, membership] : memberships_) {
      EXPECT_EQ(membership.believed, split(directory_.list(key.second, std::nullopt, kWhole).peers))
          << "peer " << key.first << " of loop " << index_ << " in " << key.second;
    }
  }
  bool was_told_nonsense() const { return told_nonsense_; }

 private:
  struct Membership {
    Namespace* ns = nullptr;
    std::uint64_t joined = 0;
    Members believed;
  };

  std::string name(std::uint32_t slot) const {
    return std::to_string(index_) + "/" + std::to_string(slot);
  }
  Fingerprint peer(std::uint32_t slot) const { return fingerprint_of(name(slot)); }

  void join(std::uint32_t slot, const std::string& ns) {
    const std::string object = name(slot);
    const JoinResult result = directory_.join(
        ns, {test::ref_of(index_, slot), peer(slot), object, text_frame(ns + " + " + object)}, 1000,
        kWhole);
    memberships_[{slot, ns}] = {result.ns, result.joined, split(result.page.peers)};
    read_mail();
  }

  void leave(std::uint32_t slot, const std::string& ns) {
    const Membership& membership = memberships_.at({slot, ns});
    directory_.leave(*membership.ns, membership.joined, peer(slot),
                     text_frame(ns + " - " + name(slot)));
    read_mail();
    memberships_.erase({slot, ns});
  }

  void apply(std::uint32_t slot, const std::string& text) {
    std::istringstream words(text);
    std::string ns, change, member;
    words >> ns >> change >> member;
    const auto membership = memberships_.find({slot, ns});
    if (membership == memberships_.end()) {
      told_nonsense_ = true;
      return;
    }
    Members& believed = membership->second.believed;
    const auto at = std::find(believed.begin(), believed.end(), member);
    told_nonsense_ = told_nonsense_ || (at == believed.end()) != (change == "+");
    if (change == "+") {
      believed.push_back(member);
    } else if (at != believed.end()) {
      believed.erase(at);
    }
  }

  const std::uint32_t index_;
  NamespaceDirectory& directory_;
  Mailbox& mail_;
  std::minstd_rand random_;
  std::map<std::pair<std::uint32_t, std::string>, Membership> memberships_;
  bool told_nonsense_ = false;
};

class NamespaceThreadsTest : public testing::Test {
 protected:
  NamespaceThreadsTest() {
    for (std::uint32_t i = 0; i < kLoops; ++i) {
      loops_.emplace_back(i, directory_, peers_, mailboxes_[i]);
    }
  }

  template <typename Work>
  void on_loops(Work work) {
    std::vector<std::thread> threads;
    for (MemberLoop& loop : loops_) threads.emplace_back([&work, &loop] { work(loop); });
    for (std::thread& thread : threads) thread.join();
    for (MemberLoop& loop : loops_) loop.read_mail();
  }

  PeerDirectory peers_{8, 1000};
  std::vector<Mailbox> mailboxes_{kLoops};
  NamespaceDirectory directory_{2, kLoops, peers_, [this](std::size_t loop, Delivery delivery) {
                                  mailboxes_[loop].push(std::move(delivery));
                                }};
  std::vector<MemberLoop> loops_;
};

TEST_F(NamespaceThreadsTest, APageAndWhatIsAnnouncedBehindItMakeTheMembershipWithoutAGap) {
  on_loops([](MemberLoop& loop) {
    for (int i = 0; i < kRounds; ++i) loop.act();
  });
  for (const MemberLoop& loop : loops_) {
    loop.expect_truth();
    EXPECT_FALSE(loop.was_told_nonsense());
  }
}

TEST_F(NamespaceThreadsTest, NothingIsLeftWhenAllHaveLeft) {
  on_loops([](MemberLoop& loop) {
    for (int i = 0; i < kRounds; ++i) loop.act();
    loop.leave_all();
  });
  std::size_t namespaces = 0;
  directory_.visit([&](const std::string&, std::size_t, bool) { ++namespaces; });
  EXPECT_EQ(namespaces, 0U);
  for (const std::string& name : kNames) EXPECT_EQ(directory_.find(name), nullptr);
}

// What a reader may see of a namespace while it changes.
bool makes_sense(const NamespaceDirectory& directory, const std::string& ns) {
  const PeerPage page = directory.list(ns, fingerprint_of("0/0"), kWhole);
  const auto objects = directory.objects(ns, {fingerprint_of("1/1"), fingerprint_of("2/2")});
  const auto recipients = directory.recipients(ns, {test::ref_of(0, 0)});
  return split(page.peers).size() <= page.total && (objects[0].empty() || objects[0] == "1/1") &&
         (objects[1].empty() || objects[1] == "2/2") &&
         std::count(recipients[0].begin(), recipients[0].end(), test::ref_of(0, 0)) == 0;
}

TEST_F(NamespaceThreadsTest, ReadersSeeWholeNamespacesBesideJoinsAndLeaves) {
  std::atomic<int> nonsense{0};
  std::thread reader([&] {
    for (std::size_t round = 0; round < kRounds; ++round) {
      nonsense += makes_sense(directory_, kNames[round % kNames.size()]) ? 0 : 1;
    }
  });
  on_loops([](MemberLoop& loop) {
    for (int i = 0; i < kRounds; ++i) loop.act();
  });
  reader.join();
  EXPECT_EQ(nonsense, 0);
}

}  // namespace
}  // namespace peer
