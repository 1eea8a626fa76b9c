#pragma once

#include <Poco/Channel.h>
#include <Poco/Message.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>

#include <peer/sdk/result.h>

#include "core/base/mutex.h"
#include "core/base/time.h"
#include "core/log/line_file.h"

namespace peer {

/// Stands between the threads that log, which never wait, and the file, which may take a line at
/// once, late or never: lines wait here for the one thread that writes them. Lines that exceed the
/// bounds, or that the file refuses (a full disk), are lost and counted. As soon as the log takes
/// lines again, it tells how many were lost, at most once a second.
///
/// log(): any thread. The rest: main thread. Lines of one thread keep their order.
class LineQueue final : public Poco::Channel {
 public:
  /// Of what waits. The bytes are those of texts and of their bookkeeping.
  static constexpr std::size_t kMostLines = 10'000;
  static constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

  explicit LineQueue(std::unique_ptr<LineFile> file) : file_(std::move(file)) {}
  ~LineQueue() override;

  [[nodiscard]] LineFile& file() { return *file_; }
  /// Starts the thread that writes. Until then lines wait.
  [[nodiscard]] sdk::Result<void> start();
  /// Never waits for the file. A line that finds no room is counted as lost.
  void log(const Poco::Message& message) override;
  /// Waits until everything is written, however long the file takes, and ends the thread.
  void close() override;

 private:
  enum class Turn { kLine, kTell, kEnd };

  void run();
  /// Waits until there is something to do, and says what.
  [[nodiscard]] Turn take_next(Poco::Message& line);
  /// Counts a line that is lost. `error`: of the file; 0: there was no room here.
  void lose(int error) PEER_REQUIRES(mutex_);
  void tell_losses();

  const std::unique_ptr<LineFile> file_;
  std::thread thread_;

  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Poco::Message> lines_ PEER_GUARDED_BY(mutex_);
  std::size_t bytes_ PEER_GUARDED_BY(mutex_) = 0;
  std::uint64_t untold_ PEER_GUARDED_BY(mutex_) = 0;  // lost, and not told yet
  int error_ PEER_GUARDED_BY(mutex_) = 0;             // why the last was lost; 0: no room here
  Time tell_at_ PEER_GUARDED_BY(mutex_){};            // not before
  bool closing_ PEER_GUARDED_BY(mutex_) = false;
};

}  // namespace peer
