#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/protocol/message.h"
#include "core/server/node.h"
#include "core/session/session.h"

namespace peer {

/// A client message at work: of whom, and what it is. On the loop of the session, for as long as
/// the message is handled; what goes on later keeps an Operation of the session instead.
struct Call {
  Node& node;
  Session& session;
  const Message& message;

  [[nodiscard]] MessageParser& parser() const { return session.home().parser; }
  [[nodiscard]] EventLoop& loop() const { return session.loop(); }
  /// Answers `error {code, message}`.
  void error(int code, std::string_view text) const;
  /// Answers `ack`, to a message with an id.
  void ack(std::uint32_t delivered = 0, std::uint32_t dropped = 0) const;
  /// Reads the payload; answers 400 and returns false when it is not what `request` asks for.
  template <typename Request>
  [[nodiscard]] bool read(Request& request) const {
    const auto problem = parser().read(message, node.bounds(), request);
    if (problem) error(400, *problem);
    return !problem;
  }
};

/// Tells the log, by a notice, which limit a peer has met. Callers do so once for each limit and
/// session (Session::rate_noted, fanout_noted). `limit`: its key and value.
void note_limit(const Call& call, const std::string& limit);

}  // namespace peer
