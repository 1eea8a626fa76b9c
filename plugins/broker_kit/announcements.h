#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "plugins/broker_kit/event_loop.h"
#include "plugins/broker_kit/stream_gate.h"

namespace peer_broker_kit {

/// Operations that are done when both have come: the reply, and the operation's own announcement
/// in the stream of news. Whichever comes first waits for the other, and the stream stands still
/// at an announcement whose reply is not there. So all news before the operation have been handed
/// to the core when it is done, and none after it. Loop thread only.
class Announcements {
 public:
  explicit Announcements(StreamGate& gate) : gate_(gate) {}

  /// Begins an operation. Returns the token that its announcement will carry. Each must end by one
  /// of complete(), abandon() and interrupt().
  std::string begin();
  /// The reply has come. Runs `finish` now, or when the announcement has come.
  void complete(const std::string& token, Task finish);
  /// No announcement will come, or none that matters.
  void abandon(const std::string& token);
  /// The announcement has come. Tokens of others are ignored.
  void take(const std::string& token);
  /// The stream is lost: what has its reply is done.
  void interrupt();
  /// Keeps the stream still from now on until the last copy is let go, on any thread.
  std::shared_ptr<void> hold_stream();

 private:
  struct Operation {
    Task finish;        ///< set by the reply, when that comes first
    bool seen = false;  ///< the announcement has come; the stream stands still for the reply
  };

  /// Counted: each operation that has been seen without its reply, and each hold, keeps it shut.
  StreamGate& gate_;
  std::unordered_map<std::string, Operation> operations_;  ///< by token
  std::uint64_t last_token_ = 0;
};

}  // namespace peer_broker_kit
