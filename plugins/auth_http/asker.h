#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <peer/sdk/host.h>
#include <peer/sdk/result.h>

#include "transfer.h"

namespace peer_http_auth {

/// Asks one URL many questions, so many at a time as it may, on one thread of its own. The others
/// wait in the order in which they came; each has a deadline from its beginning on. Each question
/// that ask() takes is answered exactly once.
class Asker {
 public:
  struct Settings {
    Transfer::Settings transfer;
    std::chrono::milliseconds timeout{5'000};  ///< of a question, its wait included
    std::size_t max_concurrent = 32;           ///< also the most connections that are kept
    std::size_t max_waiting = 10'000;
    std::size_t max_waiting_bytes = 64UL * 1024 * 1024;
  };
  struct Question {
    std::string body;
    std::weak_ptr<const void> peer;  ///< expires when nobody needs the answer any more
    /// Called on the asker's thread, or on that of a later ask() when the peer has gone.
    std::function<void(Answer)> then;
  };

  Asker(Settings settings, peer::sdk::PluginHost& host);
  ~Asker() { stop(); }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  /// Once, and before the first ask(). The error says what the system lacks.
  [[nodiscard]] peer::sdk::Result<void> start();
  /// Ends the thread. Questions that still wait are answered with kDropped, on that thread. No
  /// ask() may be under way: it writes to a descriptor that is closed here.
  void stop();
  /// Never blocks. False, and nothing is called, when too many wait. Any thread.
  [[nodiscard]] bool ask(Question question);

 private:
  using Clock = std::chrono::steady_clock;
  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct Waiting {
    Question question;
    Clock::time_point deadline;
  };
  /// A question that is being asked.
  struct Asking {
    std::unique_ptr<Transfer> transfer;
    Question question;
  };

  /// The thread, and one turn of it.
  void run();
  void turn();
  /// Gives free places to those who wait. Those whose time is over, or who have gone, get none.
  void begin_next();
  void begin(Waiting next, Clock::time_point now);
  /// Answers what has ended.
  void finish_ended();
  void finish(CURL* handle, CURLcode code);
  /// Sleeps until something comes in, goes out or ends, or somebody asks.
  void await();
  void make_multi();
  /// Takes out of `waiting_` those whose peer has gone, at most ten times a second.
  std::vector<Question> take_gone(Clock::time_point now);
  void drop_all();
  void wake() const;

  const Settings settings_;
  peer::sdk::PluginHost& host_;
  // In /metrics (plugins/auth_http/README.md).
  peer::sdk::Counter& questions_;
  peer::sdk::Counter& failures_;
  peer::sdk::Counter& connections_;
  peer::sdk::Counter& gone_;
  int wake_fd_ = -1;  ///< an eventfd, which ends await(); -1: not started
  std::thread thread_;
  // Of the asker's thread. The multi handle outlives what was added to it.
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::vector<Asking> asking_;
  std::vector<std::unique_ptr<Transfer>> idle_transfers_;
  bool keeps_connections_ = false;  ///< `multi_` may have some
  Clock::time_point last_use_;

  std::mutex mutex_;  ///< guards what follows; never held while anything of others is called
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  Clock::time_point last_look_;  ///< of take_gone()
  bool stopping_ = false;
};

}  // namespace peer_http_auth
