#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/fingerprint.h"
#include "core/base/lean_text.h"
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

  void set_deadline(Time at) override { watch(at, wake_at()); }
  /// wake() is called then, to about 50 ms, and once, in place of an earlier time; kNever: not at
  /// all.
  void set_wake(Time at) { watch(due(), at); }
  /// The deadline of the connection has come. Returns whether it is that of the session.
  [[nodiscard]] bool take_deadline() {
    const Time now = loop().now();
    // The earlier one has come. The connection has let go of it.
    const bool is_due = !wakes_first || later_ <= now;
    if (is_due) {
      watch(kNever, wakes_first ? now : later_);
    } else {
      watch(later_, kNever);
      wake();
    }
    return is_due;
  }

  /// A text of the client.
  virtual void hear(std::string_view text) = 0;
  /// The connection has ended.
  virtual void finish() = 0;
  /// The time of set_wake() has come.
  virtual void wake() = 0;
  /// The namespace that it is in unlisted (NamespaceDirectory::enter_unlisted), or about to be.
  /// Empty: it is like any other peer (sdk::DialectTraits::home_is_listed).
  [[nodiscard]] virtual std::string_view unlisted_home() const = 0;
  /// Its meta, of which `meta` has nothing while nobody needs it. An object.
  [[nodiscard]] virtual std::string own_meta() const = 0;

  LeanText id;  ///< in the other protocol
  /// The beginning of the SHA-256 of its token: 128 bits, which nobody meets by chance or by
  /// trying. Other nodes are told all of it while it registers (ForeignClient).
  std::array<std::uint8_t, 16> secret_mark{};

 private:
  // The connection has the earlier one of the two times, `later_` is the other one.
  [[nodiscard]] Time first() const {
    return transport() != nullptr ? transport()->deadline() : kNever;
  }
  [[nodiscard]] Time due() const { return wakes_first ? later_ : first(); }
  [[nodiscard]] Time wake_at() const { return wakes_first ? first() : later_; }
  void watch(Time due, Time wake_at) {
    wakes_first = wake_at < due;
    later_ = std::max(due, wake_at);
    if (transport() != nullptr) transport()->set_deadline(std::min(due, wake_at));
  }

  Time later_ = kNever;
};

/// Of a session that is `foreign`.
[[nodiscard]] inline ForeignSession& foreign_of(Session& session) {
  return static_cast<ForeignSession&>(session);
}
[[nodiscard]] inline const ForeignSession& foreign_of(const Session& session) {
  return static_cast<const ForeignSession&>(session);
}

}  // namespace peer
