#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/cluster/tcp_proxy.h"
#include "tests/support/json.h"

namespace peer::test {

/// Where clients may go: the nodes that serve, each behind proxies of its own. Thread-safe.
class Doors {
 public:
  struct Door {
    int node = 0;  ///< a number for each start of a node
    std::shared_ptr<TcpProxy> proxy;
    bool held = false;  ///< a black hole, which only time tells
  };
  /// A node serves at `port` from now on, or ends.
  void open(int node, std::uint16_t port, int proxies);
  void close(int node);
  /// One of them, at random, that is not held; null proxy: there is none.
  Door choose(std::minstd_rand& random);
  /// Makes that fault at one of them. Returns whether there was one.
  bool cut(std::minstd_rand& random, TcpProxy::Cut how);
  std::shared_ptr<TcpProxy> hold(std::minstd_rand& random);
  void release(const std::shared_ptr<TcpProxy>& proxy);
  bool is_held(const std::shared_ptr<TcpProxy>& proxy);

 private:
  std::mutex mutex_;
  std::vector<Door> doors_;
};

/// Hundreds of resumable clients on one thread (docs/resume.md), in groups of ten that share a
/// namespace. Each sends numbered signals and broadcasts to the others of its group, and checks
/// what it gets: nothing twice, nothing out of order, and nothing missing that it was not told of.
class SessionCrowd {
 public:
  static constexpr int kGroup = 10;
  struct Options {
    int clients = 100;
    /// A session may be gone (404), and messages lost: the client registers anew.
    bool may_lose = false;
    std::chrono::milliseconds pause{200};  ///< between two messages of a client
    std::chrono::milliseconds absence{0};  ///< at most so long before it comes back
    /// What the nodes share may be lost (begin_outage): messages that were under way then, and
    /// sessions that were parked there. Each message asks for an answer.
    bool has_outages = false;
  };
  struct Totals {
    std::atomic<long long> messages{0};  ///< received by whom they were for
    std::atomic<long long> cuts{0};      ///< connections that ended
    std::atomic<long long> resumes{0};
    std::atomic<long long> take_overs{0};  ///< of connections that the client has given up
    std::atomic<long long> moves{0};       ///< to another node that lives
    std::atomic<long long> after_stop{0};  ///< from a node that has stopped
    std::atomic<long long> sent_again{0};
    std::atomic<long long> lost{0};     ///< as nodes have told
    std::atomic<long long> missing{0};  ///< that never came
    std::atomic<long long> gone{0};     ///< sessions: 404
    std::atomic<long long> refused{0};  ///< 503, tried again
    // With outages: messages that never came,
    std::atomic<long long> told_lost{0};  ///< whose senders know: an error, `dropped`, or
    std::atomic<long long> local{0};      ///< a broadcast, delivered to fewer than all others
    std::atomic<long long> in_flight{0};  ///< whose senders do not
    std::atomic<int> faults{0};
  };

  SessionCrowd(Doors& doors, const Options& options);
  ~SessionCrowd();
  SessionCrowd(const SessionCrowd&) = delete;
  SessionCrowd& operator=(const SessionCrowd&) = delete;

  /// Waits until all have joined.
  bool wait_until_joined(std::chrono::milliseconds budget);
  /// They send from now on, or no longer.
  void send(bool on) { sending_ = on; }
  /// Half of a connection's close, of some clients.
  void half_close(int clients) { half_closes_ += clients; }
  /// Each comes back once more, behind what it has sent, and hears what has been lost. With outages
  /// it says something to all others before, so that they see what they have missed.
  void come_back();
  /// What is under way from now until end_outage() may be lost. `node_stops`: so may sessions that
  /// are at that node.
  void begin_outage(bool node_stops);
  void end_outage();
  /// Waits until what has been sent has been received, or told as lost.
  bool wait_until_quiet(std::chrono::milliseconds budget);
  /// Ends the thread, and compares.
  void finish();
  const Totals& totals() const { return totals_; }
  std::vector<std::string> complaints();

 private:
  using Clock = std::chrono::steady_clock;
  struct Client;

  void run();
  void serve(Client& client, std::uint32_t events);
  void tick(Client& client, Clock::time_point now);
  void connect(Client& client);
  void hang_up(Client& client, std::chrono::milliseconds pause);
  void give_up(Client& client);
  void on_text(Client& client, const std::string& text);
  void on_close(Client& client, const std::string& payload);
  void on_resumed(Client& client, const Json& resumed);
  void on_registered(Client& client, const Json& registered);
  void on_refusal(Client& client, const Json& refusal);
  [[nodiscard]] long long due(const Client& client) const;
  void take_number(Client& client, int from, const char* kind, long long epoch, long long number);
  void say(Client& client, const std::string& text);
  void write(Client& client, const std::string& text);
  void flush(Client& client);
  void ping(Client& client);
  void send_some(Client& client);
  void send_signal(Client& client);
  void send_broadcast(Client& client);
  void register_anew(Client& client);
  void join(Client& client);
  void fault(const Client& client, const std::string& what);
  // With outages.
  void note_said(Client& client, const std::vector<std::size_t>& to, std::string& more);
  void on_answer(Client& client, const Json& answer);
  void note_answer(Client& client, long long request, bool told, long long delivered);
  void lose_session(Client& client);
  [[nodiscard]] bool was_out(Clock::time_point begin, Clock::time_point end) const;
  [[nodiscard]] bool may_be_gone(const Client& client);
  void judge_losses();

  Doors& doors_;
  const Options options_;
  Totals totals_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Client>> clients_;
  std::map<std::string, int> by_fingerprint_;
  std::deque<std::pair<Clock::time_point, int>> black_holes_;  ///< descriptors, until then
  std::atomic<bool> sending_{false};
  std::atomic<bool> ends_{false};
  std::atomic<bool> comes_back_{false};
  std::atomic<int> half_closes_{0};
  std::atomic<int> joined_{0};
  std::atomic<int> unquiet_{0};
  std::minstd_rand random_{7};
  std::mutex mutex_;
  std::condition_variable round_;  ///< of the thread: all clients have been looked at
  std::vector<std::string> complaints_;
  struct Outage {
    Clock::time_point begin;
    Clock::time_point end;
    bool node_stops;
  };
  std::vector<Outage> outages_;
  std::thread thread_;
};

}  // namespace peer::test
