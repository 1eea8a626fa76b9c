#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/fingerprint.h"
#include "core/session/session.h"

namespace peer {

/// What a client hears whose id is another client's: the words of the error, by which the dialect
/// knows it again.
inline constexpr std::string_view kIdTaken = "id taken";

/// A session whose client speaks another protocol (sdk::Dialect): who it is, and who may take its
/// place. What is said to it, and by it, goes through the dialect (core/dialect/foreign_peer.h).
/// It ends with its connection.
class ForeignSession : public Session {
 public:
  ForeignSession(Connection& transport, LoopState& home) : Session(transport, home) {
    foreign = true;
  }

  // One deadline of the connection serves two ends: a timer of the loop for each client would take
  // 128 bytes.

  void set_deadline(Time at) override {
    due_ = at;
    watch();
  }
  /// wake() is called then, to about 50 ms, and once, in place of an earlier time; kNever: not at
  /// all.
  void set_wake(Time at) {
    wake_at_ = at;
    watch();
  }
  /// The deadline of the connection has come. Returns whether it is that of the session.
  [[nodiscard]] bool take_deadline() {
    const Time now = loop().now();
    const bool is_due = due_ <= now;
    const bool wakes = !is_due && wake_at_ <= now;
    if (is_due) due_ = kNever;
    if (wakes) wake_at_ = kNever;
    watch();
    if (wakes) wake();
    return is_due;
  }

  /// A text of the client.
  virtual void hear(std::string_view text) = 0;
  /// The connection has ended.
  virtual void finish() = 0;
  /// The time of set_wake() has come.
  virtual void wake() = 0;

  std::string id;      ///< in the other protocol
  Fingerprint secret;  ///< the SHA-256 of its token; who shows the same takes its place

 private:
  void watch() {
    if (transport() != nullptr) transport()->set_deadline(std::min(due_, wake_at_));
  }

  Time due_ = kNever;
  Time wake_at_ = kNever;
};

/// Of a session that is `foreign`.
[[nodiscard]] inline ForeignSession& foreign_of(Session& session) {
  return static_cast<ForeignSession&>(session);
}
[[nodiscard]] inline const ForeignSession& foreign_of(const Session& session) {
  return static_cast<const ForeignSession&>(session);
}

}  // namespace peer
