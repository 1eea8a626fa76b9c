#pragma once

#include <string>
#include <string_view>

#include "core/base/fingerprint.h"
#include "core/session/session.h"

namespace peer {

/// What a client hears whose id is another client's.
inline constexpr std::string_view kIdTaken = "id taken";

/// A session whose client speaks another protocol (sdk::Dialect): who it is, and who may take its
/// place. What is said to it, and by it, goes through the dialect (core/dialect/foreign_peer.h).
/// It ends with its connection.
class ForeignSession : public Session {
 public:
  ForeignSession(Connection& transport, LoopState& home) : Session(transport, home) {
    foreign = true;
  }

  /// A text of the client.
  virtual void hear(std::string_view text) = 0;
  /// The connection has ended.
  virtual void finish() = 0;

  std::string id;      ///< in the other protocol
  Fingerprint secret;  ///< the SHA-256 of its token; who shows the same takes its place
};

/// Of a session that is `foreign`.
[[nodiscard]] inline ForeignSession& foreign_of(Session& session) {
  return static_cast<ForeignSession&>(session);
}
[[nodiscard]] inline const ForeignSession& foreign_of(const Session& session) {
  return static_cast<const ForeignSession&>(session);
}

}  // namespace peer
