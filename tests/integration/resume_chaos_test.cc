// Many clients that send each other numbered messages while their connections are cut at random,
// and resume (docs/protocol.md, "C.6 Session resume"). Each has a proxy of its own, which makes the
// faults: RST, FIN, and a black hole, which the server does not notice, so that the client takes
// over a connection that stands. PEER_CHAOS_SECONDS and PEER_CHAOS_CLIENTS make it longer and
// larger (tools/nightly resume).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/cluster/tcp_proxy.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using Clock = std::chrono::steady_clock;

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

/// What all clients of a run have done.
struct Totals {
  std::atomic<int> cuts{0};
  std::atomic<int> take_overs{0};
  std::atomic<int> resumes{0};
  std::atomic<int> replayed{0};
  std::atomic<int> messages{0};  ///< received by who they were for
  std::atomic<int> lost{0};
  std::atomic<int> faults{0};

  void count_message() {
    // Who waits does not wait for a certain one.
    if (++messages % 50 != 0) return;
    const std::lock_guard lock(mutex_);
    more_.notify_all();
  }
  /// Returns when others have received so many more, or have nothing more to receive.
  void wait_for_messages(int count) {
    std::unique_lock lock(mutex_);
    const int enough = messages + count;
    more_.wait_for(lock, milliseconds(500), [&] { return messages >= enough; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
};

/// A client as docs/resume.md describes it, on a thread of its own. Peers are numbers.
class Client {
 public:
  Client(int self, std::uint16_t port, int peers, Totals& totals)
      : self_(self),
        port_(port),
        proxy_(port),
        totals_(totals),
        sent_to_(static_cast<std::size_t>(peers)),
        latest_from_(static_cast<std::size_t>(peers)),
        random_(static_cast<unsigned>(self)) {
    connection_ = std::make_unique<TestPeer>(Dial{.port = proxy_.port()});
    const Json registered =
        connection_->register_as(name_of(self), fmt(R"("alias":"%","resume":true)", name_of(self)));
    token_ = registered["payload"]["session"]["token"].str();
    say(message("join", R"({"namespace":"arena"})"));
  }

  static std::string name_of(int peer) { return fmt("peer-%", peer); }

  /// Sends, reads, and is cut. `absence`: how many messages others receive before it is back.
  void run(Clock::time_point end, int absence) {
    guarded([&] {
      Clock::time_point next_cut = Clock::now() + pause();
      while (Clock::now() < end) {
        for (int i = 0; i < 4; ++i) send_one();
        read_for(milliseconds(3));
        if (Clock::now() < next_cut) continue;
        cut(absence);
        next_cut = Clock::now() + pause();
      }
      come_back();  // whatever was written before is handled, or sent again
    });
  }
  /// Reads until it has so many messages, lost ones counted; returns whether it has.
  bool has_all(int count) {
    guarded([&] {
      const Deadline deadline(20s);
      while (received_messages_ + lost_ < count && !deadline.passed()) read_for(milliseconds(20));
      round_trip();
      cut(0);  // what has been lost since the last return
    });
    return received_messages_ + lost_ == count;
  }

  int sent_to(int peer) const { return sent_to_[static_cast<std::size_t>(peer)]; }
  int lost() const { return lost_; }

 private:
  template <typename Work>
  void guarded(Work work) {
    try {
      work();
    } catch (const std::exception& failure) {
      fault(failure.what());
    }
  }
  void fault(const std::string& what) {
    ADD_FAILURE() << name_of(self_) << ": " << what;
    ++totals_.faults;
  }

  // More than 20 take-overs in 10 seconds are refused, and each cut may become one.
  milliseconds pause() { return milliseconds(550 + random_() % 200); }

  void say(const std::string& text) {
    unhandled_.push_back(text);
    try {
      connection_->send(text);
    } catch (const std::runtime_error&) {  // it is cut, which reading will show
    }
  }
  void send_one() {
    const std::size_t peer = random_() % sent_to_.size();
    say(message("signal", std::to_string(++sent_to_[peer]),
                fmt(R"("to":"%")", name_of(static_cast<int>(peer)))));
  }

  // False: the connection has ended.
  bool read_one(Deadline deadline) {
    std::string text;
    try {
      text = connection_->ws().read_text(deadline);
    } catch (const std::runtime_error& end) {
      if (std::string_view(end.what()).find("timed out") != std::string_view::npos) return true;
      return false;
    }
    take(text);
    return true;
  }
  void read_for(milliseconds time) {
    const Deadline deadline(time);
    do {
      if (!read_one(deadline)) come_back();
    } while (deadline.milliseconds_left() > 0);
  }
  void take(const std::string& text) {
    const Json got = Json::parse(text);
    ++received_;
    const std::string type = got["type"].str();
    if (type == "pong") ++pongs_;
    if (type == "peer_left" || type == "error") return fault("has got " + text);
    if (type != "signal") return;
    const int from = number_of(got["from"].str());
    const auto number = static_cast<int>(got["payload"].number());
    int& latest = latest_from_[static_cast<std::size_t>(from)];
    // Without losses the next one; with some, a later one.
    if (number <= latest || (number > latest + 1 && lost_ == 0 && !may_lose_)) {
      fault(fmt("% follows % from %", number, latest, from));
    }
    latest = number;
    ++received_messages_;
    totals_.count_message();
    if (received_ % 200 == 0) say(message("ping", fmt(R"({"received":%})", received_)));
  }
  static int number_of(const std::string& fingerprint) {
    static std::mutex mutex;
    static std::map<std::string, int> numbers;
    const std::lock_guard lock(mutex);
    for (int i = static_cast<int>(numbers.size()); !numbers.contains(fingerprint); ++i) {
      numbers[fingerprint_of(name_of(i))] = i;
    }
    return numbers[fingerprint];
  }

  void round_trip() {
    const int before = pongs_;
    say(message("ping"));
    const Deadline deadline;
    while (pongs_ == before && !deadline.passed()) read_for(milliseconds(20));
  }

  void cut(int absence) {
    ++totals_.cuts;
    switch (random_() % 4) {
      case 0:
        proxy_.cut(TcpProxy::Cut::kReset);
        break;
      case 1:
        proxy_.cut(TcpProxy::Cut::kFin);
        break;
      case 2:  // FIN in one direction; what is on its way in the other one still comes
        connection_->ws().stream().shutdown_writing();
        while (read_one(Deadline(100ms))) continue;
        break;
      default:
        proxy_.hold();
        black_holes_.push_back(std::move(connection_));
        ++totals_.take_overs;
    }
    // What comes meanwhile is kept for it, as much as there is room for.
    if (absence > 0) totals_.wait_for_messages(absence);
    come_back();
  }

  void come_back() {
    const Deadline deadline;
    while (!deadline.passed()) {
      try {
        // Past the proxy, where that lets nothing through.
        const bool held = connection_ == nullptr;
        auto next = std::make_unique<TestPeer>(Dial{.port = held ? port_ : proxy_.port()});
        next->send("resume", fmt(R"({"token":"%","received":%})", token_, received_));
        const Json answer = Json::parse(next->ws().read_text());
        if (answer["type"].str() != "resumed") {
          return fault("resume was answered " + answer.text());
        }
        connection_ = std::move(next);
        if (held) proxy_.release();
        return go_on(answer);
      } catch (const std::runtime_error& failure) {
        if (std::string_view(failure.what()).find("closed with") != std::string_view::npos) {
          return fault(failure.what());
        }
      }
    }
    fault("does not come back");
  }
  void go_on(const Json& resumed) {
    ++totals_.resumes;
    token_ = resumed["payload"]["session"]["token"].str();
    const auto lost = static_cast<int>(resumed["payload"]["lost"].number());
    lost_ += lost;
    totals_.lost += lost;
    const long long processed = resumed["payload"]["processed"].number();
    if (processed < handled_ || processed > handled_ + static_cast<long long>(unhandled_.size())) {
      return fault(fmt("% processed", processed));
    }
    for (; handled_ < processed; ++handled_) unhandled_.pop_front();
    try {
      for (const std::string& text : unhandled_) connection_->send(text);
    } catch (const std::runtime_error&) {  // cut again
    }
  }

 public:
  bool may_lose_ = false;

 private:
  const int self_;
  const std::uint16_t port_;
  TcpProxy proxy_;
  Totals& totals_;
  std::unique_ptr<TestPeer> connection_;
  std::vector<std::unique_ptr<TestPeer>> black_holes_;
  std::string token_;
  long long received_ = 0;
  long long handled_ = 0;
  std::deque<std::string> unhandled_;
  std::vector<int> sent_to_;
  std::vector<int> latest_from_;
  int received_messages_ = 0;
  int lost_ = 0;
  int pongs_ = 0;
  std::minstd_rand random_;
};

class ResumeChaosTest : public ServerTest {
 protected:
  std::vector<std::string> settings(std::vector<std::string> more) {
    std::vector<std::string> all{"loops=4",
                                 "rate_limit_per_sec=1000000",
                                 "rate_limit_burst=1000000",
                                 "resume_window=60s",
                                 "resume_buffer_size=1000000",
                                 "resume_buffer_bytes=1073741824",
                                 "resume_total_bytes=4294967296"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  /// Runs them, and expects that each has what was sent to it.
  void run(int count, int seconds, int absence, bool may_lose) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<Client>(i, port(), count, totals_));
      clients.back()->may_lose_ = may_lose;
    }
    // A signal to somebody who has not joined would be an error.
    wait_for_peers(count);
    expect_figure(count, [this] {
      return static_cast<std::int64_t>(http_json("/stats")["namespaces"]["arena"].number());
    });
    const auto all = [&](auto work) {
      std::vector<std::thread> threads;
      for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
      for (std::thread& thread : threads) thread.join();
    };
    const auto at = [&](int i) -> Client& { return *clients[static_cast<std::size_t>(i)]; };
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    all([&](int i) { at(i).run(end, absence); });
    all([&](int i) {
      int expected = 0;
      for (int from = 0; from < count; ++from) expected += at(from).sent_to(i);
      EXPECT_TRUE(at(i).has_all(expected)) << Client::name_of(i);
    });
    totals_.replayed = static_cast<int>(http_json("/stats")["sessions"]["replayed"].number());
    std::printf(
        "%d clients, %d s: %d messages, %d cuts, %d resumes, %d of them took over,"
        " %d replayed, %d lost\n",
        count, seconds, totals_.messages.load(), totals_.cuts.load(), totals_.resumes.load(),
        totals_.take_overs.load(), totals_.replayed.load(), totals_.lost.load());
    EXPECT_EQ(totals_.faults, 0);
    EXPECT_EQ(http_json("/health")["peers"].number(), count);
  }

  Totals totals_;
};

TEST_F(ResumeChaosTest, EachMessageArrivesOnceAndInOrderAndNobodyLeaves) {
  start(settings({"send_buffer_size=1000000", "send_buffer_bytes=1073741824"}));
  const int seconds = from_environment("PEER_CHAOS_SECONDS", 6);
  const int count = from_environment("PEER_CHAOS_CLIENTS", 24);
  run(count, seconds, 0, false);
  EXPECT_EQ(totals_.lost, 0);
  EXPECT_GE(totals_.cuts, seconds * count / 2);
  EXPECT_GE(totals_.take_overs, seconds * count / 12);
  EXPECT_GE(totals_.replayed, 100);
  EXPECT_GE(totals_.messages, 300 * seconds);
}

TEST_F(ResumeChaosTest, WhatIsLostIsToldToTheMessage) {
  start(settings({"send_buffer_size=8"}));
  const int seconds = from_environment("PEER_CHAOS_SECONDS", 4);
  const int count = from_environment("PEER_CHAOS_CLIENTS", 12);
  run(count, seconds, 1000, true);
  EXPECT_GE(totals_.lost, 100);
  EXPECT_GE(totals_.cuts, seconds * count / 2);
}

}  // namespace
}  // namespace peer::test
