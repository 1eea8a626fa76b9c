#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tools/peer-bench/histogram.h"
#include "tools/peer-bench/options.h"
#include "tools/peer-bench/report.h"

namespace peer::bench {

/// Requests to the Server API (docs/api.md) at a steady rate, beside another load: pages of peers
/// and namespaces, single peers, nodes, messages. Four threads, a connection each, so that one slow
/// answer does not lower the rate. It shows what the API costs the peers of that other load.
///
/// resume(), pause() and report() on the thread that made it.
class ApiTraffic {
 public:
  /// Connects; throws when it cannot. Nothing is sent before resume().
  explicit ApiTraffic(const Options& options);
  ~ApiTraffic();
  ApiTraffic(const ApiTraffic&) = delete;
  ApiTraffic& operator=(const ApiTraffic&) = delete;

  void resume() { runs_ = true; }
  void pause() { runs_ = false; }
  /// Adds latencies, answers and errors so far. An error is an answer that is neither 200
  /// nor 404 (a peer may have gone), or none.
  void report(Report& report);

 private:
  void run(int fd, std::uint32_t number);
  /// The status of the answer; 0: there was none.
  static int ask(int fd, const std::string& request, std::string& answer);
  [[nodiscard]] std::string request(std::uint64_t number, const std::string& peer) const;

  const Options& options_;
  std::atomic<bool> runs_{false};
  std::atomic<bool> ends_{false};
  std::mutex mutex_;
  Histogram latency_;  // guarded by mutex_, as are the next
  std::uint64_t answers_ = 0;
  std::uint64_t errors_ = 0;
  Duration time_{0};  // for which it ran, of all threads
  std::vector<int> fds_;
  std::vector<std::thread> threads_;
};

}  // namespace peer::bench
