#pragma once

#include <memory>
#include <string>
#include <variant>

#include <peer/sdk/dialect.h>

#include "options.h"
#include "peerjs_session.h"

namespace peer_peerjs {

/// The PeerServer of PeerJS at one path, for one key: it lets clients in, and answers what they ask
/// by HTTP before that (README.md). Thread-safe after start(), since nothing here changes from then
/// on. What belongs to one client is in its PeerJsSession.
class PeerJsDialect final : public peer::sdk::Dialect {
 public:
  /// `options` have been checked (read_options). Sessions refer to those that are kept here.
  explicit PeerJsDialect(Options options);

  [[nodiscard]] peer::sdk::DialectTraits traits() const override;
  void start(peer::sdk::DialectHost& host) override {
    around_ = std::make_unique<Surroundings>(Surroundings{host, options_});
  }
  [[nodiscard]] bool takes(const peer::sdk::DialectRequest& request) const override;
  [[nodiscard]] std::variant<peer::sdk::DialectEntry, peer::sdk::DialectRejection> open(
      const peer::sdk::DialectRequest& request) override;
  [[nodiscard]] std::string refusal(const peer::sdk::DialectRefusal& refusal) const override;
  [[nodiscard]] std::unique_ptr<peer::sdk::DialectSession> begin(
      peer::sdk::DialectPeer& peer) override;
  [[nodiscard]] peer::sdk::DialectResponse answer(
      const peer::sdk::DialectRequest& request) override;

 private:
  /// The ids of all peers, where the options allow that; else 401, in the words of PeerServer.
  [[nodiscard]] peer::sdk::DialectResponse list(const peer::sdk::DialectRequest& request) const;
  /// A random UUID, for a client that brings no id.
  [[nodiscard]] peer::sdk::DialectResponse new_id() const;

  const Options options_;
  const std::string about_;               ///< where it says what it is: the path
  std::unique_ptr<Surroundings> around_;  ///< since the start
};

}  // namespace peer_peerjs
